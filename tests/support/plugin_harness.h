/* tests/support/plugin_harness.h - a plugin under test, loaded as the product loads it.
 *
 * The registry finds the plugin below S1_BUILD_DIR/plugins, checks image and manifest, and the
 * worker builder makes it from its parameters; only the run around it is the test's: bars, columns
 * fed by hand, ledger, threats. What workers give is kept for assertions.
 *
 *     s1_harness *const h = s1_harness_new(NULL);
 *     s1_worker *const ema = s1_harness_add(h, "ema_detector", "{periods: [3]}");
 *     for (...) s1_harness_close(h, 1.07123);
 *     assert_double_equal(s1_harness_value(h, "ema_3", 0), 1.07123, 0);
 *     s1_harness_free(h);
 *
 * Per bar the harness runs every context worker added (in order of addition), then the opportunity
 * workers whose inputs exist, then the threat workers. Planning and execution workers are called by
 * the test. A worker that fails fails the test, except through the `try` functions.
 *
 * Whatever goes wrong in here calls cmocka's fail_msg with the reason.
 */
#ifndef S1_TESTS_SUPPORT_PLUGIN_HARNESS_H
#define S1_TESTS_SUPPORT_PLUGIN_HARNESS_H

#include "backend/assembly/worker_builder.h"
#include "backend/core/trading_context.h"
#include "s1mple/plugin.h"
#include "tests/support/cmocka.h"

typedef struct s1_harness s1_harness;

typedef struct s1_harness_options {
    /* NULL: EUR/USD, price_scale 5, qty_scale 2, tick 0.00001, lot 0.01, fees 0. Borrowed. */
    const s1_instrument *instrument;
    s1_nanos timeframe;     /* 0: one hour */
    uint64_t capacity_rows; /* 0: 200000 */
    uint64_t seed;
    /* A second stream, "" or "ETH/USD@4h"; fed with s1_harness_bar_of(h, 1, ...). */
    const char *second_stream;
    const char *plugins_folder; /* NULL: S1_BUILD_DIR/plugins */
} s1_harness_options;

/* A run without workers. options NULL: the defaults. */
s1_harness *s1_harness_new(const s1_harness_options *options);
void s1_harness_free(s1_harness *h); /* accepts NULL */

/* Declares a column to be fed by hand, as if an earlier worker provided it. Before s1_harness_add.
 */
void s1_harness_feed(s1_harness *h, const char *column);
/* Its value in the bars to come; NaN until set. */
void s1_harness_set(s1_harness *h, const char *column, double value);
/* The same for an artefact list: what is put is on the map from the next bar on. */
void s1_harness_feed_artefacts(s1_harness *h, const char *name);
void s1_harness_put_artefact(s1_harness *h, const char *name, const s1_artefact *artefact);

/* Adds a worker by plugin name. params is YAML or JSON text, "" or NULL for the defaults. */
s1_worker *s1_harness_add(s1_harness *h, const char *plugin, const char *params);

typedef struct s1_harness_item {
    const char *plugin;
    const char *params;      /* NULL: the defaults */
    const char *instance_id; /* NULL: the plugin's name */
    const char *stream;      /* NULL: the primary */
    const char *state;       /* JSON committed in an earlier life; NULL: none */
} s1_harness_item;
/* As s1_harness_add with every choice, returning the error instead of failing the test. */
s1_rc s1_harness_try_add(s1_harness *h, const s1_harness_item *item, s1_worker **ret_worker,
                         s1_err *err);

/* --- Bars. One call is one tick. ----------------------------------------------------------- */

/* Prices as doubles are rounded to the instrument's price_scale, the volume to its qty_scale. */
void s1_harness_bar(s1_harness *h, double open, double high, double low, double close,
                    double volume);
/* open = high = low = close, volume 1. */
void s1_harness_close(s1_harness *h, double close);
/* A bar as it is; times 0: the next ones. */
void s1_harness_exact_bar(s1_harness *h, const s1_bar *bar);
/* A bar of another stream, made visible in the next tick. */
void s1_harness_bar_of(s1_harness *h, uint32_t stream, double open, double high, double low,
                       double close, double volume);
/* A tick that returns the first worker's failure instead of failing the test. */
s1_rc s1_harness_try_bar(s1_harness *h, double open, double high, double low, double close,
                         double volume, s1_err *err);
/* Feeds a CSV below the source root or S1_SHARED: a header line naming open, high, low, close and
 * maybe volume (any case, any order; a leading unnamed column is ignored). max_rows 0: all. Returns
 * the number of bars fed; 0, having printed "skipped: ...", where the file is absent. */
uint64_t s1_harness_csv(s1_harness *h, const char *path, uint64_t max_rows);
/* Warm-up: detectors and threat workers rest while set. */
void s1_harness_warmup(s1_harness *h, bool is_warmup);

/* --- What came out. ------------------------------------------------------------------------ */

