#include "backend/analysis/diagnostics.h"

#include "backend/dtos/execution/order.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <string.h>

#define TRADES_MIN         30.0
#define RETURNS_MIN        60.0
#define TRADES_A_PARAMETER 10.0
#define COST_SHARE_MAX     0.3
#define SHARPE_MAX         4.0
#define WIN_RATE_MAX       0.9
#define NEVER_UNDER_MAX    0.5
#define SUSPECT_TRADES     20u /* fewer of them may be luck */
#define FLAT_MAX           0.01
#define GAP_BARS           2 /* a step above so many bars is a gap */
#define UNDER_MIN          1e-4

static s1_diagnosis *add(s1_diagnoses *found, int32_t code, uint64_t count, uint64_t of)
{
    s1_diagnosis *const item = &found->items[found->count++];
    *item = (s1_diagnosis){
        .code = code, .count = count, .of = of, .value = of > 0 ? (double)count / (double)of : 0.0};
    return item;
}

/* --- No trades, or few. ------------------------------------------------------------------- */

/* The stage that refused most. */
static const char *hardest_stage(const s1_run_manifest *m, uint64_t *ret_count)
{
    const struct {
        const char *name;
        uint64_t count;
    } stages[] = {{"governor", m->rejected_governor}, {"entry", m->rejected_entry},
                  {"exit", m->rejected_exit},         {"size", m->rejected_size},
                  {"routing", m->rejected_routing},   {"gate", m->rejected_gate},
                  {"venue", m->rejected_venue}};
    size_t most = 0;
    for (size_t i = 1; i < sizeof stages / sizeof stages[0]; i++) {
        most = stages[i].count > stages[most].count ? i : most;
    }
    *ret_count = stages[most].count;
    return stages[most].name;
}

static void find_silence(const s1_diagnostics_input *input, s1_diagnoses *found)
{
    const s1_run_manifest *const m = input->manifest;
    if (m->opportunities == 0) {
        (void)add(found, S1_DIAGNOSIS_NO_OPPORTUNITIES, 0, m->ticks);
    } else if (m->orders == 0) {
        uint64_t most;
        const char *const stage = hardest_stage(m, &most);
        add(found, S1_DIAGNOSIS_ALL_REFUSED, m->rejected, m->opportunities)->detail = stage;
        found->items[found->count - 1].value = (double)most;
    } else if (m->fills == 0) {
        (void)add(found, S1_DIAGNOSIS_NOTHING_FILLED, 0, m->orders);
    } else {
        (void)add(found, S1_DIAGNOSIS_NEVER_CLOSED, m->open_positions, m->fills);
    }
}

static void find_scarcity(const s1_diagnostics_input *input, s1_diagnoses *found)
{
    const s1_statistics *const s = input->statistics;
    const double trades = (double)input->trade_count;
    if (input->trade_count == 0) {
        find_silence(input, found);
    } else if (trades < TRADES_MIN) {
        add(found, S1_DIAGNOSIS_FEW_TRADES, input->trade_count, 0)->limit = TRADES_MIN;
    }
    if ((double)s->samples < RETURNS_MIN) {
        add(found, S1_DIAGNOSIS_SHORT_PERIOD, s->samples, 0)->limit = RETURNS_MIN;
    }
    if (input->trade_count > 0 && trades < TRADES_A_PARAMETER * (double)input->parameter_count) {
        add(found, S1_DIAGNOSIS_PARAMETERS, input->parameter_count, input->trade_count)->limit =
            TRADES_A_PARAMETER;
    }
}

/* --- What the profit hangs on. ------------------------------------------------------------ */

