/* The recorder's two threads: a disk that stands still does not hold up the producer, and what does
 * not fit into a queue is counted and recorded as a gap. Run under ThreadSanitizer. */
#include "services/live/stream_recorder.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START    (1700000000LL * S1_NANOS_PER_SECOND)
#define MS       1000000LL
#define ROWS_MAX 20000

/* A file system whose writes take their time. */
typedef struct slow_fs {
    s1_fs table;
    const s1_fs *base;
    atomic_llong write_takes; /* nanoseconds */
    atomic_bool fails;
} slow_fs;

/* The disk and the exchange of this test are real in one thing: they take time. */
static void pause_for(int64_t nanos)
{
    (void)poll(NULL, 0, (int)(nanos / MS));
}

static slow_fs disk;

static s1_rc slow_write(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                        s1_err *err)
{
    pause_for(atomic_load(&disk.write_takes));
    if (atomic_load(&disk.fails)) {
        return S1_RAISE(err, S1_E_IO, "a disk that fails");
    }
    return disk.base->write(self, file, from, len, ret_len, err);
}

typedef struct world {
    char archive[512];
    s1_data_persistor *persistor;
    s1_recorder_stream streams[2];
    s1_recorder_options options;
    s1_store_recovery recoveries[2];
    s1_recorder_status statuses[2];
    s1_recorder *recorder;
    s1_err err;
} world;

static int begin(void **state)
{
    world *const w = calloc(1, sizeof *w);
    const char *const parent = getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP") : "/tmp";
    (void)snprintf(w->archive, sizeof w->archive, "%s/recorder_XXXXXX", parent);
    if (mkdtemp(w->archive) == NULL || s1_memory_persistor_new(&w->persistor, NULL) != S1_OK) {
        return -1;
    }
    disk.base = s1_fs_real();
    disk.table = *disk.base;
    disk.table.write = slow_write;
    atomic_store(&disk.write_takes, 0);
    atomic_store(&disk.fails, false);
    w->streams[0] = (s1_recorder_stream){S1_STR("BTC/USD"), S1_DATA_TRADES};
    w->streams[1] = (s1_recorder_stream){S1_STR("BTC/USD"), S1_DATA_QUOTES};
    w->options = (s1_recorder_options){
        .fs = &disk.table,
        .clock = s1_clock_real(),
        .persistor = w->persistor,
        .archive = w->archive,
        .connector_id = S1_STR("kraken"),
        .streams = w->streams,
        .stream_count = 2,
        .profile = {.name = "test", .max_records = 1000, .max_age = 300 * S1_NANOS_PER_SECOND}};
    w->err = S1_ERR_INIT;
    *state = w;
    return 0;
}

static int end(void **state)
{
    world *const w = *state;
    (void)!s1_recorder_stop(w->recorder, NULL, NULL);
    s1_data_persistor_free(w->persistor);
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), w->archive, NULL);
    free(w);
    return rc == S1_OK ? 0 : -1;
}

static void must(world *w, s1_rc rc)
{
    if (rc != S1_OK) {
        fail_msg("%s", w->err.msg);
    }
}

static void start(world *w)
{
    must(w, s1_recorder_start(&w->options, w->recoveries, &w->recorder, &w->err));
}

static s1_rc stop(world *w)
{
    s1_recorder *const recorder = w->recorder;
    w->recorder = NULL;
    return s1_recorder_stop(recorder, w->statuses, &w->err);
}

static s1_stream_row make_trade(int64_t id)
{
    s1_stream_row row = {.price_scale = 1, .qty_scale = 8};
    row.columns[S1_ROW_TRADE_TIME] = START + id * 1000;
    row.columns[S1_ROW_TRADE_PRICE] = 600000 + id;
    row.columns[S1_ROW_TRADE_QUANTITY] = 100 + id;
    row.columns[S1_ROW_TRADE_SIDE] = 1;
    row.columns[S1_ROW_TRADE_ID] = id;
    row.columns[S1_ROW_TRADE_RECEIVED] = START + id * 1000;
    return row;
}

/* The ids in the archive. */
static size_t load_ids(world *w, int64_t ids[ROWS_MAX])
{
    const s1_stream_key key = {
        .asset_pair = S1_STR("BTC/USD"), .data_type = S1_DATA_TRADES, .source = S1_STR("kraken")};
    s1_market_reader *reader;
    s1_market_batch batch;
    size_t count = 0;
    must(w, s1_data_load(w->persistor, &key, S1_RANGE_ALL, &reader, &w->err));
    while (s1_market_reader_next(reader, &batch, &w->err) == S1_OK && batch.count > 0) {
        memcpy(&ids[count], batch.columns[S1_ROW_TRADE_ID], batch.count * sizeof ids[0]);
        count += batch.count;
    }
    s1_market_reader_close(reader);
    return count;
}

