/* Segment files: whatever the bytes are, reading ends with an error or gives only rows of whole
 * frames, and what it counts adds up. */
#include "backend/data/recorder/segment.h"
#include "backend/utils/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile int64_t looked_at;

static s1_rc count_rows(void *user, const s1_stream_row *rows, size_t count, s1_err *err)
{
    uint64_t *const total = user;
    (void)err;
    for (size_t i = 0; i < count; i++) { /* every byte of them is there */
        looked_at ^= rows[i].columns[0] ^ rows[i].columns[S1_STREAM_ROW_COLUMNS - 1];
    }
    *total += count;
    return S1_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_segment_info info;
    uint64_t rows = 0;
    const s1_str bytes = {(const char *)data, size};
    if (s1_segment_parse(bytes, "fuzz", count_rows, &rows, &info, NULL) == S1_OK) {
        S1_ASSERT(info.rows == rows && info.bytes_torn <= size);
        S1_ASSERT(rows * sizeof(s1_stream_row) <= size);
    }
    return 0;
}
