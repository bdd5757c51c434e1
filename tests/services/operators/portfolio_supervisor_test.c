/* The gate: every check just under, at and just over its limit, with exact decimals, and the sums
 * over the plans of one tick. */
#include "services/operators/portfolio_supervisor.h"

#include "backend/environments/matching/matching_engine.h"
#include "tests/backend/operators/kernel_fixture.h"

typedef struct stage {
    kernel *k;
    s1_ledger *ledger;
    s1_order_manager *orders;
    s1_strategy_rules rules;
    s1_portfolio_supervisor gate;
    s1_plan approved[KERNEL_CAPACITY];
    s1_plan plans[KERNEL_CAPACITY];
    uint32_t plan_count;
} stage;

static stage *stage_new(const char *capital)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->k = kernel_new();
    const s1_ledger_options ledger = {
        .instrument = &s->k->instrument, .initial_capital = dec(capital), .positions_max = 8};
    MUST(s1_ledger_new(&ledger, &s->ledger, err));
    const s1_order_manager_options orders = {.ledger = s->ledger,
                                             .journal = s->k->journal,
                                             .ids = &s->k->ids,
                                             .instrument = &s->k->instrument,
                                             .trades_max = 8};
    MUST(s1_order_manager_new(&orders, &s->orders, err));
    s->gate = (s1_portfolio_supervisor){.rules = &s->rules,
                                        .instrument = &s->k->instrument,
                                        .ledger = s->ledger,
                                        .orders = s->orders,
                                        .context = &s->k->context->view,
                                        .journal = s->k->journal,
                                        .approved = {s->approved, 0, KERNEL_CAPACITY}};
    kernel_tick(s->k, 10000);
    return s;
}

static void stage_free(stage *s)
{
    s1_order_manager_free(s->orders);
    s1_ledger_free(s->ledger);
    kernel_free(s->k);
    free(s);
}

/* Adds a long market plan. */
static s1_plan *add(stage *s, const char *price, const char *quantity)
{
    s1_plan *const plan = &s->plans[s->plan_count++];
    *plan = (s1_plan){.size = sizeof *plan,
                      .direction = S1_LONG,
                      .trade_id = s1_ids_trade(&s->k->ids, 0),
                      .opportunity_id = {s1_ids_next(&s->k->ids, S1_ID_OPPORTUNITY, 1)},
                      .entry_price = dec(price),
                      .entry_type = S1_ORDER_MARKET,
                      .quantity = dec(quantity),
                      .order_type = S1_ORDER_MARKET,
                      .time_in_force = S1_TIF_GTC};
    return plan;
}

/* Judges what was added, forgets it, and gives how many passed. */
static uint32_t judge(stage *s)
{
    const s1_plan_list plans = {s->plans, s->plan_count, KERNEL_CAPACITY};
    tape_clear(&s->k->tape);
    MUST(s1_portfolio_supervisor_judge(&s->gate, &plans, err));
    s->plan_count = 0;
    return s->gate.approved.count;
}

#define PASSES(s) assert_int_equal(judge(s), 1)

/* The one plan is refused, with this reason in the journal. */
#define REFUSED(s, code, limit, actual)                                                            \
    do {                                                                                           \
        assert_int_equal(judge(s), 0);                                                             \
        ASSERT_HOLDS(tape_only(&(s)->k->tape, "OPPORTUNITY_REJECTED"),                             \
                     "\"details\":{\"stage\":\"gate\",\"rejection_reason\":{\"code\":\"" code      \
                     "\",\"limit\":\"" limit "\",\"actual\":\"" actual "\"}}");                    \
    } while (0)

