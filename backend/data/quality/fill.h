/* backend/data/quality/fill.h - bars that are missing, made by a policy that is said and recorded.
 *
 * none            what is stored, as it is
 * previous_close  between two stored bars, for each moment of the timeframe's grid that the market
 *                 was open and no bar stands at: open, high, low and close are the close before it,
 *                 volume, trades and vwap zero
 *
 * So an archive that leaves out bars without trades (Kraken's files) and one that holds them with
 * no volume (Kraken's REST) give the same series. Nothing is made before the first stored bar or
 * behind the last: nobody knows a close there, or whether the data ends. A range of a filled stream
 * is that part of the whole filled stream, wherever it is cut.
 */
#ifndef S1_BACKEND_DATA_QUALITY_FILL_H
#define S1_BACKEND_DATA_QUALITY_FILL_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/core/session.h"
#include "backend/dtos/market/fill_policy.h"
#include "s1mple/base.h"

/* "none", "previous_close"; "?" outside the enum. Static text. */
const char *s1_fill_policy_name(int32_t policy);
/* Errors: S1_E_INVALID naming the text and the policies there are. */
S1_WARN_UNUSED s1_rc s1_fill_policy_parse(s1_str text, int32_t *ret_policy, s1_err *err);

/* As s1_data_load_ohlcv, with the bars of the policy between those that are stored. `session`
 * (NULL: always open) is copied. rows_total counts all of them; to count, the times of the stream
 * are read once before. Errors: also S1_E_NO_MEMORY, S1_E_INVALID for a policy there is not. */
S1_WARN_UNUSED
s1_rc s1_fill_load(s1_data_persistor *persistor, const s1_stream_key *key, s1_time_range range,
                   int32_t policy, const s1_session *session, s1_bar_reader **ret_reader,
                   s1_err *err);

/* Which bars of the reader's last batch were made: [count] of 0 or 1; NULL where none of the stream
 * is (policy none). Only of readers of s1_fill_load. */
const uint8_t *s1_fill_marks(const s1_bar_reader *reader);

/* Bars made in all that the reader gives. Only of readers of s1_fill_load. */
uint64_t s1_fill_count(const s1_bar_reader *reader);

/* --- An archive as it reads when it is filled ---------------------------------------------------
 */

/* A persistor whose bars are those of `archive` (borrowed) filled by a policy; streams of other
 * types, and all else that is asked, are those of the archive. It cannot be written: S1_E_DENIED.
 * `session` as above. Free with s1_data_persistor_free. Errors: S1_E_INVALID, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_fill_persistor_new(s1_data_persistor *archive, int32_t policy, const s1_session *session,
                            s1_data_persistor **ret_persistor, s1_err *err);
/* Bars made in all by the readers that were opened of it. */
uint64_t s1_fill_persistor_made(const s1_data_persistor *persistor);

#endif /* S1_BACKEND_DATA_QUALITY_FILL_H */
