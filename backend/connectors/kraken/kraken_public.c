#include "backend/connectors/kraken/kraken_public.h"

#include "backend/connectors/kraken/kraken_reply_internal.h"
#include "backend/connectors/pacing.h"
#include "backend/connectors/wire_number.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"

#include <stdlib.h>

#define MAX_ATTEMPTS_DEFAULT 3u
#define LIMITED_MAX_DEFAULT  30u
#define RETRY_DEFAULT        (2 * S1_NANOS_PER_SECOND)
#define LIMITED_DEFAULT      (5 * S1_NANOS_PER_SECOND)
#define WAIT_MAX             (60 * S1_NANOS_PER_SECOND)
#define SPACING_DEFAULT      S1_NANOS_PER_SECOND
#define TIMEOUT_DEFAULT      (30 * S1_NANOS_PER_SECOND)
#define RETRY_AFTER_MAX      900 /* seconds; the exchange's wish is granted up to here */
#define REPLY_BYTES_MAX      (8u << 20)
#define TRADES_PAGE          1000
#define BARS_PAGE            720
#define ROUNDING             1000 /* ns: more than a double rounds a moment of our days by */
#define QUERY_MAX            160u

enum state { IDLE, ASK_PAIR, ASK_ROWS, DONE };

typedef struct kraken {
    s1_connector base;
    s1_kraken_public_options options;
    s1_pacing pacing;
    int32_t state;
    uint64_t sent;    /* id of the last request */
    bool is_waiting;  /* for its reply */
    uint32_t attempt; /* of what is asked now */
    char pair_name[S1_PAIR_TEXT_MAX + 1];
    s1_stream_key key;
    s1_time_range range;
    bool has_pair; /* `pair` is that of pair_name */
    s1_kraken_pair pair;
    s1_nanos since;
    int64_t last_id;    /* of what has been given; -1: nothing yet */
    s1_nanos last_time; /* of it */
    char query[QUERY_MAX];
    s1_kraken_rows rows;
} kraken;

/* --- What Kraken has ----------------------------------------------------------------------------
 */

static const s1_nanos timeframes[] = {1, 5, 15, 30, 60, 240, 1440, 10080, 21600}; /* minutes */

static s1_rc check_stream(const s1_stream_key *key, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    if (key->data_type == S1_DATA_TRADES) {
        return S1_OK;
    }
    if (key->data_type != S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "kraken: found data type %s, expected trades or ohlcv",
                        s1_data_type_name(key->data_type));
    }
    for (size_t i = 0; i < sizeof timeframes / sizeof timeframes[0]; i++) {
        if (timeframes[i] * S1_NANOS_PER_MINUTE == key->timeframe) {
            return S1_OK;
        }
    }
    char text[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(key->timeframe, text);
    return S1_RAISE(err, S1_E_UNSUPPORTED,
                    "kraken: found timeframe %s, expected 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w or 15d; "
                    "others come from trades or smaller bars by 'data resample'",
                    text);
}

static s1_rc kraken_get_reach(const s1_connector *self, const s1_stream_key *key, s1_nanos wall_now,
                              s1_nanos *ret_from, s1_err *err)
{
    (void)self;
    S1_TRY(err, check_stream(key, err));
    if (key->data_type == S1_DATA_TRADES) {
        *ret_from = INT64_MIN;
        return S1_OK;
    }
    /* The open bar is one of the 720, and one may open while we ask. */
    const s1_nanos at = wall_now - (BARS_PAGE - 2) * key->timeframe;
    *ret_from = at - at % key->timeframe;
    return S1_OK;
}

static s1_rc kraken_open_history(s1_connector *self, const s1_history_request *request, s1_err *err)
{
    kraken *const k = (kraken *)self;
    S1_TRY(err, check_stream(&request->key, err));
    if (request->range.from > request->range.to || request->range.from < 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "kraken: found a range from %lld to %lld, expected a rising one since 1970",
                        (long long)request->range.from, (long long)request->range.to);
    }
    const s1_str name = request->key.asset_pair;
    if (!k->has_pair || !s1_str_eq_cstr(name, k->pair_name)) {
        k->has_pair = false;
        (void)snprintf(k->pair_name, sizeof k->pair_name, "%.*s", S1_STR_ARG(name));
    }
    k->key = request->key;
    k->key.asset_pair = s1_str_of(k->pair_name);
    k->key.source = S1_STR(""); /* the archive's matter */
    k->range = request->range;
    k->state = k->has_pair ? ASK_ROWS : ASK_PAIR;
    if (k->range.from == k->range.to) {
        k->state = DONE;
    }
    k->is_waiting = false;
    k->attempt = 0;
    k->since = k->range.from > ROUNDING ? k->range.from - ROUNDING : 0;
    k->last_id = -1;
    k->last_time = INT64_MIN;
    return S1_OK;
}