/* The context as workers see it, and the store behind it. */
const s1_context *s1_harness_context(const s1_harness *h);
s1_trading_context *s1_harness_store(s1_harness *h);
uint64_t s1_harness_rows(const s1_harness *h);
/* A column's values from the first row on, [s1_harness_rows]; and its value `ago` bars back. */
const double *s1_harness_column(const s1_harness *h, const char *column);
double s1_harness_value(const s1_harness *h, const char *column, uint64_t ago);
const s1_artefact_list *s1_harness_artefacts(const s1_harness *h, const char *name);

typedef struct s1_harness_signal {
    uint64_t row; /* rows of the primary stream when it was emitted; 1 for the first bar */
    const s1_worker *worker;
    s1_signal
        signal; /* texts and metadata are kept until s1_harness_free; id, time, pair stamped */
} s1_harness_signal;
uint32_t s1_harness_signal_count(const s1_harness *h);
const s1_harness_signal *s1_harness_signal_at(const s1_harness *h, uint32_t index);

typedef struct s1_harness_report {
    uint64_t row;
    const s1_worker *worker;
    s1_threat_id threat_id;
    s1_threat_report report;
} s1_harness_report;
uint32_t s1_harness_report_count(const s1_harness *h);
const s1_harness_report *s1_harness_report_at(const s1_harness *h, uint32_t index);

/* The number of a signal's metadata or a report's details by name; NaN if there is none. */
double s1_harness_field(const s1_field *fields, uint32_t count, const char *name);

/* One call of s1_journal_api, s1_event_api, s1_host.log or s1_state_api.commit. */
typedef struct s1_harness_note {
    uint64_t row;
    const s1_worker *worker;
    const char *kind; /* "journal", "event", "log", "state" */
    s1_str name;      /* of the note or event; empty else */
    s1_str text;      /* details, payload, message, state */
    int32_t level;    /* of a log line */
} s1_harness_note;
uint32_t s1_harness_note_count(const s1_harness *h, const char *kind); /* NULL: any */
const s1_harness_note *s1_harness_note_at(const s1_harness *h, const char *kind, uint32_t index);
/* The committed state of a worker; {NULL, 0} if none. */
s1_str s1_harness_state(const s1_harness *h, const s1_worker *worker);
/* Makes the next `count` commits fail. */
void s1_harness_fail_commits(s1_harness *h, uint32_t count);

/* --- Ledger, threats, planning, execution. ------------------------------------------------- */

/* The view workers read. Written by the test; positions with s1_harness_open. Starts with cash =
 * equity = equity_peak = initial_capital = 10000. */
s1_ledger_view *s1_harness_ledger(s1_harness *h);
/* Opens a position at a price; returns it for more settings. Its trade id is derived from a count.
 * opened_row and opened_at are now. */
s1_position *s1_harness_open(s1_harness *h, int32_t direction, const char *quantity,
                             const char *price);
void s1_harness_close_positions(s1_harness *h);

/* An active threat in what planning and execution workers are handed; cleared with NULL. */
void s1_harness_threat(s1_harness *h, const char *threat_type, const char *category,
                       int32_t severity);
const s1_threat_list *s1_harness_threats(const s1_harness *h);

/* A signal with id, time, pair and price (the close) filled in; "test_signal". */
s1_signal s1_harness_make_signal(s1_harness *h, int32_t direction);
/* A plan as the host begins it: ids and direction from the signal. */
s1_plan s1_harness_make_plan(s1_harness *h, const s1_signal *signal);
/* Calls plan(). The verdict starts as "passes" with NaN limit and actual. */
s1_rc s1_harness_plan(s1_harness *h, s1_worker *worker, const s1_signal *signal, s1_plan *plan,
                      s1_verdict *ret_verdict, s1_err *err);

enum s1_harness_order_kind {
    S1_HARNESS_SUBMIT = 1,
    S1_HARNESS_MODIFY_STOP,
    S1_HARNESS_CLOSE,
    S1_HARNESS_CANCEL_ENTRY
};
typedef struct s1_harness_order {
    int32_t kind;
    uint64_t row;
    s1_trade_id trade_id;
    s1_plan directive;        /* SUBMIT */
    s1_dec price;             /* MODIFY_STOP */
    s1_close_request request; /* CLOSE */
    s1_str reason;            /* CLOSE, CANCEL_ENTRY */
} s1_harness_order;
/* Calls execute() with the context, the signals given (NULL: none) and the threats set. A stop that
 * was moved stands in the position afterwards; a closed position is marked as closing. */
s1_rc s1_harness_execute(s1_harness *h, s1_worker *worker, int32_t trigger,
                         const s1_plan *directive, const s1_signal_list *signals, s1_err *err);
uint32_t s1_harness_order_count(const s1_harness *h);
const s1_harness_order *s1_harness_order_at(const s1_harness *h, uint32_t index);

/* A decimal from text; fails the test if it is none. */
s1_dec s1_harness_dec(const char *text);
/* The decimal as text, in a buffer that lives until the fourth call after. */
const char *s1_harness_text(s1_dec value);

#endif /* S1_TESTS_SUPPORT_PLUGIN_HARNESS_H */
