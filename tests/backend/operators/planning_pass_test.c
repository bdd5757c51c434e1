/* Planning: each phase writes its block and no other, each stage can refuse, what is left
 * unfinished is refused, and every opportunity gets one terminal verdict whatever the workers do.
 */
#include "backend/operators/planning_pass.h"

#include "backend/dtos/enums.h"
#include "backend/utils/rng.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

#include <math.h>

enum { ENTRY, EXIT, SIZE, ROUTING, PHASES };
static const int32_t subtypes[PHASES] = {S1_SUBTYPE_ENTRY_PLANNING, S1_SUBTYPE_EXIT_PLANNING,
                                         S1_SUBTYPE_SIZE_PLANNING, S1_SUBTYPE_ORDER_ROUTING};
static const char *const names[PHASES] = {"entry", "exit", "size", "routing"};

/* A scripted planning worker. */
typedef struct planner {
    int phase;           /* whose block it writes */
    s1_plan block;       /* from here */
    const char *rejects; /* a code, or NULL */
    bool blames_threat;
    bool fails;
} planner;

static void write_block(const planner *p, s1_plan *plan)
{
    switch (p->phase) {
    case ENTRY:
        plan->entry_price = p->block.entry_price;
        plan->entry_type = p->block.entry_type;
        plan->slices = p->block.slices;
        plan->slice_interval = p->block.slice_interval;
        plan->oco_group = p->block.oco_group;
        break;
    case EXIT:
        plan->stop_loss = p->block.stop_loss;
        plan->take_profit = p->block.take_profit;
        plan->trail_amount = p->block.trail_amount;
        plan->trail_percent = p->block.trail_percent;
        plan->trail_activation = p->block.trail_activation;
        break;
    case SIZE:
        plan->quantity = p->block.quantity;
        plan->cash_fraction = p->block.cash_fraction;
        break;
    default:
        plan->order_type = p->block.order_type;
        plan->time_in_force = p->block.time_in_force;
        plan->limit_price = p->block.limit_price;
        plan->trigger_price = p->block.trigger_price;
        plan->expires_at = p->block.expires_at;
        plan->display_quantity = p->block.display_quantity;
        plan->entry_trail_amount = p->block.entry_trail_amount;
        plan->entry_trail_percent = p->block.entry_trail_percent;
        plan->entry_trail_activation = p->block.entry_trail_activation;
        break;
    }
}

static s1_rc plan(void *self, const s1_context *context, const s1_signal *signal,
                  const s1_threat_list *threats, s1_plan *record, s1_verdict *verdict, s1_err *err)
{
    planner *const p = self;
    (void)context;
    assert_true(s1_uid_eq(signal->opportunity_id.uid, record->opportunity_id.uid));
    write_block(p, record);
    if (p->rejects != NULL) {
        s1_verdict_reject(verdict, (s1_str){p->rejects, strlen(p->rejects)}, 2, 1.5);
        if (p->blames_threat) {
            verdict->threat_id = s1_threat_list_at(threats, 0)->threat_id;
        }
    }
    return p->fails ? S1_RAISE(err, S1_E_DATA, "no idea") : S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_PLANNING, .plan = plan};
static const s1_worker_ops finder = {.size = sizeof finder, .type = S1_WORKER_OPPORTUNITY};

typedef struct stage {
    kernel *k;
    planner planners[PHASES];
    s1_worker workers[PHASES], source;
    s1_operator_worker items[PHASES];
    s1_base_operator op;
    s1_plan plan_items[KERNEL_CAPACITY];
    s1_planning_pass pass;
} stage;

static void reset_planners(stage *s)
{
    const s1_plan whole = {.entry_price = dec("100.5"),
                           .entry_type = S1_ORDER_MARKET,
                           .stop_loss = dec("99"),
                           .take_profit = dec("103.5"),
                           .quantity = dec("0.25"),
                           .order_type = S1_ORDER_MARKET,
                           .time_in_force = S1_TIF_GTC};
    for (int i = 0; i < PHASES; i++) {
        s->planners[i] = (planner){.phase = i, .block = whole};
    }
}

