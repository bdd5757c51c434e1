#include "simulators/kraken/exchange.h"

#define PAGE_DEFAULT 1000u
#define BARS_MAX     720
#define PRICE_DIGITS 5u /* behind the point, as Kraken prints trades */
#define SECOND       S1_NANOS_PER_SECOND

const char *s1_sim_fault_name(int32_t fault)
{
    static const char *const names[] = {"none",
#define X(name, text) text,
                                        S1_SIM_FAULT_MAP(X)
#undef X
    };
    return fault >= 0 && fault < S1_SIM_FAULTS ? names[fault] : NULL;
}

void s1_sim_exchange_init(s1_sim_exchange *exchange, const s1_sim_exchange_options *options)
{
    *exchange = (s1_sim_exchange){.options = *options, .empty_at = INT64_MIN};
    if (exchange->options.page == 0) {
        exchange->options.page = PAGE_DEFAULT;
    }
    if (exchange->options.now == 0 && options->trade_count > 0) {
        exchange->options.now = options->trades[options->trade_count - 1].time + 60 * SECOND;
    }
    s1_rng_init(&exchange->rng, options->seed);
}

void s1_sim_trades_random(s1_sim_trade *trades, size_t count, s1_nanos start, s1_nanos spacing,
                          uint64_t seed)
{
    s1_rng rng;
    s1_rng_init(&rng, seed);
    s1_nanos time = start - start % 100;
    int64_t id = 1 + (int64_t)s1_rng_below(&rng, 1000), price = 300000;
    uint64_t burst = 0;
    for (size_t i = 0; i < count; i++) {
        if (burst > 0) {
            burst--;
            time += (s1_nanos)s1_rng_below(&rng, 3) * 100;
        } else {
            burst = s1_rng_below(&rng, 50) == 0 ? s1_rng_below(&rng, 40) : 0;
            const uint64_t quiet = s1_rng_below(&rng, 2000) == 0 ? 300 : 1;
            time += (s1_nanos)(s1_rng_below(&rng, (uint64_t)spacing * 2 / 100) * quiet) * 100 + 100;
        }
        id += s1_rng_below(&rng, 500) == 0 ? 17 : 1;
        price += (int64_t)s1_rng_below(&rng, 41) - 20;
        price = price < 1000 ? 1000 : price;
        trades[i] = (s1_sim_trade){.id = id,
                                   .time = time,
                                   .price = price,
                                   .quantity = 12 + (int64_t)s1_rng_below(&rng, 500000000),
                                   .is_buy = s1_rng_below(&rng, 2) == 0};
    }
}

/* --- Numbers ------------------------------------------------------------------------------------
 */

/* A mantissa with `digits` behind the point, at least `scale`. */
static void put_decimal(s1_strbuf *out, int64_t mantissa, uint32_t scale, uint32_t digits)
{
    int64_t unit = 1;
    for (uint32_t i = 0; i < scale; i++) {
        unit *= 10;
    }
    s1_strbuf_i64(out, mantissa / unit);
    s1_strbuf_char(out, '.');
    for (uint32_t i = 0; i < digits; i++) {
        unit /= 10;
        const int64_t digit = unit > 0 ? mantissa / unit % 10 : 0;
        s1_strbuf_char(out, (char)('0' + digit));
    }
}

/* Seconds with up to seven digits, as a double prints. */
static void put_seconds(s1_strbuf *out, s1_nanos time)
{
    int64_t fraction = time % SECOND / 100;
    s1_strbuf_i64(out, time / SECOND);
    for (int64_t unit = 1000000; fraction > 0; unit /= 10) {
        if (unit == 1000000) {
            s1_strbuf_char(out, '.');
        }
        s1_strbuf_char(out, (char)('0' + fraction / unit));
        fraction %= unit;
    }
}

/* --- Requests -----------------------------------------------------------------------------------
 */

