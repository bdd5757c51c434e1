/* backend/data/recorder/compaction.h - recorded rows into the archive, each once.
 *
 * Rows that are there already are not written again: trades are the same by their id, other rows by
 * all of their columns (the moment of reception is one of them). So compacting the same rows twice,
 * as after a crash between the commit and the removal of their segment, changes nothing.
 */
#ifndef S1_BACKEND_DATA_RECORDER_COMPACTION_H
#define S1_BACKEND_DATA_RECORDER_COMPACTION_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/dtos/market/stream_row.h"

typedef struct s1_compaction {
    uint64_t rows_added;
    uint64_t rows_known;              /* were there already */
    char content_hash[S1_SHA256_HEX]; /* of the stream behind it; "" where nothing was written */
} s1_compaction;

/* Adds `count` rows of data (S1_ROW_DATA) to the stream in one commit. `rows` are sorted, and
 * changed, in place. Errors: those of the persistor (S1_E_DENIED: another writer has the stream);
 * the archive is then as it was. */
S1_WARN_UNUSED s1_rc s1_compact_rows(s1_data_persistor *persistor, const s1_stream_key *key,
                                     s1_stream_row *rows, size_t count, s1_str provenance,
                                     s1_compaction *ret_compaction, s1_err *err);

/* Time and id of the last row of a stream; zeros for a stream that is not there, id 0 where rows
 * have none. */
S1_WARN_UNUSED s1_rc s1_stream_last(s1_data_persistor *persistor, const s1_stream_key *key,
                                    s1_nanos *ret_time, int64_t *ret_id, s1_err *err);

#endif /* S1_BACKEND_DATA_RECORDER_COMPACTION_H */
