#include "backend/utils/fs.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/report_operation.h"
#include "services/api/ambiguity.h"
#include "services/api/backtest.h"
#include "services/api/results.h"
#include "services/api/validate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 10000u

typedef struct watch {
    s1_progress progress;
    atomic_bool is_stopping;
    pthread_mutex_t lock; /* runs side by side report together */
} watch;

static void on_progress(void *user, const s1_backtest_progress *progress)
{
    watch *const w = user;
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&w->is_stopping, true);
    }
    (void)pthread_mutex_lock(&w->lock);
    s1_progress_show(&w->progress, progress->phase, progress->done, progress->total, s1_cli_now());
    (void)pthread_mutex_unlock(&w->lock);
}

/* results/<name>, or the first of <name>-2, <name>-3, ... that is not there. */
static s1_rc default_folder(const char *target, char path[static S1_PATH_MAX], s1_err *err)
{
    s1_str name = s1_str_basename(s1_str_of(target));
    if (s1_str_ends_with(name, S1_STR(".yaml"))) {
        name.len -= 5;
    }
    for (unsigned number = 1; number < NAMES_MAX; number++) {
        char suffix[16] = "";
        if (number > 1) {
            (void)snprintf(suffix, sizeof suffix, "-%u", number);
        }
        const int length = snprintf(path, S1_PATH_MAX, "results/%.*s%s", S1_STR_ARG(name), suffix);
        if (length > 0 && (size_t)length < S1_PATH_MAX && !s1_fs_exists(s1_fs_real(), path)) {
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_EXISTS, "results/%.*s and %u more are there; name one with --results",
                    S1_STR_ARG(name), NAMES_MAX);
}

static int32_t journal_of(const char *name)
{
#define X(value, text, meaning)                                                                    \
    if (name != NULL && strcmp(name, text) == 0) {                                                 \
        return value;                                                                              \
    }
    S1_JOURNAL_LEVEL_OPTION_MAP(X)
#undef X
    return S1_BACKTEST_JOURNAL_CONFIGURED;
}

/* --- What came out. ----------------------------------------------------------------------- */

static s1_rc print_profile(s1_cli *cli, const s1_backtest_facts *facts, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "worker", .is_flexible = true}, {.title = "kind", .is_optional = true},
        {.title = "calls", .is_right = true},     {.title = "time", .is_right = true},
        {.title = "a call", .is_right = true},    {.title = "share", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < facts->worker_count && is_whole; i++) {
        const s1_backtest_worker_time *const worker = &facts->workers[i];
        char name[256];
        char calls[S1_FORMAT_MAX];
        char time[S1_TIMEFRAME_TEXT_MAX];
        char each[S1_TIMEFRAME_TEXT_MAX];
        char share[32];
        const s1_nanos engine = facts->engine_time > 0 ? facts->engine_time : 1;
        (void)snprintf(name, sizeof name, "%s%s%s", facts->link_count > 1 ? worker->link : "",
                       facts->link_count > 1 ? " " : "", worker->worker);
        (void)s1_duration_print(worker->time, time);
        (void)s1_duration_print(worker->calls > 0 ? worker->time / (s1_nanos)worker->calls : 0,
                                each);
        (void)snprintf(share, sizeof share, "%.1f %%",
                       100.0 * (double)worker->time / (double)engine);
        is_whole = s1_table_add(table, name) && s1_table_add(table, worker->kind) &&
                   s1_table_add(table, s1_format_count(worker->calls, calls)) &&
                   s1_table_add(table, time) && s1_table_add(table, each) &&
                   s1_table_add(table, share);
    }
    (void)fputc('\n', cli->out.out);
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void print_speed(const s1_cli *cli, const s1_backtest_facts *facts)
{
    char bars[S1_FORMAT_MAX];
    char total[S1_TIMEFRAME_TEXT_MAX];
    char engine[S1_TIMEFRAME_TEXT_MAX];
    (void)fflush(cli->out.out); /* the report stands before it, also in one file */
    (void)s1_duration_print(facts->total_time, total);
    (void)s1_duration_print(facts->engine_time, engine);
    (void)fprintf(cli->err.out, "%s bars in %s, %s of it in the engine",
                  s1_format_count(facts->bars, bars), total, engine);
    if (facts->bars > 0) {
        (void)fprintf(cli->err.out, " (%.0f ns a bar)",
                      (double)facts->engine_time / (double)facts->bars);
    }
    (void)fputc('\n', cli->err.out);
}

/* The figures of one run as cells of print_band. */
static bool add_run(s1_table *table, const char *resolution, const s1_results_view *view)
{
    static const char *const metrics[] = {"net_profit", "final_equity"};
    bool is_whole = s1_table_add(table, view->link) && s1_table_add(table, resolution);
    for (size_t i = 0; i < 2 && is_whole; i++) {
        char money[S1_FORMAT_MAX];
        const s1_results_metric *const metric = s1_results_metric_find(view, metrics[i]);
        is_whole = s1_table_add(table, metric != NULL && metric->text != NULL
                                           ? s1_format_money(metric->text, money)
                                           : "-");
    }
    static const char *const fractions[] = {"win_rate", "max_drawdown"};
    for (size_t i = 0; i < 2 && is_whole; i++) {
        char percent[32] = "-";
        const s1_results_metric *const metric = s1_results_metric_find(view, fractions[i]);
        if (metric != NULL && metric->text != NULL) {
            (void)snprintf(percent, sizeof percent, "%.2f %%", 100.0 * metric->number);
        }
        is_whole = s1_table_add(table, percent);
    }
    static const char *const counts[] = {"trades", "ambiguous_bars"};
    for (size_t i = 0; i < 2 && is_whole; i++) {
        char count[S1_FORMAT_MAX];
        is_whole =
            s1_table_add(table, s1_format_count(s1_results_count_find(view, counts[i]), count));
    }
    return is_whole && s1_table_add(table, view->dir);
}

/* The run beside those with every ambiguous bar at its worst and at its best. */
static s1_rc print_band(s1_cli *cli, const s1_ambiguity_band *band, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "strategy"},
        {.title = "ambiguous bars"},
        {.title = "net profit", .is_right = true},
        {.title = "final equity", .is_right = true, .is_optional = true},
        {.title = "won", .is_right = true, .is_optional = true},
        {.title = "drawdown", .is_right = true},
        {.title = "trades", .is_right = true},
        {.title = "of them", .is_right = true},
        {.title = "results", .is_flexible = true}};
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < band->runs[0].count; i++) {
        for (int k = 0; k < S1_RESOLUTION_COUNT && is_whole; k++) {
            is_whole = add_run(table, s1_resolution_name(k),
                               s1_results_view_borrow(band->runs[k].items[i]));
        }
    }
    (void)fputc('\n', cli->out.out);
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void write_band(s1_json_writer *w, const s1_ambiguity_band *band)
{
    s1_json_key_lit(w, "ambiguity");
    s1_json_object(w);
    for (int k = S1_RESOLUTION_WORST; k < S1_RESOLUTION_COUNT; k++) {
        s1_json_key(w, s1_str_of(s1_resolution_name(k)));
        s1_json_array(w);
        for (size_t i = 0; i < band->runs[k].count; i++) {
            s1_json_raw(w, s1_str_of(s1_results_view_borrow(band->runs[k].items[i])->json));
        }
        s1_json_array_end(w);
    }
    s1_json_object_end(w);
}

