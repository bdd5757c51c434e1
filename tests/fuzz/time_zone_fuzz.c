/* Zone files: damaged ones are refused, and of those that are taken every time has one answer,
 * which is right, or none. */
#include "backend/data/ingest/time_zone.h"
#include "backend/utils/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_time_zone *zone;
    s1_err err = S1_ERR_INIT;
    s1_nanos times[4] = {0, INT64_MAX, INT64_MIN, 1577836800000000000};
    if (size < 16 || size > (1u << 16)) {
        return 0;
    }
    memcpy(times, data, 16);
    const s1_str bytes = {(const char *)data + 16, size - 16};
    if (s1_time_zone_parse(S1_STR("fuzz"), bytes, &zone, &err) != S1_OK) {
        S1_ASSERT(err.code == S1_E_DATA);
        return 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        s1_nanos first = 1, again = 2;
        const char *const expected = s1_time_zone_to_utc(zone, times[i], &first);
        S1_ASSERT(s1_time_zone_to_utc(zone, times[i], &again) == expected);
        S1_ASSERT(expected != NULL || first == again);
    }
    s1_time_zone_free(zone);
    return 0;
}
