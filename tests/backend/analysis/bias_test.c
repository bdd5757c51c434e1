/* Runs laid side by side, made here by hand: what differs up to the cut is found and named. */
#include "backend/analysis/bias.h"

#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)
#define BARS 24

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *const err = &must_err;                                                             \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

typedef struct entry {
    int32_t kind; /* 0: none */
    int64_t hour;
    const char *worker, *member;
} entry;

/* One run, as far as an observer can tell. */
typedef struct play {
    int64_t hours;           /* of the primary stream */
    int64_t late_four;       /* hours a four-hour bar comes late; 0: at its end */
    int64_t other_four_from; /* hour from which on four-hour bars have another close; 0: never */
    int64_t other_column_at; /* hour at which the column is -0.0, not 0.0; 0: never */
    entry entries[8];
} play;

static void say(const s1_run_observer *observer, const play *run, int64_t hour)
{
    for (size_t i = 0; i < 8 && run->entries[i].kind != 0; i++) {
        const entry *const e = &run->entries[i];
        if (e->hour == hour) {
            char line[200];
            (void)snprintf(line, sizeof line,
                           "{\"v\":1,\"seq\":%zu,\"worker\":\"%s\",\"details\":{\"price\":\"%s\"}}",
                           i, e->worker, e->member);
            const s1_journal_notice notice = {
                .kind = e->kind, .time = hour * HOUR, .line = s1_str_of(line)};
            MUST(observer->on_entry(observer->self, &notice, err));
        }
    }
}

static void append(s1_trading_context *context, uint32_t stream, int64_t hour, int64_t hours,
                   int64_t close)
{
    const s1_bar bar = {.open_time = (hour - hours) * HOUR,
                        .close_time = hour * HOUR,
                        .open = close,
                        .high = close,
                        .low = close,
                        .close = close,
                        .volume = 1000};
    s1_trading_context_append_bar(context, stream, &bar);
}

/* Hours and four hours, one column on the hours, and what the run said. */
static void perform(s1_run_observer observer, play run)
{
    const s1_instrument instrument = {.size = sizeof instrument,
                                      .price_scale = 2,
                                      .qty_scale = 3,
                                      .asset_pair = S1_STR("A/B"),
                                      .base = S1_STR("A"),
                                      .quote = S1_STR("B")};
    const s1_stream_options streams[] = {{.asset_pair = S1_STR("A/B"),
                                          .timeframe = HOUR,
                                          .instrument = &instrument,
                                          .capacity_rows = 64},
                                         {.asset_pair = S1_STR("A/B"),
                                          .timeframe = 4 * HOUR,
                                          .instrument = &instrument,
                                          .capacity_rows = 64}};
    s1_trading_context *context;
    s1_column_store *column;
    MUST(s1_trading_context_new(&(s1_trading_context_options){.strategy_link_id = S1_STR("test"),
                                                              .streams = streams,
                                                              .stream_count = 2},
                                &context, err));
    MUST(s1_trading_context_add_column(
        context, &(s1_column_options){.name = S1_STR("mean_5"), .owner = S1_STR("means")}, &column,
        err));
    s1_worker worker = {.instance_id = S1_STR("means"),
                        .plugin_name = S1_STR("mean_plugin"),
                        .column_count = 1,
                        .columns = &column};
    s1_worker *const workers[] = {&worker};
    const s1_observation seen = {.context = context, .workers = workers, .worker_count = 1};
    for (int64_t hour = 1; hour <= run.hours; hour++) {
        s1_trading_context_begin_tick(context, hour * HOUR);
        append(context, 0, hour, 1, 100 + hour);
        if (hour > run.late_four && (hour - run.late_four) % 4 == 0) {
            const bool is_other = run.other_four_from > 0 && hour >= run.other_four_from;
            append(context, 1, hour - run.late_four, 4, is_other ? 7 : 100 + hour);
        }
        s1_column_put(&column->column, hour == run.other_column_at ? -0.0 : 0.0);
        say(&observer, &run, hour);
        MUST(observer.on_tick(observer.self, &seen, err));
    }
    MUST(observer.on_end(observer.self, &seen, err));
    s1_trading_context_free(context);
}

static const play whole = {
    .hours = BARS,
    .entries = {{S1_JOURNAL_OPPORTUNITY_DETECTED, 5, "finder", "1.1"},
                {S1_JOURNAL_PLAN_CREATED, 5, "", "1.1"},
                {S1_JOURNAL_ORDER_FILLED, 5, "", "1.2"}, /* on the bar that opens then */
                {S1_JOURNAL_OPPORTUNITY_DETECTED, 9, "finder", "1.3"},
                {S1_JOURNAL_OPPORTUNITY_DETECTED, 9, "means", "1.3"}},
};

