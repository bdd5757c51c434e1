#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "services/api/data.h"

typedef struct watch {
    s1_progress progress;
    atomic_bool is_stopping;
} watch;

static void on_progress(void *user, uint64_t done, uint64_t total)
{
    watch *const w = user;
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&w->is_stopping, true);
    }
    s1_progress_show(&w->progress, "import", done, total, s1_cli_now());
}

static s1_rc print_json(s1_cli *cli, const s1_api_import_options *options,
                        const s1_api_import_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "asset_pair");
    s1_json_cstr(&w, options->asset_pair);
    s1_json_key_lit(&w, "timeframe");
    s1_json_cstr(&w, options->timeframe);
    s1_json_key_lit(&w, "archive");
    s1_json_cstr(&w, options->archive_dir);
    s1_json_key_lit(&w, "rows");
    s1_json_u64(&w, report->rows);
    s1_json_key_lit(&w, "rows_replaced");
    s1_json_u64(&w, report->rows_replaced);
    s1_json_key_lit(&w, "first");
    s1_json_time(&w, report->first);
    s1_json_key_lit(&w, "last");
    s1_json_time(&w, report->last);
    s1_json_key_lit(&w, "gaps");
    s1_json_u64(&w, report->gaps);
    s1_json_key_lit(&w, "missing_bars");
    s1_json_u64(&w, report->missing_bars);
    s1_json_key_lit(&w, "zero_volume_bars");
    s1_json_u64(&w, report->zero_volume_bars);
    s1_json_key_lit(&w, "price_scale");
    s1_json_u64(&w, report->price_scale);
    s1_json_key_lit(&w, "qty_scale");
    s1_json_u64(&w, report->qty_scale);
    s1_json_key_lit(&w, "content_hash");
    s1_json_cstr(&w, report->content_hash);
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_api_import_options *options,
                       const s1_api_import_report *report)
{
    FILE *const out = cli->out.out;
    char first[S1_TIME_TEXT_MAX];
    char last[S1_TIME_TEXT_MAX];
    char count[S1_FORMAT_MAX];
    (void)s1_time_print_short(report->first, first);
    (void)s1_time_print_short(report->last, last);
    (void)fprintf(out, "%s %s: %s bars, %s to %s\n", options->asset_pair, options->timeframe,
                  s1_format_count(report->rows, count), first, last);
    if (report->rows_replaced > 0) {
        (void)fprintf(out, "  replaced      %s bars that were there\n",
                      s1_format_count(report->rows_replaced, count));
    }
    (void)fprintf(out, "  digits        %u of the price, %u of the volume\n", report->price_scale,
                  report->qty_scale);
    (void)fprintf(out, "  gaps          %s", s1_format_count(report->gaps, count));
    if (report->gaps > 0) {
        (void)s1_time_print_short(report->largest_gap_after, last);
        (void)fprintf(out, " (%s bars missing", s1_format_count(report->missing_bars, count));
        (void)fprintf(out, "; the longest, %s, after %s)",
                      s1_format_count(report->largest_gap_bars, count), last);
    }
    (void)fprintf(out, "\n  archive       %s\n  content hash  %.16s\n", options->archive_dir,
                  report->content_hash);
    if (report->ends_without_newline) {
        (void)fprintf(cli->err.out,
                      "warning: %s ends without a newline: its last number may be cut off\n",
                      options->file);
    }
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    watch w = {.progress = s1_cli_progress(cli, "bytes")};
    const char *const profile = s1_cli_text(args, "profile");
    const s1_api_import_options request = {
        .file = args->positionals[0],
        .profile = profile != NULL ? profile : "generic",
        .asset_pair = s1_cli_text(args, "pair"),
        .timeframe = s1_cli_text(args, "timeframe"),
        .archive_dir = s1_cli_text(args, "archive"),
        .on_progress = on_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (request.asset_pair == NULL || request.timeframe == NULL || request.archive_dir == NULL) {
        const char *const missing = request.asset_pair == NULL  ? "--pair P"
                                    : request.timeframe == NULL ? "--timeframe T"
                                                                : "--archive DIR";
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data import --help'",
                       missing);
        return S1_EXIT_USAGE;
    }
    s1_api_import_report report;
    s1_rc rc = s1_api_data_import(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped; the archive is as it was");
    }
    if (rc != S1_OK) {
        /* What was asked for on the command line and is not right there is usage, not data. */
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    if (cli->is_json) {
        return s1_exit_from_rc(print_json(cli, &request, &report, err));
    }
    print_text(cli, &request, &report);
    return S1_EXIT_OK;
}

static const s1_cli_option options[] = {
    {"profile", 'p', S1_CLI_TEXT, "NAME",
     "how the file is laid out: backtesting, generic (default), kraken, cdd, w1", NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "what it is, as BASE/QUOTE", NULL},
    {"timeframe", 't', S1_CLI_TEXT, "T", "length of a bar: 30s, 1m, 15m, 1h, 1d", NULL},
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder, made where it is not there", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data import EURUSD.csv --profile backtesting --pair EUR/USD --timeframe 1h --archive data",
     "the hourly sample of PyPI backtesting"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_import = {
    .name = "data import",
    .summary = "Import a CSV file of bars into a Parquet archive",
    .usage = "FILE --pair P --timeframe T --archive DIR",
    .detail = "The whole file is checked first: a bad one changes nothing and is refused with "
              "line and column. Importing the same file twice is importing it once.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