/* --- Asking -------------------------------------------------------------------------------------
 */

static s1_str word_query(kraken *k)
{
    const s1_str name = s1_str_of(k->pair_name);
    const size_t slash = s1_str_find_byte(name, '/', 0);
    int length = 0;
    if (k->state == ASK_PAIR) {
        length = snprintf(k->query, sizeof k->query, "pair=%.*s%.*s",
                          S1_STR_ARG(s1_kraken_currency(s1_str_slice(name, 0, slash))),
                          S1_STR_ARG(s1_kraken_currency(s1_str_slice(name, slash + 1, name.len))));
    } else if (k->key.data_type == S1_DATA_TRADES) {
        length = snprintf(k->query, sizeof k->query, "pair=%s&since=%lld&count=%d", k->pair.altname,
                          (long long)k->since, TRADES_PAGE);
    } else {
        const s1_nanos before = k->range.from - k->key.timeframe;
        length = snprintf(k->query, sizeof k->query, "pair=%s&interval=%lld&since=%lld",
                          k->pair.altname, (long long)(k->key.timeframe / S1_NANOS_PER_MINUTE),
                          (long long)(before > 0 ? before / S1_NANOS_PER_SECOND : 0));
    }
    return s1_str_make(k->query, (size_t)length);
}

static s1_rc kraken_next_request(s1_connector *self, s1_nanos now, s1_wire_request *ret_request,
                                 bool *ret_is_done, s1_err *err)
{
    kraken *const k = (kraken *)self;
    if (k->state == IDLE) {
        return S1_RAISE(err, S1_E_INVALID, "kraken: nothing was asked for");
    }
    *ret_is_done = k->state == DONE;
    if (*ret_is_done) {
        return S1_OK;
    }
    s1_wire_request request = {
        .id = ++k->sent,
        .method = S1_WIRE_GET,
        .path = k->state == ASK_PAIR                 ? S1_STR("/0/public/AssetPairs")
                : k->key.data_type == S1_DATA_TRADES ? S1_STR("/0/public/Trades")
                                                     : S1_STR("/0/public/OHLC"),
        .query = word_query(k),
        .not_before = s1_pacing_not_before(&k->pacing, 1, now),
        .timeout = k->options.timeout,
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
    s1_pacing_on_send(&k->pacing, 1, request.not_before);
    k->is_waiting = true;
    *ret_request = request;
    return S1_OK;
}

/* --- Faults -------------------------------------------------------------------------------------
 */

static void set_again(kraken *k, s1_history_page *page, int32_t verdict, s1_nanos retry_at)
{
    *page = (s1_history_page){.verdict = verdict, .attempt = k->attempt, .retry_at = retry_at};
}

/* A fault that may pass; `rc` is what it becomes when it does not. */
static s1_rc on_fault(kraken *k, s1_nanos now, s1_rc rc, const char *reason, s1_history_page *page,
                      s1_err *err)
{
    k->attempt = k->pacing.faults + 1;
    if (k->attempt >= k->options.max_attempts) {
        return S1_RAISE(err, rc, "kraken: gave up after %u attempts: %s", k->attempt, reason);
    }
    set_again(k, page, S1_PAGE_AGAIN, s1_pacing_on_fault(&k->pacing, now));
    (void)snprintf(page->reason, sizeof page->reason, "%s", reason);
    return S1_OK;
}

static s1_rc on_limit(kraken *k, s1_nanos now, s1_nanos at_least, const char *reason,
                      s1_history_page *page, s1_err *err)
{
    k->attempt = k->pacing.limits + 1;
    if (k->attempt >= k->options.limited_max) {
        return S1_RAISE(err, S1_E_IO, "kraken: still limited after %u attempts: %s", k->attempt,
                        reason);
    }
    set_again(k, page, S1_PAGE_LIMITED, s1_pacing_on_limit(&k->pacing, now, at_least));
    (void)snprintf(page->reason, sizeof page->reason, "%s", reason);
    return S1_OK;
}

/* The seconds of a Retry-After header, at most RETRY_AFTER_MAX; 0 without one. */
static s1_nanos retry_after(s1_str headers)
{
    s1_str line;
    for (bool is_done = false; s1_str_split(&headers, '\n', &line, &is_done);) {
        const size_t colon = s1_str_find_byte(line, ':', 0);
        int64_t seconds = 0;
        s1_err ignored = S1_ERR_INIT;
        if (colon != S1_STR_NPOS &&
            s1_str_eq_nocase(s1_str_trim(s1_str_slice(line, 0, colon)), S1_STR("retry-after")) &&
            s1_wire_count(s1_str_trim(s1_str_slice(line, colon + 1, line.len)), "", &seconds,
                          &ignored) == S1_OK) {
            return (seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * S1_NANOS_PER_SECOND;
        }
    }
    return 0;
}

/* "EService: Throttled: <unix time>": until then. */
static s1_nanos throttled_for(s1_str error, s1_nanos received)
{
    int64_t seconds = 0;
    s1_err ignored = S1_ERR_INIT;
    const size_t colon = s1_str_rfind_byte(error, ':');
    if (colon == S1_STR_NPOS ||
        s1_wire_count(s1_str_trim(s1_str_slice(error, colon + 1, error.len)), "", &seconds,
                      &ignored) != S1_OK ||
        seconds <= received / S1_NANOS_PER_SECOND) {
        return 0;
    }
    const int64_t wait = seconds - received / S1_NANOS_PER_SECOND;
    return (wait < RETRY_AFTER_MAX ? wait : RETRY_AFTER_MAX) * S1_NANOS_PER_SECOND;
}

/* What Kraken says in `error`, in its own words (PROTOCOL §1.4). */
static s1_rc on_error(kraken *k, const s1_wire_reply *reply, const char *text,
                      s1_history_page *page, s1_err *err)
{
    static const s1_str limits[] = {{"EAPI:Rate limit exceeded", 24},
                                    {"EGeneral:Too many requests", 26},
                                    {"EGeneral:Temporary lockout", 26},
                                    {"EService: Throttled", 19},
                                    {"EService:Throttled", 18}};
    static const s1_str passing[] = {
        {"EService:", 9}, {"EGeneral:Internal error", 23}, {"EDatabase:Internal error", 24}};
    static const s1_str unknown[] = {{"EQuery:Unknown asset pair", 25},
                                     {"EQuery:Invalid asset pair", 25}};
    const s1_str error = s1_str_of(text);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (s1_str_starts_with(error, limits[i])) {
            return on_limit(k, reply->now, throttled_for(error, reply->received), text, page, err);
        }
    }
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (s1_str_starts_with(error, passing[i])) {
            return on_fault(k, reply->now, S1_E_IO, text, page, err);
        }
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        if (s1_str_starts_with(error, unknown[i])) {
            return S1_RAISE(err, S1_E_NOT_FOUND, "kraken: %s: %s", text, k->pair_name);
        }
    }
    return S1_RAISE(err, S1_E_DENIED, "kraken refused %.*s?%s: %s", k->state == ASK_PAIR ? 10 : 40,
                    k->state == ASK_PAIR                 ? "AssetPairs"
                    : k->key.data_type == S1_DATA_TRADES ? "Trades"
                                                         : "OHLC",
                    k->query, text);
}

