/* Weekly closures and outages: whatever the bytes are, a line is refused or is a closed time; the
 * open slots are then those that counting one by one finds. */
#include "backend/core/session.h"
#include "backend/utils/assert.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slots(const s1_session *session)
{
    const s1_nanos step = 3 * S1_NANOS_PER_HOUR;
    const s1_nanos after = 1577836800LL * S1_NANOS_PER_SECOND; /* 2020-01-01 */
    const s1_nanos before = after + 30 * S1_NANOS_PER_DAY;
    const s1_open_slots slots = s1_session_open_slots(session, after, before, step);
    uint64_t count = 0;
    for (s1_nanos time = after + step; time < before; time += step) {
        const s1_open_slots one = s1_session_open_slots(session, time - step, time + 1, step);
        S1_ASSERT(one.count <= 1);
        if (one.count == 1) {
            S1_ASSERT(one.first == time && one.last == time);
            S1_ASSERT(count > 0 || slots.first == time);
            S1_ASSERT(slots.count > 0 && time <= slots.last);
            count++;
        }
    }
    S1_ASSERT(count == slots.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1024) {
        return 0;
    }
    s1_session session = {0};
    s1_str rest = {(const char *)data, size};
    s1_str line;
    for (bool is_done = false; s1_str_split(&rest, '\n', &line, &is_done);) {
        const size_t had = session.closure_count + session.outage_count;
        const s1_rc closure = s1_session_add_closure(&session, line, NULL);
        const s1_rc outage = s1_session_add_outage(&session, line, NULL);
        const s1_rc named = s1_session_add_named(&session, line, NULL);
        S1_ASSERT((closure == S1_OK || closure == S1_E_INVALID) &&
                  (outage == S1_OK || outage == S1_E_INVALID) &&
                  (named == S1_OK || named == S1_E_INVALID));
        S1_ASSERT(session.closure_count + session.outage_count <= had + 1);
        (void)s1_session_name_for(line);
    }
    check_slots(&session);
    return 0;
}
