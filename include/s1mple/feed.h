/* s1mple/feed.h - data that is not bars: news, calendars, order-book summaries, on-chain counts.
 *
 * The host reads a feed from a file; a plugin sees the rows that were known by now and no others.
 * A row has the moment it is about (`time`), the moment it became known (`published_at`) and the
 * fields the manifest declares. A calendar is published before its time, a correction after it.
 * Rows stand in order of `published_at`, those of one moment as in the file; they only ever grow,
 * and a row never changes. What is published between two ticks is there in the second.
 *
 * Handles come from binder->feed and binder->feed_field, in create(), and live as long as the
 * worker. Reading is inline: no call, no lookup, no allocation. A row that is not known yet does
 * not exist in this memory.
 */
#ifndef S1MPLE_FEED_H
#define S1MPLE_FEED_H

#include "s1mple/base.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

#define S1_FEED_NO_TIME INT64_MIN /* the time of a row that is not there */

typedef struct s1_feed {
    uint32_t size;
    uint32_t reserved;
    uint64_t rows;                /* known by now */
    const s1_nanos *time;         /* [rows] what the row is about */
    const s1_nanos *published_at; /* [rows] never falls, at most now */
    const uint32_t *by_time;      /* [rows] row numbers in order of time */
} s1_feed;

/* One field of a feed. Exactly one of `numbers` and `texts` is set, as the manifest says. */
typedef struct s1_feed_field {
    const s1_feed *feed;
    const double *numbers; /* [rows] */
    const s1_str *texts;   /* [rows]; equal texts have equal pointers */
} s1_feed_field;

/* Number of rows known by now. Rows are numbered from 0, the newest is the last. */
static inline uint64_t s1_feed_rows(const s1_feed *feed)
{
    return feed->rows;
}

/* The moment a row is about; S1_FEED_NO_TIME where there is no such row. */
static inline s1_nanos s1_feed_time(const s1_feed *feed, uint64_t row)
{
    return row < feed->rows ? feed->time[row] : S1_FEED_NO_TIME;
}

/* The moment a row became known; S1_FEED_NO_TIME where there is no such row. */
static inline s1_nanos s1_feed_published_at(const s1_feed *feed, uint64_t row)
{
    return row < feed->rows ? feed->published_at[row] : S1_FEED_NO_TIME;
}

/* A number field of a row; NaN where there is no such row, where an optional cell is empty, and of
 * a text field. */
static inline double s1_feed_number(const s1_feed_field *field, uint64_t row)
{
    return field->numbers != NULL && row < field->feed->rows ? field->numbers[row] : (double)NAN;
}

/* A text field of a row; {NULL, 0} where there is no such row, and of a number field. Lives as long
 * as the worker. */
static inline s1_str s1_feed_text(const s1_feed_field *field, uint64_t row)
{
    const s1_str none = {NULL, 0};
    return field->texts != NULL && row < field->feed->rows ? field->texts[row] : none;
}

/* The first row that became known after `moment`; `rows` if none did. O(such rows): the bar before
 * closed then, so these rows are this bar's news, with nothing to remember between ticks. */
static inline uint64_t s1_feed_since(const s1_feed *feed, s1_nanos moment)
{
    uint64_t row = feed->rows;
    while (row > 0 && feed->published_at[row - 1] > moment) {
        row--;
    }
    return row;
}

/* The row at a place in order of time (0 is the earliest), `rows` where there is no such place. */
static inline uint64_t s1_feed_row_by_time(const s1_feed *feed, uint64_t place)
{
    return place < feed->rows ? feed->by_time[place] : feed->rows;
}

/* The first place in order of time whose row is about `time` or later; `rows` if none is.
 * O(log rows): a window of events is found again each tick, however late one was announced. */
static inline uint64_t s1_feed_seek(const s1_feed *feed, s1_nanos time)
{
    uint64_t first = 0;
    uint64_t count = feed->rows;
    while (count > 0) {
        const uint64_t half = count / 2;
        if (feed->time[feed->by_time[first + half]] < time) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_FEED_H */
