#include "backend/dtos/market/stream_row.h"

const char *s1_gap_why_name(int64_t why)
{
    switch (why) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        S1_GAP_WHY_MAP(X)
#undef X
    default:
        return "?";
    }
}
