/* Whole runs of the demo strategy on bars made here, without files: the same bytes twice, no
 * allocation on the tick path after warm-up, stopping on request, and what a result must add up to.
 *
 * Allocations are counted by hooks of the sanitizer's allocator where there is one, else by
 * defining malloc and its kin here. */
#include "services/operators/run_orchestrator.h"

#include "backend/analysis/invariants.h"
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor_memory.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/rng.h"
#include "services/operators/run_internal.h"
#include "services/operators/run_preparer.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)
#define BARS 40000u

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *const err = &must_err;                                                             \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

/* --- Counting. -------------------------------------------------------------------------------- */

/* volatile: the compiler knows malloc, and that it looks at no variable of ours. */
static volatile bool is_counting;
static volatile uint64_t allocations;

#ifdef S1_SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *memory, size_t size)
{
    (void)memory, (void)size;
    allocations += is_counting;
}

static void on_free(const volatile void *memory)
{
    (void)memory;
}

static void install_counter(void)
{
    (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    allocations += is_counting;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations += is_counting;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations += is_counting;
    return __libc_realloc(memory, size);
}

static void install_counter(void) {}
#endif

/* --- A journal persistor that keeps nothing: what a file does is not the engine's doing. --------
 */

static s1_rc drop(s1_journal_persistor *self, s1_str block, s1_err *err)
{
    (void)self, (void)block, (void)err;
    return S1_OK;
}

static s1_rc sync_nothing(s1_journal_persistor *self, s1_err *err)
{
    (void)self, (void)err;
    return S1_OK;
}

static const s1_journal_tail *empty_tail(const s1_journal_persistor *self)
{
    static const s1_journal_tail tail;
    (void)self;
    return &tail;
}

static bool never(const s1_journal_persistor *self)
{
    (void)self;
    return false;
}

static const s1_journal_persistor_ops dropping = {.size = sizeof dropping,
                                                  .append = drop,
                                                  .sync = sync_nothing,
                                                  .tail_borrow = empty_tail,
                                                  .is_poisoned = never,
                                                  .is_low = never};

/* --- A run. ----------------------------------------------------------------------------------- */

typedef struct stage {
    s1_preparation preparation;
    s1_data_persistor *data;
    s1_manual_clock clock;
    /* What one run left. */
    s1_run_sums sums;
    uint64_t entries, trades, denied, alerts;
    char cash[S1_DEC_TEXT_MAX];
    char journal_error[256];
} stage;

/* EUR/USD at scale 5: waves, so that averages cross, with noise and now and then a jump. */
static void make_bars(stage *s)
{
    static int64_t columns[6][BARS];
    s1_rng rng;
    s1_rng_init(&rng, 11);
    int64_t last = 110000;
    for (size_t i = 0; i < BARS; i++) {
        const double wave = 3000.0 * sin((double)i / 37.0) + 5000.0 * sin((double)i / 800.0);
        int64_t close = 110000 + (int64_t)wave - 150 + (int64_t)s1_rng_below(&rng, 301);
        if (s1_rng_below(&rng, 500) == 0) {
            close += 1500;
        }
        columns[0][i] = (s1_nanos)(i + 1) * HOUR;
        columns[1][i] = last;
        columns[2][i] = (last > close ? last : close) + (int64_t)s1_rng_below(&rng, 100);
        columns[3][i] = (last < close ? last : close) - (int64_t)s1_rng_below(&rng, 100);
        columns[4][i] = close;
        columns[5][i] = 100;
        last = close;
    }
    const s1_stream_key key = {
        .asset_pair = S1_STR("EUR/USD"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    const s1_save_options options = {
        .price_scale = 5, .qty_scale = 2, .overlap = S1_OVERLAP_REFUSE};
    const s1_bar_batch batch = {.count = BARS,
                                .open_time = columns[0],
                                .open = columns[1],
                                .high = columns[2],
                                .low = columns[3],
                                .close = columns[4],
                                .volume = columns[5]};
    MUST(s1_data_save_ohlcv(s->data, &key, &batch, &options, NULL, err));
}

static stage *stage_new(void)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    const s1_prepare_options options = {
        .config_dir = "config", .target = "demo", .fs = s1_fs_real()};
    MUST(s1_prepare(&options, &s->preparation, err));
    assert_int_equal(s->preparation.faults.errors, 0);
    assert_int_equal(s->preparation.link_count, 1);
    s1_manual_clock_init(&s->clock, 0);
    MUST(s1_memory_persistor_new(&s->data, err));
    make_bars(s);
    return s;
}

static void stage_free(stage *s)
{
    s1_preparation_done(&s->preparation);
    s1_data_persistor_free(s->data);
    free(s);
}

typedef struct run_setting {
    uint64_t seed;
    int32_t journal_level;
    s1_nanos from;
    s1_journal_persistor *journal; /* NULL at level off */
    void (*on_progress)(void *user, const s1_run_progress *progress);
    void *user;
    const atomic_bool *is_stopping;
    const s1_run_observer *observer;
} run_setting;

static s1_rc run(stage *s, const run_setting *with, s1_err *err)
{
    const s1_prepared_link *const prepared = &s->preparation.links[0];
    const s1_stream_key key = {
        .asset_pair = S1_STR("EUR/USD"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
    s1_bar_reader *reader;
    S1_TRY(err, s1_data_load_ohlcv(s->data, &key, S1_RANGE_ALL, &reader, err));
    s1_bar_reader *const readers[] = {reader};
    const s1_run_options options = {.components = {.config = s->preparation.config,
                                                   .link = prepared->link,
                                                   .plans = prepared->plans,
                                                   .plugins = prepared->plugins,
                                                   .readers = readers,
                                                   .from = with->from != 0 ? with->from : HOUR,
                                                   .seed = with->seed,
                                                   .run_id = {{{1}}},
                                                   .journal_persistor = with->journal,
                                                   .journal_level = with->journal_level,
                                                   .checks_invariants = true,
                                                   .clock = &s->clock.clock},
                                    .on_progress = with->on_progress,
                                    .user = with->user,
                                    .is_stopping = with->is_stopping,
                                    .observer = with->observer,
                                    .config_hash = S1_STR("c"),
                                    .data_hash = S1_STR("d")};
    s1_run_orchestrator *orchestrator;
    S1_TRY(err, s1_run_orchestrator_new(&options, &orchestrator, err));
    const s1_rc rc = s1_run_orchestrator_run(orchestrator, &s->sums, err);
    const s1_components *const parts = s1_run_orchestrator_parts(orchestrator);
    size_t trades;
    (void)s1_order_manager_trades(parts->orders, &trades);
    s->trades = trades;
    s->denied = s1_order_manager_counts(parts->orders).denied;
    s->alerts = s1_bus_published(orchestrator->bus, orchestrator->events.alert_raised);
    s->entries = s1_journal_counts_borrow(parts->journal)->entries;
    s->cash[s1_dec_print(parts->ledger->view.cash, s->cash)] = '\0';
    s1_run_orchestrator_free(orchestrator);
    return rc;
}

static s1_journal_persistor *nowhere(void)
{
    static s1_journal_persistor persistor = {.ops = &dropping};
    return &persistor;
}

/* --- Tests. ----------------------------------------------------------------------------------- */

static void test_same_bytes_twice(void **state)
{
    (void)state;
    stage *const s = stage_new();
    const run_setting with = {
        .seed = 7, .journal_level = S1_JOURNAL_LEVEL_FULL, .journal = nowhere()};
    MUST(run(s, &with, err));
    const stage first = *s;
    assert_int_equal(first.sums.ticks, BARS);
    assert_true(first.trades > 50);
    assert_true(first.sums.opportunities > first.trades);
    MUST(run(s, &with, err));
    assert_memory_equal(s->sums.journal_head, first.sums.journal_head, S1_JOURNAL_HASH_SIZE);
    assert_string_equal(s->cash, first.cash);
    assert_int_equal(s->entries, first.entries);
    /* Another seed names everything otherwise, and trades the same. */
    run_setting other = with;
    other.seed = 8;
    MUST(run(s, &other, err));
    assert_memory_not_equal(s->sums.journal_head, first.sums.journal_head, S1_JOURNAL_HASH_SIZE);
    assert_string_equal(s->cash, first.cash);
    stage_free(s);
}

/* Counts what it sees and ends the run at a bar. */
typedef struct watcher {
    uint64_t bars, ticks, ends, signals, evaluated;
    s1_nanos until; /* 0: to the end */
} watcher;

static s1_rc watch_bar(void *self, const s1_observation *seen, bool *ret_is_enough, s1_err *err)
{
    watcher *const w = self;
    (void)err;
    w->bars++;
    *ret_is_enough = w->until != 0 && seen->context->view.now > w->until;
    return S1_OK;
}

static s1_rc watch_tick(void *self, const s1_observation *seen, s1_err *err)
{
    watcher *const w = self;
    (void)err;
    w->ticks++;
    w->signals += seen->signals->count;
    for (uint32_t i = 0; i < seen->signals->count; i++) {
        assert_int_equal(seen->emitters[i]->type, S1_WORKER_OPPORTUNITY);
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        for (uint32_t k = 0; k < seen->workers[i]->condition_count; k++) {
            w->evaluated +=
                seen->workers[i]->conditions[k].condition.tick == seen->context->view.tick;
        }
    }
    return S1_OK;
}

static s1_rc watch_end(void *self, const s1_observation *seen, s1_err *err)
{
    (void)seen, (void)err;
    ((watcher *)self)->ends++;
    return S1_OK;
}

/* Watching changes no byte of the journal, sees every signal, and may end the run before anybody
 * acts on a bar. */
static void test_an_observer_changes_nothing(void **state)
{
    (void)state;
    stage *const s = stage_new();
    run_setting with = {.seed = 7, .journal_level = S1_JOURNAL_LEVEL_FULL, .journal = nowhere()};
    MUST(run(s, &with, err));
    const stage alone = *s;
    watcher all = {0};
    s1_run_observer observer = {
        .self = &all, .on_bar = watch_bar, .on_tick = watch_tick, .on_end = watch_end};
    with.observer = &observer;
    MUST(run(s, &with, err));
    assert_memory_equal(s->sums.journal_head, alone.sums.journal_head, S1_JOURNAL_HASH_SIZE);
    assert_false(s->sums.is_cut_short);
    assert_int_equal(all.bars, BARS);
    assert_int_equal(all.ticks, BARS);
    assert_int_equal(all.ends, 1);
    assert_int_equal(all.signals, alone.sums.opportunities);
    assert_true(all.evaluated > BARS);
    watcher some = {.until = 100 * HOUR};
    observer.self = &some;
    MUST(run(s, &with, err));
    assert_true(s->sums.is_cut_short);
    assert_int_equal(some.ticks, s->sums.ticks);
    assert_int_equal(some.bars, some.ticks + 1);
    assert_int_equal(some.ends, 1);
    assert_true(s->sums.ticks < 101);
    stage_free(s);
}

/* Every opportunity has its verdict. A refusal by the venue follows an approval. */
static void test_verdicts_add_up(void **state)
{
    (void)state;
    stage *const s = stage_new();
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    const run_setting with = {
        .seed = 7, .journal_level = S1_JOURNAL_LEVEL_FULL, .journal = persistor};
    MUST(run(s, &with, err));
    assert_true(s->sums.approved > 0 && s->sums.rejected > 0 && s->sums.threats > 0);
    assert_int_equal(s->sums.opportunities, s->sums.approved + s->sums.rejected);
    s1_journal_persistor_free(persistor);
    stage_free(s);
}

/* The journal tells of decisions; it does not make any. */
static void test_journal_level_changes_no_decision(void **state)
{
    (void)state;
    stage *const s = stage_new();
    MUST(run(s, &(run_setting){.seed = 7, .journal_level = S1_JOURNAL_LEVEL_OFF}, err));
    const stage off = *s;
    assert_int_equal(off.entries, 0);
    MUST(run(
        s,
        &(run_setting){.seed = 7, .journal_level = S1_JOURNAL_LEVEL_TRADES, .journal = nowhere()},
        err));
    const stage trades = *s;
    MUST(run(
        s, &(run_setting){.seed = 7, .journal_level = S1_JOURNAL_LEVEL_FULL, .journal = nowhere()},
        err));
    assert_string_equal(off.cash, s->cash);
    assert_string_equal(trades.cash, s->cash);
    assert_int_equal(off.trades, s->trades);
    assert_true(trades.entries > 0 && trades.entries < s->entries);
    stage_free(s);
}

#define LOW_AFTER 300000u /* bytes of journal */

static bool is_low_after_a_while(const s1_journal_persistor *self)
{
    char byte;
    size_t length = 0;
    return s1_journal_persistor_read_at((s1_journal_persistor *)(uintptr_t)self, LOW_AFTER, &byte,
                                        1, &length, NULL) == S1_OK &&
           length > 0;
}

/* On a full disk the run goes on and says so once. No position is opened any more; the journal is
 * whole, and its books are right. */
static void test_low_storage(void **state)
{
    (void)state;
    stage *const s = stage_new();
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    run_setting with = {.seed = 7, .journal_level = S1_JOURNAL_LEVEL_FULL, .journal = persistor};
    MUST(run(s, &with, err));
    const stage sound = *s;
    assert_int_equal(sound.alerts, 0);
    assert_int_equal(sound.denied, 0);
    s1_journal_persistor_free(persistor);

    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    const s1_journal_persistor_ops *const ops = persistor->ops;
    s1_journal_persistor_ops low = *ops;
    low.is_low = is_low_after_a_while;
    persistor->ops = &low;
    with.journal = persistor;
    MUST(run(s, &with, err));
    assert_int_equal(s->alerts, 1);
    assert_int_equal(s->sums.ticks, BARS);
    assert_true(s->denied > 0);
    assert_true(s->trades > 0 && s->trades < sound.trades);
    assert_in_range(s->sums.approved - s->denied, s->trades, s->trades + 1);

    const s1_journal_source source = s1_journal_source_of(persistor);
    s1_journal_reader *reader = NULL;
    s1_audit *audit = NULL;
    s1_journal_verdict verdict;
    size_t kept = 0;
    uint64_t found = 1;
    MUST(s1_journal_reader_new(&source, &reader, err));
    MUST(s1_audit_new(S1_JOURNAL_LEVEL_FULL, &audit, err));
    MUST(s1_audit_journal(audit, reader, &verdict, err));
    (void)s1_audit_findings_borrow(audit, &kept, &found);
    assert_int_equal(found, 0);
    assert_int_equal(verdict.seq, s->entries);
    s1_audit_free(audit);
    s1_journal_reader_free(reader);
    persistor->ops = ops;
    s1_journal_persistor_free(persistor);
    stage_free(s);
}

static void test_warmup_bars_are_no_ticks(void **state)
{
    (void)state;
    stage *const s = stage_new();
    MUST(run(s,
             &(run_setting){.seed = 7, .journal_level = S1_JOURNAL_LEVEL_OFF, .from = 1001 * HOUR},
             err));
    assert_int_equal(s->sums.warmup_bars, 1000);
    assert_int_equal(s->sums.ticks, BARS - 1000);
    stage_free(s);
}

/* A stop is heard at the next progress report; nothing of a result comes back. */
static void test_stops_on_request(void **state)
{
    (void)state;
    stage *const s = stage_new();
    const atomic_bool is_stopping = true;
    s1_err err = S1_ERR_INIT;
    const run_setting with = {
        .seed = 7, .journal_level = S1_JOURNAL_LEVEL_OFF, .is_stopping = &is_stopping};
    assert_int_equal(run(s, &with, &err), S1_E_CANCELED);
    assert_string_equal(err.msg, "stopped on request after 8192 bars");
    assert_int_equal(s->sums.ticks, 0);
    stage_free(s);
}

/* Progress comes every 8192 bars: the first one ends the warm-up of the counter. */
typedef struct count_state {
    uint64_t reports, counted;
} count_state;

static void on_progress(void *user, const s1_run_progress *progress)
{
    count_state *const count = user;
    count->reports++;
    count->counted = allocations;
    is_counting = true;
    assert_int_equal(progress->done, count->reports * 8192);
    assert_int_equal(progress->total, BARS);
}

static void test_no_allocation_on_the_tick_path(void **state)
{
    (void)state;
    stage *const s = stage_new();
    count_state count = {0};
    install_counter();
    allocations = 0;
    is_counting = true;
    void *volatile probe = malloc(1);
    is_counting = false;
    free(probe);
    assert_int_equal(allocations, 1); /* the counter counts */
    allocations = 0;
    MUST(run(s,
             &(run_setting){.seed = 7,
                            .journal_level = S1_JOURNAL_LEVEL_FULL,
                            .journal = nowhere(),
                            .on_progress = on_progress,
                            .user = &count},
             err));
    is_counting = false;
    assert_int_equal(count.reports, BARS / 8192);
    assert_int_equal(count.counted, 0); /* between the first report and the last */
    assert_true(s->trades > 50);
    stage_free(s);
}

/* The default maps make a chain without a finding. */
static void test_default_chain_is_sound(void **state)
{
    (void)state;
    stage *const s = stage_new();
    s1_faults faults;
    s1_faults_init(&faults, &s->preparation.arena, 0);
    MUST(s1_chain_check(s->preparation.config, &s->preparation.arena, &faults, err));
    assert_int_equal(faults.errors, 0);
    assert_int_equal(faults.warnings, 0);
    stage_free(s);
}

/* A worker that emits in create(): there is no bus yet. */
static void test_no_event_before_the_run(void **state)
{
    (void)state;
    stage *const s = stage_new();
    s1_run_orchestrator unbuilt = {.bus = NULL};
    const s1_worker worker = {.instance_id = S1_STR("eager")};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_run_emit(&unbuilt, &worker, S1_STR("Ready"), S1_STR("{}"), &err),
                     S1_E_DENIED);
    assert_string_equal(err.msg, "worker eager emits Ready outside of a run");
    stage_free(s);
}

/* "A + B" */
static void print_list(const s1_text_list *names, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < names->count; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", i > 0 ? " + " : "",
                                 S1_STR_ARG(names->items[i]));
    }
}

/* docs/events.md tells of the maps as they are. */
static void test_documented_maps_are_the_default_ones(void **state)
{
    (void)state;
    stage *const s = stage_new();
    const s1_config *const config = s->preparation.config;
    static char text[64 * 1024];
    FILE *const file = fopen("docs/events.md", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    char row[512], listens[128], publishes[128];
    for (uint32_t i = 0; i < config->event_map.events.count; i++) {
        (void)snprintf(row, sizeof row, "\n| %.*s | %.*s | by ",
                       S1_STR_ARG(config->event_map.events.items[i].event_name),
                       S1_STR_ARG(config->event_map.events.items[i].payload_dto));
        if (strstr(text, row) == NULL) {
            fail_msg("docs/events.md lacks the row%s", row);
        }
    }
    for (uint32_t i = 0; i < config->wiring_map.wirings.count; i++) {
        const s1_wiring_config *const wiring = &config->wiring_map.wirings.items[i];
        print_list(&wiring->listens_to, listens, sizeof listens);
        print_list(&wiring->publishes_result_as, publishes, sizeof publishes);
        (void)snprintf(row, sizeof row, "\n| %.*s | %s | %.*s.%.*s | %s | %d |\n",
                       S1_STR_ARG(wiring->adapter_id), listens,
                       S1_STR_ARG(wiring->invokes.component), S1_STR_ARG(wiring->invokes.method),
                       publishes, (int)wiring->priority);
        if (strstr(text, row) == NULL) {
            fail_msg("docs/events.md lacks the row%s", row);
        }
    }
    assert_true(config->event_map.events.count >= 15 && config->wiring_map.wirings.count >= 8);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_twice),
        cmocka_unit_test(test_an_observer_changes_nothing),
        cmocka_unit_test(test_verdicts_add_up),
        cmocka_unit_test(test_journal_level_changes_no_decision),
        cmocka_unit_test(test_low_storage),
        cmocka_unit_test(test_warmup_bars_are_no_ticks),
        cmocka_unit_test(test_stops_on_request),
        cmocka_unit_test(test_no_allocation_on_the_tick_path),
        cmocka_unit_test(test_default_chain_is_sound),
        cmocka_unit_test(test_no_event_before_the_run),
        cmocka_unit_test(test_documented_maps_are_the_default_ones),
    };
    return cmocka_run_group_tests_name("run_orchestrator", tests, NULL, NULL);
}
