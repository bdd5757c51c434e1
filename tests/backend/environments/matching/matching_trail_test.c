/* Trailing stops: each row of the table in docs/matching.md, one order against up to three bars. */
#include "backend/environments/matching/matching_engine.h"
#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 24
#define LINE      96

/* What the listener heard: "entry 100 OPEN", "stop_loss 95 > 97", "stop_loss TRAIL_WAITS". */
typedef struct ear {
    char lines[LINES_MAX][LINE];
    int count;
    s1_matching_engine *engine;
    const struct row *row;
    s1_bar last;
} ear;

/* The entry is 2 at market unless it has a trigger; its stop trails as said. */
typedef struct row {
    const char *name;
    s1_fill_rules rules; /* over next_open */
    int32_t side;
    const char *trigger, *limit; /* of the entry; NULL: none */
    bool is_entry_trailing;      /* the distance is the entry's, not the stop's */
    const char *stop, *target;
    const char *amount, *percent, *from;
    s1_bar bars[3];
    const char *expected;
} row;

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value = S1_DEC_ZERO;
    if (text != NULL && s1_dec_parse((s1_str){text, strlen(text)}, &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

__attribute__((format(printf, 2, 3))) static void hear(ear *heard, const char *format, ...)
{
    assert_true(heard->count < LINES_MAX);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(heard->lines[heard->count++], LINE, format, args);
    va_end(args);
}

static const char *text_of(s1_dec value, char text[static S1_DEC_TEXT_MAX])
{
    text[s1_dec_print(value, text)] = '\0';
    return text;
}

static void set_trail(const row *item, s1_order *order)
{
    order->trail_amount = dec(item->amount);
    order->trail_percent = dec(item->percent);
    order->trail_activation = dec(item->from);
}

static s1_rc protect(ear *heard, const s1_order *entry, int32_t role, const char *price,
                     s1_err *err)
{
    if (price == NULL) {
        return S1_OK;
    }
    s1_order order = {.order_id = {{{(uint8_t)(10 + role)}}},
                      .trade_id = entry->trade_id,
                      .side = entry->side == S1_BUY ? S1_SELL : S1_BUY,
                      .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                      .role = role,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = entry->quantity,
                      .price = dec(price)};
    if (role == S1_ROLE_STOP_LOSS && !heard->row->is_entry_trailing) {
        set_trail(heard->row, &order);
    }
    return s1_matching_submit(heard->engine, &order, &heard->last, err);
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self;
    (void)order;
    (void)fill;
    (void)err;
    return S1_OK;
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    hear(heard, "%s %s %s", s1_order_role_name(order->role), text_of(fill->price, price),
         s1_fill_rule_name(fill->rule));
    if (order->role == S1_ROLE_ENTRY) {
        S1_TRY(err, protect(heard, order, S1_ROLE_STOP_LOSS, heard->row->stop, err));
        return protect(heard, order, S1_ROLE_TAKE_PROFIT, heard->row->target, err);
    }
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_TAKE_PROFIT; role++) {
        const s1_order *const left = s1_matching_find(heard->engine, order->trade_id, role);
        if (left != NULL) {
            S1_TRY(err, s1_matching_cancel(heard->engine, left->order_id, S1_STR("X"), 0, err));
        }
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    (void)time;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED && order->state != S1_ORDER_CANCELED) {
        hear(self, "%s %s%s%.*s", s1_order_role_name(order->role),
             s1_order_state_name(order->state), reason.len > 0 ? " " : "", S1_STR_ARG(reason));
    }
    return S1_OK;
}

static void on_undecided(void *self, const s1_order *order, int32_t rule, s1_nanos time)
{
    (void)time;
    hear(self, "%s %s", s1_order_role_name(order->role), s1_fill_rule_name(rule));
}

static s1_rc on_trailed(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err)
{
    char a[S1_DEC_TEXT_MAX], b[S1_DEC_TEXT_MAX];
    (void)time;
    (void)err;
    hear(self, "%s %s > %s", s1_order_role_name(order->role), text_of(from, a),
         text_of(order->price, b));
    return S1_OK;
}

#define BAR(o, h, l, c) {.open = (o), .high = (h), .low = (l), .close = (c)}
#define LONG_BY(d)      .side = S1_BUY, .stop = "95", .amount = (d)
#define SHORT_BY(d)     .side = S1_SELL, .stop = "105", .amount = (d)
#define PATH(p)         .rules = {.path = S1_PATH_##p}

/* The bar that says little: from 100 to 104 and 97.5, ending between. A stop 3 below the best price
 * stands at 97 after the open; the high puts it to 101, which the low and not the close is beyond.
 */
#define UP_AND_DOWN BAR(1000, 1040, 975, 1020)

static const row rows[] = {
    {"after the bar its extreme moves the stop", LONG_BY("5"),
     .bars = {BAR(1000, 1020, 990, 1010), BAR(1010, 1050, 1005, 1040)},
     .expected = "entry 100 OPEN; stop_loss 95 > 97; stop_loss 97 > 100"},
    {"short: the mirror", SHORT_BY("5"),
     .bars = {BAR(1000, 1010, 980, 990), BAR(990, 995, 950, 960)},
     .expected = "entry 100 OPEN; stop_loss 105 > 103; stop_loss 103 > 100"},
    {"never back", LONG_BY("5"), .bars = {BAR(1000, 1020, 990, 1010), BAR(1000, 1010, 975, 980)},
     .expected = "entry 100 OPEN; stop_loss 95 > 97"},
    {"percent, to the tick away from the price", .side = S1_BUY, .stop = "95", .percent = "2.5",
     .bars = {BAR(1000, 1013, 990, 1010)},
     .expected = "entry 100 OPEN; stop_loss 95 > 98.7"}, /* 101.3 - 2.5325 */
    {"percent, short", .side = S1_SELL, .stop = "105", .percent = "2.5",
     .bars = {BAR(1000, 1010, 987, 990)},
     .expected = "entry 100 OPEN; stop_loss 105 > 101.2"}, /* 98.7 + 2.4675 */
    {"the old trigger is looked at first", LONG_BY("5"),
     .bars = {BAR(1000, 1020, 990, 1010), BAR(1010, 1080, 970, 1075)},
     .expected = "entry 100 OPEN; stop_loss 95 > 97; stop_loss 97 STOP_TOUCH"},
    {"the open comes first in any bar: it moves the trigger that is looked at", LONG_BY("5"),
     .bars = {BAR(1000, 1000, 990, 1000), BAR(1040, 1045, 990, 1000)},
     .expected = "entry 100 OPEN; stop_loss 95 > 99; stop_loss 99 STOP_TOUCH"},
    {"a gap through the stop fills at the open", LONG_BY("5"),
     .bars = {BAR(1000, 1020, 990, 1010), BAR(960, 965, 950, 955)},
     .expected = "entry 100 OPEN; stop_loss 95 > 97; stop_loss 96 OPEN_GAP"},
    {"a close beyond the new trigger is certain", LONG_BY("3"),
     .bars = {BAR(1000, 1040, 990, 1005)},
     .expected = "entry 100 OPEN; stop_loss 95 > 101; stop_loss 101 STOP_TOUCH"},
    {"unknown: a low beyond the new trigger may have been before", LONG_BY("3"),
     .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss TRAIL_WAITS; stop_loss 95 > 101"},
    {"best: it waits", LONG_BY("3"), PATH(BEST), .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss TRAIL_WAITS; stop_loss 95 > 101"},
    {"worst: it fills at the new trigger", LONG_BY("3"), PATH(WORST), .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss 95 > 101; stop_loss 101 AMBIGUOUS_TRAIL"},
    {"worst, short", SHORT_BY("3"), PATH(WORST), .bars = {BAR(1000, 1025, 960, 980)},
     .expected = "entry 100 OPEN; stop_loss 105 > 99; stop_loss 99 AMBIGUOUS_TRAIL"},
    {"high first: it follows to the high, and the fall meets it", LONG_BY("3"), PATH(OHLC),
     .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss 95 > 101; stop_loss 101 STOP_TOUCH"},
    {"low first: it stands at what the open made it, then follows to the high", LONG_BY("3"),
     PATH(OLHC), .bars = {UP_AND_DOWN}, .expected = "entry 100 OPEN; stop_loss 95 > 101"},
    {"low first: the last leg meets it", LONG_BY("3"), PATH(OLHC),
     .bars = {BAR(1000, 1040, 975, 1005)},
     .expected = "entry 100 OPEN; stop_loss 95 > 101; stop_loss 101 STOP_TOUCH"},
    {"short, low first: it follows to the low, and the rise meets it", SHORT_BY("3"), PATH(OLHC),
     .bars = {BAR(1000, 1025, 960, 980)},
     .expected = "entry 100 OPEN; stop_loss 105 > 99; stop_loss 99 STOP_TOUCH"},
    {"with a path a target met on the way ends the trade with the stop as far as it came",
     LONG_BY("3"), PATH(OHLC), .target = "102", .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss 95 > 99; take_profit 102 LIMIT_TOUCH"},
    {"only the close counts: it alone moves it", LONG_BY("5"),
     .rules = {.path = S1_PATH_CLOSE, .market = S1_FILL_NEXT_CLOSE},
     .bars = {BAR(1000, 1060, 990, 1010), BAR(1010, 1090, 900, 1030), BAR(1030, 1090, 900, 970)},
     .expected = "entry 101 CLOSE_NEXT; stop_loss 95 > 96; stop_loss 96 > 98; "
                 "stop_loss 97 CLOSE_REACHED"},
    {"it waits for its activation, and the price that brings it counts", LONG_BY("2"),
     .from = "104", .bars = {BAR(1000, 1039, 990, 1030), BAR(1030, 1040, 1029, 1035)},
     .expected = "entry 100 OPEN; stop_loss 95 > 102"},
    {"activation, short", SHORT_BY("2"), .from = "96",
     .bars = {BAR(1000, 1010, 961, 970), BAR(970, 971, 960, 965)},
     .expected = "entry 100 OPEN; stop_loss 105 > 98"},
    {"an entry at the close: its own price counts", LONG_BY("4"),
     .rules = {.market = S1_FILL_SAME_CLOSE}, .bars = {BAR(990, 995, 985, 990)},
     .expected = "entry 100 CLOSE; stop_loss 95 > 96"},
    {"entered inside the bar: of that bar the entry's price and the close move it", LONG_BY("4"),
     .trigger = "101", .bars = {BAR(1000, 1060, 990, 1040)},
     .expected = "entry 101 STOP_TOUCH; stop_loss 95 > 100"},
    {"entered inside the bar, with a path: what comes after it", LONG_BY("4"), .trigger = "101",
     PATH(OLHC), .bars = {BAR(1000, 1060, 990, 1040)},
     .expected = "entry 101 STOP_TOUCH; stop_loss 95 > 102"},
    {"entry_bar none: in the bar of the entry the close moves it, and nothing fills", LONG_BY("3"),
     .rules = {.entry_bar = S1_ENTRY_BAR_NONE}, .bars = {UP_AND_DOWN},
     .expected = "entry 100 OPEN; stop_loss 95 > 99"},
    {"an entry follows the falling price and buys on the turn", .side = S1_BUY, .trigger = "103",
     .is_entry_trailing = true, .amount = "3",
     .bars = {BAR(1000, 1005, 980, 985), BAR(985, 1015, 984, 1012)},
     .expected = "entry 103 > 101; entry 101 STOP_TOUCH"},
    {"an entry that a close beyond the new trigger makes certain", .side = S1_BUY, .trigger = "103",
     .is_entry_trailing = true, .amount = "3", .bars = {BAR(1000, 1020, 980, 1015)},
     .expected = "entry 103 > 101; entry 101 STOP_TOUCH"},
    {"an entry a bar may have turned at waits, under worst too", .side = S1_SELL, .trigger = "97",
     PATH(WORST), .is_entry_trailing = true, .amount = "3", .bars = {BAR(1000, 1030, 980, 1015)},
     .expected = "entry TRAIL_WAITS; entry 97 > 100"},
    {"a limit goes with the trigger", .side = S1_BUY, .trigger = "103", .limit = "102.5",
     .is_entry_trailing = true, .amount = "3",
     .bars = {BAR(1000, 1005, 980, 985), BAR(985, 1020, 984, 1015), BAR(1015, 1016, 1000, 1010)},
     .expected = "entry 103 > 101; entry TRIGGERED; entry ENTRY_WAITS; entry 100.5 LIMIT_TOUCH"},
};

static void run_row(const row *item)
{
    s1_err err = S1_ERR_INIT;
    ear heard = {
        .row = item,
        .last = {.open = 990, .high = 1010, .low = 990, .close = 1000, .volume = 7},
    };
    const s1_instrument traded = {.size = sizeof traded, .price_scale = 1, .tick_size = dec("0.1")};
    const s1_matching_options options = {.instrument = &traded,
                                         .rules =
                                             s1_fill_rules_of(S1_PRESET_NEXT_OPEN, &item->rules),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    const s1_order_listener listener = {.self = &heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_undecided = on_undecided,
                                        .on_trailed = on_trailed};
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    s1_order order = {.order_id = {{{1}}},
                      .trade_id = {{{1}}},
                      .side = item->side,
                      .type = item->trigger == NULL ? S1_ORDER_MARKET
                              : item->limit != NULL ? S1_ORDER_STOP_LIMIT
                                                    : S1_ORDER_STOP,
                      .role = S1_ROLE_ENTRY,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = dec("2"),
                      .price = dec(item->trigger),
                      .limit = dec(item->limit)};
    if (item->is_entry_trailing) {
        set_trail(item, &order);
    }
    assert_int_equal(s1_matching_submit(heard.engine, &order, &heard.last, &err), S1_OK);
    for (size_t i = 0; i < 3 && item->bars[i].open != 0; i++) {
        heard.last = item->bars[i];
        heard.last.volume = 7;
        assert_int_equal(s1_matching_bar(heard.engine, &heard.last, &err), S1_OK);
    }
    char joined[LINES_MAX * (LINE + 2)] = "";
    for (int i = 0; i < heard.count; i++) {
        (void)strcat(strcat(joined, i == 0 ? "" : "; "), heard.lines[i]);
    }
    if (strcmp(joined, item->expected) != 0) {
        fail_msg("%s: found '%s', expected '%s'", item->name, joined, item->expected);
    }
    s1_matching_free(heard.engine);
}

static void test_trailing_stops(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_row(&rows[i]);
    }
    print_message("%zu rows of trailing stops\n", sizeof rows / sizeof rows[0]);
}

/* --- Among trades, against a reference that looks at every one. --------------------------------
 */

#define TICKS 200

/* What one trailing entry at the venue comes to: the trade it fills at, or TICKS, and its last
 * trigger, in tenths. */
typedef struct outcome {
    int64_t filled_at, trigger;
} outcome;

static outcome walk_trades(const s1_order *order, const int64_t *prices)
{
    const int64_t sign = order->side == S1_BUY ? 1 : -1;
    const int64_t amount = (int64_t)(s1_dec_to_double(order->trail_amount) * 10 + 0.5);
    const int64_t percent_e2 = (int64_t)(s1_dec_to_double(order->trail_percent) * 100 + 0.5);
    const int64_t from = (int64_t)(s1_dec_to_double(order->trail_activation) * 10 + 0.5);
    outcome found = {TICKS, (int64_t)(s1_dec_to_double(order->price) * 10 + 0.5)};
    bool follows = from == 0;
    for (int i = 0; i < TICKS; i++) {
        if (sign * (prices[i] - found.trigger) >= 0) {
            found.filled_at = i;
            return found;
        }
        follows = follows || sign * (prices[i] - from) <= 0;
        const int64_t away =
            amount != 0 ? amount : (prices[i] * percent_e2 + 9999) / 10000; /* to the tick */
        const int64_t trigger = prices[i] + sign * away;
        if (follows && sign * (trigger - found.trigger) < 0) {
            found.trigger = trigger;
        }
    }
    return found;
}

typedef struct trade_ear {
    int64_t filled_at, trigger;
    uint32_t moves;
} trade_ear;

static s1_rc hear_trade_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    trade_ear *const heard = self;
    (void)order;
    (void)err;
    heard->filled_at = fill->time - 1;
    assert_int_equal(fill->rule, S1_FILL_TRADE_STOP);
    return S1_OK;
}

static s1_rc hear_trade_state(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                              s1_err *err)
{
    (void)self, (void)reason, (void)time, (void)err;
    assert_int_equal(order->state, S1_ORDER_ACCEPTED);
    return S1_OK;
}

static s1_rc hear_move(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err)
{
    trade_ear *const heard = self;
    (void)time;
    (void)err;
    assert_false(s1_dec_eq(from, order->price));
    heard->trigger = (int64_t)(s1_dec_to_double(order->price) * 10 + 0.5);
    heard->moves++;
    return S1_OK;
}

static void compare_trades(const s1_order *order, const int64_t *prices, uint64_t seed)
{
    s1_err err = S1_ERR_INIT;
    const outcome want = walk_trades(order, prices);
    trade_ear heard = {TICKS, (int64_t)(s1_dec_to_double(order->price) * 10 + 0.5), 0};
    const s1_instrument traded = {.size = sizeof traded, .price_scale = 1, .tick_size = dec("0.1")};
    const s1_matching_options options = {.instrument = &traded,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 2};
    const s1_order_listener listener = {.self = &heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = hear_trade_fill,
                                        .on_state = hear_trade_state,
                                        .on_trailed = hear_move};
    s1_matching_engine *engine;
    assert_int_equal(s1_matching_new(&options, &listener, &engine, &err), S1_OK);
    const s1_bar bar = {.open = 1000, .high = 1000, .low = 1000, .close = 1000, .volume = 7};
    assert_int_equal(s1_matching_submit(engine, order, &bar, &err), S1_OK);
    s1_nanos times[TICKS];
    int64_t quantities[TICKS];
    for (int i = 0; i < TICKS; i++) {
        times[i] = i + 1;
        quantities[i] = 1;
    }
    const s1_trade_batch piece = {
        .count = TICKS, .time = times, .price = prices, .quantity = quantities};
    const s1_trade_flow flow = {.pieces = &piece, .piece_count = 1, .price_scale = 1};
    assert_int_equal(s1_matching_trades(engine, &bar, &flow, &err), S1_OK);
    if (heard.filled_at != want.filled_at || heard.trigger != want.trigger || heard.moves > 1) {
        fail_msg(
            "stream %d: filled at %d, trigger %d, told %u times; expected %d, %d, once at most",
            (int)seed, (int)heard.filled_at, (int)heard.trigger, heard.moves, (int)want.filled_at,
            (int)want.trigger);
    }
    s1_matching_free(engine);
}

static void test_among_trades(void **state)
{
    (void)state;
    uint32_t filled = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        s1_rng rng;
        s1_rng_init(&rng, seed);
        int64_t prices[TICKS];
        int64_t price = 1000;
        for (int i = 0; i < TICKS; i++) {
            price += (int64_t)s1_rng_below(&rng, 9) - 4;
            prices[i] = price;
        }
        const bool is_buy = s1_rng_below(&rng, 2) == 0;
        const int64_t away = 1 + (int64_t)s1_rng_below(&rng, 60);
        const bool is_percent = s1_rng_below(&rng, 2) == 0;
        const s1_order order = {
            .order_id = {{{1}}},
            .trade_id = {{{1}}},
            .side = is_buy ? S1_BUY : S1_SELL,
            .type = S1_ORDER_STOP,
            .role = S1_ROLE_ENTRY,
            .time_in_force = S1_TIF_GTC,
            .quantity = dec("2"),
            .price = s1_dec_from_mantissa(is_buy ? 1000 + away : 1000 - away, 1),
            .trail_amount = s1_dec_from_mantissa(is_percent ? 0 : away, 1),
            .trail_percent = s1_dec_from_mantissa(is_percent ? away * 10 + 3 : 0, 2),
            .trail_activation = s1_dec_from_mantissa(
                s1_rng_below(&rng, 3) == 0 ? 980 + (int64_t)s1_rng_below(&rng, 40) : 0, 1)};
        compare_trades(&order, prices, seed);
        filled += walk_trades(&order, prices).filled_at < TICKS;
    }
    print_message("2000 streams of %d trades, %u filled, 0 differences\n", TICKS, filled);
    assert_in_range(filled, 500, 1999);
}

/* What it is called where it is written. */
static void test_names(void **state)
{
    (void)state;
    s1_order order = {.type = S1_ORDER_STOP, .trail_percent = S1_DEC_ONE};
    assert_string_equal(s1_order_name(&order), "TRAILING_STOP");
    order.type = S1_ORDER_STOP_LIMIT;
    assert_string_equal(s1_order_name(&order), "TRAILING_STOP_LIMIT");
    order.trail_percent = S1_DEC_ZERO;
    assert_string_equal(s1_order_name(&order), "STOP_LIMIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trailing_stops),
        cmocka_unit_test(test_among_trades),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("matching_trail", tests, NULL, NULL);
}