static void find_dependence(const s1_diagnostics_input *input, s1_diagnoses *found)
{
    const s1_statistics *const s = input->statistics;
    if (input->trade_count >= 2 && s1_dec_sign(s->net_profit) > 0 &&
        s1_dec_cmp(s->best_trade, s->net_profit) >= 0) {
        add(found, S1_DIAGNOSIS_ONE_TRADE, 1, input->trade_count)->value =
            s1_dec_to_double(s->best_trade) / s1_dec_to_double(s->net_profit);
    }
    if (s->cost_share > COST_SHARE_MAX) {
        s1_diagnosis *const item =
            add(found, S1_DIAGNOSIS_COSTS, input->trade_count, input->trade_count);
        item->value = s->cost_share;
        item->limit = COST_SHARE_MAX;
    }
}

/* --- Fills that may not be. --------------------------------------------------------------- */

/* Is bar `row` the first after bars that are missing? A weekend between is none where the market
 * closes for it. */
static bool is_after_gap(const s1_run_series *series, uint64_t row, s1_nanos step,
                         bool has_weekends_off)
{
    if (row == 0 || row >= series->count) {
        return false;
    }
    const s1_nanos before = series->time[row - 1];
    const s1_nanos gap = series->time[row] - before;
    if (gap <= GAP_BARS * step) {
        return false;
    }
    const uint8_t weekday = s1_civil_from_time(before - 1).weekday;
    return !(has_weekends_off && (weekday == 5 || weekday == 6) &&
             gap <= 3 * S1_NANOS_PER_DAY + GAP_BARS * step);
}

/* The least step between bars: that of the timeframe. */
static s1_nanos step_of(const s1_run_series *series)
{
    s1_nanos step = INT64_MAX;
    for (size_t i = 1; i < series->count; i++) {
        const s1_nanos gap = series->time[i] - series->time[i - 1];
        step = gap < step ? gap : step;
    }
    return step;
}

static bool is_flat(const s1_run_series *series, uint64_t row)
{
    return series->high != NULL && series->low != NULL && row < series->count &&
           !(series->high[row] > series->low[row]);
}

static void find_stale(const s1_diagnostics_input *input, s1_diagnoses *found)
{
    const s1_run_series *const series = input->series;
    const bool has_weekends_off = input->statistics->is_weekend_in_next_day != 0;
    const s1_nanos step = step_of(series);
    uint64_t after_gap = 0;
    uint64_t flat = 0;
    uint64_t at_close = 0;
    for (size_t i = 0; i < input->trade_count && step < INT64_MAX; i++) {
        const s1_trade_record *const trade = &input->trades[i];
        after_gap += is_after_gap(series, trade->entry_row, step, has_weekends_off);
        after_gap += is_after_gap(series, trade->exit_row, step, has_weekends_off);
        flat += is_flat(series, trade->entry_row);
        flat += is_flat(series, trade->exit_row);
        at_close += trade->entry_rule == S1_FILL_CLOSE; /* not by its time: that of a touch is the
                                                           end of its bar too */
    }
    if (input->manifest->ambiguous_bars > 0) {
        (void)add(found, S1_DIAGNOSIS_STOP_AND_TARGET, input->manifest->ambiguous_bars,
                  input->trade_count);
    }
    if (after_gap > 0) {
        (void)add(found, S1_DIAGNOSIS_STALE_GAP, after_gap, 2 * (uint64_t)input->trade_count);
    }
    if ((double)flat > FLAT_MAX * 2.0 * (double)input->trade_count) {
        add(found, S1_DIAGNOSIS_STALE_FLAT, flat, 2 * (uint64_t)input->trade_count)->limit =
            FLAT_MAX;
    }
    if (at_close > 0) {
        (void)add(found, S1_DIAGNOSIS_SAME_CLOSE, at_close, input->trade_count);
    }
}

/* --- Too good. ---------------------------------------------------------------------------- */

