#include "frontends/cli/terminal.h"

#include "frontends/cli/exit_code.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void numbers_for_people(void **state)
{
    (void)state;
    char b[S1_FORMAT_MAX];
    assert_string_equal(s1_format_count(0, b), "0");
    assert_string_equal(s1_format_count(999, b), "999");
    assert_string_equal(s1_format_count(1000, b), "1,000");
    assert_string_equal(s1_format_count(UINT64_MAX, b), "18,446,744,073,709,551,615");
    assert_string_equal(s1_format_percent(0.0321, b), "+3.21 %");
    assert_string_equal(s1_format_percent(-0.00001, b), "0.00 %");
    assert_string_equal(s1_format_percent((double)NAN, b), "n/a");
    assert_string_equal(s1_format_ratio(-0.001, b), "0.00");
    assert_string_equal(s1_format_ratio(1.005, b), "1.00");
    assert_string_equal(s1_format_ratio((double)INFINITY, b), "n/a");
    assert_string_equal(s1_format_time("2017-04-19T09:00:00.000000000Z", b), "2017-04-19 09:00");
    assert_string_equal(s1_format_time("2017-04-19T09:00:07.000000000Z", b), "2017-04-19 09:00:07");
    assert_string_equal(s1_format_time(NULL, b), "n/a");
}

static void money_is_rounded_half_up_in_text(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"0", "0.00"},
        {"10432.1876", "10,432.19"},
        {"-10432.184", "-10,432.18"},
        {"999.995", "1,000.00"},
        {"9.999", "10.00"},
        {"-0.004", "0.00"},
        {"-0.005", "-0.01"},
        {"1234567", "1,234,567.00"},
        {"0.5", "0.50"},
        {"170141183460469231731.687303715884105727", "170,141,183,460,469,231,731.69"},
    };
    char b[S1_FORMAT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(s1_format_money(cases[i][0], b), cases[i][1]);
    }
    assert_string_equal(s1_format_money(NULL, b), "n/a");
    assert_string_equal(s1_format_money("", b), "n/a");
}

static char *printed(void (*print)(const s1_terminal *terminal), s1_terminal terminal)
{
    char *text = NULL;
    size_t size = 0;
    terminal.out = open_memstream(&text, &size);
    assert_non_null(terminal.out);
    print(&terminal);
    (void)fclose(terminal.out);
    return text;
}

static void print_table(const s1_terminal *terminal)
{
    static const s1_table_column columns[] = {
        {.title = "name", .is_flexible = true},
        {.title = "extra", .is_optional = true},
        {.title = "n", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, 3);
    static const char *const cells[] = {"a long name that \u00e9\u00e9 must be cut somewhere",
                                        "twelve chars",
                                        "7",
                                        "short",
                                        "x",
                                        "12345"};
    for (size_t i = 0; i < 6; i++) {
        assert_true(s1_table_add(table, cells[i]));
    }
    s1_table_print(terminal, table);
    s1_table_free(table);
}

static void tables_fit(void **state)
{
    (void)state;
    char *text = printed(print_table, (s1_terminal){.columns = 20});
    assert_string_equal(text,
                        "name                                       extra             n\n"
                        "a long name that \u00e9\u00e9 must be cut somewhere  twelve chars      7\n"
                        "short                                      x             12345\n");
    free(text);
    text = printed(print_table, (s1_terminal){.columns = 30, .is_tty = true, .is_utf8 = true});
    assert_string_equal(text, "name                         n\n"
                              "a long name that \u00e9\u00e9 mu\u2026      7\n"
                              "short                    12345\n");
    free(text);
    text = printed(print_table, (s1_terminal){.columns = 20, .is_tty = true});
    assert_string_equal(text, "name               n\n"
                              "a long name..      7\n"
                              "short          12345\n");
    free(text);
}

static void progress_waits_a_second_and_tells_rate_and_eta(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&text, &size);
    const s1_nanos second = S1_NANOS_PER_SECOND;
    s1_progress progress = {.out = out, .is_tty = true, .columns = 80, .unit = "bars"};
    s1_progress_show(&progress, "run", 0, 4000, second);
    s1_progress_show(&progress, "run", 500, 4000, second + second / 2);
    (void)fflush(out);
    assert_int_equal(size, 0);
    s1_progress_show(&progress, "run", 2000, 4000, 3 * second);
    s1_progress_end(&progress);
    (void)fclose(out);
    assert_string_equal(text, "\r\033[Krun  50 %  2,000 bars  1,000/s  ETA 2.00 s\r\033[K");
    free(text);
}

static void progress_without_a_terminal_is_a_line_per_tenth(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&text, &size);
    s1_progress progress = {.out = out, .columns = 80, .unit = "bars"};
    for (uint64_t done = 0; done <= 100; done++) {
        s1_progress_show(&progress, "run", done, 100, (s1_nanos)(1 + done) * S1_NANOS_PER_SECOND);
    }
    s1_progress_end(&progress);
    (void)fclose(out);
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(lines, 10);
    assert_null(strchr(text, '\r'));
    free(text);
}

static void every_result_code_has_an_exit_code(void **state)
{
    (void)state;
    assert_int_equal(s1_exit_from_rc(S1_OK), 0);
    assert_int_equal(s1_exit_from_rc(S1_E_INVALID), 3);
    assert_int_equal(s1_exit_from_rc(S1_E_DATA), 4);
    assert_int_equal(s1_exit_from_rc(S1_E_PLUGIN), 5);
    assert_int_equal(s1_exit_from_rc(S1_E_IO), 6);
    assert_int_equal(s1_exit_from_rc(S1_E_EXISTS), 6);
    assert_int_equal(s1_exit_from_rc(S1_E_NOT_FOUND), 7);
    assert_int_equal(s1_exit_from_rc(S1_E_CANCELED), 130);
    assert_int_equal(s1_exit_from_rc(S1_E_RANGE), 1);
#define X(name, code, text) assert_string_not_equal(s1_exit_name(s1_exit_from_rc(code)), "unknown");
    S1_ERROR_MAP(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(money_is_rounded_half_up_in_text),
        cmocka_unit_test(tables_fit),
        cmocka_unit_test(progress_waits_a_second_and_tells_rate_and_eta),
        cmocka_unit_test(progress_without_a_terminal_is_a_line_per_tenth),
        cmocka_unit_test(every_result_code_has_an_exit_code),
    };
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
