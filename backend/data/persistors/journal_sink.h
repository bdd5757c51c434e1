/* backend/data/persistors/journal_sink.h - an IJournalPersistor that keeps nothing.
 *
 * For a run that is repeated to be looked at: its journal is still worded and hashed, so that the
 * head hash can be held against the recorded one, and then forgotten. Reads find it empty.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_JOURNAL_SINK_H
#define S1_BACKEND_DATA_PERSISTORS_JOURNAL_SINK_H

#include "backend/core/interfaces/journal_persistor.h"

/* Heap; free with s1_journal_persistor_free. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_journal_sink_new(s1_journal_persistor **ret_persistor, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_JOURNAL_SINK_H */