static void test_approval_lists_its_checks(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->rules = (s1_strategy_rules){
        .max_drawdown_pct = dec("10"),
        .has_max_drawdown_pct = true,
        .max_position_size_pct = dec("50"),
        .has_max_position_size_pct = true,
        .capital_allocation = {.percentage = dec("60"), .has_percentage = true}};
    s->k->instrument.min_quantity = dec("0.01");
    s->k->instrument.min_notional = dec("5");
    s->k->instrument.taker_fee = dec("0.001");
    (void)add(s, "100", "4");
    PASSES(s);
    const char *const line = tape_only(&s->k->tape, "OPPORTUNITY_APPROVED");
    ASSERT_HOLDS(line, "\"details\":{\"checks\":["
                       "{\"code\":\"MIN_QUANTITY\",\"limit\":\"0.01\",\"actual\":\"4\"},"
                       "{\"code\":\"MIN_NOTIONAL\",\"limit\":\"5\",\"actual\":\"400\"},"
                       "{\"code\":\"MAX_DRAWDOWN\",\"limit\":\"10\",\"actual\":\"0\"},"
                       "{\"code\":\"MAX_POSITION_SIZE\",\"limit\":\"50\",\"actual\":\"40\"},"
                       "{\"code\":\"CAPITAL_ALLOCATION\",\"limit\":\"600\",\"actual\":\"400.4\"},"
                       "{\"code\":\"INSUFFICIENT_FUNDS\",\"limit\":\"1000\","
                       "\"actual\":\"400.4\"}]}");
    assert_int_equal(s->gate.approved_total, 1);
    assert_memory_equal(&s->gate.approved.items[0], &s->plans[0], sizeof s->plans[0]);
    stage_free(s);
}

static void test_no_rules_only_the_platforms_checks(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->gate.rules = NULL;
    (void)add(s, "100", "10");
    PASSES(s);
    stage_free(s);
}

static void test_short_needs_margin(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    add(s, "100", "1")->direction = S1_SHORT;
    REFUSED(s, "SHORT_NOT_ALLOWED", "0", "1");
    s->k->instrument.flags = S1_INSTRUMENT_MARGIN;
    add(s, "100", "1")->direction = S1_SHORT;
    PASSES(s);
    assert_int_equal(s->gate.rejected_total, 1);
    stage_free(s);
}

static void test_tick_and_lot(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.tick_size = dec("0.05");
    s->k->instrument.lot_size = dec("0.02");
    s1_plan *plan = add(s, "100.01", "0.1"); /* the expected price is no order price */
    plan->stop_loss = dec("99.95");
    plan->take_profit = dec("101.05");
    PASSES(s);
    add(s, "100", "0.1")->stop_loss = dec("99.96");
    REFUSED(s, "TICK_SIZE", "0", "99.96");
    add(s, "100", "0.1")->take_profit = dec("101.050000000000000001");
    REFUSED(s, "TICK_SIZE", "0", "101.050000000000000001");
    add(s, "100", "0.1")->stop_loss = dec("-0.05");
    REFUSED(s, "TICK_SIZE", "0", "-0.05");
    plan = add(s, "100", "0.1");
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("99.99");
    REFUSED(s, "TICK_SIZE", "0", "99.99");
    plan = add(s, "100", "0.1");
    plan->order_type = S1_ORDER_STOP;
    plan->trigger_price = dec("100.01");
    REFUSED(s, "TICK_SIZE", "0", "100.01");
    (void)add(s, "100", "0.11");
    REFUSED(s, "LOT_SIZE", "0", "0.11");
    stage_free(s);
}

/* The largest order, and how far from the last close one may be. */
static void test_ceilings_and_band(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.lot_size = dec("0.001");
    s->k->instrument.max_quantity = dec("5");
    (void)add(s, "100", "5.001");
    REFUSED(s, "MAX_QUANTITY", "5", "5.001");
    (void)add(s, "100", "5");
    PASSES(s);
    add(s, "100", "10")->slices = 2; /* of one order */
    PASSES(s);
    s->k->instrument.max_quantity = S1_DEC_ZERO;
    s->k->instrument.max_notional = dec("500");
    (void)add(s, "100.1", "5");
    REFUSED(s, "MAX_NOTIONAL", "500", "500.5");
    (void)add(s, "100", "5");
    PASSES(s);
    s->k->instrument.price_band_percent = dec("5");
    s1_stream *const stream = (s1_stream *)(uintptr_t)s->k->context->view.primary;
    stream->bar.close = 10000; /* 100.00 */
    s1_plan *plan = add(s, "100", "1");
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("95");
    PASSES(s);
    plan = add(s, "100", "1");
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("94.99");
    REFUSED(s, "PRICE_BAND", "95", "94.99");
    plan = add(s, "100", "1");
    plan->order_type = S1_ORDER_STOP;
    plan->trigger_price = dec("105");
    PASSES(s);
    plan = add(s, "100", "1");
    plan->order_type = S1_ORDER_STOP;
    plan->trigger_price = dec("105.01");
    REFUSED(s, "PRICE_BAND", "105", "105.01");
    plan = add(s, "100", "1");
    plan->order_type = S1_ORDER_STOP_LIMIT;
    plan->trigger_price = dec("104");
    plan->limit_price = dec("106");
    REFUSED(s, "PRICE_BAND", "105", "106");
    (void)add(s, "200", "1"); /* at market there is no price */
    PASSES(s);
    stage_free(s);
}

