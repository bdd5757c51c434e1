/* backend/core/context_recorder.h - ContextRecorder: keeps what every column of the context was at
 * each decision, for the Trade Explorer.
 *
 * Decisions are signals and plans; the wirings of config/wiring_map.yaml bring them. Memory is
 * reserved once (limits.context_record_mib) and touched as records come: nothing is allocated on
 * the tick path, and a full reservation stops the run with a message.
 */
#ifndef S1_BACKEND_CORE_CONTEXT_RECORDER_H
#define S1_BACKEND_CORE_CONTEXT_RECORDER_H

#include "backend/core/trading_context.h"
#include "backend/core/worker.h"
#include "backend/dtos/execution/plan_list.h"
#include "backend/dtos/results/context_record.h"

typedef struct s1_context_recorder s1_context_recorder; /* opaque, heap */

/* After the last column was added to `context`, which is borrowed. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_context_recorder_new(const s1_trading_context *context, uint64_t bytes_max,
                                             s1_context_recorder **ret_recorder, s1_err *err);
void s1_context_recorder_free(s1_context_recorder *recorder); /* accepts NULL */

/* One record per signal; emitters[i] is who found signal i (NULL: not known). Errors:
 * S1_E_NO_MEMORY naming the limit. */
S1_WARN_UNUSED s1_rc s1_context_recorder_signals(s1_context_recorder *recorder,
                                                 const s1_signal_list *signals,
                                                 const s1_worker *const *emitters, s1_err *err);

/* One record per plan, by `worker`, which outlives the recorder. Errors as above. */
S1_WARN_UNUSED s1_rc s1_context_recorder_plans(s1_context_recorder *recorder, s1_str worker,
                                               const s1_plan_list *plans, s1_err *err);

/* What was recorded so far, in the order it was decided. */
s1_context_records s1_context_recorder_records(const s1_context_recorder *recorder);

#endif /* S1_BACKEND_CORE_CONTEXT_RECORDER_H */
