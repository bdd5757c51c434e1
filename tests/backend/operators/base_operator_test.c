/* The kernel: what SEQUENTIAL and PARALLEL show and stop at, what a failure becomes, who is called
 * when, and every cell of the matrix of worker type, execution and aggregation strategy. */
#include "backend/operators/base_operator.h"

#include "backend/config/config.h"
#include "backend/dtos/enums.h"
#include "tests/backend/operators/kernel_fixture.h"

#include <math.h>

#define WORKERS_MAX 4

/* A scripted worker. */
typedef struct actor {
    struct stage *stage;
    const char *name;
    bool fails;
    bool emits;        /* signals, threats: one each tick, before it fails */
    double value;      /* context: what it puts into its column */
    s1_column *column; /* context: NULL puts nothing */
    uint32_t saw;      /* signals or threats of this tick it could see */
} actor;

typedef struct stage {
    kernel *k;
    actor actors[WORKERS_MAX];
    s1_worker workers[WORKERS_MAX];
    s1_operator_worker items[WORKERS_MAX];
    s1_base_operator op;
    char trace[256]; /* who was called, in order */
} stage;

static void note(actor *a)
{
    const size_t used = strlen(a->stage->trace);
    (void)snprintf(a->stage->trace + used, sizeof a->stage->trace - used, "%s ", a->name);
}

static s1_rc answer(const actor *a, s1_err *err)
{
    return a->fails ? S1_RAISE(err, S1_E_DATA, "%s is tired", a->name) : S1_OK;
}

static s1_rc enrich(void *self, const s1_context *context, s1_err *err)
{
    actor *const a = self;
    (void)context;
    note(a);
    if (a->column != NULL && !a->fails) {
        s1_column_put(a->column, a->value);
    }
    return answer(a, err);
}

static s1_rc detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                    s1_err *err)
{
    actor *const a = self;
    note(a);
    a->saw = context->signals->count;
    if (a->emits) {
        const s1_signal draft = {.size = sizeof draft,
                                 .direction = S1_LONG,
                                 .signal_type = {a->name, strlen(a->name)},
                                 .score = (double)NAN};
        S1_TRY(err, out->emit(out->self, &draft, NULL, err));
    }
    return answer(a, err);
}

static s1_rc assess(void *self, const s1_context *context, const s1_threat_sink *out, s1_err *err)
{
    actor *const a = self;
    note(a);
    a->saw = context->threats->count;
    if (a->emits) {
        const s1_threat_report what = {.size = sizeof what,
                                       .severity = S1_SEVERITY_LOW,
                                       .threat_type = {a->name, strlen(a->name)}};
        S1_TRY(err, out->report(out->self, &what, NULL, err));
    }
    return answer(a, err);
}

static s1_rc plan(void *self, const s1_context *context, const s1_signal *signal,
                  const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict, s1_err *err)
{
    actor *const a = self;
    (void)context, (void)signal, (void)verdict;
    note(a);
    a->saw = threats->count;
    plan->entry_price = S1_DEC_ONE;
    return answer(a, err);
}

static s1_rc execute(void *self, const s1_context *context, const s1_execution_input *input,
                     const s1_order_api *orders, s1_err *err)
{
    actor *const a = self;
    (void)context, (void)input;
    note(a);
    assert_non_null(orders);
    return answer(a, err);
}

/* [enum s1_worker_type] */
static const s1_worker_ops ops[] = {
    [S1_WORKER_CONTEXT] = {.type = S1_WORKER_CONTEXT, .enrich = enrich},
    [S1_WORKER_OPPORTUNITY] = {.type = S1_WORKER_OPPORTUNITY, .detect = detect},
    [S1_WORKER_THREAT] = {.type = S1_WORKER_THREAT, .assess = assess},
    [S1_WORKER_PLANNING] = {.type = S1_WORKER_PLANNING, .plan = plan},
    [S1_WORKER_EXECUTION] = {.type = S1_WORKER_EXECUTION, .execute = execute},
};
static const int32_t subtypes[] = {
    [S1_WORKER_CONTEXT] = S1_SUBTYPE_INDICATOR_CALCULATION,
    [S1_WORKER_OPPORTUNITY] = S1_SUBTYPE_MOMENTUM_SIGNAL,
    [S1_WORKER_THREAT] = S1_SUBTYPE_MARKET_RISK,
    [S1_WORKER_PLANNING] = S1_SUBTYPE_ENTRY_PLANNING,
    [S1_WORKER_EXECUTION] = S1_SUBTYPE_RISK_SAFETY,
};