/* What is to be said of a finished run. */
typedef struct outcome_view {
    const s1_backtest_facts *facts;
    s1_results_list list;
    s1_operation_report *report;   /* NULL: one run, no operation */
    const s1_ambiguity_band *band; /* NULL: not asked for */
} outcome_view;

static s1_rc print_json(s1_cli *cli, const outcome_view *seen, s1_err *err)
{
    const s1_results_list *const list = &seen->list;
    const s1_backtest_facts *const facts = seen->facts;
    const s1_operation_report *const report = seen->report;
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "results");
    s1_json_cstr(&w, facts->results_dir);
    s1_json_key_lit(&w, "bars");
    s1_json_u64(&w, facts->bars);
    s1_json_key_lit(&w, "engine_ns");
    s1_json_i64(&w, facts->engine_time);
    s1_json_key_lit(&w, "total_ns");
    s1_json_i64(&w, facts->total_time);
    if (report != NULL) {
        s1_json_key_lit(&w, "operation");
        s1_json_raw(&w, s1_str_of(s1_operation_view_borrow(report)->json));
    }
    s1_json_key_lit(&w, "runs");
    s1_json_array(&w);
    for (size_t i = 0; i < list->count; i++) {
        s1_json_raw(&w, s1_str_of(s1_results_view_borrow(list->items[i])->json));
    }
    s1_json_array_end(&w);
    s1_json_key_lit(&w, "workers");
    s1_json_array(&w);
    for (size_t i = 0; i < facts->worker_count; i++) {
        s1_json_object(&w);
        s1_json_key_lit(&w, "link");
        s1_json_cstr(&w, facts->workers[i].link);
        s1_json_key_lit(&w, "worker");
        s1_json_cstr(&w, facts->workers[i].worker);
        s1_json_key_lit(&w, "kind");
        s1_json_cstr(&w, facts->workers[i].kind);
        s1_json_key_lit(&w, "calls");
        s1_json_u64(&w, facts->workers[i].calls);
        s1_json_key_lit(&w, "time_ns");
        s1_json_i64(&w, facts->workers[i].time);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    if (seen->band != NULL) {
        write_band(&w, seen->band);
    }
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_rc print_text(s1_cli *cli, const outcome_view *seen, s1_err *err)
{
    const s1_backtest_facts *const facts = seen->facts;
    if (seen->report != NULL) {
        S1_TRY(err, s1_cli_print_operation(cli, s1_operation_view_borrow(seen->report), err));
    }
    for (size_t i = 0; i < seen->list.count && seen->report == NULL; i++) {
        S1_TRY(err, s1_cli_print_report(cli, seen->list.items[i], err));
    }
    if (seen->band != NULL) {
        S1_TRY(err, print_band(cli, seen->band, err));
    }
    if (facts->worker_count > 0) {
        S1_TRY(err, print_profile(cli, facts, err));
    }
    print_speed(cli, facts);
    return S1_OK;
}

static s1_rc print_outcome(s1_cli *cli, const s1_backtest_facts *facts,
                           const s1_ambiguity_band *band, s1_err *err)
{
    for (size_t i = 0; i < facts->warning_count; i++) {
        (void)fprintf(cli->err.out, "%s%s%s\n", s1_terminal_on(&cli->err, S1_STYLE_WARN),
                      facts->warnings[i], s1_terminal_off(&cli->err));
    }
    outcome_view seen = {.facts = facts, .band = band};
    S1_TRY(err, s1_api_results_list(facts->results_dir, &seen.list, err));
    s1_rc rc = S1_OK;
    if (s1_api_is_operation(facts->results_dir)) {
        rc = s1_api_operation_open(facts->results_dir, &seen.report, err);
    }
    if (rc == S1_OK) {
        rc = cli->is_json ? print_json(cli, &seen, err) : print_text(cli, &seen, err);
    }
    s1_operation_report_free(seen.report);
    s1_results_list_free(&seen.list);
    return rc;
}

static s1_rc write_reports(s1_cli *cli, const char *results_dir, s1_err *err)
{
    s1_results_list list;
    S1_TRY(err, s1_api_results_list(results_dir, &list, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        rc = s1_cli_write_report(cli, list.items[i], NULL, err);
    }
    s1_results_list_free(&list);
    return rc;
}

/* --- The command. ------------------------------------------------------------------------- */

s1_backtest_options s1_cli_run_of(const s1_cli_args *args)
{
    return (s1_backtest_options){.target = args->positionals[0],
                                 .config_dir = s1_cli_config_dir(args),
                                 .overrides = args->lists,
                                 .override_count = args->list_count,
                                 .from = s1_cli_text(args, "from"),
                                 .to = s1_cli_text(args, "to"),
                                 .seed = s1_cli_number(args, "seed", 0),
                                 .has_seed = s1_cli_flag(args, "seed")};
}

int s1_cli_print_faults(s1_cli *cli, const s1_backtest_options *options, s1_err *err)
{
    s1_validation *validation = NULL;
    s1_err ignored = S1_ERR_INIT;
    int exit_code = S1_EXIT_CONFIGURATION;
    if (options->rerun_dir == NULL && !cli->is_json &&
        s1_api_validate(&(s1_validate_options){.config_dir = options->config_dir,
                                               .target = options->target,
                                               .overrides = options->overrides,
                                               .override_count = options->override_count},
                        &validation, &ignored) == S1_OK &&
        s1_validation_error_count(validation) > 0) {
        exit_code = s1_cli_print_validation(cli, validation, err);
    }
    s1_validation_free(validation);
    return exit_code;
}

/* What stands on the command line must be either a target or --rerun. */
static s1_rc check_usage(const s1_cli_args *args, s1_err *err)
{
    const bool is_rerun = s1_cli_flag(args, "rerun");
    if (is_rerun == (args->positional_count > 0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "expected a blueprint, an operation or --rerun RESULTS%s",
                        is_rerun ? ", found both" : "");
    }
    if (is_rerun &&
        (args->list_count > 0 || s1_cli_flag(args, "seed") || s1_cli_flag(args, "from") ||
         s1_cli_flag(args, "to") || s1_cli_flag(args, "journal") || s1_cli_flag(args, "config") ||
         s1_cli_flag(args, "ambiguity"))) {
        return S1_RAISE(err, S1_E_INVALID,
                        "--rerun repeats a run as it was: found an option that would change it");
    }
    return S1_OK;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    watch w = {.progress = s1_cli_progress(cli, "bars"), .lock = PTHREAD_MUTEX_INITIALIZER};
    char folder[S1_PATH_MAX];
    if (check_usage(args, err) != S1_OK) {
        return S1_EXIT_USAGE;
    }
    const char *const target = args->positionals[0];
    const char *const rerun = s1_cli_text(args, "rerun");
    const char *results = s1_cli_text(args, "results");
    if (results == NULL) {
        const s1_rc rc = default_folder(target != NULL ? target : rerun, folder, err);
        if (rc != S1_OK) {
            return s1_exit_from_rc(rc);
        }
        results = folder;
    }
    s1_backtest_options options = s1_cli_run_of(args);
    options.results_dir = results;
    options.rerun_dir = rerun;
    options.is_profiled = s1_cli_flag(args, "profile");
    options.threads = (uint32_t)s1_cli_number(args, "threads", 1);
    options.journal = journal_of(s1_cli_text(args, "journal"));
    options.on_progress = on_progress;
    options.user = &w;
    options.is_stopping = &w.is_stopping;
    s1_backtest_outcome *outcome = NULL;
    s1_ambiguity_band band = {0};
    const bool is_banded = s1_cli_flag(args, "ambiguity");
    s1_rc rc = is_banded ? s1_api_ambiguity_check(results, err) : S1_OK;
    if (rc == S1_OK) {
        rc = s1_api_backtest(&options, &outcome, err);
    }
    s1_err unbanded = S1_ERR_INIT; /* the run itself is done and is shown whatever comes of it */
    s1_rc band_rc = S1_OK;
    if (rc == S1_OK && is_banded && s1_backtest_facts_borrow(outcome)->failed_count == 0) {
        band_rc = s1_api_ambiguity(&options, &band, &unbanded);
    }
    s1_progress_end(&w.progress);
    if (rc == S1_E_INVALID) {
        s1_backtest_outcome_free(outcome);
        return s1_cli_print_faults(cli, &options, err);
    }
    if (rc == S1_OK) {
        const s1_backtest_facts *const facts = s1_backtest_facts_borrow(outcome);
        rc = print_outcome(cli, facts, band.runs[0].count > 0 ? &band : NULL, err);
        if (rc == S1_OK && s1_cli_flag(args, "report")) {
            rc = write_reports(cli, facts->results_dir, err);
        }
        if (rc == S1_OK && facts->failed_count > 0) { /* the others are kept */
            rc = S1_RAISE(err, facts->failed_rc, "%s", facts->failure);
        }
        if (rc == S1_OK && band_rc != S1_OK) {
            rc = S1_RAISE(err, band_rc, "%s", unbanded.msg);
        }
    }
    s1_api_ambiguity_done(&band);
    s1_backtest_outcome_free(outcome);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option options_table[] = {
    {"config", 'c', S1_CLI_TEXT, "DIR", "configuration folder, default config", NULL},
    {"results", 'r', S1_CLI_TEXT, "DIR",
     "folder to create, refused if it is there; default results/NAME", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "start of trading, UTC; warm-up precedes it", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end of trading, UTC", NULL},
    {"seed", 0, S1_CLI_NUMBER, "N", "of ids and chance, default 1", NULL},
    {"set", 's', S1_CLI_LIST, "PATH=VALUE", "change one value for this run", NULL},
    {"journal", 'j', S1_CLI_TEXT, "LEVEL", "what the journal keeps", "full|trades|off"},
    {"threads", 't', S1_CLI_NUMBER, "N", "strategies of an operation side by side, default 1",
     NULL},
    {"ambiguity", 0, S1_CLI_FLAG, NULL,
     "run twice more, with every ambiguous bar at its worst and at its best", NULL},
    {"profile", 'p', S1_CLI_FLAG, NULL, "show the time spent in each worker", NULL},
    {"report", 0, S1_CLI_FLAG, NULL, "write report.html into the results too", NULL},
    {"rerun", 0, S1_CLI_TEXT, "RESULTS", "repeat the run of a results folder", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"backtest demo", "the blueprint config/runs/demo.yaml, into results/demo"},
    {"backtest demo --from 2017-06-01 --to 2017-12-31 --seed 7", "half a year of it"},
    {"backtest demo --set environments.demo.simulation.fill_rule=same_close",
     "another fill rule, without touching a file"},
    {"backtest operation --threads 2", "every active strategy link of config/operation.yaml"},
    {"backtest --rerun results/demo --results results/again", "the same run once more"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_backtest = {
    .name = "backtest",
    .summary = "Run a blueprint or an operation on historical data",
    .usage = "BLUEPRINT|OPERATION",
    .detail = "The configuration is checked first, and every fault is shown at once. The results "
              "folder appears when the run is complete; a run that fails or is stopped leaves "
              "none. Of an operation of several strategies those that complete are kept, and the "
              "exit code is that of the first that failed. The same configuration, data and seed "
              "give the same bytes.",
    .positionals_max = 1,
    .options = options_table,
    .examples = examples,
    .run = run,
};
