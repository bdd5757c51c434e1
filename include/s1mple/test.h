/* s1mple/test.h - a plugin under test, loaded as the product loads it. For tests, never for
 * plugins.
 *
 * The host finds the plugin below a folder, checks image and manifest, and the worker builder makes
 * it from its parameters; only the run around it is the test's: bars, columns fed by hand, ledger,
 * threats. What workers give is kept for assertions.
 *
 *     static void follows_the_close(void)
 *     {
 *         s1_harness *const h = s1_harness_new(NULL);
 *         s1_harness_add(h, "ema_detector", "{periods: [3]}");
 *         for (...) s1_harness_close(h, 1.07123);
 *         S1_EXPECT_NEAR(s1_harness_value(h, "ema_3", 0), 1.07123, 1e-12);
 *         s1_harness_free(h);
 *     }
 *     static const s1_test tests[] = {S1_TEST(follows_the_close)};
 *     int main(void) { return s1_test_run("ema_detector", tests, S1_TEST_COUNT(tests)); }
 *
 * Link with the library of `pkg-config --libs s1mpletrader-test` (CMake: s1mple::test). Plugins are
 * looked for below the folder named by the options, else by the environment variable S1_PLUGINS,
 * else below S1_BUILD_DIR/plugins.
 *
 * Per bar the harness runs every context worker added (in order of addition), then the opportunity
 * workers whose inputs exist, then the threat workers. Planning and execution workers are called by
 * the test. A worker that fails fails the test, except through the `try` functions; whatever goes
 * wrong in here fails the test with the reason. One thread. C only: no part of the binary
 * interface.
 */
#ifndef S1MPLE_TEST_H
#define S1MPLE_TEST_H

#include "s1mple/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define S1_TEST_API __attribute__((visibility("default")))

/* --- Tests and expectations. ---------------------------------------------------------------- */

typedef struct s1_test {
    const char *name;
    void (*run)(void);
} s1_test;

#define S1_TEST(function)    {#function, function}
#define S1_TEST_COUNT(tests) (sizeof(tests) / sizeof((tests)[0]))

/* Runs the tests, one after the other, prints a line for each and the reason of every failure.
 * Returns what main() returns: 0 if all passed, else 1. */
S1_TEST_API int s1_test_run(const char *group, const s1_test *tests, size_t count);

/* Fails the running test with a reason; does not return. */
S1_PRINTF(3, 4)
__attribute__((noreturn)) S1_TEST_API void s1_test_fail(const char *file, int line,
                                                        const char *format, ...);

/* Runs `body`; true if it came to its end, false if it failed, with the reason in `message`. */
S1_TEST_API bool s1_test_guard(void (*body)(void *user), void *user, char *message, size_t size);

/* Hands failures outside s1_test_run and s1_test_guard to another test framework; `handler` does
 * not return. Without one a failure there is printed and ends the process with 1. */
S1_TEST_API void s1_test_on_failure(void (*handler)(const char *message, const char *file,
                                                    int line));

#define S1_TEST_FAIL(...) s1_test_fail(__FILE__, __LINE__, __VA_ARGS__)
/* The condition holds. */
#define S1_EXPECT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            S1_TEST_FAIL("not so: %s", #condition);                                                \
        }                                                                                          \
    } while (0)