/* An operator with workers a, b, c, d. */
static stage *stage_new(int32_t type, int32_t execution, int32_t on_failure)
{
    static const char *const names[WORKERS_MAX] = {"a", "b", "c", "d"};
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->k = kernel_new();
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        s->actors[i] = (actor){.stage = s, .name = names[i]};
        s->workers[i] = kernel_worker(s->k, &ops[type], &s->actors[i], names[i], subtypes[type]);
        s->items[i] = (s1_operator_worker){.worker = &s->workers[i], .order = i};
    }
    s->op = (s1_base_operator){.manages = type,
                               .execution = execution,
                               .on_failure = on_failure,
                               .workers = s->items,
                               .worker_count = WORKERS_MAX,
                               .context = &s->k->context->view,
                               .signals = &s->k->signals,
                               .threats = &s->k->threats};
    return s;
}

static void stage_free(stage *s)
{
    kernel_free(s->k);
    free(s);
}

static const s1_order_api no_orders = {.size = sizeof no_orders};

static s1_rc orders_for(void *self, const s1_worker *worker, const s1_order_api **ret_orders,
                        s1_err *err)
{
    (void)self, (void)worker, (void)err;
    *ret_orders = &no_orders;
    return S1_OK;
}

static s1_rc on_step(void *self, const s1_operator_worker *worker, s1_err *err)
{
    (void)self, (void)worker, (void)err;
    return S1_OK;
}

/* One tick of the operator, whatever it manages. `trigger` for execution. */
static s1_rc run(stage *s, int32_t trigger, s1_err *err)
{
    s1_plan record = {.size = sizeof record};
    s1_verdict verdict = {.size = sizeof verdict};
    const s1_execution_input input = {.size = sizeof input, .trigger = trigger};
    const s1_operator_pass pass = {.plan = &record,
                                   .verdict = &verdict,
                                   .input = &input,
                                   .orders_for = orders_for,
                                   .on_step = on_step};
    s->trace[0] = '\0';
    kernel_tick(s->k, 100);
    S1_TRY(err, s1_base_operator_run(&s->op, &pass, err));
    return s1_threat_book_close_tick(&s->k->threats, err);
}

/* --- What workers see of each other. --------------------------------------------------------- */

static void check_sight(int32_t type, int32_t execution, const uint32_t expected[WORKERS_MAX])
{
    stage *const s = stage_new(type, execution, S1_FAILURE_STOP);
    for (int i = 0; i < WORKERS_MAX; i++) {
        s->actors[i].emits = i != 1;
    }
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b c d ");
    for (int i = 0; i < WORKERS_MAX; i++) {
        assert_int_equal(s->actors[i].saw, expected[i]);
    }
    assert_int_equal(type == S1_WORKER_THREAT ? s->k->threats.list.count : s->k->signals.list.count,
                     3);
    stage_free(s);
}

static void test_sequential_shows_earlier_output(void **state)
{
    (void)state;
    const uint32_t expected[] = {0, 1, 1, 2};
    check_sight(S1_WORKER_OPPORTUNITY, S1_EXECUTION_SEQUENTIAL, expected);
    check_sight(S1_WORKER_THREAT, S1_EXECUTION_SEQUENTIAL, expected);
}

static void test_parallel_isolates(void **state)
{
    (void)state;
    const uint32_t expected[] = {0, 0, 0, 0};
    check_sight(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, expected);
    check_sight(S1_WORKER_THREAT, S1_EXECUTION_PARALLEL, expected);
}

/* One set of workers, two configurations: nothing but the enum differs. */
static void test_same_binary_two_configurations(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_STOP);
    s->actors[0].emits = true;
    MUST(run(s, 0, err));
    assert_int_equal(s->actors[3].saw, 0);
    s->op.execution = S1_EXECUTION_SEQUENTIAL;
    MUST(run(s, 0, err));
    assert_int_equal(s->actors[3].saw, 1);
    stage_free(s);
}

