/* s1mple/news.h - news with a score, and what a row of it says about the traded pair.
 *
 * The manifest's feed `news` has the number field a parameter names (a sentiment: above zero is
 * good for what the row is about), and optionally the texts `pair` and `headline`. A row is about
 * the traded pair if its `pair` is that pair, or its base currency; about its quote currency it
 * counts with the opposite sign; without a `pair` it is about everything.
 */
#ifndef S1MPLE_NEWS_H
#define S1MPLE_NEWS_H

#include "s1mple/params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s1_news {
    const s1_feed *feed; /* NULL: the blueprint gives none */
    const s1_feed_field *score;
    const s1_feed_field *pair, *headline; /* NULL: the file has no such column */
    const s1_stream *stream;
} s1_news;

/* Binds the feed `news` and the worker's stream; the score's column is the value of the parameter
 * `score_param`. Errors: those of the binder; S1_E_NOT_FOUND where the blueprint gives no feed. */
S1_WARN_UNUSED
static inline s1_rc s1_news_bind(const s1_binder *binder, s1_str score_param, s1_news *ret_news,
                                 s1_err *err)
{
    void *const b = binder->self;
    const s1_str none = {NULL, 0};
    const s1_str feed = S1_STR("news");
    s1_str score;
    S1_TRY(err, binder->stream(b, none, &ret_news->stream, err));
    S1_TRY(err, binder->param_text(b, score_param, &score, err));
    S1_TRY(err, binder->feed(b, feed, &ret_news->feed, err));
    S1_TRY(err, binder->feed_field(b, feed, score, &ret_news->score, err));
    S1_TRY(err, s1_feed_field_optional(binder, feed, S1_STR("pair"), &ret_news->pair, err));
    S1_TRY(err, s1_feed_field_optional(binder, feed, S1_STR("headline"), &ret_news->headline, err));
    return S1_OK;
}

/* The first row that became known since the bar before closed; the rows from it on are the newest
 * bar's. */
static inline uint64_t s1_news_first(const s1_news *news)
{
    const s1_stream *const stream = news->stream;
    return s1_feed_since(news->feed, stream->rows > 1 ? stream->close_time[stream->rows - 2]
                                                      : stream->bar.open_time);
}

/* What a row says of the traded pair: its score, with the opposite sign where it is about the quote
 * currency; NaN where it is about something else. */
static inline double s1_news_score(const s1_news *news, uint64_t row)
{
    const s1_instrument *const traded = news->stream->instrument;
    const double score = s1_feed_number(news->score, row);
    const s1_str none = {NULL, 0};
    const s1_str about = news->pair != NULL ? s1_feed_text(news->pair, row) : none;
    if (about.len == 0 || s1_text_equal(about, news->stream->asset_pair) ||
        s1_text_equal(about, traded->base)) {
        return score;
    }
    return s1_text_equal(about, traded->quote) ? -score : (double)NAN;
}

/* What a row is titled; empty where it has no title. */
static inline s1_str s1_news_headline(const s1_news *news, uint64_t row)
{
    const s1_str none = {NULL, 0};
    return news->headline != NULL ? s1_feed_text(news->headline, row) : none;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_NEWS_H */
