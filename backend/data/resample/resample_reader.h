/* backend/data/resample/resample_reader.h - bars of a stream that a persistor does not have, made
 * of one it has, as a reader like any other.
 *
 * The bars are those that `data resample` would store of the whole source: what a range cuts off
 * changes no bar within it. They are made when the reader is opened and lie in memory (48 bytes a
 * bar), the source passes by in batches.
 */
#ifndef S1_BACKEND_DATA_RESAMPLE_RESAMPLE_READER_H
#define S1_BACKEND_DATA_RESAMPLE_RESAMPLE_READER_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/resample/resample.h"

typedef struct s1_resample_source {
    s1_stream_key key;  /* what is read: bars or trades */
    s1_nanos timeframe; /* of the bars wanted */
    s1_nanos offset;    /* when they open, see resample.h */
    s1_nanos known_to;  /* no row before this moment is missing, though none may follow: a bar
                           that ends by then is over. 0: only a row behind its end says so */
    bool drops_repeats; /* of trades */
} s1_resample_source;

/* Opens the bars whose open times lie in `range`. The reader is independent of the persistor; free
 * it with s1_bar_reader_close. `ret_first` is the open time of the first bar (0: none);
 * `ret_counts` may be NULL. Errors: as s1_data_load_ohlcv and s1_resampler_new. */
S1_WARN_UNUSED
s1_rc s1_resample_load(s1_data_persistor *persistor, const s1_resample_source *source,
                       s1_time_range range, s1_bar_reader **ret_reader, s1_nanos *ret_first,
                       s1_resample_counts *ret_counts, s1_err *err);

/* The rows of whole bars: from the first bar that opens in the range to the end of the last. Where
 * the source goes on behind it, that last bar is over: `ret_known_to` (else 0). Errors: S1_E_RANGE.
 */
S1_WARN_UNUSED
s1_rc s1_resample_rows(const s1_resample_source *source, const s1_archive_info *info,
                       s1_time_range range, s1_time_range *ret_rows, s1_nanos *ret_known_to,
                       s1_err *err);

#endif /* S1_BACKEND_DATA_RESAMPLE_RESAMPLE_READER_H */