/* --- Failures. -------------------------------------------------------------------------------- */

static void test_sequential_stops_at_the_first_failure(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_SEQUENTIAL, S1_FAILURE_STOP);
    s->actors[1].fails = true;
    FAILS(run(s, 0, err), S1_E_PLUGIN, "worker b failed in tick 1: b is tired");
    assert_string_equal(s->trace, "a b ");
    stage_free(s);
}

/* All have their turn; the first failure is the one that is told. */
static void test_parallel_lets_the_others_run(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_STOP);
    s->actors[1].fails = s->actors[2].fails = true;
    s->actors[3].emits = true;
    FAILS(run(s, 0, err), S1_E_PLUGIN, "worker b failed in tick 1: b is tired");
    assert_string_equal(s->trace, "a b c d ");
    assert_int_equal(s->k->signals.list.count, 1);
    stage_free(s);
}

static void test_parallel_failure_without_words(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_STOP);
    s->actors[1].fails = true;
    kernel_tick(s->k, 100);
    assert_int_equal(s1_base_operator_run(&s->op, NULL, NULL), S1_E_PLUGIN);
    stage_free(s);
}

static void check_skip(int32_t execution)
{
    stage *const s = stage_new(S1_WORKER_THREAT, execution, S1_FAILURE_SKIP);
    s->actors[1].fails = true;
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b c d ");
    assert_int_equal(s->op.failures, 1);
    assert_int_equal(s->k->threats.list.count, 1);
    ASSERT_HOLDS(tape_only(&s->k->tape, "THREAT_DETECTED"), "\"worker\":\"platform\"");
    ASSERT_HOLDS(tape_only(&s->k->tape, "THREAT_DETECTED"),
                 "\"details\":{\"threat_type\":\"WORKER_FAILED\",\"category\":\"SYSTEM_HEALTH\","
                 "\"severity\":\"HIGH\",\"key\":\"b\",\"details\":{\"message\":\"b is tired\"}}");
    MUST(run(s, 0, err)); /* fails on: the same episode */
    assert_int_equal(s->k->tape.count, 1);
    s->actors[1].fails = false;
    MUST(run(s, 0, err));
    assert_int_equal(s->k->threats.list.count, 0);
    ASSERT_HOLDS(tape_only(&s->k->tape, "THREAT_CLEARED"), "\"duration_bars\":2");
    assert_int_equal(s->op.failures, 2);
    stage_free(s);
}

static void test_skip_raises_and_clears_a_threat(void **state)
{
    (void)state;
    check_skip(S1_EXECUTION_SEQUENTIAL);
    check_skip(S1_EXECUTION_PARALLEL);
}

/* A signal that is in the journal stays in the tick: it must get its verdict. */
static void test_skip_keeps_what_was_said_before(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_SKIP);
    s->actors[1].fails = s->actors[1].emits = true;
    MUST(run(s, 0, err));
    assert_int_equal(tape_count(&s->k->tape, TYPE("OPPORTUNITY_DETECTED"), ""),
                     s->k->signals.list.count);
    assert_int_equal(s->k->signals.list.count, 1);
    stage_free(s);
}

/* A context worker that fails or says nothing leaves NaN, not the value of an older row. */
static void test_context_columns_are_sealed(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_CONTEXT, S1_EXECUTION_SEQUENTIAL, S1_FAILURE_SKIP);
    s1_column_store *columns[2];
    for (uint32_t i = 0; i < 2; i++) {
        const s1_column_options options = {.name = {i == 0 ? "x" : "y", 1},
                                           .owner = s->workers[i].instance_id};
        MUST(s1_trading_context_add_column(s->k->context, &options, &columns[i], err));
        s->workers[i].columns = &columns[i];
        s->workers[i].column_count = 1;
        s->actors[i].column = &columns[i]->column;
        s->actors[i].value = 7;
    }
    MUST(run(s, 0, err));
    assert_true(s1_series_last(&columns[0]->series) == 7);
    s->actors[0].fails = true;
    s->actors[1].column = NULL;
    MUST(run(s, 0, err));
    assert_true(isnan(s1_series_last(&columns[0]->series)));
    assert_true(isnan(s1_series_last(&columns[1]->series)));
    assert_true(s1_series_at(&columns[1]->series, 1) == 7);
    stage_free(s);
}

