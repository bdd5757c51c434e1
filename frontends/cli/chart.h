/* frontends/cli/chart.h - prices over time in the characters of a terminal.
 *
 * With UTF-8, candles of half a line's resolution; without, of whole lines in ASCII. With colour,
 * rising ones are good and falling ones bad; without, bodies that fall are blocks.
 */
#ifndef S1_FRONTENDS_CLI_CHART_H
#define S1_FRONTENDS_CLI_CHART_H

#include "frontends/cli/terminal.h"

typedef struct s1_candle {
    bool is_there;
    double open, high, low, close;
} s1_candle;

#define S1_CHART_LABEL 12u /* columns a line of the chart takes before its candles */

/* Prints `height` lines (2 to 40), each with the price at its middle: `decimals` digits behind the
 * point. Nothing where no candle is there. */
void s1_chart_candles(const s1_terminal *terminal, const s1_candle *candles, size_t count,
                      uint32_t height, uint32_t decimals);

/* A line of bars from nothing to the largest value; NaN and nothing are blank. */
void s1_chart_spark(const s1_terminal *terminal, const char *label, const double *values,
                    size_t count);

/* A line of how full each place is: 1 whole, 0 empty, NaN nothing to be there. */
void s1_chart_strip(const s1_terminal *terminal, const char *label, const double *shares,
                    size_t count);

/* The line below: texts at the left, in the middle and at the right of `count` columns. */
void s1_chart_axis(const s1_terminal *terminal, size_t count, const char *left, const char *middle,
                   const char *right);

#endif /* S1_FRONTENDS_CLI_CHART_H */
