/* A window on a feed: rows come when they were published, and what is to come is not in it. */
#include "backend/core/feed.h"

#include "backend/data/ingest/feed_reader.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIB    ((size_t)1 << 20)
#define SECOND S1_NANOS_PER_SECOND

static const s1_feed_want wants[] = {
    {{"score", 5}, S1_FEED_NUMBER, false},
    {{"pair", 4}, S1_FEED_TEXT, false},
};

static s1_feed_table *table_of(s1_str csv)
{
    s1_arena arena;
    s1_faults faults;
    s1_feed_table *table = NULL;
    s1_err err = S1_ERR_INIT;
    s1_arena_init(&arena, MIB, 0);
    s1_faults_init(&faults, &arena, 0);
    const s1_feed_read_options options = {
        .file = S1_STR("x.csv"), .wants = wants, .want_count = 2, .memory_max_bytes = 64 * MIB};
    if (s1_feed_parse(csv, &options, &faults, &table, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    s1_arena_done(&arena);
    return table;
}

static s1_feed_window *window_on(const s1_feed_table *table)
{
    s1_feed_window *window = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_feed_window_new(table, &window, &err), S1_OK);
    return window;
}

static void shows_what_was_published(void **state)
{
    (void)state;
    s1_feed_table *const table = table_of(S1_STR("time,published_at,score,pair\n"
                                                 "100,10,1,A\n" /* a calendar's: known before */
                                                 "20,20,2,B\n"
                                                 "15,30,3,A\n" /* a correction's: known after */));
    s1_feed_window *const w = window_on(table);
    const s1_feed *const feed = &w->view;
    const s1_feed_field *const score = s1_feed_window_field(w, S1_STR("score"), S1_FEED_NUMBER);
    const s1_feed_field *const pair = s1_feed_window_field(w, S1_STR("pair"), S1_FEED_TEXT);
    assert_null(s1_feed_window_field(w, S1_STR("pair"), S1_FEED_NUMBER));
    assert_int_equal(s1_feed_rows(feed), 0);
    assert_true(isnan(s1_feed_number(score, 0)));
    assert_int_equal(s1_feed_text(pair, 0).len, 0);
    assert_true(s1_feed_time(feed, 0) == S1_FEED_NO_TIME);
    s1_feed_window_advance(w, 10 * SECOND - 1);
    assert_int_equal(s1_feed_rows(feed), 0);
    s1_feed_window_advance(w, 10 * SECOND);
    assert_int_equal(s1_feed_rows(feed), 1);
    assert_true(s1_feed_time(feed, 0) == 100 * SECOND);
    assert_true(s1_feed_published_at(feed, 0) == 10 * SECOND);
    assert_true(s1_feed_number(score, 0) == 1.0 && isnan(s1_feed_number(score, 1)));
    assert_memory_equal(s1_feed_text(pair, 0).ptr, "A", 1);
    assert_true(isnan(s1_feed_number(pair, 0))); /* a text is no number */
    assert_null(s1_feed_text(score, 0).ptr);
    assert_int_equal(s1_feed_row_by_time(feed, 0), 0);
    s1_feed_window_advance(w, 29 * SECOND);
    assert_int_equal(s1_feed_rows(feed), 2);
    assert_int_equal(s1_feed_row_by_time(feed, 0), 1);
    assert_int_equal(s1_feed_row_by_time(feed, 1), 0);
    assert_int_equal(s1_feed_row_by_time(feed, 2), 2); /* no such place */
    s1_feed_window_advance(w, INT64_MAX - 1);
    assert_int_equal(s1_feed_rows(feed), 3);
    const uint32_t by_time[] = {2, 1, 0};
    assert_memory_equal(feed->by_time, by_time, sizeof by_time);
    assert_int_equal(s1_feed_seek(feed, 0), 0);
    assert_int_equal(s1_feed_seek(feed, 15 * SECOND), 0);
    assert_int_equal(s1_feed_seek(feed, 15 * SECOND + 1), 1);
    assert_int_equal(s1_feed_seek(feed, 100 * SECOND), 2);
    assert_int_equal(s1_feed_seek(feed, 101 * SECOND), 3);
    s1_feed_window_free(w);
    s1_feed_table_free(table);
}

/* Through its own memory: behind the rows that are visible there is nothing yet. */
static void keeps_no_future(void **state)
{
    (void)state;
    s1_feed_table *const table = table_of(S1_STR("time,score,pair\n10,1,A\n20,2,B\n30,3,C\n"));
    s1_feed_window *const w = window_on(table);
    s1_feed_window_advance(w, 20 * SECOND);
    assert_int_equal(w->view.rows, 2);
    assert_true(w->view.time != table->time && w->fields[0].numbers != table->columns[0].numbers);
#ifndef __SANITIZE_ADDRESS__ /* there this read is reported, as it should */
    assert_true(w->view.time[2] == 0 && w->view.published_at[2] == 0);
    assert_true(w->fields[0].numbers[2] == 0.0);
    assert_null(w->fields[1].texts[2].ptr);
#endif
    s1_feed_window_free(w);
    s1_feed_table_free(table);
}

/* Whether rows come one by one or many at once, the order of time is the same. */
static void orders_by_time_either_way(void **state)
{
    (void)state;
    s1_strbuf csv;
    s1_strbuf_init(&csv, MIB);
    s1_strbuf_lit(&csv, "time,published_at,score,pair\n");
    uint64_t x = 7;
    for (int i = 0; i < 500; i++) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        s1_strbuf_printf(&csv, "%d,%d,%d,A\n", (int)(x >> 40) % 100, i / (1 + (i % 200)), i);
    }
    s1_feed_table *const table = table_of(s1_strbuf_view(&csv));
    s1_feed_window *const one = window_on(table);
    for (s1_nanos now = 0; now <= 500; now++) {
        s1_feed_window_advance(one, now * SECOND);
        s1_feed_window *const many = window_on(table);
        s1_feed_window_advance(many, now * SECOND);
        assert_int_equal(one->view.rows, many->view.rows);
        assert_memory_equal(one->view.by_time, many->view.by_time,
                            one->view.rows * sizeof(uint32_t));
        s1_feed_window_free(many);
    }
    assert_int_equal(one->view.rows, 500);
    assert_memory_equal(one->view.by_time, table->by_time, 500 * sizeof(uint32_t));
    s1_feed_window_free(one);
    s1_feed_table_free(table);
    s1_strbuf_done(&csv);
}

static void may_be_empty(void **state)
{
    (void)state;
    s1_feed_table *const table = table_of(S1_STR("time,score,pair\n"));
    s1_feed_window *const w = window_on(table);
    s1_feed_window_advance(w, INT64_MAX - 1);
    assert_int_equal(s1_feed_rows(&w->view), 0);
    assert_int_equal(s1_feed_seek(&w->view, 0), 0);
    s1_feed_window_free(w);
    s1_feed_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_was_published),
        cmocka_unit_test(keeps_no_future),
        cmocka_unit_test(orders_by_time_either_way),
        cmocka_unit_test(may_be_empty),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
