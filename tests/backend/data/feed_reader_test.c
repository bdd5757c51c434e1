/* Feed files: what is read, and every fault with its exact line. */
#include "backend/data/ingest/feed_reader.h"

#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const s1_feed_want calendar_wants[] = {
    {{"importance", 10}, S1_FEED_NUMBER, false},
    {{"currency", 8}, S1_FEED_TEXT, false},
    {{"actual", 6}, S1_FEED_NUMBER, true},
    {{"title", 5}, S1_FEED_TEXT, true},
};
#define MIB ((size_t)1 << 20)

typedef struct reading {
    s1_arena arena;
    s1_faults faults;
    s1_feed_table *table;
    s1_err err;
    s1_rc rc;
} reading;

static void read_text(reading *r, s1_str text, size_t memory)
{
    *r = (reading){.err = S1_ERR_INIT};
    s1_arena_init(&r->arena, 16 * MIB, 0);
    s1_faults_init(&r->faults, &r->arena, 0);
    const s1_feed_read_options options = {.file = S1_STR("feeds/calendar.csv"),
                                          .wants = calendar_wants,
                                          .want_count = 4,
                                          .memory_max_bytes = memory};
    r->rc = s1_feed_parse(text, &options, &r->faults, &r->table, &r->err);
}

static void done(reading *r)
{
    s1_feed_table_free(r->table);
    s1_arena_done(&r->arena);
}

static s1_nanos at(const char *text)
{
    s1_nanos time = 0;
    assert_int_equal(s1_time_parse(s1_str_of(text), &time, NULL), S1_OK);
    return time;
}

static void expect_str(s1_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr != NULL ? text.ptr : "", expected, text.len);
}

static void reads_a_calendar(void **state)
{
    (void)state;
    reading r;
    read_text(
        &r,
        S1_STR("\xef\xbb\xbftime,published_at,currency,importance,note,title,actual\r\n"
               "2024-01-05T13:30:00Z,2024-01-01,USD,3,ignored,\"Payrolls, \"\"all\"\"\",216\r\n"
               "2024-01-04 09:00,,EUR,1.5e0,,,\r\n"
               "2024-01-03T10:00:00+01:00,2024-01-02T00:00:00Z,USD,-2,,\"plain\",-0.5\r\n"
               "\r\n"),
        MIB);
    assert_int_equal(r.rc, S1_OK);
    const s1_feed_table *const t = r.table;
    assert_int_equal(t->row_count, 3);
    const s1_nanos published[] = {at("2024-01-01"), at("2024-01-02"), at("2024-01-04 09:00")};
    const s1_nanos times[] = {at("2024-01-05 13:30"), at("2024-01-03 09:00"),
                              at("2024-01-04 09:00")};
    assert_memory_equal(t->published_at, published, sizeof published);
    assert_memory_equal(t->time, times, sizeof times);
    const uint32_t by_time[] = {1, 2, 0};
    assert_memory_equal(t->by_time, by_time, sizeof by_time);
    const s1_feed_column *const importance =
        s1_feed_table_column(t, S1_STR("importance"), S1_FEED_NUMBER);
    const s1_feed_column *const currency =
        s1_feed_table_column(t, S1_STR("currency"), S1_FEED_TEXT);
    const s1_feed_column *const title = s1_feed_table_column(t, S1_STR("title"), S1_FEED_TEXT);
    const s1_feed_column *const actual = s1_feed_table_column(t, S1_STR("actual"), S1_FEED_NUMBER);
    assert_true(importance->numbers[0] == 3.0 && importance->numbers[1] == -2.0 &&
                importance->numbers[2] == 1.5);
    expect_str(currency->texts[0], "USD");
    assert_ptr_equal(currency->texts[0].ptr, currency->texts[1].ptr); /* interned */
    expect_str(title->texts[0], "Payrolls, \"all\"");
    expect_str(title->texts[1], "plain");
    expect_str(title->texts[2], "");
    assert_true(actual->numbers[0] == 216.0 && isnan(actual->numbers[2]));
    assert_null(s1_feed_table_column(t, S1_STR("note"), S1_FEED_TEXT));
    done(&r);
}