/* A long stopped above its entry would be closed the moment it opens. */
static void test_bracket_sides(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    add(s, "100", "1")->stop_loss = dec("100");
    REFUSED(s, "STOP_SIDE", "0", "100");
    add(s, "100", "1")->take_profit = dec("99.99");
    REFUSED(s, "TARGET_SIDE", "0", "99.99");
    s1_plan *plan = add(s, "100", "1");
    plan->stop_loss = dec("99.99");
    plan->take_profit = dec("100.01");
    PASSES(s);
    s->k->instrument.flags |= S1_INSTRUMENT_MARGIN;
    s->k->instrument.leverage = dec("1");
    plan = add(s, "100", "1");
    plan->direction = S1_SHORT;
    plan->stop_loss = dec("99.99");
    REFUSED(s, "STOP_SIDE", "0", "99.99");
    stage_free(s);
}

static void test_floors(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.lot_size = dec("0.001");
    s->k->instrument.min_quantity = dec("0.5");
    (void)add(s, "100", "0.499");
    REFUSED(s, "MIN_QUANTITY", "0.5", "0.499");
    (void)add(s, "100", "0.5");
    PASSES(s);
    (void)add(s, "100", "0.501");
    PASSES(s);
    s->k->instrument.min_quantity = S1_DEC_ZERO;
    s->k->instrument.min_notional = dec("10");
    (void)add(s, "99.99", "0.1");
    REFUSED(s, "MIN_NOTIONAL", "10", "9.999");
    (void)add(s, "100", "0.1");
    PASSES(s);
    stage_free(s);
}

/* The smallest of several orders is what the venue's floors are for; the limits are for all. */
static void test_slices(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.lot_size = dec("0.001");
    s->k->instrument.min_quantity = dec("0.5");
    s->k->instrument.min_notional = dec("50");
    s1_plan *plan = add(s, "100", "1.6");
    plan->slices = 3;
    PASSES(s); /* 0.533, 0.533, 0.534 */
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_APPROVED"),
                 "{\"code\":\"MIN_QUANTITY\",\"limit\":\"0.5\",\"actual\":\"0.533\"},"
                 "{\"code\":\"MIN_NOTIONAL\",\"limit\":\"50\",\"actual\":\"53.3\"},"
                 "{\"code\":\"INSUFFICIENT_FUNDS\",\"limit\":\"100000\",\"actual\":\"160\"}");
    add(s, "100", "1.499")->slices = 3;
    REFUSED(s, "MIN_QUANTITY", "0.5", "0.499");
    add(s, "90", "1.5")->slices = 3;
    REFUSED(s, "MIN_NOTIONAL", "50", "45");
    s->k->instrument.min_quantity = s->k->instrument.min_notional = S1_DEC_ZERO;
    add(s, "100", "0.002")->slices = 3;
    REFUSED(s, "LOT_SIZE", "0", "0");
    plan = add(s, "100", "3");
    plan->slices = 3;
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("100");
    REFUSED(s, "SLICES_NOT_AT_MARKET", "0", "3");
    stage_free(s);
}