static stage *stage_new(int32_t on_failure)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->k = kernel_new();
    reset_planners(s);
    for (uint32_t i = 0; i < PHASES; i++) {
        s->workers[i] = kernel_worker(s->k, &ops, &s->planners[i], names[i], subtypes[i]);
        s->items[i] = (s1_operator_worker){.worker = &s->workers[i], .order = i};
    }
    s->source = kernel_worker(s->k, &finder, NULL, "finder", S1_SUBTYPE_MOMENTUM_SIGNAL);
    s->op = (s1_base_operator){.manages = S1_WORKER_PLANNING,
                               .execution = S1_EXECUTION_SEQUENTIAL,
                               .aggregation = S1_AGGREGATION_CHAIN_THROUGH,
                               .on_failure = on_failure,
                               .workers = s->items,
                               .worker_count = PHASES,
                               .context = &s->k->context->view,
                               .signals = &s->k->signals,
                               .threats = &s->k->threats};
    s->pass = (s1_planning_pass){.op = &s->op,
                                 .journal = s->k->journal,
                                 .ids = &s->k->ids,
                                 .plans = {.items = s->plan_items, .capacity = KERNEL_CAPACITY}};
    return s;
}

static void stage_free(stage *s)
{
    kernel_free(s->k);
    free(s);
}

/* A tick with `count` signals, planned. */
static s1_rc run(stage *s, uint32_t count, s1_err *err)
{
    kernel_tick(s->k, 10050);
    s->k->signals.worker = &s->source;
    for (uint32_t i = 0; i < count; i++) {
        const s1_signal draft = {.size = sizeof draft,
                                 .direction = i % 2 == 0 ? S1_LONG : S1_SHORT,
                                 .signal_type = S1_STR("cross"),
                                 .score = (double)NAN,
                                 .price = 100.5};
        S1_TRY(err, s->k->signals.sink.emit(&s->k->signals, &draft, NULL, err));
    }
    S1_TRY(err, s1_threat_book_close_tick(&s->k->threats, err));
    return s1_planning_pass_run(&s->pass, &s->k->signals.list, err);
}

static void test_plan_comes_through(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_STOP);
    MUST(run(s, 1, err));
    assert_int_equal(s->pass.plans.count, 1);
    const s1_plan *const made = &s->pass.plans.items[0];
    assert_int_equal(made->direction, S1_LONG);
    ASSERT_DEC(made->quantity, "0.25");
    assert_false(s1_uid_is_none(made->trade_id.uid));
    const char *const line = tape_only(&s->k->tape, "PLAN_CREATED");
    ASSERT_HOLDS(
        line,
        "\"details\":{\"direction\":\"long\",\"entry_type\":\"MARKET\",\"entry_price\":\"100.5\","
        "\"stop_loss\":\"99\",\"take_profit\":\"103.5\",\"quantity\":\"0.25\","
        "\"order_type\":\"MARKET\",\"time_in_force\":\"GTC\",\"steps\":["
        "{\"worker\":\"entry\",\"phase\":\"entry_planning\",\"changed\":{"
        "\"entry_price\":\"100.5\",\"entry_type\":\"MARKET\"}},"
        "{\"worker\":\"exit\",\"phase\":\"exit_planning\",\"changed\":{\"stop_loss\":\"99\","
        "\"take_profit\":\"103.5\"}},"
        "{\"worker\":\"size\",\"phase\":\"size_planning\",\"changed\":{\"quantity\":\"0.25\"}},"
        "{\"worker\":\"routing\",\"phase\":\"order_routing\",\"changed\":{"
        "\"order_type\":\"MARKET\",\"time_in_force\":\"GTC\"}}]}");
    stage_free(s);
}