static void reads_every_unit_of_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        s1_nanos expected;
    } cases[] = {
        {"1704461400", 1704461400000000000},
        {"1704461400000", 1704461400000000000},
        {"1704461400000000", 1704461400000000000},
        {"1704461400000000001", 1704461400000000001},
        {"0", 0},
        {"-1", -1000000000},
        {"99999999999", INT64_MAX},
        {"100000000000", 100000000000000000},
        {"2024-01-05", 1704412800000000000},
        {"2024-01-05T13:30", 1704461400000000000},
        {"2024-01-05 13:30:00.5", 1704461400500000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        reading r;
        (void)snprintf(text, sizeof text, "time,currency,importance\n%s,USD,1", cases[i].text);
        read_text(&r, s1_str_of(text), MIB);
        if (cases[i].expected == INT64_MAX) { /* the year 5138 */
            assert_int_equal(r.rc, S1_E_DATA);
        } else {
            assert_int_equal(r.rc, S1_OK);
            assert_int_equal(r.table->time[0], cases[i].expected);
            assert_int_equal(r.table->published_at[0], cases[i].expected);
        }
        done(&r);
    }
}

#define HEAD "time,published_at,importance,currency,actual,title\n"
#define TIME_FORMS                                                                                 \
    "a UTC time like 2024-01-05T13:30:00Z, or whole seconds, milliseconds, microseconds or "       \
    "nanoseconds since 1970"

static void names_every_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "1:1: error: header: found nothing, expected a line with the names of the columns"},
        {"\ntime", "1:1: error: header: found nothing, expected a line with the names of the "
                   "columns"},
        {"time,importance\n1,2\n",
         "1:1: error: header: found columns time, importance, expected a column 'currency', which "
         "a worker reads"},
        {"tme,importance,currency\n",
         "1:1: error: header: found columns tme, importance, currency, expected a column 'time' "
         "(did you mean 'tme'?)"},
        {"time,importance,currency,importance\n",
         "1:26: error: header: found 'importance', expected each column once"},
        {"\x1f\x8b\xff\xff\n", "1:1: error: header: found binary data, expected plain text with "
                               "the names of the columns"},
        {HEAD "soon,,1,USD,,\n", "2:1: error: time: found 'soon', expected " TIME_FORMS},
        {HEAD ",,1,USD,,\n", "2:1: error: time: found nothing, expected " TIME_FORMS},
        {HEAD "1.5,,1,USD,,\n", "2:1: error: time: found '1.5', expected " TIME_FORMS},
        {HEAD "2024-02-30,,1,USD,,\n",
         "2:1: error: time: found '2024-02-30', expected " TIME_FORMS},
        {HEAD "1,x,1,USD,,\n",
         "2:3: error: published_at: found 'x', expected " TIME_FORMS ", or nothing"},
        {HEAD "1,,high,USD,,\n",
         "2:4: error: importance: found 'high', expected a number like -1.5"},
        {HEAD "1,,,USD,,\n", "2:4: error: importance: found nothing, expected a number like -1.5"},
        {HEAD "1,, 1,USD,,\n", "2:4: error: importance: found ' 1', expected a number like -1.5"},
        {HEAD "1,,nan,USD,,\n", "2:4: error: importance: found 'nan', expected a number like -1.5"},
        {HEAD "1,,0x10,USD,,\n",
         "2:4: error: importance: found '0x10', expected a number like -1.5"},
        {HEAD "1,,1,,,\n", "2:6: error: currency: found nothing, expected a text"},
        {HEAD "1,,1,USD,n/a,\n",
         "2:10: error: actual: found 'n/a', expected a number like -1.5, or nothing"},
        {HEAD "1,,1,USD\n", "2:1: error: row: found 4 cells, expected 6, as the header has"},
        {HEAD "1,,1,USD,,,\n", "2:1: error: row: found 7 cells, expected 6, as the header has"},
        {HEAD "1,,1,\"USD,,\n",
         "2:6: error: row: found a quote that does not close, expected a closing quote on the same "
         "line, a quote inside doubled"},
        {HEAD "1,,1,\"US\"D,,\n",
         "2:6: error: row: found a quote that does not close, expected a closing quote on the same "
         "line, a quote inside doubled"},
        {HEAD "1,,1,USD,,\xff\n",
         "2:11: error: row: found bytes that are no UTF-8, expected a text in UTF-8"},
        {HEAD "1,,1,USD,,\n\n2,,1,USD,,\n", "3:1: error: row: found an empty line, expected a row"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading r;
        s1_strbuf text;
        char expected[400];
        read_text(&r, s1_str_of(cases[i].text), MIB);
        s1_strbuf_init(&text, MIB);
        s1_faults_print(&r.faults, &text);
        (void)snprintf(expected, sizeof expected, "feeds/calendar.csv:%s\n", cases[i].expected);
        assert_string_equal(s1_strbuf_cstr(&text), expected);
        assert_int_equal(r.rc, S1_E_DATA);
        assert_null(r.table);
        s1_strbuf_done(&text);
        done(&r);
    }
}