/* Two integers are equal. */
#define S1_EXPECT_INT(found, expected)                                                             \
    s1_test_expect_int((long long)(found), (long long)(expected), #found, __FILE__, __LINE__)
/* Two doubles are the same, or both are NaN. */
#define S1_EXPECT_SAME(found, expected)                                                            \
    s1_test_expect_near((found), (expected), 0.0, #found, __FILE__, __LINE__)
/* Two doubles agree to `tolerance`, or both are NaN. */
#define S1_EXPECT_NEAR(found, expected, tolerance)                                                 \
    s1_test_expect_near((found), (expected), (tolerance), #found, __FILE__, __LINE__)
/* A s1_str is this text. */
#define S1_EXPECT_TEXT(found, expected)                                                            \
    s1_test_expect_text((found), (expected), #found, __FILE__, __LINE__)
/* A decimal is this number, as text. */
#define S1_EXPECT_DEC(found, expected)                                                             \
    s1_test_expect_text_of((found), (expected), #found, __FILE__, __LINE__)

/* Behind the macros. */
S1_TEST_API void s1_test_expect_int(long long found, long long expected, const char *what,
                                    const char *file, int line);
S1_TEST_API void s1_test_expect_near(double found, double expected, double tolerance,
                                     const char *what, const char *file, int line);
S1_TEST_API void s1_test_expect_text(s1_str found, const char *expected, const char *what,
                                     const char *file, int line);
S1_TEST_API void s1_test_expect_text_of(s1_dec found, const char *expected, const char *what,
                                        const char *file, int line);

/* --- The harness. --------------------------------------------------------------------------- */

typedef struct s1_worker s1_worker;   /* a worker made by the host; opaque */
typedef struct s1_harness s1_harness; /* opaque, heap */

typedef struct s1_harness_options {
    /* NULL: EUR/USD, price_scale 5, qty_scale 2, tick 0.00001, lot 0.01, fees 0. Borrowed. */
    const s1_instrument *instrument;
    s1_nanos timeframe;     /* 0: one hour */
    uint64_t capacity_rows; /* 0: 200000 */
    uint64_t seed;
    /* A second stream, "" or "ETH/USD@4h"; fed with s1_harness_bar_of(h, 1, ...). */
    const char *second_stream;
    const char *plugins_folder; /* NULL: S1_PLUGINS, else S1_BUILD_DIR/plugins */
} s1_harness_options;

/* A run without workers. options NULL: the defaults. */
S1_TEST_API s1_harness *s1_harness_new(const s1_harness_options *options);
S1_TEST_API void s1_harness_free(s1_harness *h); /* accepts NULL */

/* Declares a column to be fed by hand, as if an earlier worker provided it;
 * "ETH/USD@4h.ema_50" is one of the second stream. Before s1_harness_add.
 */
S1_TEST_API void s1_harness_feed(s1_harness *h, const char *column);
/* Its value in the bars to come; NaN until set. */
S1_TEST_API void s1_harness_set(s1_harness *h, const char *column, double value);
/* The same for an artefact list: what is put is on the map from the next bar on. */
S1_TEST_API void s1_harness_feed_artefacts(s1_harness *h, const char *name);
S1_TEST_API void s1_harness_put_artefact(s1_harness *h, const char *name,
                                         const s1_artefact *artefact);

/* A feed file by its text, for workers added later whose manifest has a feed of that name. Its rows
 * show as in a run: by the tick they were published. */
S1_TEST_API void s1_harness_feed_file(s1_harness *h, const char *feed, const char *csv);

/* A model by its text (Booster.save_model of LightGBM), for workers added later whose manifest has
 * a model of that name. */
S1_TEST_API void s1_harness_model_file(s1_harness *h, const char *model, const char *text);

/* Whether every input of the worker exists by now, so that it would be called. */
S1_TEST_API bool s1_harness_is_ready(s1_worker *worker);

/* Adds a worker by plugin name. params is YAML or JSON text, "" or NULL for the defaults. */
S1_TEST_API s1_worker *s1_harness_add(s1_harness *h, const char *plugin, const char *params);

typedef struct s1_harness_item {
    const char *plugin;
    const char *params;      /* NULL: the defaults */
    const char *instance_id; /* NULL: the plugin's name */
    const char *stream;      /* NULL: the primary */
    const char *state;       /* JSON committed in an earlier life; NULL: none */
} s1_harness_item;
/* As s1_harness_add with every choice, returning the error instead of failing the test. */
S1_TEST_API s1_rc s1_harness_try_add(s1_harness *h, const s1_harness_item *item,
                                     s1_worker **ret_worker, s1_err *err);

/* --- Bars. One call is one tick. ----------------------------------------------------------- */

/* Prices as doubles are rounded to the instrument's price_scale, the volume to its qty_scale. */
S1_TEST_API void s1_harness_bar(s1_harness *h, double open, double high, double low, double close,
                                double volume);
/* open = high = low = close, volume 1. */
S1_TEST_API void s1_harness_close(s1_harness *h, double close);
/* A bar as it is; times 0: the next ones. */
S1_TEST_API void s1_harness_exact_bar(s1_harness *h, const s1_bar *bar);
/* A bar of another stream, made visible in the next tick. */
S1_TEST_API void s1_harness_bar_of(s1_harness *h, uint32_t stream, double open, double high,
                                   double low, double close, double volume);
/* A tick that returns the first worker's failure instead of failing the test. */
S1_TEST_API s1_rc s1_harness_try_bar(s1_harness *h, double open, double high, double low,
                                     double close, double volume, s1_err *err);
/* Feeds a CSV (a path, or one below S1_SOURCE_DIR or S1_SHARED): a header line naming open, high,
 * low, close and maybe volume (any case, any order; a leading unnamed column is ignored). max_rows
 * 0: all. Returns the number of bars fed; 0, having printed "skipped: ...", where the file is
 * absent. */
S1_TEST_API uint64_t s1_harness_csv(s1_harness *h, const char *path, uint64_t max_rows);
/* Warm-up: detectors and threat workers rest while set. */
S1_TEST_API void s1_harness_warmup(s1_harness *h, bool is_warmup);
/* Opportunity workers see what those before them found in the same bar, as under SEQUENTIAL. */
S1_TEST_API void s1_harness_sequential(s1_harness *h);

/* --- What came out. ------------------------------------------------------------------------ */

/* The context as workers see it. */
S1_TEST_API const s1_context *s1_harness_context(const s1_harness *h);
S1_TEST_API uint64_t s1_harness_rows(const s1_harness *h);
/* A column's values from the first row on, [s1_harness_rows]; and its value `ago` bars back. */
S1_TEST_API const double *s1_harness_column(const s1_harness *h, const char *column);
S1_TEST_API double s1_harness_value(const s1_harness *h, const char *column, uint64_t ago);
S1_TEST_API const s1_artefact_list *s1_harness_artefacts(const s1_harness *h, const char *name);

typedef struct s1_harness_signal {
    uint64_t row; /* rows of the primary stream when it was emitted; 1 for the first bar */
    const s1_worker *worker;
    s1_signal
        signal; /* texts and metadata are kept until s1_harness_free; id, time, pair stamped */
} s1_harness_signal;
S1_TEST_API uint32_t s1_harness_signal_count(const s1_harness *h);
S1_TEST_API const s1_harness_signal *s1_harness_signal_at(const s1_harness *h, uint32_t index);

typedef struct s1_harness_report {
    uint64_t row;
    const s1_worker *worker;
    s1_threat_id threat_id;
    s1_threat_report report;
} s1_harness_report;
S1_TEST_API uint32_t s1_harness_report_count(const s1_harness *h);
S1_TEST_API const s1_harness_report *s1_harness_report_at(const s1_harness *h, uint32_t index);

/* The number of a signal's metadata or a report's details by name; NaN if there is none. */
S1_TEST_API double s1_harness_field(const s1_field *fields, uint32_t count, const char *name);

/* One call of s1_journal_api, s1_event_api, s1_host.log or s1_state_api.commit. */
typedef struct s1_harness_note {
    uint64_t row;
    const s1_worker *worker;
    const char *kind; /* "journal", "event", "log", "state" */
    s1_str name;      /* of the note or event; empty else */
    s1_str text;      /* details, payload, message, state */
    int32_t level;    /* of a log line */
} s1_harness_note;
S1_TEST_API uint32_t s1_harness_note_count(const s1_harness *h, const char *kind); /* NULL: any */
S1_TEST_API const s1_harness_note *s1_harness_note_at(const s1_harness *h, const char *kind,
                                                      uint32_t index);
/* The committed state of a worker; {NULL, 0} if none. */
S1_TEST_API s1_str s1_harness_state(const s1_harness *h, const s1_worker *worker);
/* Makes the next `count` commits fail. */
S1_TEST_API void s1_harness_fail_commits(s1_harness *h, uint32_t count);

/* Calls on_event() of a worker of the capability `events`. */
S1_TEST_API s1_rc s1_harness_event(s1_harness *h, s1_worker *worker, const s1_event *event,
                                   s1_err *err);

/* The worker is refused at create with a message that holds `part`; fails the test if not. */
S1_TEST_API void s1_harness_refuses(s1_harness *h, const char *plugin, const char *params,
                                    const char *part);

/* --- Ledger, threats, planning, execution. ------------------------------------------------- */

/* The view workers read. Written by the test; positions with s1_harness_open. Starts with cash =
 * equity = equity_peak = initial_capital = 10000. */
S1_TEST_API s1_ledger_view *s1_harness_ledger(s1_harness *h);
/* Opens a position at a price; returns it for more settings. Its trade id is derived from a count.
 * opened_row and opened_at are now. */
S1_TEST_API s1_position *s1_harness_open(s1_harness *h, int32_t direction, const char *quantity,
                                         const char *price);
S1_TEST_API void s1_harness_close_positions(s1_harness *h);

/* An active threat in what planning and execution workers are handed; cleared with NULL. */
S1_TEST_API void s1_harness_threat(s1_harness *h, const char *threat_type, const char *category,
                                   int32_t severity);
S1_TEST_API const s1_threat_list *s1_harness_threats(const s1_harness *h);

/* A signal with id, time, pair and price (the close) filled in; "test_signal". */
S1_TEST_API s1_signal s1_harness_make_signal(s1_harness *h, int32_t direction);
/* A plan as the host begins it: ids and direction from the signal. */
S1_TEST_API s1_plan s1_harness_make_plan(s1_harness *h, const s1_signal *signal);
/* Calls plan(). The verdict starts as "passes" with NaN limit and actual. */
S1_TEST_API s1_rc s1_harness_plan(s1_harness *h, s1_worker *worker, const s1_signal *signal,
                                  s1_plan *plan, s1_verdict *ret_verdict, s1_err *err);

enum s1_harness_order_kind {
    S1_HARNESS_SUBMIT = 1,
    S1_HARNESS_MODIFY_STOP,
    S1_HARNESS_CLOSE,
    S1_HARNESS_CANCEL_ENTRY,
    S1_HARNESS_AMEND_ENTRY
};
typedef struct s1_harness_order {
    int32_t kind;
    uint64_t row;
    s1_trade_id trade_id;
    s1_plan directive;        /* SUBMIT */
    s1_dec price;             /* MODIFY_STOP */
    s1_close_request request; /* CLOSE */
    s1_str reason;            /* CLOSE, CANCEL_ENTRY, AMEND_ENTRY */
    s1_entry_change change;   /* AMEND_ENTRY */
} s1_harness_order;
/* Calls execute() with the context, the signals given (NULL: none) and the threats set. A stop that
 * was moved stands in the position afterwards; a closed position is marked as closing. */
S1_TEST_API s1_rc s1_harness_execute(s1_harness *h, s1_worker *worker, int32_t trigger,
                                     const s1_plan *directive, const s1_signal_list *signals,
                                     s1_err *err);
S1_TEST_API uint32_t s1_harness_order_count(const s1_harness *h);
S1_TEST_API const s1_harness_order *s1_harness_order_at(const s1_harness *h, uint32_t index);

/* A decimal from text; fails the test if it is none. */
S1_TEST_API s1_dec s1_harness_dec(const char *text);
/* The decimal as text, in a buffer that lives until the fourth call after. */
S1_TEST_API const char *s1_harness_text(s1_dec value);

/* --- The enrolment gate. -------------------------------------------------------------------- */

/* What every worker owes, whatever it computes: it accepts its defaults, runs over bars without
 * failing, says the same thing in a second run, and what it said up to a bar does not change when
 * the history ends there or goes on otherwise: not in the bar itself, and not later on, by writing
 * over what stands in a column or a list. Where it offers enrich_range, its rows are those of bar
 * by bar. `s1mpletrader plugins test` asks it of every plugin. Columns and artefacts the manifest
 * requires are made by rule from the bars. */
typedef struct s1_gate_options {
    const char *plugin;
    const char *params;         /* NULL: the defaults; what has none gets a value by rule */
    const char *plugins_folder; /* as s1_harness_options */
    const char *csv;            /* real bars, as s1_harness_csv; NULL: generated ones */
    uint64_t bars;              /* 0: 400 */
    uint64_t cuts;              /* places to cut the history at; 0: 8 */
    /* Nanoseconds of a clock that only rises. NULL: calls are not timed. */
    int64_t (*now)(void);
} s1_gate_options;

typedef struct s1_gate_report {
    uint64_t bars, calls; /* calls of the process function in one run */
    uint64_t values;      /* numbers put into columns, NaN left out */
    uint64_t signals, threats, plans, rejections, orders, notes, artefacts;
    uint64_t cuts; /* places at which the history was cut */
    /* Of one call: the bars with the calls, less the same bars with calls of nothing, the least of
     * some rounds of each. NaN: not timed. */
    double nanos;
    char params[512]; /* it was made with */
    char silent[256]; /* columns that were NaN on every bar: "a, b"; cut where it is too long */
} s1_gate_report;

/* Errors: S1_E_NOT_FOUND without the plugin or the file, S1_E_PLUGIN for a worker that fails or was
 * refused, S1_E_DATA for one that says something else in a second run or after a cut; the message
 * tells what and where. ret_report is written on success. */
S1_TEST_API S1_WARN_UNUSED s1_rc s1_gate_run(const s1_gate_options *options,
                                             s1_gate_report *ret_report, s1_err *err);
/* The same in a test: fails it with the reason. */
S1_TEST_API void s1_test_gate(const char *plugin, const char *params);

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_TEST_H */
