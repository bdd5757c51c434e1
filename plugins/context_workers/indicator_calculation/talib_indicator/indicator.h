/* indicator.h - an indicator as a row of a table: what it reads, what it gives, how it steps. */
#ifndef S1_TALIB_INDICATOR_H
#define S1_TALIB_INDICATOR_H

#include "parts.h"

/* What an indicator may read of a bar. */
enum field { OPEN, HIGH, LOW, CLOSE, VOLUME, INPUT, OTHER, FIELDS };

/* Parameters that end a column's name, in its order; NO_PART ends the list. */
enum name_part {
    NO_PART,
    BY_PERIOD,
    BY_FAST,
    BY_SLOW,
    BY_SIGNAL,
    BY_FAST_K,
    BY_FAST_D,
    BY_SLOW_K,
    BY_SLOW_D,
    BY_SHORT,
    BY_MEDIUM,
    BY_LONG,
    BY_AVERAGE,
    BY_DEVIATIONS,
    BY_ACCELERATION,
    BY_MAXIMUM,
    BY_VOLUME_FACTOR,
    NAME_PARTS
};

/* The parameters, by enum name_part: counts of bars, and numbers as they were written. */
typedef struct settings {
    uint32_t bars[NAME_PARTS];
    s1_dec numbers[NAME_PARTS];
    int average; /* enum average_type */
} settings;

#define OUTPUTS_MAX 3
#define PARTS_MAX   3

/* One indicator. `init` sets a zeroed state up; it runs twice, see pool. `step` takes one bar and
 * writes every output, NaN while there is none. */
typedef struct indicator {
    const char *name; /* TA-Lib's */
    uint32_t fields;  /* mask of 1 << enum field */
    uint32_t least;   /* least period, as TA-Lib's; 0: it has none */
    const char *outputs[OUTPUTS_MAX];
    int parts[PARTS_MAX]; /* enum name_part */
    int rises[2];         /* the parameters from the first to the last rise; NO_PART: none must */
    size_t size;          /* of the state */
    void (*init)(void *state, const settings *given, pool *memory);
    void (*step)(void *state, const double *bar, double *out);
} indicator;

/* Ends with a row without a name. */
extern const indicator averages_table[], oscillators_table[], directions_table[], volumes_table[],
    statistics_table[];

#define BIT(field)       (1u << (field))
#define HIGH_LOW         (BIT(HIGH) | BIT(LOW))
#define HIGH_LOW_CLOSE   (HIGH_LOW | BIT(CLOSE))
#define PERIOD_OF(given) ((given)->bars[BY_PERIOD])

/* Members of a row: one column by the period, of a column the blueprint names or of the bar. */
#define OF_INPUT(name_, output_, least_) OF_FIELDS(name_, output_, least_, BIT(INPUT))
#define OF_FIELDS(name_, output_, least_, fields_)                                                 \
    .name = name_, .fields = (fields_), .least = (least_), .outputs = {output_},                   \
    .parts = {BY_PERIOD}
/* Members that come from its functions, or from their prefix. */
#define MADE_OF(type_, init_, step_) .size = sizeof(type_), .init = init_, .step = step_
#define WORKS(prefix)                MADE_OF(prefix##_state, prefix##_init, prefix##_step)

#endif /* S1_TALIB_INDICATOR_H */