/* Sized as it fills: at market, whole, a fraction; what it costs is not known before. */
static void test_cash_fractions(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    add(s, "100", "11")->cash_fraction = dec("1");
    PASSES(s);
    assert_null(strstr(tape_only(&s->k->tape, "OPPORTUNITY_APPROVED"), "INSUFFICIENT"));
    add(s, "100", "5")->cash_fraction = dec("1.01");
    REFUSED(s, "CASH_FRACTION", "0", "1.01");
    add(s, "100", "5")->cash_fraction = dec("-0.5");
    REFUSED(s, "CASH_FRACTION", "0", "-0.5");
    s1_plan *plan = add(s, "100", "5");
    plan->cash_fraction = dec("0.5");
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("100");
    REFUSED(s, "CASH_FRACTION", "0", "0.5");
    plan = add(s, "100", "6");
    plan->cash_fraction = dec("0.5");
    plan->slices = 2;
    REFUSED(s, "CASH_FRACTION", "0", "0.5");
    stage_free(s);
}

/* Distances of trailing stops: of the stop-loss, and of an entry. */
static void test_trails(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.tick_size = dec("0.01");
    s1_plan plan = *add(s, "100", "5");
    s->plan_count = 0;
    plan.stop_loss = dec("95");
#define TRAILS(field, value)                                                                       \
    do {                                                                                           \
        s1_plan *const added = add(s, "100", "5");                                                 \
        const s1_trade_id id = added->trade_id;                                                    \
        *added = plan;                                                                             \
        added->trade_id = id;                                                                      \
        added->field = dec(value);                                                                 \
    } while (0)
    TRAILS(trail_amount, "0.5");
    PASSES(s);
    TRAILS(trail_percent, "99.9");
    PASSES(s);
    TRAILS(trail_percent, "100");
    REFUSED(s, "TRAIL", "0", "100");
    TRAILS(trail_percent, "-1");
    REFUSED(s, "TRAIL", "0", "-1");
    TRAILS(trail_amount, "-0.5");
    REFUSED(s, "TRAIL", "0", "-0.5");
    TRAILS(trail_amount, "0.505");
    REFUSED(s, "TICK_SIZE", "0", "0.505");
    TRAILS(trail_activation, "101"); /* of nothing */
    REFUSED(s, "TRAIL", "0", "101");
    plan.trail_percent = dec("2");
    TRAILS(trail_amount, "1"); /* one of the two */
    REFUSED(s, "TRAIL", "0", "1");
    TRAILS(trail_activation, "101.005");
    REFUSED(s, "TICK_SIZE", "0", "101.005");
    TRAILS(entry_trail_amount, "1"); /* at market */
    REFUSED(s, "TRAIL", "0", "1");
    plan.order_type = S1_ORDER_STOP;
    plan.trigger_price = dec("102");
    TRAILS(entry_trail_amount, "1");
    PASSES(s);
    TRAILS(entry_trail_percent, "100");
    REFUSED(s, "TRAIL", "0", "100");
    TRAILS(entry_trail_activation, "99");
    REFUSED(s, "TRAIL", "0", "99");
#undef TRAILS
    stage_free(s);
}

/* What an entry is to become is judged like its plan, without what is held for it by now. */
static void test_changes(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->k->instrument.tick_size = dec("0.01");
    s1_plan plan = *add(s, "100", "9");
    s->plan_count = 0;
    plan.order_type = plan.entry_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("100");
    plan.stop_loss = dec("95");
    MUST(s1_ledger_reserve(s->ledger, dec("900"), err)); /* of the order as it is */
    plan.quantity = dec("10");
    MUST(s1_portfolio_supervisor_judge_change(&s->gate, &plan, dec("900"), err));
    plan.quantity = dec("10.01");
    FAILS(s1_portfolio_supervisor_judge_change(&s->gate, &plan, dec("900"), err), S1_E_DENIED,
          "INSUFFICIENT_FUNDS: limit 1000, actual 1001");
    plan.quantity = dec("5");
    plan.entry_price = plan.limit_price = dec("94");
    FAILS(s1_portfolio_supervisor_judge_change(&s->gate, &plan, dec("900"), err), S1_E_DENIED,
          "STOP_SIDE: limit 0, actual 95");
    plan.entry_price = plan.limit_price = dec("96");
    s->k->instrument.min_quantity = dec("6");
    FAILS(s1_portfolio_supervisor_judge_change(&s->gate, &plan, dec("900"), err), S1_E_DENIED,
          "MIN_QUANTITY: limit 6, actual 5");
    stage_free(s);
}