/* How the entry is sent stands in the plan and in the step that chose it. */
static void test_plan_of_slices_and_of_an_iceberg(void **state)
{
    (void)state;
    stage *s = stage_new(S1_FAILURE_STOP);
    s->planners[ENTRY].block.slices = 4;
    s->planners[ENTRY].block.oco_group = 5;
    s->planners[ENTRY].block.slice_interval = 90 * 60 * S1_NANOS_PER_SECOND;
    MUST(run(s, 1, err));
    const char *line = tape_only(&s->k->tape, "PLAN_CREATED");
    ASSERT_HOLDS(line, "\"time_in_force\":\"GTC\",\"slices\":4,\"slice_interval\":\"90m\",\"oco_"
                       "group\":5,\"steps\":["
                       "{\"worker\":\"entry\",\"phase\":\"entry_planning\",\"changed\":{"
                       "\"entry_price\":\"100.5\",\"entry_type\":\"MARKET\",\"slices\":4,"
                       "\"slice_interval\":\"90m\",\"oco_group\":5}}");
    stage_free(s);
    s = stage_new(S1_FAILURE_STOP);
    s->planners[EXIT].block.trail_percent = dec("2");
    s->planners[EXIT].block.trail_activation = dec("101");
    s->planners[ROUTING].block.order_type = S1_ORDER_STOP;
    s->planners[ROUTING].block.trigger_price = dec("101");
    s->planners[ROUTING].block.entry_trail_amount = dec("0.5");
    MUST(run(s, 1, err));
    line = tape_only(&s->k->tape, "PLAN_CREATED");
    ASSERT_HOLDS(line, "\"take_profit\":\"103.5\",\"trail_percent\":\"2\","
                       "\"trail_activation\":\"101\",\"quantity\":");
    ASSERT_HOLDS(line, "\"trigger_price\":\"101\",\"entry_trail_amount\":\"0.5\","
                       "\"order_type\":\"STOP\"");
    ASSERT_HOLDS(line, "\"changed\":{\"stop_loss\":\"99\",\"take_profit\":\"103.5\","
                       "\"trail_percent\":\"2\",\"trail_activation\":\"101\"}");
    stage_free(s);
    s = stage_new(S1_FAILURE_STOP);
    s->planners[ROUTING].block.order_type = S1_ORDER_LIMIT;
    s->planners[ROUTING].block.limit_price = dec("100.5");
    s->planners[ROUTING].block.display_quantity = dec("0.05");
    s->planners[ROUTING].block.time_in_force = S1_TIF_GTD;
    s->planners[ROUTING].block.expires_at = 7200 * S1_NANOS_PER_SECOND;
    MUST(run(s, 1, err));
    line = tape_only(&s->k->tape, "PLAN_CREATED");
    ASSERT_HOLDS(line, "\"display_quantity\":\"0.05\",\"order_type\":\"LIMIT\","
                       "\"time_in_force\":\"GTD\","
                       "\"expires_at\":\"1970-01-01T02:00:00.000000000Z\",\"steps\":[");
    ASSERT_HOLDS(line, "\"changed\":{\"limit_price\":\"100.5\",\"display_quantity\":\"0.05\","
                       "\"order_type\":\"LIMIT\",\"time_in_force\":\"GTD\","
                       "\"expires_at\":\"1970-01-01T02:00:00.000000000Z\"}");
    stage_free(s);
}

/* Each signal has its own record, id and verdict; plans of an older tick are gone. */
static void test_several_signals(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_STOP);
    MUST(run(s, 3, err));
    assert_int_equal(s->pass.plans.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(s->pass.plans.items[i].direction, i % 2 == 0 ? S1_LONG : S1_SHORT);
        for (uint32_t k = 0; k < i; k++) {
            assert_false(s1_uid_eq(s->pass.plans.items[i].trade_id.uid,
                                   s->pass.plans.items[k].trade_id.uid));
        }
    }
    MUST(run(s, 0, err));
    assert_int_equal(s->pass.plans.count, 0);
    stage_free(s);
}

static void test_each_stage_refuses(void **state)
{
    (void)state;
    static const enum s1_plan_stage stages[PHASES] = {S1_STAGE_ENTRY, S1_STAGE_EXIT, S1_STAGE_SIZE,
                                                      S1_STAGE_ROUTING};
    for (int i = 0; i < PHASES; i++) {
        stage *const s = stage_new(S1_FAILURE_STOP);
        s->planners[i].rejects = "TOO_WIDE";
        MUST(run(s, 1, err));
        assert_int_equal(s->pass.plans.count, 0);
        assert_int_equal(s->pass.rejected[stages[i]], 1);
        const char *const line = tape_only(&s->k->tape, "OPPORTUNITY_REJECTED");
        char worker[64], details[160];
        (void)snprintf(worker, sizeof worker, "\"worker\":\"%s\"", names[i]);
        (void)snprintf(details, sizeof details,
                       "\"details\":{\"stage\":\"%s\",\"rejection_reason\":{\"code\":\"TOO_WIDE\","
                       "\"limit\":2.0,\"actual\":1.5}}",
                       names[i]);
        ASSERT_HOLDS(line, worker);
        ASSERT_HOLDS(line, details);
        ASSERT_HOLDS(line, "\"trade_id\":");
        assert_null(strstr(line, "threat_id"));
        assert_int_equal(s->pass.step_count, i + 1); /* nobody after it was asked */
        stage_free(s);
    }
}

