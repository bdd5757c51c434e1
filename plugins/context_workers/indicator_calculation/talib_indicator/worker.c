/* talib_indicator - one of the indicators of TA-Lib as columns, worked out bar by bar. The tables
 * of the other sources say what there is; this one reads the parameters, binds and feeds.
 */
#include "indicator.h"
#include "s1mple/params.h"

#include <stdlib.h>
#include <string.h>

typedef struct talib_worker {
    const indicator *what;
    const s1_series *series[FIELDS]; /* NULL: not read */
    s1_column *columns[OUTPUTS_MAX];
    uint32_t column_count;
    void *state, *memory;
} talib_worker;

/* --- Parameters. --- */

static const indicator *const tables[] = {averages_table, oscillators_table, directions_table,
                                          volumes_table, statistics_table};

static const char *const part_names[NAME_PARTS] = {
    [BY_PERIOD] = "period",
    [BY_FAST] = "fast",
    [BY_SLOW] = "slow",
    [BY_SIGNAL] = "signal",
    [BY_FAST_K] = "fast_k",
    [BY_FAST_D] = "fast_d",
    [BY_SLOW_K] = "slow_k",
    [BY_SLOW_D] = "slow_d",
    [BY_SHORT] = "short",
    [BY_MEDIUM] = "medium",
    [BY_LONG] = "long",
    [BY_AVERAGE] = "average",
    [BY_DEVIATIONS] = "deviations",
    [BY_ACCELERATION] = "acceleration",
    [BY_MAXIMUM] = "maximum",
    [BY_VOLUME_FACTOR] = "volume_factor",
};
static const char *const average_names[] = {
    [AVERAGE_SMA] = "sma", [AVERAGE_EMA] = "ema", [AVERAGE_WMA] = "wma"};

static s1_str text_of(const char *text)
{
    return (s1_str){text, strlen(text)};
}

static const indicator *find_indicator(s1_str name)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const indicator *row = tables[i]; row->name != NULL; row++) {
            if (s1_text_equal(name, text_of(row->name))) {
                return row;
            }
        }
    }
    return NULL;
}

static s1_rc read_bars(const s1_binder *binder, int part, settings *given, s1_err *err)
{
    int64_t bars;
    S1_TRY(err, binder->param_int(binder->self, text_of(part_names[part]), &bars, err));
    if (bars < 1 || bars > 100000) {
        return S1_RAISE(err, S1_E_INVALID, "talib_indicator: %s %lld, expected 1 to 100000",
                        part_names[part], (long long)bars);
    }
    given->bars[part] = (uint32_t)bars;
    return S1_OK;
}

static s1_rc read_average(const s1_binder *binder, settings *given, s1_err *err)
{
    s1_str name;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("average"), &name, err));
    for (int i = AVERAGE_SMA; i <= AVERAGE_WMA; i++) {
        if (s1_text_equal(name, text_of(average_names[i]))) {
            given->average = i;
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_INVALID, "talib_indicator: average '%.*s', expected sma, ema or wma",
                    S1_STR_ARG(name));
}

static s1_rc read_settings(const s1_binder *binder, settings *given, s1_err *err)
{
    for (int part = BY_PERIOD; part <= BY_LONG; part++) {
        S1_TRY(err, read_bars(binder, part, given, err));
    }
    S1_TRY(err, read_average(binder, given, err));
    for (int part = BY_DEVIATIONS; part < NAME_PARTS; part++) {
        S1_TRY(err, binder->param_decimal(binder->self, text_of(part_names[part]),
                                          &given->numbers[part], err));
    }
    return S1_OK;
}

static s1_rc check_settings(const indicator *what, const settings *given, s1_err *err)
{
    if (PERIOD_OF(given) < what->least) {
        return S1_RAISE(err, S1_E_INVALID, "talib_indicator: period %u, expected %u or more for %s",
                        PERIOD_OF(given), what->least, what->name);
    }
    for (int part = what->rises[0]; part < what->rises[1]; part++) {
        if (given->bars[part] >= given->bars[part + 1]) {
            return S1_RAISE(err, S1_E_INVALID,
                            "talib_indicator: %s %u and %s %u, expected %s below %s",
                            part_names[part], given->bars[part], part_names[part + 1],
                            given->bars[part + 1], part_names[part], part_names[part + 1]);
        }
    }
    return S1_OK;
}

/* --- Handles. --- */

/* A part of a name as the manifest's templates write it. */
static int print_part(const settings *given, int part, char *text, size_t size)
{
    if (part <= BY_LONG) {
        return snprintf(text, size, "_%u", given->bars[part]);
    }
    if (part == BY_AVERAGE) {
        return snprintf(text, size, "_%s", average_names[given->average]);
    }
    char number[S1_DEC_TEXT_MAX];
    (void)s1_column_part(given->numbers[part], number);
    return snprintf(text, size, "_%s", number);
}