static void read_notes(world *w, s1_strbuf *text)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/.recorder/kraken/BTC_USD/trades/notes.jsonl", w->archive);
    s1_strbuf_init(text, 1 << 20);
    must(w, s1_fs_read_all(s1_fs_real(), path, 1 << 20, text, &w->err));
}

/* --- A disk that stands still. --- */

static int compare_nanos(const void *a, const void *b)
{
    const s1_nanos left = *(const s1_nanos *)a;
    const s1_nanos right = *(const s1_nanos *)b;
    return left < right ? -1 : left > right;
}

/* Hands on one trade a millisecond; the time each accept took. */
static void produce(world *w, int64_t from, int64_t upto, s1_nanos *taken)
{
    for (int64_t id = from; id < upto; id++) {
        const s1_stream_row row = make_trade(id);
        const s1_nanos before = s1_clock_monotonic(s1_clock_real());
        (void)s1_recorder_accept(w->recorder, 0, &row, 1);
        *taken++ = s1_clock_monotonic(s1_clock_real()) - before;
        pause_for(MS);
    }
}

static void test_a_slow_disk_does_not_hold_up_reception(void **state)
{
    static s1_nanos swift[1000], slow[1000];
    static int64_t ids[ROWS_MAX];
    world *const w = *state;
    start(w);
    produce(w, 1, 1001, swift);
    atomic_store(&disk.write_takes, 1500 * MS);
    produce(w, 1001, 2001, slow);
    const s1_recorder_status status = s1_recorder_get_status(w->recorder, 0);
    assert_true(status.high_water > 100); /* they waited in the queue, and that can be seen */
    atomic_store(&disk.write_takes, 0);
    must(w, stop(w));
    qsort(swift, 1000, sizeof swift[0], compare_nanos);
    qsort(slow, 1000, sizeof slow[0], compare_nanos);
    (void)printf("accept: %lld ns median, %lld ns p99; while a write takes 1.5 s: %lld ns median, "
                 "%lld ns p99, %lld ns longest\n",
                 (long long)swift[500], (long long)swift[990], (long long)slow[500],
                 (long long)slow[990], (long long)slow[999]);
    assert_true(slow[500] < 100000);   /* microseconds, whatever the disk does */
    assert_true(slow[999] < 500 * MS); /* a third of one write; what a busy machine adds */
    assert_int_equal(w->statuses[0].accepted, 2000);
    assert_int_equal(w->statuses[0].dropped, 0);
    assert_int_equal(w->statuses[0].store.rows_archived, 2000);
    assert_int_equal(load_ids(w, ids), 2000);
    for (int64_t i = 0; i < 2000; i++) {
        assert_int_equal(ids[i], i + 1);
    }
}

/* --- A queue that is full. --- */

static void test_what_does_not_fit_is_counted_and_a_gap(void **state)
{
    static int64_t ids[ROWS_MAX];
    world *const w = *state;
    w->options.queue_records = 64;
    start(w);
    atomic_store(&disk.write_takes, 300 * MS);
    uint64_t refused = 0;
    int64_t id = 1;
    for (int message = 0; message < 200; message++) {
        s1_stream_row rows[5];
        for (int i = 0; i < 5; i++) {
            rows[i] = make_trade(id++);
        }
        refused += s1_recorder_accept(w->recorder, 0, rows, 5) ? 0 : 5;
        pause_for(2 * MS);
    }
    atomic_store(&disk.write_takes, 0);
    for (int i = 0; i < 1000 && s1_recorder_get_status(w->recorder, 0).depth > 0; i++) {
        pause_for(10 * MS);
    }
    const s1_stream_row last = make_trade(id);
    assert_true(s1_recorder_accept(w->recorder, 0, &last, 1)); /* and the gap before it */
    must(w, stop(w));
    assert_true(refused > 0);
    assert_int_equal(w->statuses[0].dropped, refused);
    assert_int_equal(w->statuses[0].accepted, 1001 - refused);
    assert_true(w->statuses[0].high_water <= 64);
    const size_t count = load_ids(w, ids);
    assert_int_equal(count, 1001 - refused);
    uint64_t missing = 0;
    for (size_t i = 1; i < count; i++) {
        assert_int_equal((ids[i] - ids[i - 1] - 1) % 5, 0); /* whole messages */
        missing += (uint64_t)(ids[i] - ids[i - 1] - 1);
    }
    assert_int_equal(missing, refused);
    s1_strbuf notes;
    uint64_t noted = 0;
    read_notes(w, &notes);
    for (const char *at = s1_strbuf_cstr(&notes); (at = strstr(at, "\"count\":")) != NULL; at++) {
        noted += strtoull(at + 8, NULL, 10);
    }
    assert_non_null(strstr(s1_strbuf_cstr(&notes), "\"why\":\"the queue was full\""));
    assert_int_equal(noted, refused);
    s1_strbuf_done(&notes);
}

