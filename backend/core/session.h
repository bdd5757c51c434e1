/* backend/core/session.h - when a market has no bars: weekly closures, known outages.
 *
 * A value type; owns nothing. All times UTC. Closed times are half-open: [from, to).
 */
#ifndef S1_BACKEND_CORE_SESSION_H
#define S1_BACKEND_CORE_SESSION_H

#include "backend/core/interfaces/data_persistor.h"
#include "s1mple/base.h"

#define S1_SESSION_CLOSURES_MAX 32u
#define S1_SESSION_OUTAGES_MAX  64u

/* Closed every week; from and to are nanoseconds after Monday 00:00, below a week. `to` at or below
 * `from` is one of the week after. */
typedef struct s1_weekly_closure {
    s1_nanos from, to;
} s1_weekly_closure;

/* Zeroed: open always. */
typedef struct s1_session {
    s1_weekly_closure closures[S1_SESSION_CLOSURES_MAX];
    size_t closure_count;
    s1_time_range outages[S1_SESSION_OUTAGES_MAX];
    size_t outage_count;
} s1_session;

/* The slots start + k * step that are open within a range. */
typedef struct s1_open_slots {
    uint64_t count;
    s1_nanos first, last; /* only where count > 0 */
} s1_open_slots;

/* The session of a pair where nobody named one: "fx" where both sides are currencies or metals
 * that trade with them (EUR/USD, XAU/USD), else "always". Static text. */
const char *s1_session_name_for(s1_str asset_pair);

/* Adds the closures of a name. "always": none. "fx": Friday 21:00 to Sunday 22:00, which holds the
 * New York weekend in winter and in summer. "weekdays": Saturday and Sunday. Errors: S1_E_INVALID
 * for another name. */
S1_WARN_UNUSED s1_rc s1_session_add_named(s1_session *session, s1_str name, s1_err *err);

/* Adds a weekly closure, "Fri 21:00..Sun 22:00". Errors: S1_E_INVALID with what was found, and
 * above S1_SESSION_CLOSURES_MAX of them. */
S1_WARN_UNUSED s1_rc s1_session_add_closure(s1_session *session, s1_str text, s1_err *err);

/* Adds a known outage, "2018-02-08T00:00..2018-02-09T10:00"; the end is outside. Errors:
 * S1_E_INVALID with what was found, and above S1_SESSION_OUTAGES_MAX of them. */
S1_WARN_UNUSED s1_rc s1_session_add_outage(s1_session *session, s1_str text, s1_err *err);

/* Counts the moments after + step, after + 2 step, ... below `before` at which the market is open.
 * `step` > 0. Takes time with the closures of the range, not with its slots. */
s1_open_slots s1_session_open_slots(const s1_session *session, s1_nanos after, s1_nanos before,
                                    s1_nanos step);

#endif /* S1_BACKEND_CORE_SESSION_H */