/* A refusal in entry planning that names a threat is a governor's, and carries the id. */
static void test_governor_names_its_threat(void **state)
{
    (void)state;
    static const s1_worker_ops guard_ops = {.type = S1_WORKER_THREAT};
    stage *const s = stage_new(S1_FAILURE_STOP);
    const s1_worker guard = kernel_worker(s->k, &guard_ops, NULL, "guard", S1_SUBTYPE_MARKET_RISK);
    const s1_threat_report what = {
        .size = sizeof what, .severity = S1_SEVERITY_HIGH, .threat_type = S1_STR("SPIKE")};
    kernel_tick(s->k, 10050);
    s->k->threats.worker = &guard;
    s1_threat_id threat;
    MUST(s->k->threats.sink.report(&s->k->threats, &what, &threat, err));
    s->k->signals.worker = &s->source;
    const s1_signal draft = {
        .size = sizeof draft, .direction = S1_LONG, .signal_type = S1_STR("cross")};
    MUST(s->k->signals.sink.emit(&s->k->signals, &draft, NULL, err));
    MUST(s1_threat_book_close_tick(&s->k->threats, err));
    s->planners[ENTRY].rejects = "THREAT_ACTIVE";
    s->planners[ENTRY].blames_threat = true;
    MUST(s1_planning_pass_run(&s->pass, &s->k->signals.list, err));
    const char *const line = tape_only(&s->k->tape, "OPPORTUNITY_REJECTED");
    char key[S1_UID_TEXT_MAX + 32] = "\"threat_id\":\"";
    const size_t used = strlen(key);
    key[used + s1_uid_print(threat.uid, key + used)] = '\0';
    ASSERT_HOLDS(line, key);
    ASSERT_HOLDS(line, "\"stage\":\"governor\"");
    assert_int_equal(s->pass.rejected[S1_STAGE_GOVERNOR], 1);
    assert_int_equal(s->pass.rejected[S1_STAGE_ENTRY], 0);
    stage_free(s);
}

/* The worker of one phase writes the block of another. */
static void run_foreign(stage *s, int worker, int written)
{
    if (worker == written) {
        MUST(run(s, 1, err));
        return;
    }
    char message[128];
    (void)snprintf(message, sizeof message,
                   "worker %s wrote fields of the plan that belong to another phase than %s",
                   names[worker], s1_enum_text(s1_subtype_names, subtypes[worker]));
    FAILS(run(s, 1, err), S1_E_PLUGIN, message);
}

/* Whoever writes another phase's block is refused by name; a new value that equals the old one is
 * no write. */
static void test_foreign_block_is_refused(void **state)
{
    (void)state;
    for (int worker = 0; worker < PHASES; worker++) {
        for (int written = 0; written < PHASES; written++) {
            stage *s = stage_new(S1_FAILURE_STOP);
            s->planners[worker].phase = written;
            s->planners[worker].block.quantity = dec("7");
            s->planners[worker].block.entry_price = dec("7");
            s->planners[worker].block.stop_loss = dec("7");
            s->planners[worker].block.limit_price = dec("7");
            run_foreign(s, worker, written);
            stage_free(s);
            s = stage_new(S1_FAILURE_STOP); /* what came with minor 1 alone */
            s->planners[worker].phase = written;
            s->planners[worker].block.slices = 1;
            s->planners[worker].block.display_quantity = dec("0.01");
            s->planners[worker].block.cash_fraction = dec("0.5");
            s->planners[worker].block.stop_loss = dec("99");
            s->planners[worker].block.trail_amount = dec("1");
            run_foreign(s, worker, written);
            stage_free(s);
            s = stage_new(S1_FAILURE_STOP); /* the last of each block */
            s->planners[worker].phase = written;
            s->planners[worker].block.oco_group = 1;
            s->planners[worker].block.cash_fraction = dec("0.5");
            s->planners[worker].block.stop_loss = dec("99");
            s->planners[worker].block.trail_activation = dec("101");
            s->planners[worker].block.entry_trail_activation = dec("101");
            run_foreign(s, worker, written);
            stage_free(s);
        }
    }
}

static s1_rc forge(void *self, const s1_context *context, const s1_signal *signal,
                   const s1_threat_list *threats, s1_plan *record, s1_verdict *verdict, s1_err *err)
{
    (void)context, (void)signal, (void)threats, (void)verdict, (void)err;
    switch (*(const int *)self) {
    case 0:
        record->direction = S1_SHORT;
        break;
    case 1:
        record->trade_id.uid.bytes[3] ^= 1;
        break;
    case 2:
        record->opportunity_id.uid.bytes[0] ^= 1;
        break;
    default:
        record->size = 0;
        break;
    }
    return S1_OK;
}