static void test_dropped_at_the_end(void **state)
{
    world *const w = *state;
    w->options.queue_records = 4;
    start(w);
    const s1_stream_row rows[5] = {make_trade(1), make_trade(2), make_trade(3), make_trade(4),
                                   make_trade(5)};
    assert_true(s1_recorder_accept(w->recorder, 0, rows, 2));
    pause_for(100 * MS);
    assert_false(s1_recorder_accept(w->recorder, 0, rows, 5)); /* more than a queue holds */
    must(w, stop(w));
    s1_strbuf notes;
    read_notes(w, &notes);
    assert_non_null(
        strstr(s1_strbuf_cstr(&notes), "\"upto\":null,\"count\":5,\"why\":\"the queue was full\""));
    s1_strbuf_done(&notes);
}

static void test_policy_stop(void **state)
{
    world *const w = *state;
    const s1_stream_row rows[5] = {make_trade(1), make_trade(2), make_trade(3), make_trade(4),
                                   make_trade(5)};
    w->options.queue_records = 4;
    w->options.queue_policy = S1_QUEUE_STOP;
    start(w);
    assert_true(s1_recorder_accept(w->recorder, 0, rows, 1));
    must(w, s1_recorder_check(w->recorder, &w->err));
    assert_false(s1_recorder_accept(w->recorder, 0, rows, 5));
    assert_int_equal(s1_recorder_check(w->recorder, &w->err), S1_E_STORAGE);
    assert_string_equal(w->err.msg, "a queue was full and its policy is to stop: the disk does not "
                                    "keep up");
    assert_int_equal(stop(w), S1_E_STORAGE);
    assert_int_equal(w->statuses[0].store.rows_archived, 1); /* what was taken is there */
}

static void test_policy_names(void **state)
{
    int32_t policy = -1;
    s1_err err = S1_ERR_INIT;
    (void)state;
    assert_int_equal(s1_queue_policy_parse(S1_STR("stop"), &policy, &err), S1_OK);
    assert_int_equal(policy, S1_QUEUE_STOP);
    assert_string_equal(s1_queue_policy_name(S1_QUEUE_DROP_NEWEST), "drop_newest");
    assert_int_equal(s1_queue_policy_parse(S1_STR("wait"), &policy, &err), S1_E_INVALID);
    assert_string_equal(err.msg,
                        "policy of a full queue: found 'wait', expected drop_newest or stop");
}

/* --- A disk that fails, and what a start finds. --- */

static void test_a_disk_that_fails(void **state)
{
    static int64_t ids[ROWS_MAX];
    static s1_nanos taken[400];
    world *const w = *state;
    start(w);
    produce(w, 1, 101, taken);
    for (int i = 0; i < 1000 && s1_recorder_get_status(w->recorder, 0).store.rows_durable < 100;
         i++) {
        pause_for(10 * MS);
    }
    atomic_store(&disk.fails, true);
    produce(w, 101, 111, taken);
    s1_recorder_wait(w->recorder, 5 * S1_NANOS_PER_SECOND);
    assert_int_equal(s1_recorder_check(w->recorder, &w->err), S1_E_STORAGE);
    assert_string_equal(w->err.msg, "a disk that fails");
    produce(w, 111, 121, taken); /* the producer does not notice */
    assert_int_equal(stop(w), S1_E_STORAGE);
    atomic_store(&disk.fails, false);
    start(w);
    assert_int_equal(w->recoveries[0].segments, 1);
    assert_true(w->recoveries[0].rows >= 100);
    const s1_stream_note gap = {.kind = S1_NOTE_GAP,
                                .stream = 0,
                                .count = 20,
                                .after = START,
                                .upto = START + 1,
                                .why = S1_GAP_CONNECTION};
    s1_recorder_note(w->recorder, &gap);
    s1_recorder_note(w->recorder, &gap);
    must(w, stop(w));
    assert_int_equal(w->statuses[0].missing, 40);
    assert_int_equal(w->statuses[0].store.gaps, 2);
    assert_true(load_ids(w, ids) >= 100);
    s1_strbuf notes;
    read_notes(w, &notes);
    assert_non_null(strstr(s1_strbuf_cstr(&notes), "\"why\":\"the recorder was killed\""));
    assert_non_null(strstr(s1_strbuf_cstr(&notes), "\"why\":\"the connection was broken\""));
    s1_strbuf_done(&notes);
}