/* An order with a trigger and a limit costs its limit, one with a trigger alone that. */
static void test_triggered_orders(void **state)
{
    (void)state;
    static const struct {
        int32_t type;
        const char *cost;
    } cases[] = {{S1_ORDER_STOP_LIMIT, "210"},
                 {S1_ORDER_LIMIT_IF_TOUCHED, "210"},
                 {S1_ORDER_MARKET_IF_TOUCHED, "204"},
                 {S1_ORDER_STOP, "204"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage *const s = stage_new("203");
        s1_plan *const plan = add(s, "100", "2");
        plan->order_type = plan->entry_type = cases[i].type;
        plan->trigger_price = dec("102");
        plan->limit_price = s1_order_type_has_limit(cases[i].type) ? dec("105") : S1_DEC_ZERO;
        assert_int_equal(judge(s), 0);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "\"limit\":\"203\",\"actual\":\"%s\"", cases[i].cost);
        ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"), wanted);
        stage_free(s);
    }
}

static void test_icebergs_and_ends(void **state)
{
    (void)state;
    stage *const s = stage_new("100000");
    s->k->instrument.lot_size = dec("0.01");
    s->k->instrument.min_quantity = dec("0.5");
    s1_plan iceberg = *add(s, "100", "5");
    s->plan_count = 0;
    iceberg.order_type = S1_ORDER_LIMIT;
    iceberg.limit_price = dec("100");
    iceberg.display_quantity = dec("0.5");
    *add(s, "100", "5") = iceberg;
    PASSES(s);
    iceberg.display_quantity = dec("0.49");
    *add(s, "100", "5") = iceberg;
    REFUSED(s, "DISPLAY_QUANTITY", "0.5", "0.49");
    iceberg.display_quantity = dec("0.505");
    *add(s, "100", "5") = iceberg;
    REFUSED(s, "LOT_SIZE", "0", "0.505");
    iceberg.display_quantity = dec("1");
    iceberg.time_in_force = S1_TIF_IOC;
    *add(s, "100", "5") = iceberg;
    REFUSED(s, "DISPLAY_QUANTITY", "0", "1");
    add(s, "100", "5")->display_quantity = dec("1"); /* at market */
    REFUSED(s, "DISPLAY_QUANTITY", "0", "1");
    iceberg.time_in_force = S1_TIF_GTD;
    iceberg.expires_at = s->k->context->view.now + 1;
    *add(s, "100", "5") = iceberg;
    PASSES(s);
    iceberg.expires_at = s->k->context->view.now;
    *add(s, "100", "5") = iceberg;
    REFUSED(s, "EXPIRED", "0", "0");
    stage_free(s);
}

/* Peak 1000; equity set by a realised loss. */
static void lose(stage *s, const char *fee)
{
    const s1_ledger_fill in = {.trade_id = {{{9}}},
                               .direction = S1_LONG,
                               .quantity = dec("1"),
                               .price = dec("1"),
                               .fee = dec(fee)};
    s1_ledger_fill out = in;
    s1_dec pnl;
    bool is_closed;
    out.fee = S1_DEC_ZERO;
    MUST(s1_ledger_open(s->ledger, &in, err));
    MUST(s1_ledger_close(s->ledger, &out, &pnl, &is_closed, err));
}

static void test_drawdown(void **state)
{
    (void)state;
    static const struct {
        const char *loss, *actual;
        bool passes;
    } cases[] = {
        {"99.99", "9.999", true},
        {"100", "10", true},
        {"100.000000000000000001", "10.0000000000000000001", false},
        {"100.01", "10.001", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage *const s = stage_new("1000");
        s->rules.has_max_drawdown_pct = true;
        s->rules.max_drawdown_pct = dec("10");
        lose(s, cases[i].loss);
        (void)add(s, "1", "1");
        assert_int_equal(judge(s), cases[i].passes);
        if (i == 3) {
            ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"),
                         "{\"code\":\"MAX_DRAWDOWN\",\"limit\":\"10\",\"actual\":\"10.001\"}");
        }
        stage_free(s);
    }
}