/* What the host set is nobody's block. */
static void test_host_fields_are_nobodys(void **state)
{
    (void)state;
    static const s1_worker_ops forging = {.type = S1_WORKER_PLANNING, .plan = forge};
    for (int what = 0; what < 4; what++) {
        for (int worker = 0; worker < PHASES; worker++) {
            stage *const s = stage_new(S1_FAILURE_STOP);
            s->workers[worker].ops = &forging;
            s->workers[worker].self = &what;
            FAILS(run(s, 1, err), S1_E_PLUGIN, names[worker]);
            stage_free(s);
        }
    }
}

static void check_incomplete(const s1_plan *whole, const char *stage_name)
{
    stage *const s = stage_new(S1_FAILURE_STOP);
    for (int i = 0; i < PHASES; i++) {
        s->planners[i].block = *whole;
    }
    MUST(run(s, 1, err));
    assert_int_equal(s->pass.plans.count, 0);
    char details[160];
    (void)snprintf(details, sizeof details,
                   "\"details\":{\"stage\":\"%s\",\"rejection_reason\":{\"code\":"
                   "\"PLAN_INCOMPLETE\"}}",
                   stage_name);
    const char *const line = tape_only(&s->k->tape, "OPPORTUNITY_REJECTED");
    ASSERT_HOLDS(line, details);
    assert_null(strstr(line, "\"worker\""));
    stage_free(s);
}

static void test_unfinished_plan_is_refused(void **state)
{
    (void)state;
    const s1_plan whole = {.entry_price = dec("100.5"),
                           .quantity = dec("1"),
                           .order_type = S1_ORDER_MARKET,
                           .time_in_force = S1_TIF_GTC};
    s1_plan plan_ = whole;
    plan_.entry_price = S1_DEC_ZERO;
    check_incomplete(&plan_, "entry");
    plan_.entry_price = dec("-1");
    check_incomplete(&plan_, "entry");
    plan_ = whole;
    plan_.quantity = S1_DEC_ZERO;
    check_incomplete(&plan_, "size");
    plan_ = whole;
    plan_.order_type = 0;
    check_incomplete(&plan_, "routing");
    plan_ = whole;
    plan_.time_in_force = 0;
    check_incomplete(&plan_, "routing");
    plan_ = whole;
    plan_.order_type = S1_ORDER_LIMIT;
    check_incomplete(&plan_, "routing");
    plan_.order_type = S1_ORDER_STOP;
    check_incomplete(&plan_, "routing");
    plan_ = whole;
    plan_.slices = 2;
    check_incomplete(&plan_, "entry");
    plan_ = whole; /* a stop that trails is one */
    plan_.trail_percent = dec("2");
    check_incomplete(&plan_, "exit");
    plan_ = whole;
    plan_.trail_activation = dec("101");
    check_incomplete(&plan_, "exit");
    plan_ = whole;
    plan_.time_in_force = S1_TIF_GTD;
    check_incomplete(&plan_, "routing");
    plan_.time_in_force = S1_TIF_GTC;
    plan_.expires_at = 1;
    check_incomplete(&plan_, "routing");
}

/* A worker that fails under policy skip: refused in its own phase, nobody builds on it. */
static void test_skipped_failure_is_refused_in_its_phase(void **state)
{
    (void)state;
    for (int i = 0; i < PHASES; i++) {
        stage *const s = stage_new(S1_FAILURE_SKIP);
        s->planners[i].fails = true;
        MUST(run(s, 1, err));
        assert_int_equal(s->pass.plans.count, 0);
        char details[96];
        (void)snprintf(details, sizeof details,
                       "\"stage\":\"%s\",\"rejection_reason\":{\"code\":\"WORKER_FAILED\"",
                       names[i]);
        ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"), details);
        ASSERT_HOLDS(tape_only(&s->k->tape, "THREAT_DETECTED"), "WORKER_FAILED");
        assert_int_equal(s->pass.step_count, i + 1);
        stage_free(s);
    }
}

static void test_failure_under_stop_ends_the_run(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_STOP);
    s->planners[SIZE].fails = true;
    FAILS(run(s, 1, err), S1_E_PLUGIN, "worker size failed in tick 1: no idea");
    stage_free(s);
}