static void reports_all_up_to_a_limit(void **state)
{
    (void)state;
    s1_strbuf text;
    s1_strbuf_init(&text, MIB);
    s1_strbuf_lit(&text, HEAD);
    for (int i = 0; i < 50; i++) {
        s1_strbuf_lit(&text, "soon,,1,USD,,\n");
    }
    reading r;
    read_text(&r, s1_strbuf_view(&text), MIB);
    assert_int_equal(r.rc, S1_E_DATA);
    assert_int_equal(r.faults.errors, S1_FEED_FAULTS_MAX);
    assert_string_equal(r.err.msg, "feeds/calendar.csv: 20 faults");
    s1_strbuf_done(&text);
    done(&r);
}

/* Rows of one moment keep the order of the file, in both orders. */
static void sorts_stably(void **state)
{
    (void)state;
    reading r;
    read_text(&r,
              S1_STR("time,published_at,importance,currency\n"
                     "50,9,1,a\n40,5,2,b\n50,9,3,c\n40,5,4,d\n10,9,5,e\n"),
              MIB);
    assert_int_equal(r.rc, S1_OK);
    const double expected[] = {2, 4, 1, 3, 5};
    assert_memory_equal(r.table->columns[0].numbers, expected, sizeof expected);
    const uint32_t by_time[] = {4, 0, 1, 2, 3};
    assert_memory_equal(r.table->by_time, by_time, sizeof by_time);
    done(&r);
}

static void keeps_within_the_memory(void **state)
{
    (void)state;
    s1_strbuf text;
    s1_strbuf_init(&text, 16 * MIB);
    s1_strbuf_lit(&text, HEAD);
    for (int i = 0; i < 20000; i++) {
        s1_strbuf_lit(&text, "1,,1,U,,\n");
    }
    reading r;
    read_text(&r, s1_strbuf_view(&text), MIB / 2);
    assert_int_equal(r.rc, S1_E_NO_MEMORY);
    assert_non_null(strstr(r.err.msg, "limits.feed_memory_mib"));
    assert_int_equal(r.faults.errors, 0);
    done(&r);
    read_text(&r, s1_strbuf_view(&text), 16 * MIB);
    assert_int_equal(r.rc, S1_OK);
    assert_int_equal(r.table->row_count, 20000);
    s1_strbuf_done(&text);
    done(&r);
}

static void hashes_the_bytes(void **state)
{
    (void)state;
    reading a, b, c;
    read_text(&a, S1_STR("time,importance,currency\n1,1,A\n"), MIB);
    read_text(&b, S1_STR("time,importance,currency\n1,1,A\n"), MIB);
    read_text(&c, S1_STR("time,importance,currency\n1,2,A\n"), MIB);
    assert_string_equal(a.table->hash, b.table->hash);
    assert_string_not_equal(a.table->hash, c.table->hash);
    assert_int_equal(strlen(a.table->hash), 64);
    done(&a);
    done(&b);
    done(&c);
}

static void says_that_a_file_is_missing(void **state)
{
    (void)state;
    reading r = {.err = S1_ERR_INIT};
    s1_arena_init(&r.arena, MIB, 0);
    s1_faults_init(&r.faults, &r.arena, 0);
    const s1_feed_read_options options = {.file = S1_STR("x"), .memory_max_bytes = MIB};
    r.rc = s1_feed_read(s1_fs_real(), "/nowhere/feed.csv", &options, &r.faults, &r.table, &r.err);
    assert_int_equal(r.rc, S1_E_NOT_FOUND);
    assert_non_null(strstr(r.err.msg, "/nowhere/feed.csv"));
    done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_calendar),  cmocka_unit_test(reads_every_unit_of_time),
        cmocka_unit_test(names_every_fault), cmocka_unit_test(reports_all_up_to_a_limit),
        cmocka_unit_test(sorts_stably),      cmocka_unit_test(keeps_within_the_memory),
        cmocka_unit_test(hashes_the_bytes),  cmocka_unit_test(says_that_a_file_is_missing),
    };
    return cmocka_run_group_tests_name("feed_reader", tests, NULL, NULL);
}