/* A cancelled run stays a cancelled run, whoever notices. */
static s1_rc cancel(void *self, const s1_context *context, s1_err *err)
{
    (void)self, (void)context;
    return S1_RAISE(err, S1_E_CANCELED, "ctrl-C");
}

static void test_cancel_is_no_plugin_error(void **state)
{
    (void)state;
    static const s1_worker_ops canceling = {.type = S1_WORKER_CONTEXT, .enrich = cancel};
    stage *const s = stage_new(S1_WORKER_CONTEXT, S1_EXECUTION_SEQUENTIAL, S1_FAILURE_STOP);
    s->workers[0].ops = &canceling;
    FAILS(run(s, 0, err), S1_E_CANCELED, "ctrl-C");
    stage_free(s);
}

/* The journal on a full disk is no detector's fault, and no policy goes on without it. */
static s1_rc find_no_room(void *self, const s1_context *context, const s1_opportunity_sink *out,
                          s1_err *err)
{
    (void)self, (void)context, (void)out;
    return S1_RAISE(err, S1_E_IO, "journal.jsonl: no space");
}

static void test_failures_of_the_run_are_never_skipped(void **state)
{
    (void)state;
    static const s1_worker_ops full = {.type = S1_WORKER_OPPORTUNITY, .detect = find_no_room};
    static const int32_t policies[] = {S1_FAILURE_STOP, S1_FAILURE_SKIP};
    static const int32_t executions[] = {S1_EXECUTION_SEQUENTIAL, S1_EXECUTION_PARALLEL};
    for (int i = 0; i < 4; i++) {
        stage *const s = stage_new(S1_WORKER_OPPORTUNITY, executions[i / 2], policies[i % 2]);
        s->workers[1].ops = &full;
        FAILS(run(s, 0, err), S1_E_IO, "in tick 1, in a call of worker b: journal.jsonl: no space");
        assert_string_equal(s->trace, "a ");
        assert_int_equal(s->op.failures, 0);
        stage_free(s);
    }
}

/* --- Whose turn it is. ------------------------------------------------------------------------ */

static void test_readiness(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_STOP);
    const s1_worker_gate gates[] = {{&s->k->context->view.primary->rows, 3}};
    s->workers[2].gates = gates;
    s->workers[2].gate_count = 1;
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b d ");
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b d ");
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b c d ");
    stage_free(s);
}

/* A context worker is due when its own stream closed a bar, not in other moments. */
static void test_context_worker_is_due_with_its_stream(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_CONTEXT, S1_EXECUTION_SEQUENTIAL, S1_FAILURE_STOP);
    s1_stream quiet = {.size = sizeof quiet, .is_new = 0};
    s->workers[1].stream = &quiet;
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a c d ");
    quiet.is_new = 1;
    MUST(run(s, 0, err));
    assert_string_equal(s->trace, "a b c d ");
    stage_free(s);
}

static void test_triggers(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_EXECUTION, S1_EXECUTION_EVENT_DRIVEN, S1_FAILURE_STOP);
    s->items[0].triggers = 1u << S1_ON_PLAN_APPROVED;
    s->items[1].triggers = 1u << S1_ON_THREAT_DETECTED | 1u << S1_ON_POSITION_CLOSED;
    s->items[3].triggers = 1u << S1_ON_THREAT_DETECTED;
    MUST(run(s, S1_ON_PLAN_APPROVED, err));
    assert_string_equal(s->trace, "a ");
    MUST(run(s, S1_ON_THREAT_DETECTED, err));
    assert_string_equal(s->trace, "b d ");
    MUST(run(s, S1_ON_POSITION_CLOSED, err));
    assert_string_equal(s->trace, "b ");
    MUST(run(s, S1_ON_CONTEXT_READY, err));
    assert_string_equal(s->trace, "");
    s->op.triggers = 1u << S1_ON_PLAN_APPROVED | 1u << S1_ON_POSITION_CLOSED;
    assert_true(s1_base_operator_listens(&s->op, S1_ON_POSITION_CLOSED));
    assert_false(s1_base_operator_listens(&s->op, S1_ON_LEDGER_UPDATE));
    stage_free(s);
}