/* A phase without its inputs must not be left out silently: the plan would have no stop. */
static void test_unready_worker_refuses(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_STOP);
    const s1_worker_gate gate = {&s->k->context->view.primary->rows, 2};
    s->workers[EXIT].gates = &gate;
    s->workers[EXIT].gate_count = 1;
    MUST(run(s, 1, err));
    assert_int_equal(s->pass.plans.count, 0);
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"),
                 "\"details\":{\"stage\":\"exit\",\"rejection_reason\":{\"code\":"
                 "\"INPUTS_NOT_READY\"}");
    MUST(run(s, 1, err));
    assert_int_equal(s->pass.plans.count, 1);
    stage_free(s);
}

/* Random workers, random signals: an opportunity is either planned once or refused once, ids
 * resolve, and the counts add up. */
static void test_one_verdict_per_opportunity(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_SKIP);
    s1_rng rng;
    s1_rng_init(&rng, 20240517);
    size_t detected = 0, planned = 0, refused = 0;
    for (int tick = 0; tick < 2000; tick++) {
        reset_planners(s);
        for (int i = 0; i < PHASES; i++) {
            planner *const p = &s->planners[i];
            p->rejects = s1_rng_below(&rng, 8) == 0 ? "NO" : NULL;
            p->fails = s1_rng_below(&rng, 10) == 0;
            if (s1_rng_below(&rng, 10) == 0) {
                p->block = (s1_plan){.order_type = S1_ORDER_LIMIT};
            }
        }
        const uint32_t count = (uint32_t)s1_rng_below(&rng, 4);
        tape_clear(&s->k->tape);
        MUST(run(s, count, err));
        for (uint32_t i = 0; i < count; i++) {
            char key[S1_UID_TEXT_MAX + 32] = "\"opportunity_id\":\"";
            const size_t used = strlen(key);
            key[used + s1_uid_print(s1_signal_list_at(&s->k->signals.list, i)->opportunity_id.uid,
                                    key + used)] = '\0';
            const size_t plans = tape_count(&s->k->tape, key, TYPE("PLAN_CREATED"));
            const size_t refusals = tape_count(&s->k->tape, key, TYPE("OPPORTUNITY_REJECTED"));
            assert_int_equal(plans + refusals, 1);
            assert_int_equal(tape_count(&s->k->tape, key, ""), 2);
            planned += plans;
            refused += refusals;
        }
        assert_int_equal(tape_count(&s->k->tape, TYPE("PLAN_CREATED"), ""), s->pass.plans.count);
        detected += count;
    }
    uint64_t by_stage = 0;
    for (int i = 0; i < S1_STAGE_COUNT; i++) {
        by_stage += s->pass.rejected[i];
    }
    assert_int_equal(detected, planned + refused);
    assert_int_equal(by_stage, refused);
    assert_int_equal(s->k->signals.total, detected);
    assert_true(planned > 500 && refused > 500);
    stage_free(s);
}

static void test_too_many_workers(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_FAILURE_STOP);
    s1_operator_worker many[S1_PLAN_STEPS_MAX + 1];
    for (size_t i = 0; i < S1_PLAN_STEPS_MAX + 1; i++) {
        many[i] = s->items[ENTRY];
    }
    s->op.workers = many;
    s->op.worker_count = S1_PLAN_STEPS_MAX + 1;
    FAILS(run(s, 1, err), S1_E_NO_MEMORY, "more than 32 planning workers");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_comes_through),
        cmocka_unit_test(test_plan_of_slices_and_of_an_iceberg),
        cmocka_unit_test(test_several_signals),
        cmocka_unit_test(test_each_stage_refuses),
        cmocka_unit_test(test_governor_names_its_threat),
        cmocka_unit_test(test_foreign_block_is_refused),
        cmocka_unit_test(test_host_fields_are_nobodys),
        cmocka_unit_test(test_unfinished_plan_is_refused),
        cmocka_unit_test(test_skipped_failure_is_refused_in_its_phase),
        cmocka_unit_test(test_failure_under_stop_ends_the_run),
        cmocka_unit_test(test_unready_worker_refuses),
        cmocka_unit_test(test_one_verdict_per_opportunity),
        cmocka_unit_test(test_too_many_workers),
    };
    return cmocka_run_group_tests_name("planning_pass", tests, NULL, NULL);
}
