/* services/operators/fetch_buffer_internal.h - rows between a connector and an archive. */
#ifndef S1_SERVICES_OPERATORS_FETCH_BUFFER_INTERNAL_H
#define S1_SERVICES_OPERATORS_FETCH_BUFFER_INTERNAL_H

#include "backend/connectors/connector.h"

/* Growing columns of one kind of data, at the largest scales that have come. */
typedef struct s1_fetch_buffer {
    int32_t data_type;
    size_t count, capacity;
    s1_market_scales scales;
    s1_nanos *time;
    int64_t *values[S1_MARKET_COLUMNS_MAX]; /* NULL for time and side */
    uint8_t *side;                          /* of trades */
} s1_fetch_buffer;

void s1_fetch_buffer_init(s1_fetch_buffer *buffer, int32_t data_type);
void s1_fetch_buffer_done(s1_fetch_buffer *buffer); /* also of a zeroed one */

/* Appends the rows of a page. Errors: S1_E_RANGE for a number that does not fit the larger scale,
 * S1_E_NO_MEMORY; the buffer is as it was. */
S1_WARN_UNUSED s1_rc s1_fetch_buffer_append(s1_fetch_buffer *buffer, const s1_history_page *page,
                                            s1_err *err);

/* The first `count` rows as a batch, borrowed until the next call. */
s1_market_batch s1_fetch_buffer_batch(const s1_fetch_buffer *buffer, size_t count);

/* Bits of the optional columns a batch has. */
uint32_t s1_fetch_buffer_columns(const s1_fetch_buffer *buffer);

/* Rows whose time is before `time`. */
size_t s1_fetch_buffer_before(const s1_fetch_buffer *buffer, s1_nanos time);

/* Drops trades from row `first` on whose id is among `ids` (rising). */
void s1_fetch_buffer_drop_known(s1_fetch_buffer *buffer, size_t first, const int64_t *ids,
                                size_t id_count);

/* The rows as a page, borrowed until the next call. */
s1_history_page s1_fetch_buffer_page(const s1_fetch_buffer *buffer);

/* Drops the first `count` rows. */
void s1_fetch_buffer_drop(s1_fetch_buffer *buffer, size_t count);

#endif /* S1_SERVICES_OPERATORS_FETCH_BUFFER_INTERNAL_H */