/* Anything but a reply with status 200. */
static s1_rc on_no_reply(kraken *k, const s1_wire_reply *reply, s1_history_page *page, s1_err *err)
{
    char reason[160];
    if (reply->outcome != S1_WIRE_REPLY) {
        (void)snprintf(reason, sizeof reason, "%s%s%.*s", s1_wire_outcome_name(reply->outcome),
                       reply->detail.len > 0 ? ": " : "",
                       (int)(reply->detail.len < 100 ? reply->detail.len : 100),
                       reply->detail.ptr != NULL ? reply->detail.ptr : "");
        return on_fault(k, reply->now, S1_E_IO, reason, page, err);
    }
    (void)snprintf(reason, sizeof reason, "HTTP status %d", reply->status);
    if (reply->status == 429) {
        return on_limit(k, reply->now, retry_after(reply->headers), reason, page, err);
    }
    if (reply->status >= 500 || reply->status == 408) {
        return on_fault(k, reply->now, S1_E_IO, reason, page, err);
    }
    return S1_RAISE(err, S1_E_DENIED, "kraken: found %s, expected 200: is the address right?",
                    reason);
}

/* --- Rows ---------------------------------------------------------------------------------------
 */

static void set_page(kraken *k, size_t first, size_t count, s1_history_page *page)
{
    const s1_kraken_rows *const rows = &k->rows;
    *page = (s1_history_page){.verdict = S1_PAGE_ROWS,
                              .count = count,
                              .price_scale = rows->price_scale,
                              .qty_scale = rows->qty_scale,
                              .vwap_scale = rows->vwap_scale};
    page->columns[0] = rows->time + first;
    const bool is_trades = k->key.data_type == S1_DATA_TRADES;
    const size_t columns = is_trades ? S1_TRADE_ID + 1 : S1_BAR_VWAP + 1;
    for (size_t c = 1; c < columns; c++) {
        page->columns[c] = is_trades && c == S1_TRADE_SIDE ? (const void *)(rows->side + first)
                                                           : rows->values[c] + first;
    }
}

