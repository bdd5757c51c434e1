/* backend/data/resample/resample_stream.h - a stream of an archive made of another one.
 *
 * Memory is bounded: the source passes by in batches, and what comes out goes to the archive's
 * writer. The archive changes in one step at the end, or not at all.
 *
 * Bars of trades, volume and money have no timeframe: their key says S1_INFORMATION_TIMEFRAME, so
 * that a run sees each of them only after the trade that closed it, and a source of their own
 * (s1_resample_source_name).
 */
#ifndef S1_BACKEND_DATA_RESAMPLE_RESAMPLE_STREAM_H
#define S1_BACKEND_DATA_RESAMPLE_RESAMPLE_STREAM_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/resample/resample.h"

#define S1_INFORMATION_TIMEFRAME S1_NANOS_PER_SECOND

/* Called after every batch; anything but S1_OK ends the work with that code, the archive as it was.
 */
typedef s1_rc (*s1_resample_progress)(void *user, uint64_t rows_done, uint64_t rows_total);

typedef struct s1_resample_task {
    s1_data_persistor *archive; /* borrowed */
    s1_stream_key from, to;     /* to: ohlcv */
    int32_t rule;               /* enum s1_bar_rule */
    s1_dec threshold;           /* unless the rule is time */
    s1_nanos offset;            /* of time bars */
    bool drops_repeats, keeps_partial;
    const s1_session *session; /* borrowed; bars of time are filled while it is open; NULL: not */
    int32_t overlap;           /* enum s1_overlap */
    s1_resample_progress progress; /* may be NULL */
    void *user;
} s1_resample_task;

typedef struct s1_resample_result {
    s1_resample_counts counts;
    s1_save_result saved;
    char from_hash[S1_SHA256_HEX]; /* content hash of what was read */
} s1_resample_result;

/* Makes the stream; a source that gives no bar changes nothing (saved is then zero). A stream that
 * is there has to stand on the same grid: S1_E_EXISTS. Errors: also those of s1_data_load,
 * s1_resampler_new and of a writer; S1_E_INVALID for a stream to be made of itself. */
S1_WARN_UNUSED
s1_rc s1_resample_stream(const s1_resample_task *task, s1_resample_result *ret_result, s1_err *err);

/* The source that bars of a rule other than time are kept under: "volume-10", "kraken-tick-500"; a
 * point in the threshold is written '_'. Errors: S1_E_RANGE for more than S1_SOURCE_TEXT_MAX. */
S1_WARN_UNUSED
s1_rc s1_resample_source_name(s1_str source, int32_t rule, s1_dec threshold,
                              char ret_name[static S1_SOURCE_TEXT_MAX + 1], s1_err *err);

#endif /* S1_BACKEND_DATA_RESAMPLE_RESAMPLE_STREAM_H */