static void test_position_size(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->rules.has_max_position_size_pct = true;
    s->rules.max_position_size_pct = dec("25");
    (void)add(s, "100", "2.499");
    PASSES(s);
    (void)add(s, "100", "2.5");
    PASSES(s);
    (void)add(s, "100", "2.501");
    REFUSED(s, "MAX_POSITION_SIZE", "25", "25.01");
    /* Of the equity as it is now, not of the capital. */
    lose(s, "500");
    (void)add(s, "100", "1.25");
    PASSES(s);
    (void)add(s, "100", "1.251");
    REFUSED(s, "MAX_POSITION_SIZE", "25", "25.02");
    stage_free(s);
}

static void test_allocation(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->rules.capital_allocation.has_percentage = true;
    s->rules.capital_allocation.percentage = dec("50");
    (void)add(s, "100", "5");
    PASSES(s);
    (void)add(s, "100", "5.001");
    REFUSED(s, "CAPITAL_ALLOCATION", "500", "500.1");
    /* The stricter of both applies. */
    s->rules.capital_allocation.has_max_quote_amount = true;
    s->rules.capital_allocation.max_quote_amount = dec("300.05");
    (void)add(s, "100", "3");
    PASSES(s);
    (void)add(s, "100", "3.001");
    REFUSED(s, "CAPITAL_ALLOCATION", "300.05", "300.1");
    /* What is open and what is pending count. */
    const s1_ledger_fill open = {
        .trade_id = {{{1}}}, .direction = S1_LONG, .quantity = dec("1"), .price = dec("100")};
    MUST(s1_ledger_open(s->ledger, &open, err));
    MUST(s1_ledger_reserve(s->ledger, dec("100"), err));
    (void)add(s, "100", "1");
    PASSES(s);
    (void)add(s, "100", "1.001");
    REFUSED(s, "CAPITAL_ALLOCATION", "300.05", "300.1");
    stage_free(s);
}

static void test_funds(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->k->instrument.taker_fee = dec("0.001");
    (void)add(s, "100", "9.99");
    PASSES(s);
    assert_int_equal(s->gate.check_count, 1); /* floors of zero are no checks */
    (void)add(s, "100", "9.991");
    REFUSED(s, "INSUFFICIENT_FUNDS", "1000", "1000.0991");
    MUST(s1_ledger_reserve(s->ledger, dec("0.01"), err));
    (void)add(s, "100", "9.99");
    REFUSED(s, "INSUFFICIENT_FUNDS", "999.99", "999.999");
    stage_free(s);
}

/* With margin, equity / leverage counts; a position at work takes its share. */
static void test_margin(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->k->instrument.flags = S1_INSTRUMENT_MARGIN;
    s->k->instrument.leverage = dec("4");
    (void)add(s, "100", "40");
    PASSES(s);
    (void)add(s, "100", "40.001");
    REFUSED(s, "INSUFFICIENT_FUNDS", "1000", "1000.025");
    const s1_ledger_fill open = {
        .trade_id = {{{1}}}, .direction = S1_SHORT, .quantity = dec("20"), .price = dec("100")};
    MUST(s1_ledger_open(s->ledger, &open, err));
    (void)add(s, "100", "20");
    PASSES(s);
    (void)add(s, "100", "20.001");
    REFUSED(s, "INSUFFICIENT_FUNDS", "500", "500.025");
    stage_free(s);
}

/* The order's own price is what cash will be held for, not the expected price. */
static void test_priced_orders_are_weighed_at_their_price(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s1_plan *plan = add(s, "100", "10");
    plan->order_type = S1_ORDER_STOP;
    plan->trigger_price = dec("100.01");
    REFUSED(s, "INSUFFICIENT_FUNDS", "1000", "1000.1");
    plan = add(s, "100", "10.1");
    plan->order_type = S1_ORDER_LIMIT;
    plan->limit_price = dec("99");
    PASSES(s);
    stage_free(s);
}

/* Two plans in one tick: what the first one takes is gone for the second, and back the next tick,
 * when the ledger's reservation speaks for it. */
