/* services/operators/app_logger.h - AppLogger: the log of a run, as platform.yaml says.
 *
 * Opens the JSON-lines log with the profile, the language and the sinks of core.logging and
 * core.language, and puts decisions into it: the entries of the journal, by level:
 *
 *   MATCH    OPPORTUNITY_DETECTED, PLAN_CREATED
 *   FILTER   OPPORTUNITY_REJECTED in planning
 *   POLICY   OPPORTUNITY_APPROVED, OPPORTUNITY_REJECTED at the gate, THREAT_*, PARAMETERS_CHANGED,
 *            RECONCILED
 *   TRADE    OPPORTUNITY_REJECTED by the venue, ORDER_*, TRADE_*, POSITION_ADJUSTED
 *   DEBUG    WORKER_NOTE, SCHEDULED_TICK
 *
 * Each line carries the entry's ids. A profile without these levels costs nothing per tick: the run
 * then does not listen to its journal.
 */
#ifndef S1_SERVICES_OPERATORS_APP_LOGGER_H
#define S1_SERVICES_OPERATORS_APP_LOGGER_H

#include "backend/config/config.h"
#include "backend/core/journal.h"
#include "backend/utils/log.h"

/* The levels of core.logging.profile; RESULT is always among them: `--rerun` reads that line. */
s1_log_profile s1_app_logger_profile(const s1_core_config *core);

typedef struct s1_app_logger_options {
    const s1_core_config *core;
    const s1_clock *clock;
    const s1_fs *fs;
    const char *path; /* of the file */
    s1_run_id run_id;
    s1_str strategy_link_id;
    const s1_locale *locale; /* outlives the log */
} s1_app_logger_options;

/* Opens the log. Errors: those of s1_log_new. */
S1_WARN_UNUSED s1_rc s1_app_logger_open(const s1_app_logger_options *options, s1_log **ret_log,
                                        s1_err *err);

/* Whether any decision would be written. */
bool s1_app_logger_wants_decisions(const s1_log *log);

/* Writes one entry of the journal, if its level is in the profile. Errors: S1_E_DATA for a line
 * that is no JSON. */
S1_WARN_UNUSED s1_rc s1_app_logger_entry(s1_log *log, const s1_journal_notice *notice, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_APP_LOGGER_H */