static s1_bias *record(void)
{
    s1_bias *bias;
    MUST(s1_bias_new((size_t)16 << 20, NULL, &bias, err));
    perform(s1_bias_recorder(bias), whole);
    return bias;
}

static const s1_bias_item *item_of(const s1_bias *bias, const char *stream, const char *name)
{
    size_t count;
    const s1_bias_item *const items = s1_bias_items(bias, &count);
    for (size_t i = 0; i < count; i++) {
        if (s1_str_eq_cstr(items[i].stream, stream) && s1_str_eq_cstr(items[i].name, name)) {
            return &items[i];
        }
    }
    fail_msg("%s %s: not compared", stream, name);
    return NULL;
}

static uint64_t different(const s1_bias *bias)
{
    size_t count;
    uint64_t sum = 0;
    const s1_bias_item *const items = s1_bias_items(bias, &count);
    for (size_t i = 0; i < count; i++) {
        for (int check = 0; check < S1_BIAS_CHECK_COUNT; check++) {
            sum += items[i].results[check].different;
        }
    }
    return sum;
}

static void assert_text(s1_str found, const char *expected)
{
    if (!s1_str_eq_cstr(found, expected)) {
        fail_msg("found '%.*s', expected '%s'", S1_STR_ARG(found), expected);
    }
}

/* A run that ends at `hour`, and does otherwise as `run` says. */
static void cut_at(s1_bias *bias, int64_t hour, play run)
{
    run.hours = hour;
    perform(s1_bias_comparer(bias, S1_BIAS_CUT, hour * HOUR), run);
}

static void test_the_same_is_the_same(void **state)
{
    (void)state;
    s1_bias *const bias = record();
    uint64_t ticks;
    const s1_nanos *const times = s1_bias_ticks(bias, &ticks);
    assert_int_equal(ticks, BARS);
    assert_int_equal(times[0], HOUR);
    perform(s1_bias_comparer(bias, S1_BIAS_REPEAT, INT64_MAX), whole);
    for (int64_t hour = 1; hour <= BARS; hour++) {
        play run = whole;
        if (hour == 5) {
            run.entries[2].kind = 0; /* the bar on which the order fills is not there */
        }
        cut_at(bias, hour, run);
    }
    assert_int_equal(different(bias), 0);
    const s1_bias_item *const column = item_of(bias, "A/B@1h", "mean_5");
    assert_int_equal(column->results[S1_BIAS_REPEAT].compared, BARS);
    assert_int_equal(column->results[S1_BIAS_CUT].compared, BARS * (BARS + 1) / 2);
    assert_text(column->plugin, "mean_plugin");
    /* Five values and the time of each bar; 24 hours hold six bars of four. */
    assert_int_equal(item_of(bias, "A/B@4h", "bars")->results[S1_BIAS_REPEAT].compared, 6 * 6);
    assert_int_equal(item_of(bias, "", "signals")->results[S1_BIAS_REPEAT].compared, 3);
    s1_bias_free(bias);
}

/* A four-hour bar that, with all data there, is another one than at its own end. */
static void test_a_bar_of_a_larger_timeframe(void **state)
{
    (void)state;
    s1_bias *const bias = record();
    play run = whole;
    run.other_four_from = 8;
    cut_at(bias, 11, run);
    const s1_bias_item *const bars = item_of(bias, "A/B@4h", "bars");
    const s1_bias_difference *const first = &bars->results[S1_BIAS_CUT].first;
    assert_int_equal(bars->results[S1_BIAS_CUT].different, 4); /* its prices; volume is equal */
    assert_text(first->field, "open");
    assert_text(first->found, "1.08");
    assert_text(first->expected, "0.07");
    assert_int_equal(first->row, 2);
    assert_int_equal(first->time, 8 * HOUR);
    assert_int_equal(first->cut, 11 * HOUR);
    assert_int_equal(different(bias), 4);
    s1_bias_free(bias);
}

/* A four-hour bar that all data shows before data up to then can have it. */
static void test_a_bar_that_comes_too_soon(void **state)
{
    (void)state;
    s1_bias *const bias = record();
    play run = whole;
    run.late_four = 1;
    cut_at(bias, 8, run);
    const s1_bias_item *const bars = item_of(bias, "A/B@4h", "bars");
    const s1_bias_difference *const first = &bars->results[S1_BIAS_CUT].first;
    assert_int_equal(first->time, 4 * HOUR); /* made of five hours */
    run = whole;
    run.hours = 7;
    s1_bias *const again = record();
    perform(s1_bias_comparer(again, S1_BIAS_CUT, 8 * HOUR), run);
    const s1_bias_difference *const absent =
        &item_of(again, "A/B@4h", "bars")->results[S1_BIAS_CUT].first;
    assert_text(absent->field, "close_time");
    assert_text(absent->found, "1970-01-01 08:00:00");
    assert_text(absent->expected, "no bar");
    s1_bias_free(bias);
    s1_bias_free(again);
}

