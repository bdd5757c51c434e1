/* backend/analysis/diagnostics.h - what a reader of a run should know before believing it.
 *
 * Looked at after the run, from its figures, counts, trades and bars. Each finding has a cause, a
 * count and something to do; the words stand in locales/ under diagnosis.<code> and
 * diagnosis.<code>_do.
 */
#ifndef S1_BACKEND_ANALYSIS_DIAGNOSTICS_H
#define S1_BACKEND_ANALYSIS_DIAGNOSTICS_H

#include "backend/analysis/statistics.h"
#include "backend/dtos/results/run_manifest.h"
#include "backend/utils/locale.h"

/* How its `value` and `limit` are worded. */
enum s1_diagnosis_unit { S1_DIAGNOSIS_COUNT, S1_DIAGNOSIS_PERCENT, S1_DIAGNOSIS_RATIO };

/* X(NAME, code, is_warning, unit, condition), in the order they are told. A note is no fault. */
#define S1_DIAGNOSIS_MAP(X)                                                                        \
    X(NO_OPPORTUNITIES, "no_opportunities", 1, COUNT, "bars, and no opportunity found")            \
    X(ALL_REFUSED, "all_refused", 1, COUNT, "opportunities, all refused before an order")          \
    X(NOTHING_FILLED, "nothing_filled", 1, COUNT, "orders, none filled")                           \
    X(NEVER_CLOSED, "never_closed", 1, COUNT, "positions opened, none closed")                     \
    X(FEW_TRADES, "few_trades", 1, COUNT, "fewer than 30 closed trades")                           \
    X(SHORT_PERIOD, "short_period", 0, COUNT, "fewer than 60 returns")                             \
    X(PARAMETERS, "parameters", 1, COUNT,                                                          \
      "fewer than 10 trades for each number the blueprint sets")                                   \
    X(ONE_TRADE, "one_trade", 1, PERCENT, "a profit that is gone without the best trade")          \
    X(COSTS, "costs", 1, PERCENT, "fees above 30 % of what was gained before them")                \
    X(STOP_AND_TARGET, "stop_and_target", 1, PERCENT,                                              \
      "bars that did not tell which order filled first")                                           \
    X(STALE_GAP, "stale_gap", 1, PERCENT, "fills on the first bar after bars that are missing")    \
    X(STALE_FLAT, "stale_flat", 1, PERCENT,                                                        \
      "over 1 % of the fills on a bar whose price did not move")                                   \
    X(SAME_CLOSE, "same_close", 0, PERCENT, "entries at the very close the decision was made on")  \
    X(TOO_GOOD, "too_good", 1, RATIO, "a Sharpe ratio above 4")                                    \
    X(ALWAYS_WINS, "always_wins", 1, PERCENT, "20 trades or more, over 90 % of them won")          \
    X(NEVER_UNDER, "never_under", 1, PERCENT,                                                      \
      "20 trades or more, over half of them never below their entry")                              \
    X(OPEN_AT_END, "open_at_end", 0, COUNT, "positions open when the data ended")

enum s1_diagnosis_code {
#define X(name, code, is_warning, unit, condition) S1_DIAGNOSIS_##name,
    S1_DIAGNOSIS_MAP(X)
#undef X
        S1_DIAGNOSIS_CODE_COUNT
};

typedef struct s1_diagnosis {
    int32_t code; /* enum s1_diagnosis_code */
    uint32_t reserved;
    uint64_t count, of; /* how many, of how many */
    double value, limit;
    const char *detail; /* a stage's name where the cause names one, else NULL; static */
} s1_diagnosis;

typedef struct s1_diagnoses {
    s1_diagnosis items[S1_DIAGNOSIS_CODE_COUNT];
    size_t count;
} s1_diagnoses;

typedef struct s1_diagnostics_input {
    const s1_run_manifest *manifest;
    const s1_statistics *statistics;
    const s1_statistics_tables *tables;
    const s1_run_series *series;
    const s1_trade_record *trades; /* [trade_count] */
    size_t trade_count;
    uint64_t parameter_count; /* numbers the blueprint sets */
} s1_diagnostics_input;

/* Looks. Allocates nothing. */
void s1_diagnostics_find(const s1_diagnostics_input *input, s1_diagnoses *ret_found);

/* "few_trades"; is it more than a note? */
const char *s1_diagnosis_name(int32_t code);
bool s1_diagnosis_is_warning(int32_t code);
/* The code of a name; S1_DIAGNOSIS_CODE_COUNT for one that is none. */
int32_t s1_diagnosis_parse(s1_str name);

/* Appends the cause, or what to do. `results` stands where a command names the run. */
void s1_diagnosis_cause(const s1_locale *locale, const s1_diagnosis *diagnosis, s1_strbuf *out);
void s1_diagnosis_advice(const s1_locale *locale, const s1_diagnosis *diagnosis,
                         const char *results, s1_strbuf *out);

#endif /* S1_BACKEND_ANALYSIS_DIAGNOSTICS_H */
