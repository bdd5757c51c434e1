/* backend/config/sessions.h - when markets are open: the `session` of instruments.yaml, by pair.
 *
 * hours (always, fx, weekdays), closed (weekly times) and outages (known ones, holidays), all UTC:
 * backend/core/session.h says what they mean. Bars that are missing then are no holes.
 */
#ifndef S1_BACKEND_CONFIG_SESSIONS_H
#define S1_BACKEND_CONFIG_SESSIONS_H

#include "backend/core/session.h"
#include "s1mple/base.h"

typedef struct s1_instrument_sessions s1_instrument_sessions; /* opaque, heap */

/* Reads instruments.yaml in the folder `config_dir`; NULL, a folder or a file that is not there
 * gives none. Errors: S1_E_INVALID for the first fault of the file, S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_instrument_sessions_load(const char *config_dir, s1_instrument_sessions **ret_sessions,
                                  s1_err *err);
void s1_instrument_sessions_free(s1_instrument_sessions *sessions); /* accepts NULL */

/* Has the instrument a session of its own? */
bool s1_instrument_sessions_has(const s1_instrument_sessions *sessions, s1_str asset_pair);

/* Adds what is known of a pair to *session: its hours, or `hours` in their place where not NULL,
 * or else those of the pair's kind; and its closures and outages. *ret_hours (may be NULL): their
 * name, borrowed from `sessions`, `hours`, or static. Errors: S1_E_INVALID for hours there are
 * not, or more closures than a session has room for. */
S1_WARN_UNUSED
s1_rc s1_instrument_sessions_add(const s1_instrument_sessions *sessions, s1_str asset_pair,
                                 const char *hours, s1_session *session, const char **ret_hours,
                                 s1_err *err);

struct s1_instrument_config;

/* The session of an instrument of a configuration that is loaded; NULL: that of the pair's kind.
 * Errors: S1_E_INVALID for more closures than a session has room for. */
S1_WARN_UNUSED
s1_rc s1_instrument_session(const struct s1_instrument_config *instrument, s1_str asset_pair,
                            s1_session *ret_session, s1_err *err);

#endif /* S1_BACKEND_CONFIG_SESSIONS_H */