/* Rows of the reply that are new, and of them those of the range. */
static s1_rc give_trades(kraken *k, s1_nanos last, s1_history_page *page, s1_err *err)
{
    const s1_kraken_rows *const rows = &k->rows;
    size_t fresh = 0;
    while (fresh < rows->count && rows->values[S1_TRADE_ID][fresh] <= k->last_id) {
        fresh++;
    }
    size_t from = fresh, to = fresh;
    while (from < rows->count && rows->time[from] < k->range.from) {
        from++;
    }
    for (to = from; to < rows->count && rows->time[to] < k->range.to; to++) {}
    if (fresh < rows->count && rows->time[fresh] < k->last_time) {
        return S1_RAISE(err, S1_E_DATA, "row %zu: time %lld ns is before that of the page before",
                        fresh + 1, (long long)rows->time[fresh]);
    }
    set_page(k, from, to - from, page);
    page->repeated = (uint32_t)fresh;
    if (fresh < rows->count) {
        k->last_id = rows->values[S1_TRADE_ID][rows->count - 1];
        k->last_time = rows->time[rows->count - 1];
        k->since = k->last_time > ROUNDING ? k->last_time - ROUNDING : 0;
        page->complete_to = k->last_time < k->range.to ? k->last_time : k->range.to;
    } else if (rows->count >= TRADES_PAGE && last > k->since) {
        k->since = last; /* a page full within a microsecond: Kraken's own mark passes it */
        page->complete_to = k->last_time;
    } else if (rows->count >= TRADES_PAGE) {
        return S1_RAISE(err, S1_E_DATA, "found the same %zu trades again since %lld", rows->count,
                        (long long)k->since);
    } else {
        /* nothing new: the end of what there is */
        page->complete_to = k->range.to;
        k->state = DONE;
    }
    if (k->last_time >= k->range.to) {
        page->complete_to = k->range.to;
        k->state = DONE;
    }
    return S1_OK;
}

static s1_rc give_bars(kraken *k, s1_nanos last_closed, s1_history_page *page, s1_err *err)
{
    const s1_kraken_rows *const rows = &k->rows;
    const s1_nanos step = k->key.timeframe;
    if (rows->count >= BARS_PAGE && rows->time[0] - step >= k->range.from) {
        char first[S1_TIME_TEXT_MAX], asked[S1_TIME_TEXT_MAX], frame[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_time_print_short(rows->time[0], first);
        (void)s1_time_print_short(k->range.from, asked);
        (void)s1_timeframe_print(step, frame);
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "kraken: its OHLC goes back %d bars, found the first of %s at %s, expected "
                        "%s; older bars come from its trades: 'data fetch --type trades' and 'data "
                        "resample'",
                        BARS_PAGE, frame, first, asked);
    }
    size_t from = 0, to = 0;
    while (from < rows->count && rows->time[from] < k->range.from) {
        from++;
    }
    for (to = from;
         to < rows->count && rows->time[to] < k->range.to && rows->time[to] <= last_closed; to++) {}
    set_page(k, from, to - from, page);
    page->complete_to = k->range.to;
    k->state = DONE;
    return S1_OK;
}