static void test_execution_failure_stops_or_is_skipped(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_EXECUTION, S1_EXECUTION_EVENT_DRIVEN, S1_FAILURE_STOP);
    for (int i = 0; i < WORKERS_MAX; i++) {
        s->items[i].triggers = 1u << S1_ON_CONTEXT_READY;
    }
    s->actors[1].fails = true;
    FAILS(run(s, S1_ON_CONTEXT_READY, err), S1_E_PLUGIN, "worker b failed in tick 1: b is tired");
    assert_string_equal(s->trace, "a b ");
    s->op.on_failure = S1_FAILURE_SKIP;
    MUST(run(s, S1_ON_CONTEXT_READY, err));
    assert_string_equal(s->trace, "a b c d ");
    assert_int_equal(s->k->threats.list.count, 1);
    stage_free(s);
}

static s1_nanos ticking(void *self)
{
    s1_nanos *const now = self;
    return *now += 5;
}

static void test_profile_counts_calls_and_time(void **state)
{
    (void)state;
    stage *const s = stage_new(S1_WORKER_OPPORTUNITY, S1_EXECUTION_PARALLEL, S1_FAILURE_STOP);
    s1_nanos now = 0;
    const s1_clock clock = {.self = &now, .wall = ticking, .monotonic = ticking};
    s->op.clock = &clock;
    MUST(run(s, 0, err));
    MUST(run(s, 0, err));
    assert_int_equal(s->items[2].calls, 2);
    assert_int_equal(s->items[2].time, 10);
    stage_free(s);
}

/* --- The matrix. ------------------------------------------------------------------------------ */

typedef struct cell {
    int32_t type, execution, aggregation;
    char name[96];
} cell;

/* The operator of an allowed cell runs its workers in blueprint order; it tells why another one is
 * refused. */
static void test_cell(void **state)
{
    const cell *const c = *state;
    static const char *const reasons[] = {
        [S1_WORKER_CONTEXT] =
            "SEQUENTIAL and CHAIN_THROUGH: a context worker reads the columns of those before it",
        [S1_WORKER_OPPORTUNITY] = "SEQUENTIAL or PARALLEL, and COLLECT_ALL: every finding of every "
                                  "detector counts",
        [S1_WORKER_THREAT] = "SEQUENTIAL or PARALLEL, and COLLECT_ALL: every finding of every "
                             "detector counts",
        [S1_WORKER_PLANNING] = "SEQUENTIAL and CHAIN_THROUGH: each planning phase builds on the "
                               "plan of the one before",
        [S1_WORKER_EXECUTION] =
            "EVENT_DRIVEN and NONE: execution workers act on their triggers and return nothing",
    };
    /* ARCHITECTURE 12.6, in words of its own. */
    const bool is_detector = c->type == S1_WORKER_OPPORTUNITY || c->type == S1_WORKER_THREAT;
    const bool is_chain = c->type == S1_WORKER_CONTEXT || c->type == S1_WORKER_PLANNING;
    const bool is_allowed =
        (is_chain && c->execution == S1_EXECUTION_SEQUENTIAL &&
         c->aggregation == S1_AGGREGATION_CHAIN_THROUGH) ||
        (is_detector && c->execution != S1_EXECUTION_EVENT_DRIVEN &&
         c->aggregation == S1_AGGREGATION_COLLECT_ALL) ||
        (c->type == S1_WORKER_EXECUTION && c->execution == S1_EXECUTION_EVENT_DRIVEN &&
         c->aggregation == S1_AGGREGATION_NONE);
    const char *const reason = s1_operator_cell_reason(c->type, c->execution, c->aggregation);
    if (!is_allowed) {
        assert_non_null(reason);
        assert_string_equal(reason, reasons[c->type]);
        return;
    }
    assert_null(reason);
    stage *const s = stage_new(c->type, c->execution, S1_FAILURE_STOP);
    s->op.aggregation = c->aggregation;
    for (int i = 0; i < WORKERS_MAX; i++) {
        s->items[i].triggers = 1u << S1_ON_CONTEXT_READY;
        s->actors[i].emits = true;
    }
    MUST(run(s, S1_ON_CONTEXT_READY, err));
    assert_string_equal(s->trace, "a b c d ");
    if (c->type == S1_WORKER_OPPORTUNITY) {
        for (uint32_t i = 0; i < WORKERS_MAX; i++) {
            assert_memory_equal(s1_signal_list_at(&s->k->signals.list, i)->signal_type.ptr,
                                s->actors[i].name, 1);
        }
    }
    stage_free(s);
}