/* Bits count, not values: 0.0 and -0.0 are told apart. */
static void test_bits(void **state)
{
    (void)state;
    s1_bias *const bias = record();
    play run = whole;
    run.other_column_at = 3;
    cut_at(bias, 4, run);
    cut_at(bias, 2, run);
    const s1_bias_result *const result = &item_of(bias, "A/B@1h", "mean_5")->results[S1_BIAS_CUT];
    assert_int_equal(result->different, 1);
    assert_int_equal(result->runs_different, 1);
    assert_text(result->first.worker, "means");
    assert_text(result->first.plugin, "mean_plugin");
    assert_text(result->first.field, "mean_5");
    assert_int_equal(result->first.row, 3);
    assert_true(s1_str_starts_with(result->first.expected, S1_STR("-0")));
    s1_bias_free(bias);
}

static const s1_bias_difference *parted(const play *run, int64_t hour, const char *group,
                                        s1_bias **ret_bias)
{
    *ret_bias = record();
    cut_at(*ret_bias, hour, *run);
    assert_int_equal(different(*ret_bias), 1);
    return &item_of(*ret_bias, "", group)->results[S1_BIAS_CUT].first;
}

/* Another member, an entry more, an entry less, in the middle and at the end. */
static void test_decisions(void **state)
{
    (void)state;
    s1_bias *bias;
    play run = whole;
    run.entries[0].member = "1.4";
    const s1_bias_difference *first = parted(&run, 12, "signals", &bias);
    assert_text(first->field, "OPPORTUNITY_DETECTED details.price");
    assert_text(first->found, "\"1.1\"");
    assert_text(first->expected, "\"1.4\"");
    assert_text(first->worker, "finder");
    assert_int_equal(first->row, 5);
    s1_bias_free(bias);

    run = whole; /* the whole run has one more of finder */
    memmove(&run.entries[3], &run.entries[4], sizeof run.entries[0]);
    run.entries[4].kind = 0;
    first = parted(&run, 12, "signals", &bias);
    assert_text(first->field, "entry");
    assert_text(first->worker, "finder");
    assert_text(first->found, "OPPORTUNITY_DETECTED");
    assert_text(first->expected, "none");
    s1_bias_free(bias);

    run = whole; /* the cut run has one more, of means */
    run.entries[3] = (entry){S1_JOURNAL_OPPORTUNITY_DETECTED, 7, "means", "1"};
    first = parted(&run, 12, "signals", &bias);
    assert_int_equal(first->time, 7 * HOUR);
    assert_text(first->plugin, "mean_plugin");
    assert_text(first->found, "none");
    s1_bias_free(bias);

    run = whole; /* of the last moment, what is a decision counts */
    run.entries[1].kind = 0;
    first = parted(&run, 5, "plans", &bias);
    assert_text(first->found, "PLAN_CREATED");
    assert_text(first->expected, "none");
    s1_bias_free(bias);
}

/* More than may be kept ends the run with what to do. */
static void test_memory_has_an_end(void **state)
{
    (void)state;
    s1_bias *bias;
    s1_err failure = S1_ERR_INIT;
    MUST(s1_bias_new(64, NULL, &bias, err));
    const s1_run_observer observer = s1_bias_recorder(bias);
    char line[100];
    memset(line, 'x', sizeof line);
    const s1_journal_notice notice = {.kind = S1_JOURNAL_PLAN_CREATED, .line = {line, sizeof line}};
    s1_rc rc = S1_OK;
    for (int i = 0; i < 10000 && rc == S1_OK; i++) {
        rc = observer.on_entry(observer.self, &notice, &failure);
    }
    assert_int_equal(rc, S1_E_NO_MEMORY);
    assert_non_null(strstr(failure.msg, "--from"));
    s1_bias_free(bias);
    s1_bias_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_is_the_same),
        cmocka_unit_test(test_a_bar_of_a_larger_timeframe),
        cmocka_unit_test(test_a_bar_that_comes_too_soon),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_memory_has_an_end),
    };
    return cmocka_run_group_tests_name("bias", tests, NULL, NULL);
}