static void test_plans_of_one_tick_share_the_funds(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    (void)add(s, "100", "6");
    (void)add(s, "100", "4");
    assert_int_equal(judge(s), 2);
    (void)add(s, "100", "6");
    (void)add(s, "100", "4.001");
    (void)add(s, "100", "4"); /* a refusal takes nothing */
    assert_int_equal(judge(s), 2);
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"),
                 "{\"code\":\"INSUFFICIENT_FUNDS\",\"limit\":\"400\",\"actual\":\"400.1\"}");
    ASSERT_DEC(s->gate.approved.items[1].quantity, "4");
    s->rules.capital_allocation.has_max_quote_amount = true;
    s->rules.capital_allocation.max_quote_amount = dec("700");
    (void)add(s, "100", "6");
    (void)add(s, "100", "1.001");
    assert_int_equal(judge(s), 1);
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"),
                 "{\"code\":\"CAPITAL_ALLOCATION\",\"limit\":\"700\",\"actual\":\"700.1\"}");
    stage_free(s);
}

/* The first check that fails is the one that is told. */
static void test_order_of_checks(void **state)
{
    (void)state;
    stage *const s = stage_new("10");
    s->rules = (s1_strategy_rules){
        .max_position_size_pct = dec("1"),
        .has_max_position_size_pct = true,
        .capital_allocation = {.max_quote_amount = dec("1"), .has_max_quote_amount = true}};
    s->k->instrument.min_notional = dec("5000");
    s1_plan *const plan = add(s, "100", "10.0005");
    plan->direction = S1_SHORT;
    plan->stop_loss = dec("0.001");
    const s1_plan bad = *plan;
    REFUSED(s, "SHORT_NOT_ALLOWED", "0", "1");
    s1_plan *next = add(s, "1", "1");
    *next = bad;
    next->direction = S1_LONG;
    REFUSED(s, "TICK_SIZE", "0", "0.001");
    next = add(s, "100", "10.0005");
    REFUSED(s, "LOT_SIZE", "0", "10.0005");
    (void)add(s, "100", "10");
    REFUSED(s, "MIN_NOTIONAL", "5000", "1000");
    s->k->instrument.min_notional = S1_DEC_ZERO;
    (void)add(s, "100", "10");
    REFUSED(s, "MAX_POSITION_SIZE", "1", "10000");
    s->rules.has_max_position_size_pct = false;
    (void)add(s, "100", "10");
    REFUSED(s, "CAPITAL_ALLOCATION", "1", "1000");
    s->rules.capital_allocation.has_max_quote_amount = false;
    (void)add(s, "100", "10");
    REFUSED(s, "INSUFFICIENT_FUNDS", "10", "1000");
    assert_int_equal(s->gate.rejected_total, 7);
    assert_int_equal(s->gate.approved_total, 0);
    stage_free(s);
}

/* --- What an operation adds. ---------------------------------------------------------------- */

static int two_together_self;

static uint32_t two_together(void *self, uint32_t link, int32_t direction)
{
    assert_ptr_equal(self, &two_together_self);
    assert_int_equal(link, 3);
    return direction == S1_LONG ? 2 : 0;
}

static void test_a_shut_operation_opens_nothing(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    const s1_threat_id threat = {s1_ids_next(&s->k->ids, S1_ID_THREAT, 1)};
    s1_portfolio_gate portfolio = {.stop = {.code = S1_STR("MAX_TOTAL_DRAWDOWN"),
                                            .limit = dec("5"),
                                            .actual = dec("5.1"),
                                            .threat_id = threat}};
    s->gate.portfolio = &portfolio;
    (void)add(s, "100", "1");
    REFUSED(s, "MAX_TOTAL_DRAWDOWN", "5", "5.1");
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"), "\"threat_id\":\"");
    portfolio.stop = (s1_gate_check){0};
    (void)add(s, "100", "1");
    PASSES(s);
    stage_free(s);
}

/* Blocked up to, and not at, the end of the last minute. */
static void test_a_block_ends(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    const s1_nanos now = s->gate.context->now;
    s1_portfolio_gate portfolio = {
        .blocked_by = {s1_ids_next(&s->k->ids, S1_ID_THREAT, 1)},
        .blocked_until = now + 61 * S1_NANOS_PER_SECOND,
    };
    s->gate.portfolio = &portfolio;
    (void)add(s, "100", "1");
    REFUSED(s, "SIGNALS_BLOCKED", "0", "2");
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"), "\"threat_id\":\"");
    portfolio.blocked_until = now + 1;
    (void)add(s, "100", "1");
    REFUSED(s, "SIGNALS_BLOCKED", "0", "1");
    portfolio.blocked_until = now;
    (void)add(s, "100", "1");
    PASSES(s);
    stage_free(s);
}

