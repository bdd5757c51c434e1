/* orderbook_imbalance_detector: columns by hand, and rows that become known later change nothing.
 *
 * With arguments it prints the columns for tests/plugins/book_feed_test.py, which works them out
 * from a recorded order book:
 *
 *     orderbook_imbalance_detector_test FEED PARAMS FIRST_OPEN_NS BAR_NS BARS COLUMN...
 */
#include "tests/plugins/expect.h"

#include <stdio.h>
#include <stdlib.h>

#define PLUGIN "orderbook_imbalance_detector"

static void columns_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "book",
                         "time,bid_qty,ask_qty,bid_qty_5,ask_qty_5\n"
                         "2017-01-02T00:30,3,1,8,8\n2017-01-02T00:59:30,1,1,30,10\n"
                         /* nothing in the second bar; in the third both ends are hit */
                         "2017-01-02T02:10,0,0,1,2\n2017-01-02T02:59,0,4,0,0\n"
                         "2017-01-02T03:59:59,-1,4,5,1\n");
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "{levels: [5]}");
    const double expected[][3] = {{0, 0.25, 0.5},
                                  {NAN, NAN, NAN},
                                  {-1, -1, NAN},
                                  {NAN, NAN, (5.0 - 1.0) / (5.0 + 1.0)},
                                  {NAN, NAN, NAN}};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, 1.5);
        expect_same(s1_harness_value(h, "book_imbalance", 0), expected[i][0]);
        expect_same(s1_harness_value(h, "book_imbalance_mean", 0), expected[i][1]);
        expect_same(s1_harness_value(h, "book_imbalance_5", 0), expected[i][2]);
    }
    assert_string_equal(worker->conditions[0].name.ptr, "book_age_seconds");
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 5);
    assert_int_equal(worker->conditions[0].condition.held_count, 3);
    s1_harness_free(h);
}

static void age_counts_from_the_publication(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "book",
                         "time,published_at,bid_qty,ask_qty\n"
                         "2017-01-02T00:59,2017-01-02T01:30,3,1\n");
    s1_harness_add(h, PLUGIN, "{max_age: 30m}");
    const double expected[] = {NAN, 0.5, NAN};
    for (size_t i = 0; i < 3; i++) {
        s1_harness_close(h, 1.5);
        expect_same(s1_harness_value(h, "book_imbalance", 0), expected[i]);
    }
    s1_harness_free(h);
}

/* The gate cuts the bars and the rows of the feed. */
static void passes_the_gate(void **state)
{
    (void)state;
    s1_test_gate(PLUGIN, "{levels: [5, 20], max_age: 1d}");
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "", "book: an id of the blueprint's feeds");
    s1_harness_feed_file(h, "book", "time,bid_qty,ask_qty\n2017-01-02,1,1\n");
    expect_refused(h, PLUGIN, "{levels: [5]}", "a column 'bid_qty_5', which a worker reads");
    expect_refused(h, PLUGIN, "{levels: [0]}", "levels");
    expect_refused(h, PLUGIN, "{max_age: 2d}", "max_age");
    s1_harness_free(h);
}

static int print_columns(int argc, char **argv)
{
    s1_strbuf csv;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&csv, 64u << 20);
    if (s1_fs_read_all(s1_fs_real(), argv[1], 64u << 20, &csv, &err) != S1_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    const s1_nanos first = strtoll(argv[3], NULL, 10);
    const s1_nanos length = strtoll(argv[4], NULL, 10);
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.timeframe = length});
    s1_harness_feed_file(h, "book", s1_strbuf_cstr(&csv));
    s1_harness_add(h, PLUGIN, argv[2]);
    for (int64_t i = 0; i < strtoll(argv[5], NULL, 10); i++) {
        const s1_bar bar = {.open_time = first + i * length,
                            .close_time = first + (i + 1) * length,
                            .open = 1,
                            .high = 1,
                            .low = 1,
                            .close = 1};
        s1_harness_exact_bar(h, &bar);
        for (int k = 6; k < argc; k++) {
            printf("%s%.17g", k > 6 ? " " : "", s1_harness_value(h, argv[k], 0));
        }
        printf("\n");
    }
    s1_harness_free(h);
    s1_strbuf_done(&csv);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 6) {
        return print_columns(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_by_hand),
        cmocka_unit_test(age_counts_from_the_publication),
        cmocka_unit_test(passes_the_gate),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests_name(PLUGIN, tests, NULL, NULL);
}
