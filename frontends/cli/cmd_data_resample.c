#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_resample.h"

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_partial(s1_json_writer *w, const s1_api_resample_report *report)
{
    s1_json_key_lit(w, "partial");
    if (report->partial_rows == 0) {
        s1_json_null(w);
        return;
    }
    s1_json_object(w);
    s1_put_time(w, "time", true, report->partial_time);
    S1_PUT_NUMBERS(w, {"rows", report->partial_rows});
    s1_json_key_lit(w, "kept");
    s1_json_bool(w, report->has_partial_kept);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const s1_api_resample_options *options,
                        const s1_api_resample_report *report, s1_err *err)
{
    const bool has_bars = report->bars > 0;
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"archive", options->archive_dir}, {"asset_pair", options->asset_pair},
                 {"source", report->source}, {"from", report->from}, {"to", report->to},
                 {"to_source", report->to_source}, {"rule", report->rule});
    s1_json_key_lit(&w, "offset_seconds");
    s1_json_i64(&w, report->offset_seconds);
    S1_PUT_NUMBERS(&w, {"rows", report->rows}, {"bars", report->bars}, {"filled", report->filled},
                   {"missing", report->missing}, {"repeats", report->repeats},
                   {"quiet_rows", report->quiet_rows}, {"moved", report->moved});
    json_partial(&w, report);
    s1_json_key_lit(&w, "starts_inside");
    s1_json_bool(&w, report->starts_inside);
    s1_put_time(&w, "first", has_bars, report->first);
    s1_put_time(&w, "last", has_bars, report->last);
    S1_PUT_NUMBERS(&w, {"price_scale", report->price_scale}, {"qty_scale", report->qty_scale},
                   {"rows_replaced", report->rows_replaced});
    s1_json_key_lit(&w, "is_unchanged");
    s1_json_bool(&w, report->is_unchanged);
    S1_PUT_TEXTS(&w, {"former_hash", report->former_hash[0] != '\0' ? report->former_hash : NULL},
                 {"content_hash", has_bars ? report->content_hash : NULL},
                 {"warning", report->warning[0] != '\0' ? report->warning : NULL});
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* --- Text ------------------------------------------------------------------------------------- */

static void line(const s1_cli *cli, const char *name, uint64_t value, const char *meaning)
{
    char count[S1_FORMAT_MAX];
    if (value > 0) {
        (void)fprintf(cli->out.out, "  %-13s %s %s\n", name, s1_format_count(value, count),
                      meaning);
    }
}

static void print_text(const s1_cli *cli, const s1_api_resample_options *options,
                       const s1_api_resample_report *report)
{
    FILE *const out = cli->out.out;
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX], bars[S1_FORMAT_MAX], rows[S1_FORMAT_MAX];
    (void)fprintf(out, "%s %s: %s bars of %s %s", options->asset_pair, report->to,
                  s1_format_count(report->bars, bars), s1_format_count(report->rows, rows),
                  strcmp(report->from, "trades") == 0 ? "trades" : "bars of ");
    if (strcmp(report->from, "trades") != 0) {
        (void)fputs(report->from, out);
    }
    if (report->bars > 0) {
        (void)s1_time_print_short(report->first, first);
        (void)s1_time_print_short(report->last, last);
        (void)fprintf(out, ", %s to %s", first, last);
    }
    (void)fputc('\n', out);
    if (report->partial_rows > 0) {
        (void)s1_time_print_short(report->partial_time, last);
        (void)fprintf(out, "  not over      the bar of %s (%s rows), %s\n", last,
                      s1_format_count(report->partial_rows, rows),
                      report->has_partial_kept ? "kept" : "left out");
    }
    if (report->starts_inside) {
        (void)fprintf(out, "  begins        inside of the first bar, which may not be whole\n");
    }
    line(cli, "filled", report->filled, "bars at the close before, without a row");
    line(cli, "missing", report->missing, "bars in between without a row");
    line(cli, "repeats", report->repeats, "trades given twice, left out");
    line(cli, "quiet", report->quiet_rows, "rows without trades that did not count");
    line(cli, "moved", report->moved, "bars of one time, a nanosecond apart");
    line(cli, "replaced", report->is_unchanged ? 0 : report->rows_replaced, "bars that were there");
    if (report->is_unchanged) {
        (void)fprintf(out, "  unchanged     the archive held them already\n");
    }
    (void)fprintf(out, "  archive       %s%s%s\n", options->archive_dir,
                  report->to_source[0] != '\0' ? ", source " : "", report->to_source);
    if (report->bars > 0) {
        (void)fprintf(out, "  content hash  %.16s\n", report->content_hash);
    }
    if (report->warning[0] != '\0') {
        (void)fprintf(cli->err.out, "warning: %s\n", report->warning);
    }
}