/* What a result says, by what was asked. Errors: S1_E_DATA is one that may pass. */
static s1_rc read_result(kraken *k, s1_json_pull result, s1_history_page *page, s1_err *err)
{
    s1_nanos last = 0;
    if (k->state == ASK_PAIR) {
        S1_TRY(err, s1_kraken_read_pair(result, s1_str_of(k->pair_name), &k->pair, err));
        k->has_pair = true;
        k->state = ASK_ROWS;
        *page = (s1_history_page){.verdict = S1_PAGE_ROWS, .complete_to = k->range.from};
        return S1_OK;
    }
    if (k->key.data_type == S1_DATA_TRADES) {
        S1_TRY(err, s1_kraken_read_trades(result, &k->pair, &k->rows, &last, err));
        return give_trades(k, last, page, err);
    }
    S1_TRY(err, s1_kraken_read_ohlc(result, &k->pair, k->key.timeframe, &k->rows, &last, err));
    return give_bars(k, last, page, err);
}

static s1_rc kraken_on_reply(s1_connector *self, const s1_wire_reply *reply,
                             s1_history_page *ret_page, s1_err *err)
{
    kraken *const k = (kraken *)self;
    if (!k->is_waiting || reply->id != k->sent) {
        return S1_RAISE(err, S1_E_INVALID, "kraken: a reply to request %llu, expected one to %llu",
                        (unsigned long long)reply->id, (unsigned long long)k->sent);
    }
    k->is_waiting = false;
    if (reply->outcome != S1_WIRE_REPLY || reply->status != 200) {
        return on_no_reply(k, reply, ret_page, err);
    }
    s1_kraken_envelope envelope;
    s1_err fault = S1_ERR_INIT;
    s1_rc rc = s1_kraken_read_envelope(reply->body, &envelope, &fault);
    if (rc == S1_OK && envelope.error[0] != '\0') {
        return on_error(k, reply, envelope.error, ret_page, err);
    }
    if (rc == S1_OK) {
        rc = read_result(k, envelope.result, ret_page, &fault);
    }
    if (rc == S1_E_DATA) {
        return on_fault(k, reply->now, S1_E_DATA, fault.msg, ret_page, err);
    }
    if (rc != S1_OK) {
        return S1_RAISE(err, rc, "%s", fault.msg);
    }
    s1_pacing_on_success(&k->pacing);
    k->attempt = 0;
    return S1_OK;
}

/* --- Its life -----------------------------------------------------------------------------------
 */

static void kraken_free(s1_connector *self)
{
    free(self);
}

static const s1_connector_ops kraken_ops = {
    .size = sizeof kraken_ops,
    .name = "kraken",
    .free = kraken_free,
    .get_reach = kraken_get_reach,
    .open_history = kraken_open_history,
    .next_request = kraken_next_request,
    .on_reply = kraken_on_reply,
};

s1_rc s1_kraken_public_new(const s1_kraken_public_options *options, s1_connector **ret_connector,
                           s1_err *err)
{
    kraken *const k = calloc(1, sizeof *k);
    if (k == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a connector to kraken");
    }
    s1_kraken_public_options o = options != NULL ? *options : (s1_kraken_public_options){0};
    o.max_attempts = o.max_attempts != 0 ? o.max_attempts : MAX_ATTEMPTS_DEFAULT;
    o.limited_max = o.limited_max != 0 ? o.limited_max : LIMITED_MAX_DEFAULT;
    o.retry_delay = o.retry_delay != 0 ? o.retry_delay : RETRY_DEFAULT;
    o.limited_delay = o.limited_delay != 0 ? o.limited_delay : LIMITED_DEFAULT;
    o.spacing = o.spacing != 0 ? o.spacing : SPACING_DEFAULT;
    o.timeout = o.timeout != 0 ? o.timeout : TIMEOUT_DEFAULT;
    k->base.ops = &kraken_ops;
    k->options = o;
    k->state = IDLE;
    s1_pacing_init(&k->pacing, &(s1_pacing_options){.counter_max = 1,
                                                    .decay = o.spacing > 0 ? o.spacing : 0,
                                                    .retry_first = o.retry_delay,
                                                    .retry_max = WAIT_MAX,
                                                    .limited_first = o.limited_delay,
                                                    .limited_max = WAIT_MAX,
                                                    .seed = o.seed});
    *ret_connector = &k->base;
    return S1_OK;
}