/* The value of a parameter; empty if it is not there. */
static s1_str parameter(s1_str target, const char *name)
{
    const size_t mark = s1_str_find_byte(target, '?', 0);
    s1_str rest =
        mark == S1_STR_NPOS ? s1_str_make("", 0) : s1_str_slice(target, mark + 1, target.len);
    s1_str part;
    for (bool is_done = false; s1_str_split(&rest, '&', &part, &is_done);) {
        const size_t equals = s1_str_find_byte(part, '=', 0);
        if (equals != S1_STR_NPOS && s1_str_eq_cstr(s1_str_slice(part, 0, equals), name)) {
            return s1_str_slice(part, equals + 1, part.len);
        }
    }
    return s1_str_make("", 0);
}

static int64_t number_of(s1_str text)
{
    int64_t value = 0;
    s1_err ignored = S1_ERR_INIT;
    return s1_str_parse_i64(text, &value, &ignored) == S1_OK ? value : 0;
}

static void put_error(s1_strbuf *body, const char *text)
{
    s1_strbuf_printf(body, "{\"error\":[\"%s\"]}", text);
}

static bool has_pair(const s1_sim_exchange *x, s1_str name)
{
    const s1_sim_exchange_options *const o = &x->options;
    return s1_str_eq_cstr(name, o->id) || s1_str_eq_cstr(name, o->altname) ||
           s1_str_eq_cstr(name, o->wsname);
}

