/* orderbook_imbalance_detector - how much more is bid than asked, from summaries of the order book.
 *
 * imbalance = (bid - ask) / (bid + ask): 1 with bids only, -1 with asks only. It keeps nothing
 * between ticks: a bar's summaries are those that became known since the bar before closed.
 */
#include "s1mple/params.h"

#include <stdio.h>
#include <stdlib.h>

/* Top of the book or one depth of it. */
typedef struct depth {
    const s1_feed_field *bid, *ask;
    s1_column *out;
} depth;

typedef struct book_imbalance {
    const s1_feed *book;
    const s1_stream *stream;
    s1_column *mean;
    s1_condition *is_fresh;
    s1_nanos max_age;
    size_t depth_count;
    depth depths[]; /* [depth_count], the top first */
} book_imbalance;

/* NaN where nothing is on the book, or a quantity is none. */
static double imbalance_of(const depth *at, uint64_t row)
{
    const double bid = s1_feed_number(at->bid, row);
    const double ask = s1_feed_number(at->ask, row);
    return bid >= 0.0 && ask >= 0.0 && bid + ask > 0.0 ? (bid - ask) / (bid + ask) : (double)NAN;
}

/* Of the top, over the bar's summaries. */
static double mean_of_bar(const book_imbalance *me)
{
    const s1_stream *const stream = me->stream;
    const s1_nanos before =
        stream->rows > 1 ? stream->close_time[stream->rows - 2] : stream->bar.open_time;
    double sum = 0.0;
    uint64_t count = 0;
    for (uint64_t row = s1_feed_since(me->book, before); row < s1_feed_rows(me->book); row++) {
        const double value = imbalance_of(&me->depths[0], row);
        if (!isnan(value)) {
            sum += value;
            count++;
        }
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

static s1_rc imbalance_enrich(void *self, const s1_context *context, s1_err *err)
{
    book_imbalance *const me = self;
    (void)err;
    const uint64_t rows = s1_feed_rows(me->book);
    bool is_fresh = false;
    if (rows > 0) {
        const s1_nanos age = context->now - s1_feed_published_at(me->book, rows - 1);
        is_fresh = S1_CONDITION(context, me->is_fresh, (double)age / S1_NANOS_PER_SECOND, LE,
                                (double)me->max_age / S1_NANOS_PER_SECOND);
    }
    for (size_t i = 0; i < me->depth_count; i++) {
        s1_column_put(me->depths[i].out,
                      is_fresh ? imbalance_of(&me->depths[i], rows - 1) : (double)NAN);
    }
    s1_column_put(me->mean, mean_of_bar(me));
    return S1_OK;
}

/* `suffix` "" is the top, "_5" the best five prices. */
static s1_rc bind_depth(const s1_binder *binder, const char *suffix, depth *ret_depth, s1_err *err)
{
    void *const b = binder->self;
    const s1_str book = S1_STR("book");
    char name[48];
    int length = snprintf(name, sizeof name, "bid_qty%s", suffix);
    S1_TRY(err, binder->feed_field(b, book, (s1_str){name, (size_t)length}, &ret_depth->bid, err));
    length = snprintf(name, sizeof name, "ask_qty%s", suffix);
    S1_TRY(err, binder->feed_field(b, book, (s1_str){name, (size_t)length}, &ret_depth->ask, err));
    length = snprintf(name, sizeof name, "book_imbalance%s", suffix);
    S1_TRY(err, binder->column(b, (s1_str){name, (size_t)length}, &ret_depth->out, err));
    return S1_OK;
}

static s1_rc bind_all(book_imbalance *me, const s1_binder *binder, const int64_t *levels,
                      s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->param_duration(b, S1_STR("max_age"), &me->max_age, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    S1_TRY(err, binder->feed(b, S1_STR("book"), &me->book, err));
    S1_TRY(err, binder->column(b, S1_STR("book_imbalance_mean"), &me->mean, err));
    S1_TRY(err, binder->condition(b, S1_STR("book_age_seconds"), &me->is_fresh, err));
    for (size_t i = 0; i < me->depth_count; i++) {
        char suffix[24] = "";
        if (i > 0) {
            (void)snprintf(suffix, sizeof suffix, "_%lld", (long long)levels[i - 1]);
        }
        S1_TRY(err, bind_depth(binder, suffix, &me->depths[i], err));
    }
    return S1_OK;
}

static void imbalance_destroy(void *self)
{
    free(self);
}

static s1_rc imbalance_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                              s1_err *err)
{
    (void)host;
    const int64_t *levels;
    size_t count;
    S1_TRY(err, binder->param_int_list(binder->self, S1_STR("levels"), &levels, &count, err));
    book_imbalance *const me = calloc(1, sizeof *me + (count + 1) * sizeof me->depths[0]);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "orderbook_imbalance_detector: %zu depths", count);
    }
    me->depth_count = count + 1;
    const s1_rc rc = bind_all(me, binder, levels, err);
    if (rc != S1_OK) {
        free(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops imbalance_ops = {
    .size = sizeof imbalance_ops,
    .type = S1_WORKER_CONTEXT,
    .create = imbalance_create,
    .destroy = imbalance_destroy,
    .enrich = imbalance_enrich,
};

S1_PLUGIN("orderbook_imbalance_detector", "1.0.0", &imbalance_ops, 0)