static void test_a_crash_that_cost_nothing(void **state)
{
    static s1_nanos taken[8];
    world *const w = *state;
    start(w);
    produce(w, 1, 5, taken);
    atomic_store(&disk.fails, true);
    produce(w, 5, 6, taken);
    s1_recorder_wait(w->recorder, 5 * S1_NANOS_PER_SECOND);
    assert_int_equal(stop(w), S1_E_STORAGE);
    atomic_store(&disk.fails, false);
    start(w);
    assert_int_equal(w->recoveries[0].segments, 1);
    produce(w, 5, 7, taken); /* the exchange said all of it again */
    const s1_stream_note gap = {
        .kind = S1_NOTE_GAP, .stream = 0, .count = 2, .why = S1_GAP_CONNECTION};
    s1_recorder_note(w->recorder, &gap);
    must(w, stop(w));
    s1_strbuf notes;
    read_notes(w, &notes);
    assert_null(strstr(s1_strbuf_cstr(&notes), "the recorder was killed"));
    assert_non_null(strstr(s1_strbuf_cstr(&notes), "the connection was broken"));
    s1_strbuf_done(&notes);
}

/* At most ten seconds. */
static void wait_for_gaps(world *w, uint64_t count)
{
    for (int i = 0; i < 1000 && s1_recorder_get_status(w->recorder, 0).store.gaps < count; i++) {
        pause_for(10 * MS);
    }
    pause_for(30 * MS); /* no more of them come */
    assert_int_equal(s1_recorder_get_status(w->recorder, 0).store.gaps, count);
}

static void test_a_gap_waits_for_the_row_behind_it(void **state)
{
    world *const w = *state;
    const s1_stream_row rows[2] = {make_trade(1), make_trade(5)};
    const s1_stream_note gap = {
        .kind = S1_NOTE_GAP, .stream = 0, .count = 3, .why = S1_GAP_CONNECTION};
    start(w);
    assert_true(s1_recorder_accept(w->recorder, 0, &rows[0], 1));
    for (int i = 0; i < 40; i++) { /* more than are held */
        s1_recorder_note(w->recorder, &gap);
    }
    wait_for_gaps(w, 40 - 16);
    assert_int_equal(s1_recorder_get_status(w->recorder, 0).depth, 0);
    assert_true(s1_recorder_accept(w->recorder, 0, &rows[1], 1));
    wait_for_gaps(w, 40);
    must(w, stop(w));
    assert_int_equal(w->statuses[0].store.gaps, 40);
    assert_int_equal(w->statuses[0].store.rows_archived, 2);
}

static void test_streams_have_their_own_queues(void **state)
{
    world *const w = *state;
    w->options.queue_records = 4;
    start(w);
    s1_stream_row quote = {.price_scale = 1};
    for (int i = S1_ROW_QUOTE_BID; i < S1_ROW_QUOTE_RECEIVED; i++) {
        quote.columns[i] = i;
    }
    quote.columns[S1_ROW_QUOTE_TIME] = START;
    quote.columns[S1_ROW_QUOTE_RECEIVED] = START;
    const s1_stream_row rows[5] = {make_trade(1), make_trade(2), make_trade(3), make_trade(4),
                                   make_trade(5)};
    assert_false(s1_recorder_accept(w->recorder, 0, rows, 5));
    assert_true(s1_recorder_accept(w->recorder, 1, &quote, 1));
    must(w, stop(w));
    assert_int_equal(w->statuses[0].dropped, 5);
    assert_int_equal(w->statuses[1].dropped, 0);
    assert_int_equal(w->statuses[1].store.rows_archived, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_slow_disk_does_not_hold_up_reception),
        TEST(test_what_does_not_fit_is_counted_and_a_gap),
        TEST(test_dropped_at_the_end),
        TEST(test_policy_stop),
        TEST(test_policy_names),
        TEST(test_a_disk_that_fails),
        TEST(test_a_crash_that_cost_nothing),
        TEST(test_a_gap_waits_for_the_row_behind_it),
        TEST(test_streams_have_their_own_queues),
    };
#undef TEST
    return cmocka_run_group_tests_name("services/live/stream_recorder", tests, NULL, NULL);
}
