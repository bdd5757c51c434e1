/* backend/data/persistors/memory_persistor.h - IDataPersistor in memory.
 *
 * For tests, benches and replays of data that is already here. It keeps the whole contract of
 * data_persistor.h, merging, scales, versions and order included; nothing outlives the process. A
 * stream whose rows do not all have an optional column has it no more.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_MEMORY_PERSISTOR_H
#define S1_BACKEND_DATA_PERSISTORS_MEMORY_PERSISTOR_H

#include "backend/core/interfaces/data_persistor.h"
#include "s1mple/base.h"

/* Rows per batch handed out; as DuckDB's, so that both persistors exercise the same loops. */
#define S1_MEMORY_BATCH_ROWS 2048u
/* Streams one persistor may hold. */
#define S1_MEMORY_STREAMS_MAX 256u
/* Former versions of a stream it may keep; the oldest goes first. */
#define S1_MEMORY_VERSIONS_MAX 64u

/* An empty persistor. Free with s1_data_persistor_free. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_memory_persistor_new(s1_data_persistor **ret_persistor, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_MEMORY_PERSISTOR_H */