static void test_positions_of_one_strategy(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    const s1_portfolio_rules rules = {.max_position_size_pct_per_strategy = dec("20"),
                                      .has_max_position_size_pct_per_strategy = true};
    s1_aggregate_metrics aggregate = {.equity = dec("2000")};
    const s1_portfolio_gate portfolio = {.rules = &rules, .aggregate = &aggregate};
    s->gate.portfolio = &portfolio;
    (void)add(s, "100", "4");
    PASSES(s); /* 400 of 2000 */
    (void)add(s, "100", "4.01");
    REFUSED(s, "MAX_POSITION_SIZE_PER_STRATEGY", "20", "20.05");
    (void)add(s, "100", "2"); /* those approved before in the tick count */
    (void)add(s, "100", "2");
    (void)add(s, "100", "0.01");
    assert_int_equal(judge(s), 2);
    MUST(s1_ledger_reserve(s->ledger, dec("300"), err)); /* and what is held for pending ones */
    (void)add(s, "100", "2");
    REFUSED(s, "MAX_POSITION_SIZE_PER_STRATEGY", "20", "25");
    (void)add(s, "100", "1");
    PASSES(s);
    aggregate.equity = S1_DEC_ZERO;
    (void)add(s, "100", "1");
    REFUSED(s, "MAX_POSITION_SIZE_PER_STRATEGY", "0", "0");
    stage_free(s);
}

static void test_correlated_positions(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s1_portfolio_rules rules = {.max_correlated_positions = 3,
                                .has_max_correlated_positions = true};
    const s1_portfolio_gate portfolio = {
        .rules = &rules, .count_correlated = two_together, .self = &two_together_self, .link = 3};
    s->gate.portfolio = &portfolio;
    (void)add(s, "100", "1");
    PASSES(s);
    (void)add(s, "100", "1"); /* the second of the tick would be the fourth */
    (void)add(s, "100", "1");
    assert_int_equal(judge(s), 1);
    rules.max_correlated_positions = 2;
    (void)add(s, "100", "1");
    REFUSED(s, "CORRELATION_LIMIT", "2", "3");
    stage_free(s);
}

/* The share of an operation's capital is the initial capital itself. */
static void test_an_allocated_link_may_use_all_of_it(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    s->rules = (s1_strategy_rules){
        .capital_allocation = {.percentage = dec("40"), .has_percentage = true}};
    (void)add(s, "100", "5");
    REFUSED(s, "CAPITAL_ALLOCATION", "400", "500");
    s->gate.is_allocated = true;
    (void)add(s, "100", "5");
    PASSES(s);
    (void)add(s, "100", "10.01");
    REFUSED(s, "CAPITAL_ALLOCATION", "1000", "1001");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_approval_lists_its_checks),
        cmocka_unit_test(test_no_rules_only_the_platforms_checks),
        cmocka_unit_test(test_short_needs_margin),
        cmocka_unit_test(test_tick_and_lot),
        cmocka_unit_test(test_bracket_sides),
        cmocka_unit_test(test_floors),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_cash_fractions),
        cmocka_unit_test(test_trails),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_ceilings_and_band),
        cmocka_unit_test(test_triggered_orders),
        cmocka_unit_test(test_icebergs_and_ends),
        cmocka_unit_test(test_drawdown),
        cmocka_unit_test(test_position_size),
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_funds),
        cmocka_unit_test(test_margin),
        cmocka_unit_test(test_priced_orders_are_weighed_at_their_price),
        cmocka_unit_test(test_plans_of_one_tick_share_the_funds),
        cmocka_unit_test(test_order_of_checks),
        cmocka_unit_test(test_a_shut_operation_opens_nothing),
        cmocka_unit_test(test_a_block_ends),
        cmocka_unit_test(test_positions_of_one_strategy),
        cmocka_unit_test(test_correlated_positions),
        cmocka_unit_test(test_an_allocated_link_may_use_all_of_it),
    };
    return cmocka_run_group_tests_name("portfolio_supervisor", tests, NULL, NULL);
}