static void find_suspects(const s1_diagnostics_input *input, s1_diagnoses *found)
{
    const s1_statistics *const s = input->statistics;
    if (s->sharpe > SHARPE_MAX && (double)s->samples >= RETURNS_MIN) {
        s1_diagnosis *const item = add(found, S1_DIAGNOSIS_TOO_GOOD, s->samples, 0);
        item->value = s->sharpe;
        item->limit = SHARPE_MAX;
    }
    if (input->trade_count < SUSPECT_TRADES) {
        return;
    }
    if (s->win_rate > WIN_RATE_MAX) {
        add(found, S1_DIAGNOSIS_ALWAYS_WINS, s->won_trades, input->trade_count)->limit =
            WIN_RATE_MAX;
    }
    uint64_t never = 0;
    for (size_t i = 0; i < input->tables->extreme_count; i++) {
        never += input->tables->extremes[i].adverse > -UNDER_MIN;
    }
    if ((double)never > NEVER_UNDER_MAX * (double)input->trade_count) {
        add(found, S1_DIAGNOSIS_NEVER_UNDER, never, input->trade_count)->limit = NEVER_UNDER_MAX;
    }
}

void s1_diagnostics_find(const s1_diagnostics_input *input, s1_diagnoses *ret_found)
{
    s1_diagnoses found = {.count = 0};
    find_scarcity(input, &found);
    find_dependence(input, &found);
    find_stale(input, &found);
    find_suspects(input, &found);
    if (input->manifest->open_positions > 0 && input->trade_count > 0) {
        (void)add(&found, S1_DIAGNOSIS_OPEN_AT_END, input->manifest->open_positions, 0);
    }
    *ret_found = found;
}

/* --- Words. ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool is_warning;
    int32_t unit;
} codes[] = {
#define X(name, code, is_warning, unit, condition) {code, is_warning, S1_DIAGNOSIS_##unit},
    S1_DIAGNOSIS_MAP(X)
#undef X
};

const char *s1_diagnosis_name(int32_t code)
{
    return codes[code].name;
}

bool s1_diagnosis_is_warning(int32_t code)
{
    return codes[code].is_warning;
}

int32_t s1_diagnosis_parse(s1_str name)
{
    int32_t code = 0;
    while (code < S1_DIAGNOSIS_CODE_COUNT && !s1_str_eq(name, s1_str_of(codes[code].name))) {
        code++;
    }
    return code;
}

static void word(const s1_locale *locale, const s1_diagnosis *diagnosis, const char *suffix,
                 const char *results, s1_strbuf *out)
{
    char key[64], stage[64], count[32], of[32], value[32], limit[32];
    const int32_t unit = codes[diagnosis->code].unit;
    (void)snprintf(key, sizeof key, "diagnosis.%s%s", codes[diagnosis->code].name, suffix);
    (void)snprintf(stage, sizeof stage, "report.stage_%s",
                   diagnosis->detail != NULL ? diagnosis->detail : "");
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)diagnosis->count);
    (void)snprintf(of, sizeof of, "%llu", (unsigned long long)diagnosis->of);
    if (unit == S1_DIAGNOSIS_PERCENT) {
        (void)snprintf(value, sizeof value, "%.1f %%", diagnosis->value * 100.0);
        (void)snprintf(limit, sizeof limit, "%.0f %%", diagnosis->limit * 100.0);
    } else {
        const bool is_ratio = unit == S1_DIAGNOSIS_RATIO;
        (void)snprintf(value, sizeof value, "%.*f", is_ratio ? 2 : 0, diagnosis->value);
        (void)snprintf(limit, sizeof limit, "%.0f", diagnosis->limit);
    }
    const s1_locale_value values[] = {
        {"count", count},
        {"of", of},
        {"value", value},
        {"limit", limit},
        {"results", results},
        {"stage", diagnosis->detail != NULL ? s1_locale_cstr(locale, stage) : ""}};
    s1_locale_word(locale, key, values, sizeof values / sizeof values[0], out);
}

void s1_diagnosis_cause(const s1_locale *locale, const s1_diagnosis *diagnosis, s1_strbuf *out)
{
    word(locale, diagnosis, "", "", out);
}

void s1_diagnosis_advice(const s1_locale *locale, const s1_diagnosis *diagnosis,
                         const char *results, s1_strbuf *out)
{
    word(locale, diagnosis, "_do", results, out);
}