#define TYPES        5
#define EXECUTIONS   3
#define AGGREGATIONS 3

/* docs/operators.md holds the table as the code has it. */
static void test_the_documented_matrix_is_the_coded_one(void **state)
{
    (void)state;
    FILE *const file = fopen("docs/operators.md", "r");
    assert_non_null(file);
    static char text[64 * 1024];
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    size_t rows = 0;
    for (int32_t type = 1; type <= TYPES; type++) {
        for (int32_t execution = 1; execution <= EXECUTIONS; execution++) {
            for (int32_t aggregation = 1; aggregation <= AGGREGATIONS; aggregation++) {
                const char *const reason = s1_operator_cell_reason(type, execution, aggregation);
                char row[512];
                (void)snprintf(row, sizeof row, "\n| %s | %s | %s | %s%s |\n",
                               s1_enum_text(s1_worker_class_names, type),
                               s1_enum_text(s1_execution_strategy_names, execution),
                               s1_enum_text(s1_aggregation_strategy_names, aggregation),
                               reason == NULL ? "allowed" : "refused: expected ",
                               reason == NULL ? "" : reason);
                if (strstr(text, row) == NULL) {
                    fail_msg("docs/operators.md lacks the row%s", row);
                }
                rows++;
            }
        }
    }
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, "Worker | ")) != NULL; at++) {
        found++;
    }
    assert_int_equal(found, rows);
}

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_sequential_shows_earlier_output),
        cmocka_unit_test(test_parallel_isolates),
        cmocka_unit_test(test_same_binary_two_configurations),
        cmocka_unit_test(test_sequential_stops_at_the_first_failure),
        cmocka_unit_test(test_parallel_lets_the_others_run),
        cmocka_unit_test(test_parallel_failure_without_words),
        cmocka_unit_test(test_skip_raises_and_clears_a_threat),
        cmocka_unit_test(test_skip_keeps_what_was_said_before),
        cmocka_unit_test(test_context_columns_are_sealed),
        cmocka_unit_test(test_cancel_is_no_plugin_error),
        cmocka_unit_test(test_failures_of_the_run_are_never_skipped),
        cmocka_unit_test(test_readiness),
        cmocka_unit_test(test_context_worker_is_due_with_its_stream),
        cmocka_unit_test(test_triggers),
        cmocka_unit_test(test_execution_failure_stops_or_is_skipped),
        cmocka_unit_test(test_profile_counts_calls_and_time),
        cmocka_unit_test(test_the_documented_matrix_is_the_coded_one),
    };
    static cell cells[TYPES * EXECUTIONS * AGGREGATIONS];
    struct CMUnitTest matrix[TYPES * EXECUTIONS * AGGREGATIONS];
    size_t count = 0;
    for (int32_t type = 1; type <= TYPES; type++) {
        for (int32_t execution = 1; execution <= EXECUTIONS; execution++) {
            for (int32_t aggregation = 1; aggregation <= AGGREGATIONS; aggregation++) {
                cell *const c = &cells[count];
                *c = (cell){.type = type, .execution = execution, .aggregation = aggregation};
                (void)snprintf(c->name, sizeof c->name, "cell %s %s %s",
                               s1_enum_text(s1_worker_class_names, type),
                               s1_enum_text(s1_execution_strategy_names, execution),
                               s1_enum_text(s1_aggregation_strategy_names, aggregation));
                matrix[count++] = (struct CMUnitTest){
                    .name = c->name, .test_func = test_cell, .initial_state = c};
            }
        }
    }
    return cmocka_run_group_tests_name("base_operator", fixed, NULL, NULL) +
           _cmocka_run_group_tests("operator matrix", matrix, count, NULL, NULL);
}