/* --- The command ------------------------------------------------------------------------------ */

static s1_rc check_request(const s1_api_resample_options *request, s1_err *err)
{
    const char *const missing = request->archive_dir == NULL  ? "--archive DIR"
                                : request->asset_pair == NULL ? "--pair P"
                                : request->from == NULL       ? "--from-timeframe T (or trades)"
                                : request->timeframe == NULL && request->bars == NULL
                                    ? "--to-timeframe T (or --bars RULE)"
                                    : NULL;
    return missing == NULL
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data resample --help'",
                          missing);
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "resample", "rows");
    const char *const from = s1_cli_text(args, "from-timeframe");
    const s1_api_resample_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = s1_cli_text(args, "pair"),
        .source = s1_cli_text(args, "source"),
        .from = from != NULL ? from : s1_cli_text(args, "from"),
        .timeframe = s1_cli_text(args, "to-timeframe"),
        .bars = s1_cli_text(args, "bars"),
        .offset = s1_cli_text(args, "offset"),
        .to_source = s1_cli_text(args, "to-source"),
        .fill = s1_cli_text(args, "fill"),
        .session = s1_cli_text(args, "session"),
        .drops_repeats = s1_cli_flag(args, "drop-repeats"),
        .keeps_partial = s1_cli_flag(args, "partial"),
        .replaces = s1_cli_flag(args, "replace"),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    s1_api_resample_report report;
    if (check_request(&request, err) != S1_OK) {
        return S1_EXIT_USAGE;
    }
    s1_rc rc = s1_api_data_resample(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped; the archive is as it was");
    }
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    if (cli->is_json) {
        return s1_exit_from_rc(print_json(cli, &request, &report, err));
    }
    print_text(cli, &request, &report);
    return S1_EXIT_OK;
}

static const s1_cli_option options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "which pair, as BASE/QUOTE", NULL},
    {"from-timeframe", 0, S1_CLI_TEXT, "T", "bars that are read: 1m, 1h; or trades", NULL},
    {"from", 0, S1_CLI_TEXT, "T", "the same, shorter: --from trades", NULL},
    {"to-timeframe", 0, S1_CLI_TEXT, "T",
     "bars that are made, of any length that is a multiple: 15m, 4h, 1d, 1w", NULL},
    {"bars", 'b', S1_CLI_TEXT, "RULE",
     "instead of a length, bars that close by trades: tick:500, volume:10, dollar:1000000", NULL},
    {"offset", 0, S1_CLI_TEXT, "T",
     "bars open this much after midnight UTC (weeks: after Thursday; Mondays are 4d): 8h, -2h",
     NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "source that is read, default the unnamed one", NULL},
    {"to-source", 0, S1_CLI_TEXT, "NAME",
     "source the bars are kept under, default the same; with --bars one named after the rule",
     NULL},
    {"fill", 0, S1_CLI_TEXT, "POLICY",
     "what stands where no row is while the market is open: nothing (default), or a bar at the "
     "close before, without volume",
     "none|previous_close"},
    {"session", 0, S1_CLI_TEXT, "NAME",
     "when the market is open, with --fill; default fx for pairs of currencies and metals, else "
     "always",
     "always|fx|weekdays"},
    {"drop-repeats", 0, S1_CLI_FLAG, NULL,
     "leave out trades that are given twice, as at the edge of a page: with the id of the one "
     "before, or without ids equal to one of the same time",
     NULL},
    {"partial", 0, S1_CLI_FLAG, NULL, "keep a last bar that may not be over", NULL},
    {"replace", 0, S1_CLI_FLAG, NULL,
     "bars in the way that were not made by resampling may be replaced", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data resample --archive data --pair BTC/USD --from-timeframe 1h --to-timeframe 1d",
     "days of hours"},
    {"data resample --archive data --pair BTC/USD --from trades --to-timeframe 1m", "of trades"},
    {"data resample --archive data --pair BTC/USD --from trades --bars volume:10",
     "a bar for every 10 BTC traded"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_resample = {
    .name = "data resample",
    .summary = "Make larger bars of an archive's bars or trades",
    .usage = "--archive DIR --pair P --from-timeframe T --to-timeframe T",
    .detail = "Exact: prices and volumes are whole numbers of the last digit, volumes and counts "
              "their sums. Only bars that are over are made; bars without a row are left out "
              "unless asked for. The "
              "archive changes in one step at the end, a second time not at all, and keeps the "
              "version that was there under its content hash.",
    .options = options,
    .examples = examples,
    .run = run,
};