/* The first trade at or behind `time`. */
static size_t first_at(const s1_sim_exchange *x, s1_nanos time)
{
    size_t low = 0, high = x->options.trade_count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (x->options.trades[mid].time < time) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static void put_trade(s1_strbuf *body, const s1_sim_exchange_options *o, const s1_sim_trade *t,
                      bool is_typed_wrong)
{
    const char *const quote = is_typed_wrong ? "" : "\"";
    s1_strbuf_printf(body, "[%s", quote);
    put_decimal(body, t->price, o->price_decimals, PRICE_DIGITS);
    s1_strbuf_printf(body, "%s,\"", quote);
    put_decimal(body, t->quantity, o->lot_decimals, o->lot_decimals);
    s1_strbuf_lit(body, "\",");
    put_seconds(body, t->time);
    s1_strbuf_printf(body, ",\"%s\",\"%s\",\"\",%lld]", t->is_buy ? "b" : "s",
                     t->id % 3 == 0 ? "m" : "l", (long long)t->id);
}

static void put_trades(s1_sim_exchange *x, s1_str target, const char *name, bool is_typed_wrong,
                       s1_strbuf *body)
{
    const s1_sim_exchange_options *const o = &x->options;
    const int64_t asked = number_of(parameter(target, "count"));
    const size_t page = asked > 0 && asked < (int64_t)o->page ? (size_t)asked : o->page;
    s1_nanos since = number_of(parameter(target, "since"));
    since = since < 100000000000 ? since * SECOND : since; /* seconds are taken too */
    const size_t from = first_at(x, o->is_since_exclusive ? since + 1 : since);
    const size_t to = o->trade_count - from < page ? o->trade_count : from + page;
    s1_strbuf_printf(body, "\"result\":{\"%s\":[", name);
    for (size_t i = from; i < to; i++) {
        if (i > from) {
            s1_strbuf_char(body, ',');
        }
        put_trade(body, o, &o->trades[i], is_typed_wrong);
    }
    const s1_nanos last = to > from ? o->trades[to - 1].time : since;
    s1_strbuf_printf(body, "],\"last\":\"%lld\"}}", (long long)last);
    x->rows += to - from;
}

typedef struct bar {
    int64_t open, high, low, close, volume, count;
    long double turnover;
} bar;

static bar bar_at(const s1_sim_exchange *x, s1_nanos open_time, s1_nanos step)
{
    const size_t first = first_at(x, open_time);
    const int64_t before = first > 0
                               ? x->options.trades[first - 1].price
                               : (x->options.trade_count > 0 ? x->options.trades[0].price : 1);
    bar b = {before, before, before, before, 0, 0, 0};
    for (size_t i = first;
         i < x->options.trade_count && x->options.trades[i].time < open_time + step; i++) {
        const s1_sim_trade *const t = &x->options.trades[i];
        if (b.count == 0) {
            b.open = b.high = b.low = t->price;
        }
        b.high = t->price > b.high ? t->price : b.high;
        b.low = t->price < b.low ? t->price : b.low;
        b.close = t->price;
        b.volume += t->quantity;
        b.turnover += (long double)t->price * (long double)t->quantity;
        b.count++;
    }
    return b;
}

static void put_bars(s1_sim_exchange *x, s1_str target, const char *name, s1_strbuf *body)
{
    const s1_sim_exchange_options *const o = &x->options;
    const s1_nanos minutes = number_of(parameter(target, "interval"));
    const s1_nanos step = (minutes > 0 ? minutes : 1) * 60 * SECOND;
    const s1_nanos since = number_of(parameter(target, "since")) * SECOND;
    const s1_nanos open_bar = o->now - o->now % step;
    s1_nanos time = open_bar - (BARS_MAX - 1) * step;
    const s1_nanos begin = o->trade_count > 0 ? o->trades[0].time - o->trades[0].time % step : time;
    time = begin > time ? begin : time;
    bool is_first = true;
    s1_strbuf_printf(body, "\"result\":{\"%s\":[", name);
    for (; time <= open_bar; time += step) {
        if (time <= since) {
            continue;
        }
        const bar b = bar_at(x, time, step);
        const int64_t prices[] = {b.open, b.high, b.low, b.close,
                                  b.volume > 0 ? (int64_t)(b.turnover / (long double)b.volume) : 0};
        s1_strbuf_printf(body, "%s[%lld", is_first ? "" : ",", (long long)(time / SECOND));
        for (size_t i = 0; i < 5; i++) {
            s1_strbuf_lit(body, ",\"");
            put_decimal(body, prices[i], o->price_decimals, o->price_decimals);
            s1_strbuf_char(body, '"');
        }
        s1_strbuf_lit(body, ",\"");
        put_decimal(body, b.volume, o->lot_decimals, o->lot_decimals);
        s1_strbuf_printf(body, "\",%lld]", (long long)b.count);
        is_first = false;
        x->rows++;
    }
    s1_strbuf_printf(body, "],\"last\":%lld}}", (long long)((open_bar - step) / SECOND));
}

static void put_pairs(const s1_sim_exchange *x, const char *id, s1_strbuf *body)
{
    const s1_sim_exchange_options *const o = &x->options;
    s1_strbuf_printf(body, "\"result\":{\"%s\":{\"altname\":\"%s\",\"wsname\":\"", id, o->altname);
    const char *const wsname = strcmp(id, o->id) == 0 ? o->wsname : "ETH/USD";
    for (const char *at = wsname; *at != '\0'; at++) {
        s1_strbuf_printf(body, "%s%c", *at == '/' ? "\\" : "", *at);
    }
    s1_strbuf_printf(body,
                     "\",\"aclass_base\":\"currency\",\"lot\":\"unit\",\"cost_decimals\":5,"
                     "\"pair_decimals\":%u,\"lot_decimals\":%u,\"lot_multiplier\":1,"
                     "\"leverage_buy\":[2,3],\"fees\":[[0,0.26],[50000,0.24]],"
                     "\"ordermin\":\"0.0001\",\"tick_size\":\"0.1\",\"status\":\"online\"}}}",
                     o->price_decimals, o->lot_decimals);
}

/* The right reply, under `fault` slightly wrong. */
static void put_reply(s1_sim_exchange *x, s1_str target, int32_t fault, s1_strbuf *body)
{
    const s1_sim_exchange_options *const o = &x->options;
    const s1_str path = s1_str_slice(target, 0, s1_str_find_byte(target, '?', 0));
    const char *const name = fault == S1_SIM_OTHER_PAIR ? "XETHZUSD" : o->id;
    const bool is_trades = s1_str_eq_cstr(path, "/0/public/Trades");
    const bool is_bars = s1_str_eq_cstr(path, "/0/public/OHLC");
    const bool is_pairs = s1_str_eq_cstr(path, "/0/public/AssetPairs");
    if ((is_trades || is_bars || is_pairs) && !has_pair(x, parameter(target, "pair"))) {
        put_error(body, "EQuery:Unknown asset pair");
        return;
    }
    s1_strbuf_printf(body, "{\"error\":[%s],",
                     fault == S1_SIM_WARNING ? "\"WGeneral:Danger, Will Robinson\"" : "");
    if (fault == S1_SIM_OTHER_REPLY) {
        s1_strbuf_lit(body, "\"result\":{\"unixtime\":1688669448,\"rfc1123\":\"Thu\"}}");
    } else if (is_trades) {
        x->pages++;
        put_trades(x, target, name, fault == S1_SIM_OTHER_TYPES, body);
    } else if (is_bars) {
        x->pages++;
        put_bars(x, target, name, body);
    } else if (is_pairs) {
        put_pairs(x, name, body);
    } else if (s1_str_eq_cstr(path, "/0/public/SystemStatus")) {
        s1_strbuf_lit(body,
                      "\"result\":{\"status\":\"online\",\"timestamp\":\"2026-01-01T00:00:00Z\"}}");
    } else if (s1_str_eq_cstr(path, "/0/public/Time")) {
        s1_strbuf_printf(body, "\"result\":{\"unixtime\":%lld,\"rfc1123\":\"\"}}",
                         (long long)(o->now / SECOND));
    } else {
        s1_strbuf_clear(body);
        put_error(body, "EGeneral:Unknown method");
    }
}

/* True while the counter refuses. */
static bool is_over_limit(s1_sim_exchange *x, s1_nanos now)
{
    const s1_sim_exchange_options *const o = &x->options;
    if (o->counter_max == 0) {
        return false;
    }
    const s1_nanos from = x->empty_at > now ? x->empty_at : now;
    x->empty_at = from + o->counter_decay;
    return x->empty_at - now > (s1_nanos)o->counter_max * o->counter_decay;
}

static int32_t choose_fault(s1_sim_exchange *x)
{
    const uint32_t mask = x->options.fault_mask;
    int32_t fault = x->next_fault;
    x->next_fault = S1_SIM_NO_FAULT;
    if (fault == S1_SIM_NO_FAULT && x->options.fault_permille > 0 &&
        s1_rng_below(&x->rng, 1000) < x->options.fault_permille) {
        do {
            fault = 1 + (int32_t)s1_rng_below(&x->rng, S1_SIM_FAULTS - 1);
        } while (mask != 0 && (mask >> fault & 1) == 0);
    }
    return fault;
}

void s1_sim_exchange_handle(s1_sim_exchange *x, s1_str target, s1_nanos now, s1_sim_reply *reply)
{
    s1_strbuf *const body = &reply->body;
    s1_strbuf_clear(body);
    x->requests++;
    int32_t fault = choose_fault(x);
    if (is_over_limit(x, now)) {
        fault = S1_SIM_RATE_LIMIT;
        x->refused++;
    }
    x->faults[fault]++;
    reply->fault = fault;
    reply->status = 200;
    reply->retry_after = 0;
    reply->is_html = false;
    switch (fault) {
    case S1_SIM_RATE_LIMIT:
        put_error(body, "EAPI:Rate limit exceeded");
        break;
    case S1_SIM_HTTP_429:
        reply->status = 429;
        reply->retry_after = 1;
        break;
    case S1_SIM_BUSY:
        put_error(body, "EService:Busy");
        break;
    case S1_SIM_HTTP_500:
        reply->status = 500;
        break;
    case S1_SIM_HTTP_502:
        reply->status = 502;
        reply->is_html = true;
        s1_strbuf_lit(body, "<html><head><title>502 Bad Gateway</title></head></html>");
        break;
    case S1_SIM_GARBAGE:
        for (uint64_t n = s1_rng_below(&x->rng, 400); n > 0; n--) {
            s1_strbuf_char(body, (char)s1_rng_below(&x->rng, 256));
        }
        break;
    case S1_SIM_EMPTY:
    case S1_SIM_STALL:
    case S1_SIM_CUT_BEFORE:
        break;
    default:
        put_reply(x, target, fault, body);
        break;
    }
    if (fault == S1_SIM_TRUNCATED) {
        s1_strbuf_truncate(body, body->len / 2);
    }
}