/* bbands_upper_20_2: the prefix, the output, the parameters that make it what it is. */
static s1_rc bind_column(talib_worker *me, const s1_binder *binder, s1_str prefix,
                         const settings *given, s1_err *err)
{
    char name[128];
    const char *const output = me->what->outputs[me->column_count];
    int used = snprintf(name, sizeof name, "%.*s%s", S1_STR_ARG(prefix), output);
    for (int i = 0; i < PARTS_MAX && me->what->parts[i] != NO_PART; i++) {
        if (used >= (int)sizeof name) {
            break;
        }
        used += print_part(given, me->what->parts[i], name + used, sizeof name - (size_t)used);
    }
    if (used >= (int)sizeof name) {
        return S1_RAISE(err, S1_E_INVALID, "talib_indicator: a column of %d bytes, expected %zu",
                        used, sizeof name - 1);
    }
    return binder->column(binder->self, (s1_str){name, (size_t)used},
                          &me->columns[me->column_count++], err);
}

static s1_rc bind(talib_worker *me, const s1_binder *binder, const settings *given, s1_err *err)
{
    s1_str names[FIELDS] = {S1_STR("open"), S1_STR("high"), S1_STR("low"), S1_STR("close"),
                            S1_STR("volume")};
    s1_str prefix;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("input"), &names[INPUT], err));
    S1_TRY(err, binder->param_text(binder->self, S1_STR("other"), &names[OTHER], err));
    S1_TRY(err, binder->param_text(binder->self, S1_STR("prefix"), &prefix, err));
    for (int i = 0; i < FIELDS; i++) {
        if ((me->what->fields & BIT(i)) != 0) {
            S1_TRY(err, binder->series(binder->self, names[i], &me->series[i], err));
        }
    }
    while (me->column_count < OUTPUTS_MAX && me->what->outputs[me->column_count] != NULL) {
        S1_TRY(err, bind_column(me, binder, prefix, given, err));
    }
    return S1_OK;
}

/* --- The worker. --- */

static s1_rc talib_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    const talib_worker *const me = self;
    double bar[FIELDS];
    double out[OUTPUTS_MAX] = {NONE, NONE, NONE};
    bool is_whole = true;
    for (size_t i = 0; i < FIELDS; i++) {
        bar[i] = me->series[i] != NULL ? s1_series_last(me->series[i]) : 0.0;
        is_whole = is_whole && !isnan(bar[i]);
    }
    if (is_whole) { /* a bar without an input is passed over */
        me->what->step(me->state, bar, out);
    }
    for (uint32_t i = 0; i < me->column_count; i++) {
        s1_column_put(me->columns[i], out[i]);
    }
    return S1_OK;
}

static void talib_destroy(void *self)
{
    talib_worker *const me = self;
    if (me != NULL) {
        free(me->state);
        free(me->memory);
        free(me);
    }
}

/* The state and its windows: measured, allocated, then set up. */
static s1_rc make_state(talib_worker *me, const settings *given, s1_err *err)
{
    const indicator *const what = me->what;
    me->state = calloc(1, what->size);
    if (me->state == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "talib_indicator: %zu bytes", what->size);
    }
    pool windows = {NULL, 0};
    what->init(me->state, given, &windows);
    me->memory = calloc(1, windows.used + 1);
    if (me->memory == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "talib_indicator: %zu bytes", windows.used);
    }
    memset(me->state, 0, what->size);
    windows = (pool){me->memory, 0};
    what->init(me->state, given, &windows);
    return S1_OK;
}

static s1_rc talib_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    s1_str name;
    settings given = {0};
    S1_TRY(err, binder->param_text(binder->self, S1_STR("indicator"), &name, err));
    S1_TRY(err, read_settings(binder, &given, err));
    const indicator *const what = find_indicator(name);
    if (what == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "talib_indicator: no indicator '%.*s'",
                        S1_STR_ARG(name));
    }
    S1_TRY(err, check_settings(what, &given, err));
    talib_worker *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "talib_indicator: %zu bytes", sizeof *me);
    }
    me->what = what;
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, bind(me, binder, &given, err));
    S1_TRY_GOTO(err, rc, fail, make_state(me, &given, err));
    *ret_self = me;
    return S1_OK;
fail:
    talib_destroy(me);
    return rc;
}

static const s1_worker_ops talib_ops = {
    .size = sizeof talib_ops,
    .type = S1_WORKER_CONTEXT,
    .create = talib_create,
    .destroy = talib_destroy,
    .enrich = talib_enrich,
};

S1_PLUGIN("talib_indicator", "1.0.0", &talib_ops, 0)
