#include "backend/connectors/connector.h"

const char *s1_wire_outcome_name(int32_t outcome)
{
    switch (outcome) {
#define X(name, value, text)                                                                       \
    case S1_WIRE_##name:                                                                           \
        return text;
        S1_WIRE_OUTCOME_MAP(X)
#undef X
    default:
        return "?";
    }
}
