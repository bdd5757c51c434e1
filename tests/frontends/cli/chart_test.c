/* Candles, sparks and strips, character by character. */
#include "frontends/cli/chart.h"

#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t length;

static s1_terminal begin(bool is_utf8, bool is_colored)
{
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    return (s1_terminal){.out = out, .columns = 80, .is_utf8 = is_utf8, .is_colored = is_colored};
}

static void expect(const s1_terminal *terminal, const char *expected)
{
    assert_int_equal(fclose(terminal->out), 0);
    assert_string_equal(text, expected);
    free(text);
    text = NULL;
}

/* Rising over all, falling in the middle, nothing, a point at the top. */
static const s1_candle candles[] = {
    {true, 0, 8, 0, 8}, {true, 5, 8, 0, 3}, {false, 0, 0, 0, 0}, {true, 8, 8, 8, 8}};

static void candles_have_half_lines(void **state)
{
    (void)state;
    s1_terminal t = begin(true, false);
    s1_chart_candles(&t, candles, 4, 4, 1);
    expect(&t, "      7.0 │ ┃│ ╹\n"
               "      5.0 │ ┃█  \n"
               "      3.0 │ ┃▀  \n"
               "      1.0 │ ┃│  \n");
}

static void ascii_has_whole_lines(void **state)
{
    (void)state;
    s1_terminal t = begin(false, false);
    s1_chart_candles(&t, candles, 4, 4, 0);
    expect(&t, "        7 | +| +\n"
               "        5 | +#  \n"
               "        3 | +#  \n"
               "        1 | +|  \n");
}

static void colour_tells_the_way(void **state)
{
    (void)state;
    s1_terminal t = begin(true, true);
    s1_chart_candles(&t, candles, 2, 2, 0);
    (void)fclose(t.out);
    assert_non_null(strstr(text, "\033["));
    assert_null(strstr(text, "▄")); /* bodies are lines where colour tells them apart */
    assert_non_null(strstr(text, "┃"));
    free(text);
}

static void a_flat_series_and_none(void **state)
{
    (void)state;
    static const s1_candle flat[] = {{true, 5, 5, 5, 5}, {true, 5, 5, 5, 5}};
    s1_terminal t = begin(true, false);
    s1_chart_candles(&t, flat, 2, 2, 0);
    expect(&t, "        5 │   \n        5 │ ╻╻\n");
    static const s1_candle none[] = {{false, 0, 0, 0, 0}};
    t = begin(true, false);
    s1_chart_candles(&t, none, 1, 2, 0);
    expect(&t, "");
}

static void lines_below(void **state)
{
    (void)state;
    const double values[] = {0, 1, 4, 8, (double)NAN};
    s1_terminal t = begin(true, false);
    s1_chart_spark(&t, "volume", values, 5);
    expect(&t, "   volume │  ▁▄█ \n");
    const double shares[] = {1, 0.95, 0.5, 0.1, 0, (double)NAN};
    t = begin(true, false);
    s1_chart_strip(&t, "coverage", shares, 6);
    expect(&t, " coverage │ █▓▒░ ·\n");
    t = begin(false, false);
    s1_chart_strip(&t, "coverage", shares, 6);
    expect(&t, " coverage | #+-. ~\n");
    t = begin(false, false);
    s1_chart_axis(&t, 30, "begin", "middle", "end");
    expect(&t, "            begin       middle         end\n");
    t = begin(false, false);
    s1_chart_axis(&t, 12, "begin", "middle", "end");
    expect(&t, "            begin    end\n");
    t = begin(false, false);
    s1_chart_axis(&t, 8, "begin", "middle", "end");
    expect(&t, "            begin\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candles_have_half_lines),
        cmocka_unit_test(ascii_has_whole_lines),
        cmocka_unit_test(colour_tells_the_way),
        cmocka_unit_test(a_flat_series_and_none),
        cmocka_unit_test(lines_below),
    };
    return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
