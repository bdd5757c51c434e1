/* Orders on an order book as a decision table: a book, one order (or bracket), what happens, what
 * was heard. Every row of the tables in docs/matching.md has a case here. */
#include "backend/environments/matching/matching_line.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINES_MAX  16
#define EVENTS_MAX 24
#define TRADES_MAX 8
#define SECOND     S1_NANOS_PER_SECOND

typedef struct ear {
    char lines[LINES_MAX][96];
    int count;
    s1_matching_engine *engine;
    const char *stop, *target; /* sent when the entry fills */
} ear;

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    if (s1_dec_parse((s1_str){text, strlen(text)}, &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self, (void)order, (void)fill, (void)err;
    return S1_OK;
}

static s1_rc protect(ear *heard, const s1_order *entry, int32_t role, const char *price,
                     s1_nanos time, s1_err *err)
{
    const s1_order *const working = s1_matching_find(heard->engine, entry->trade_id, role);
    if (price == NULL) {
        return S1_OK;
    }
    if (working != NULL) {
        return s1_matching_modify(heard->engine, working->order_id, dec(price), entry->filled, err);
    }
    const s1_order order = {.order_id = {{{(uint8_t)(10 + role)}}},
                            .trade_id = entry->trade_id,
                            .side = entry->side == S1_BUY ? S1_SELL : S1_BUY,
                            .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                            .role = role,
                            .time_in_force = S1_TIF_GTC,
                            .quantity = entry->filled,
                            .price = dec(price),
                            .submitted_at = time};
    return s1_matching_submit(heard->engine, &order, NULL, err);
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(fill->price, price);
    char *const line = heard->lines[heard->count++];
    int length = snprintf(line, sizeof heard->lines[0], "%s %s %s%s @%.1f",
                          s1_order_role_name(order->role), price, s1_fill_rule_name(fill->rule),
                          fill->is_maker ? " maker" : "", (double)fill->time / SECOND);
    if (!s1_dec_eq(fill->quantity, order->quantity)) {
        char part[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(fill->quantity, part);
        (void)snprintf(line + length, sizeof heard->lines[0] - (size_t)length, " of %s", part);
    }
    if (order->role == S1_ROLE_ENTRY) {
        S1_TRY(err, protect(heard, order, S1_ROLE_STOP_LOSS, heard->stop, fill->time, err));
        return protect(heard, order, S1_ROLE_TAKE_PROFIT, heard->target, fill->time, err);
    }
    for (int32_t role = S1_ROLE_ENTRY;
         order->state == S1_ORDER_FILLED && role <= S1_ROLE_TAKE_PROFIT; role++) {
        const s1_order *const rival = s1_matching_find(heard->engine, order->trade_id, role);
        if (rival != NULL) {
            S1_TRY(err, s1_matching_cancel(heard->engine, rival->order_id, S1_STR("CLOSED"),
                                           fill->time, err));
        }
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED) {
        (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s%s%.*s @%.1f",
                       s1_order_role_name(order->role), s1_order_state_name(order->state),
                       reason.len > 0 ? " " : "", S1_STR_ARG(reason), (double)time / SECOND);
    }
    return S1_OK;
}

static const s1_instrument instrument = {
    .size = sizeof instrument, .price_scale = 1, .qty_scale = 0};

/* What happens: of the book (kind, side), or a trade (side). */
enum what { BID = 1, ASK, SNAP_BID, SNAP_ASK, BOUGHT, SOLD, TRADED };
typedef struct happening {
    int64_t second;
    enum what what;
    int64_t price, quantity;
} happening;

typedef struct example {
    const char *name;
    int32_t side, type;
    const char *quantity; /* NULL: 10 */
    const char *price, *limit;
    int32_t tif; /* 0: GTC */
    uint32_t post_only;
    const char *display;
    int64_t expires_at, arrives_at; /* seconds; 0: never, 1 */
    const char *stop, *target;
    const char *lot;
    int32_t queue; /* 0: RISK_AVERSE */
    bool keeps;
    bool has_no_book; /* the first snapshot is missing */
    happening events[EVENTS_MAX];
    const char *expected;
} example;

#define E(...)    {__VA_ARGS__}
#define BUY       .side = S1_BUY
#define SELL      .side = S1_SELL
#define AT_MARKET .type = S1_ORDER_MARKET
#define LIMIT(x)  .type = S1_ORDER_LIMIT, .price = (x)
#define STOP(x)   .type = S1_ORDER_STOP, .price = (x)

/* At second 0 the book is: bids 99 x 5, 98 x 7, 97 x 10; asks 101 x 4, 102 x 6, 103 x 10. The order
 * arrives at second 1. */
static const example examples[] = {
    /* taking */
    {"a market order walks the levels", BUY, AT_MARKET,
     .expected = "entry 101 BOOK @1.0 of 4; entry 102 BOOK @1.0 of 6"},
    {"so does one that sells", SELL, AT_MARKET, .quantity = "6",
     .expected = "entry 99 BOOK @1.0 of 5; entry 98 BOOK @1.0 of 1"},
    {"what the book does not have waits for its next message", BUY, AT_MARKET, .quantity = "25",
     .events = E({2, ASK, 104, 3}, {3, ASK, 102, 8}),
     .expected = "entry 101 BOOK @1.0 of 4; entry 102 BOOK @1.0 of 6; entry 103 BOOK @1.0 of 10; "
                 "entry 104 BOOK @2.0 of 3; entry 102 BOOK @3.0 of 2"},
    {"of an IOC the rest ends", BUY, AT_MARKET, .quantity = "25", .tif = S1_TIF_IOC,
     .expected = "entry 101 BOOK @1.0 of 4; entry 102 BOOK @1.0 of 6; entry 103 BOOK @1.0 of 10; "
                 "entry EXPIRED NOT_ENOUGH_QUANTITY @1.0"},
    {"a FOK that the book cannot fill ends", BUY, AT_MARKET, .quantity = "21", .tif = S1_TIF_FOK,
     .expected = "entry EXPIRED NOT_ENOUGH_QUANTITY @1.0"},
    {"a FOK that it can is filled", BUY, AT_MARKET, .quantity = "20", .tif = S1_TIF_FOK,
     .expected = "entry 101 BOOK @1.0 of 4; entry 102 BOOK @1.0 of 6; entry 103 BOOK @1.0 of 10"},
    {"whole lots are taken of a level", BUY, AT_MARKET, .quantity = "9", .lot = "3",
     .expected = "entry 101 BOOK @1.0 of 3; entry 102 BOOK @1.0 of 6"},
    {"without a book an order waits for one", BUY, AT_MARKET, .quantity = "4", .has_no_book = true,
     .events = E({2, TRADED, 100, 9}, {3, ASK, 101, 9}, {4, SNAP_ASK, 105, 9}, {6, BID, 90, 1}),
     .expected = "entry 105 BOOK @4.0"},
    {"it meets the book before the first event after it arrived", BUY, AT_MARKET, .quantity = "4",
     .arrives_at = 5, .events = E({2, ASK, 101, 0}, {5, ASK, 102, 0}, {8, ASK, 103, 0}),
     .expected = "entry 103 BOOK @5.0"},
    {"the rows of a message count together", BUY, AT_MARKET, .quantity = "4", .arrives_at = 4,
     .events = E({3, BID, 101, 5}, {3, ASK, 101, 0}, {8, BID, 1, 1}),
     .expected = "entry 102 BOOK @4.0"},
    {"what is taken is gone until its level is told again", BUY, AT_MARKET, .quantity = "25",
     .events = E({2, BID, 97, 11}, {3, ASK, 101, 2}, {4, BID, 97, 12}),
     .expected = "entry 101 BOOK @1.0 of 4; entry 102 BOOK @1.0 of 6; entry 103 BOOK @1.0 of 10; "
                 "entry 101 BOOK @3.0 of 2"},
    /* limits that take */
    {"a limit takes up to its price and rests", BUY, LIMIT("102"), .quantity = "15",
     .events = E({2, ASK, 103, 5}, {3, SOLD, 102, 2}, {4, SOLD, 101, 1}),
     .expected = "entry 101 BOOK_MARKETABLE @1.0 of 4; entry 102 BOOK_MARKETABLE @1.0 of 6; entry "
                 "102 QUEUE maker @3.0 of 2; entry 102 TRADE_THROUGH maker @4.0 of 3"},
    {"a post-only one is refused", BUY, LIMIT("101"), .post_only = 1,
     .expected = "entry REJECTED POST_ONLY_WOULD_TAKE @1.0"},
    {"one that does not take is not", BUY, LIMIT("100"), .post_only = 1,
     .events = E({2, SOLD, 99, 1}), .expected = "entry 100 TRADE_THROUGH maker @2.0"},
    {"an IOC takes what is there", BUY, LIMIT("101"), .tif = S1_TIF_IOC,
     .expected = "entry 101 BOOK_MARKETABLE @1.0 of 4; entry EXPIRED NOT_ENOUGH_QUANTITY @1.0"},
    {"an IOC that takes nothing ends", BUY, LIMIT("100"), .tif = S1_TIF_IOC,
     .expected = "entry EXPIRED NOT_MARKETABLE @1.0"},
    {"a FOK takes all or nothing", BUY, LIMIT("101"), .tif = S1_TIF_FOK,
     .expected = "entry EXPIRED NOT_ENOUGH_QUANTITY @1.0"},
    {"all, where it is there", BUY, LIMIT("102"), .tif = S1_TIF_FOK,
     .expected = "entry 101 BOOK_MARKETABLE @1.0 of 4; entry 102 BOOK_MARKETABLE @1.0 of 6"},
    /* the queue */
    {"a limit stands behind what is visible", BUY, LIMIT("99"), .quantity = "3",
     .events = E({2, SOLD, 99, 4}, {3, SOLD, 99, 2}, {4, SOLD, 99, 2}),
     .expected = "entry 99 QUEUE maker @3.0 of 1; entry 99 QUEUE maker @4.0 of 2"},
    {"a sell limit too", SELL, LIMIT("101"), .quantity = "3",
     .events = E({2, BOUGHT, 101, 4}, {3, BOUGHT, 101, 9}),
     .expected = "entry 101 QUEUE maker @3.0"},
    {"who buys at the price of a bid took from the asks", BUY, LIMIT("99"), .quantity = "3",
     .events = E({2, BOUGHT, 99, 9}, {3, TRADED, 99, 9}), .expected = "entry 99 QUEUE maker @3.0"},
    {"less at its price than was ahead: the back of what is left", BUY, LIMIT("99"),
     .quantity = "3", .events = E({2, BID, 99, 1}, {3, SOLD, 99, 3}),
     .expected = "entry 99 QUEUE maker @3.0 of 2"},
    {"more at its price stands behind it", BUY, LIMIT("99"), .quantity = "3",
     .events = E({2, BID, 99, 50}, {3, SOLD, 99, 7}), .expected = "entry 99 QUEUE maker @3.0 of 2"},
    {"a level that is gone leaves it alone there", BUY, LIMIT("99"), .quantity = "3",
     .events = E({2, BID, 99, 0}, {3, BID, 99, 8}, {4, SOLD, 99, 9}),
     .expected = "entry 99 QUEUE maker @4.0"},
    {"a price where nobody stands is the front", BUY, LIMIT("100"), .quantity = "3",
     .events = E({2, SOLD, 100, 2}), .expected = "entry 100 QUEUE maker @2.0 of 2"},
    {"a snapshot without its price too", BUY, LIMIT("99"), .quantity = "3",
     .events = E({2, SNAP_BID, 98, 7}, {2, SNAP_ASK, 101, 4}, {3, SOLD, 99, 2}),
     .expected = "entry 99 QUEUE maker @3.0 of 2"},
    {"risk_averse: what is cancelled was behind", BUY, LIMIT("98"), .quantity = "2",
     .events = E({2, BID, 98, 20}, {3, BID, 98, 10}, {4, SOLD, 98, 8}),
     .expected = "entry 98 QUEUE maker @4.0 of 1"},
    {"prob_power: 10 of 13 behind and 7 ahead are gone, 2.3 of them... ", BUY, LIMIT("98"),
     .quantity = "9", .queue = S1_QUEUE_PROB_POWER,
     .events = E({2, BID, 98, 20}, {3, BID, 98, 10}, {4, SOLD, 98, 8}), .expected = "@POWER"},
    {"prob_log", BUY, LIMIT("98"), .quantity = "9", .queue = S1_QUEUE_PROB_LOG,
     .events = E({2, BID, 98, 20}, {3, BID, 98, 10}, {4, SOLD, 98, 8}), .expected = "@LOG"},
    {"what was traded is not cancelled once more", BUY, LIMIT("98"), .quantity = "9",
     .queue = S1_QUEUE_PROB_POWER,
     .events = E({2, BID, 98, 20}, {3, SOLD, 98, 5}, {4, BID, 98, 15}, {5, SOLD, 98, 3}),
     .expected = "entry 98 QUEUE maker @5.0 of 1"},
    /* prices that go through */
    {"a trade beyond the limit fills it whole", BUY, LIMIT("99"), .events = E({2, SOLD, 98, 1}),
     .expected = "entry 99 TRADE_THROUGH maker @2.0"},
    {"so does the other side's best at it", BUY, LIMIT("99"),
     .events = E({2, BID, 99, 0}, {2, ASK, 99, 1}, {3, ASK, 99, 2}),
     .expected = "entry 99 BOOK_CROSSED maker @2.0"},
    {"or beyond it", SELL, LIMIT("101"),
     .events = E({2, BID, 102, 1}, {2, ASK, 101, 0}, {2, ASK, 102, 0}, {3, BID, 1, 1}),
     .expected = "entry 101 BOOK_CROSSED maker @2.0"},
    {"not before the message is whole", BUY, LIMIT("99"), .quantity = "1",
     .events = E({2, ASK, 99, 1}, {2, ASK, 99, 0}, {3, SOLD, 99, 6}),
     .expected = "entry 99 QUEUE maker @3.0"},
    /* stops */
    {"a stop waits for a trade, then walks", BUY, STOP("102"), .quantity = "5",
     .events = E({2, ASK, 101, 0}, {3, BOUGHT, 102, 1}), .expected = "entry 102 BOOK_STOP @3.0"},
    {"and goes on where the book ends", SELL, STOP("98"), .quantity = "25",
     .events = E({2, SOLD, 98, 1}, {3, BID, 96, 9}),
     .expected = "entry 99 BOOK_STOP @2.0 of 5; entry 98 BOOK_STOP @2.0 of 7; entry 97 BOOK_STOP "
                 "@2.0 of 10; entry 96 BOOK_STOP @3.0 of 3"},
    {"market-if-touched", BUY, .type = S1_ORDER_MARKET_IF_TOUCHED, .price = "99", .quantity = "5",
     .events = E({2, SOLD, 99, 1}),
     .expected = "entry 101 BOOK_TRIGGER @2.0 of 4; entry 102 BOOK_TRIGGER @2.0 of 1"},
    {"a stop-limit becomes a limit order, which takes and rests", BUY, .type = S1_ORDER_STOP_LIMIT,
     .price = "101", .limit = "101", .quantity = "5",
     .events = E({2, BOUGHT, 101, 1}, {3, SOLD, 101, 1}),
     .expected = "entry TRIGGERED @2.0; entry 101 BOOK_MARKETABLE @2.0 of 4; entry 101 QUEUE maker "
                 "@3.0 of 1"},
    {"limit-if-touched", BUY, .type = S1_ORDER_LIMIT_IF_TOUCHED, .price = "100", .limit = "99",
     .quantity = "1", .events = E({2, SOLD, 100, 1}, {3, SOLD, 99, 6}),
     .expected = "entry TRIGGERED @2.0; entry 99 QUEUE maker @3.0"},
    /* icebergs */
    {"the next part of an iceberg goes to the back", BUY, LIMIT("99"), .quantity = "6",
     .display = "2",
     .events = E({2, SOLD, 99, 9}, {3, SOLD, 99, 6}, {4, SOLD, 99, 4}, {5, SOLD, 98, 1}),
     .expected = "entry 99 QUEUE maker @2.0 of 2; entry 99 QUEUE maker @3.0 of 1; entry 99 QUEUE "
                 "maker @4.0 of 1; entry 99 TRADE_THROUGH maker @5.0 of 2"},
    /* ends */
    {"an order ends to the nanosecond, before an event of its time", BUY, LIMIT("99"),
     .expires_at = 3, .events = E({3, SOLD, 98, 1}), .expected = "entry EXPIRED TIME_UP @3.0"},
    {"between two events too", BUY, LIMIT("99"), .expires_at = 3, .events = E({4, SOLD, 98, 1}),
     .expected = "entry EXPIRED TIME_UP @3.0"},
    {"one that ends before anything happens has met the book", BUY, LIMIT("101"), .expires_at = 3,
     .events = E({4, SOLD, 98, 1}),
     .expected = "entry 101 BOOK_MARKETABLE @1.0 of 4; entry EXPIRED TIME_UP @3.0"},
    /* brackets */
    {"stop and target follow each fill", BUY, LIMIT("99"), .quantity = "4", .stop = "98",
     .target = "101", .events = E({2, SOLD, 99, 7}, {3, SOLD, 99, 2}, {4, BOUGHT, 102, 1}),
     .expected = "entry 99 QUEUE maker @2.0 of 2; entry 99 QUEUE maker @3.0 of 2; take_profit 101 "
                 "TRADE_THROUGH maker @4.0; stop_loss CANCELED CLOSED @4.0"},
    {"liquidity: kept", BUY, AT_MARKET, .quantity = "4", .keeps = true, .target = "101",
     .events = E({2, BID, 1, 1}, {3, BOUGHT, 101, 5}),
     .expected = "entry 101 BOOK @1.0; take_profit 101 QUEUE maker @3.0 of 1"},
    {"liquidity: consumed", BUY, AT_MARKET, .quantity = "4", .target = "101",
     .events = E({2, BID, 1, 1}, {3, BOUGHT, 101, 5}),
     .expected = "entry 101 BOOK @1.0; take_profit 101 QUEUE maker @3.0"},
};

/* --- The book as a reader, in batches of some rows. --- */

typedef struct row_reader {
    s1_market_reader base;
    s1_nanos times[EVENTS_MAX];
    int64_t ids[EVENTS_MAX], prices[EVENTS_MAX], quantities[EVENTS_MAX];
    uint8_t kinds[EVENTS_MAX], sides[EVENTS_MAX];
    size_t count, at, step;
} row_reader;

static s1_rc next_rows(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    row_reader *const r = (row_reader *)self;
    const size_t left = r->count - r->at;
    const size_t count = left < r->step ? left : r->step;
    (void)err;
    *ret_batch = (s1_market_batch){count,
                                   {r->times + r->at, r->ids + r->at, r->kinds + r->at,
                                    r->sides + r->at, r->prices + r->at, r->quantities + r->at}};
    r->at += count;
    return S1_OK;
}

static const s1_market_reader_ops row_reader_ops = {.size = sizeof row_reader_ops,
                                                    .next = next_rows};

static void add_row(row_reader *r, int64_t second, int32_t what, int64_t price, int64_t quantity)
{
    const size_t i = r->count++;
    r->times[i] = second * SECOND;
    r->ids[i] = second + 1;
    r->kinds[i] = what >= SNAP_BID ? S1_BOOK_SNAPSHOT : S1_BOOK_UPDATE;
    r->sides[i] = what == BID || what == SNAP_BID ? S1_BOOK_BID : S1_BOOK_ASK;
    r->prices[i] = price;
    r->quantities[i] = quantity;
}

static void fill_reader(row_reader *r, const example *e)
{
    static const int64_t levels[][3] = {{SNAP_BID, 99, 5},  {SNAP_BID, 98, 7},
                                        {SNAP_BID, 97, 10}, {SNAP_ASK, 101, 4},
                                        {SNAP_ASK, 102, 6}, {SNAP_ASK, 103, 10}};
    for (size_t i = 0; i < 6 && !e->has_no_book; i++) {
        add_row(r, 0, (int32_t)levels[i][0], levels[i][1], levels[i][2]);
    }
    for (size_t i = 0; i < EVENTS_MAX && e->events[i].what != 0; i++) {
        const happening *const h = &e->events[i];
        if (h->what < BOUGHT) {
            add_row(r, h->second, (int32_t)h->what, h->price, h->quantity);
        }
    }
}

typedef struct trade_columns {
    s1_nanos times[TRADES_MAX];
    int64_t prices[TRADES_MAX], quantities[TRADES_MAX];
    uint8_t sides[TRADES_MAX];
    size_t count;
} trade_columns;

static void fill_trades(trade_columns *t, const example *e)
{
    for (size_t i = 0; i < EVENTS_MAX && e->events[i].what != 0; i++) {
        const happening *const h = &e->events[i];
        if (h->what >= BOUGHT) {
            t->times[t->count] = h->second * SECOND;
            t->prices[t->count] = h->price;
            t->quantities[t->count] = h->quantity;
            t->sides[t->count++] = (uint8_t)(h->what == BOUGHT ? S1_TRADE_BUY
                                             : h->what == SOLD ? S1_TRADE_SELL
                                                               : S1_TRADE_SIDE_UNKNOWN);
        }
    }
}

static s1_order order_of(const example *e)
{
    return (s1_order){.order_id = {{{1}}},
                      .trade_id = {{{7}}},
                      .side = e->side,
                      .type = e->type,
                      .role = S1_ROLE_ENTRY,
                      .time_in_force = e->tif != 0 ? e->tif : S1_TIF_GTC,
                      .post_only = e->post_only,
                      .quantity = dec(e->quantity != NULL ? e->quantity : "10"),
                      .price = dec(e->price != NULL ? e->price : "0"),
                      .limit = dec(e->limit != NULL ? e->limit : "0"),
                      .display = dec(e->display != NULL ? e->display : "0"),
                      .submitted_at = SECOND,
                      .arrives_at = e->arrives_at * SECOND,
                      .expires_at = e->expires_at * SECOND};
}

/* What the two probabilities leave ahead of 7 when 10 of 20 are cancelled, and 8 are traded then.
 */
static const char *expected_of(const example *e, char text[96])
{
    if (e->expected[0] != '@') {
        return e->expected;
    }
    const bool is_log = strcmp(e->expected, "@LOG") == 0;
    const double back = is_log ? log(1.0 + 13) : 13.0 * 13 * 13;
    const double front = is_log ? log(1.0 + 7) : 7.0 * 7 * 7;
    const double ahead = 7.0 - (1.0 - back / (back + front)) * 10.0;
    (void)snprintf(text, 96, "entry 98 QUEUE maker @4.0 of %d", (int)floor(8.0 - ahead));
    return text;
}

static int failures;

/* A venue with the book and the trades of an example. Not to be moved: its parts know each other.
 */
typedef struct desk {
    ear heard;
    s1_instrument lots;
    s1_book_rules rules;
    s1_order_listener listener;
    row_reader reader;
    trade_columns trades;
    s1_book_feed feed;
} desk;

static void desk_init(desk *d, const example *e, size_t step)
{
    s1_err err = S1_ERR_INIT;
    *d = (desk){.heard = {.stop = e->stop, .target = e->target},
                .lots = instrument,
                .rules = {.queue = e->queue != 0 ? e->queue : S1_QUEUE_RISK_AVERSE,
                          .keeps_liquidity = e->keeps,
                          .power = 3},
                .listener = {.self = &d->heard,
                             .on_before_fill = on_before_fill,
                             .on_fill = on_fill,
                             .on_state = on_state},
                .reader = {.base = {.ops = &row_reader_ops}, .step = step},
                .feed = {.reader = &d->reader.base,
                         .price_factor = 10, /* whole units; the instrument has tenths */
                         .qty_factor = 1,
                         .clock = s1_clock_real()}};
    d->lots.lot_size = dec(e->lot != NULL ? e->lot : "1");
    const s1_matching_options options = {.instrument = &d->lots,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                         .orders_max = 4,
                                         .book = &d->rules};
    assert_int_equal(s1_matching_new(&options, &d->listener, &d->heard.engine, &err), S1_OK);
    fill_reader(&d->reader, e);
    fill_trades(&d->trades, e);
}

/* The trades of [from, to). */
static s1_trade_batch trades_of(const trade_columns *t, s1_nanos from, s1_nanos to)
{
    size_t first = 0;
    while (first < t->count && t->times[first] < from) {
        first++;
    }
    s1_trade_batch piece = {.time = t->times + first,
                            .price = t->prices + first,
                            .quantity = t->quantities + first,
                            .side = t->sides + first};
    while (first + piece.count < t->count && piece.time[piece.count] < to) {
        piece.count++;
    }
    return piece;
}

static void check(const example *e, size_t step)
{
    s1_err err = S1_ERR_INIT;
    desk d;
    desk_init(&d, e, step);
    s1_matching_engine *const engine = d.heard.engine;
    const s1_order order = order_of(e);
    const s1_trade_flow none = {.piece_count = 0};
    const s1_bar before = {.open_time = 0, .close_time = SECOND};
    const s1_bar bar = {.open_time = SECOND, .close_time = 60 * SECOND};
    const s1_trade_batch piece = trades_of(&d.trades, 0, bar.close_time);
    const s1_trade_flow flow = {.pieces = &piece, .piece_count = 1};
    assert_int_equal(s1_matching_flow(engine, &before, &none, &d.feed, &err), S1_OK);
    assert_int_equal(s1_matching_submit(engine, &order, NULL, &err), S1_OK);
    assert_int_equal(s1_matching_flow(engine, &bar, &flow, &d.feed, &err), S1_OK);
    char found[LINES_MAX * 96] = "", text[96];
    for (int i = 0; i < d.heard.count; i++) {
        (void)strcat(strcat(found, i > 0 ? "; " : ""), d.heard.lines[i]);
    }
    if (strcmp(found, expected_of(e, text)) != 0) {
        print_message("%s:\n  found    %s\n  expected %s\n", e->name, found, expected_of(e, text));
        failures++;
    }
    s1_matching_free(engine);
}

/* However the rows of the book are cut in batches. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        for (size_t step = 1; step <= 8; step++) {
            check(&examples[i], step);
        }
    }
    assert_int_equal(failures, 0);
}

/* --- With latency. ------------------------------------------------------------------------ */

typedef struct late_example {
    example order; /* decided at second 1 */
    int64_t feed, way, response;
    int64_t cancel;       /* decided at the close of the bar that ends then; 0: never */
    const char *expected; /* `|` is the close of a bar of ten seconds */
} late_example;

static const late_example late_examples[] = {
    {{.name = "takes what is there when it arrives",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .events = E({3, ASK, 101, 0}, {6, ASK, 101, 4})},
     .feed = 1,
     .way = 2,
     .expected = "entry 102 BOOK @4.0 |"},
    {{.name = "a message of the moment of arrival is in",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .events = E({4, ASK, 101, 0}, {6, ASK, 101, 4})},
     .way = 3,
     .expected = "entry 102 BOOK @4.0 |"},
    {{.name = "trades before it arrives, or then, move no queue",
      BUY,
      LIMIT("99"),
      .quantity = "3",
      .events = E({2, SOLD, 99, 3}, {4, SOLD, 99, 2}, {5, SOLD, 99, 4}, {6, SOLD, 99, 4})},
     .way = 3,
     .expected = "entry 99 QUEUE maker @6.0 |"},
    {{.name = "arrives a bar later",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .events = E({12, ASK, 101, 0})},
     .way = 12,
     .expected = "| entry 102 BOOK @13.0 |"},
    {{.name = "a fill is known a response later",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .events = E({12, ASK, 101, 0})},
     .way = 3,
     .response = 6,
     .expected = "| entry 101 BOOK @4.0 |"},
    {{.name = "a trade at the end of a bar counts in the next, with its side",
      BUY,
      LIMIT("99"),
      .quantity = "3",
      .events = E({7, BOUGHT, 99, 8}, {8, SOLD, 99, 8}, {9, SOLD, 99, 1})},
     .way = 1,
     .response = 5,
     .expected = "| entry 99 QUEUE maker @8.0 |"},
    {{.name = "a cancel that comes too late",
      BUY,
      LIMIT("99"),
      .quantity = "3",
      .events = E({12, SOLD, 99, 8})},
     .way = 3,
     .cancel = 10,
     .expected = "| entry 99 QUEUE maker @12.0 |"},
    {{.name = "a cancel goes before a trade of its moment",
      BUY,
      LIMIT("99"),
      .quantity = "3",
      .events = E({13, SOLD, 99, 8})},
     .way = 3,
     .cancel = 10,
     .expected = "| entry CANCELED TEST @13.0 |"},
    {{.name = "its time is up on the way",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .expires_at = 3,
      .events = E({6, ASK, 101, 4})},
     .way = 3,
     .expected = "entry EXPIRED TIME_UP @4.0 |"},
    {{.name = "what a fill brings takes no way",
      BUY,
      AT_MARKET,
      .quantity = "4",
      .target = "102",
      .stop = "98",
      .events = E({6, SOLD, 98, 1})},
     .way = 3,
     .expected =
         "entry 101 BOOK @4.0 stop_loss 99 BOOK_STOP @6.0 take_profit CANCELED CLOSED @6.0 |"},
};

static void hear(const ear *heard, int *told, char *text)
{
    for (; *told < heard->count; ++*told) {
        (void)strcat(strcat(text, text[0] != '\0' ? " " : ""), heard->lines[*told]);
    }
}

static void check_late(const late_example *e, size_t step)
{
    s1_err err = S1_ERR_INIT;
    desk d;
    desk_init(&d, &e->order, step);
    const s1_matching_line_options way = {
        .latency = {e->feed * SECOND, e->way * SECOND, e->response * SECOND},
        .timeframe = 10 * SECOND,
        .commands_max = 4};
    s1_matching_line *line;
    assert_int_equal(s1_matching_line_new(d.heard.engine, &d.listener, &way, &line, &err), S1_OK);
    const s1_trade_flow none = {.piece_count = 0};
    const s1_bar before = {.open_time = -10 * SECOND, .close_time = 0};
    const s1_order order = order_of(&e->order);
    assert_int_equal(s1_matching_line_book(line, &before, &none, &d.feed, &err), S1_OK);
    assert_int_equal(s1_matching_line_submit(line, &order, &err), S1_OK);
    char found[LINES_MAX * 96] = "";
    int told = 0;
    for (int64_t second = 0; second < 20 && told == 0; second += 10) {
        const s1_bar bar = {.open_time = second * SECOND, .close_time = (second + 10) * SECOND};
        const s1_trade_batch piece = trades_of(&d.trades, bar.open_time, bar.close_time);
        const s1_trade_flow flow = {.pieces = &piece, .piece_count = 1};
        assert_int_equal(s1_matching_line_book(line, &bar, &flow, &d.feed, &err), S1_OK);
        hear(&d.heard, &told, found);
        (void)strcat(found, found[0] != '\0' ? " |" : "|");
        if (e->cancel == second + 10) {
            assert_int_equal(
                s1_matching_line_cancel(line, order.order_id, S1_STR("TEST"), bar.close_time, &err),
                S1_OK);
        }
    }
    if (strcmp(found, e->expected) != 0) {
        print_message("%s:\n  found    %s\n  expected %s\n", e->order.name, found, e->expected);
        failures++;
    }
    s1_matching_line_free(line);
    s1_matching_free(d.heard.engine);
}

static void test_latency(void **state)
{
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof late_examples / sizeof late_examples[0]; i++) {
        for (size_t step = 1; step <= 4; step++) {
            check_late(&late_examples[i], step);
        }
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests_name("matching_book", tests, NULL, NULL);
}
