#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "services/api/data_export.h"

static s1_rc print_json(s1_cli *cli, const s1_api_export_options *options,
                        const s1_api_export_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "archive");
    s1_json_cstr(&w, options->archive_dir);
    s1_json_key_lit(&w, "asset_pair");
    s1_json_cstr(&w, options->asset_pair);
    s1_json_key_lit(&w, "source");
    s1_json_cstr(&w, options->source != NULL ? options->source : "");
    s1_json_key_lit(&w, "timeframe");
    s1_json_cstr(&w, options->timeframe);
    s1_json_key_lit(&w, "format");
    s1_json_cstr(&w, options->format);
    s1_json_key_lit(&w, "output");
    s1_json_cstr(&w, options->output);
    s1_json_key_lit(&w, "rows");
    s1_json_u64(&w, report->rows);
    s1_json_key_lit(&w, "fill");
    s1_json_cstr(&w, options->fill != NULL ? options->fill : "none");
    s1_json_key_lit(&w, "filled");
    s1_json_u64(&w, report->filled);
    s1_json_key_lit(&w, "bytes");
    s1_json_u64(&w, report->bytes);
    const s1_nanos times[] = {report->first, report->last};
    for (size_t i = 0; i < 2; i++) {
        s1_json_key(&w, i == 0 ? S1_STR("first") : S1_STR("last"));
        if (report->rows > 0) {
            s1_json_time(&w, times[i]);
        } else {
            s1_json_null(&w);
        }
    }
    s1_json_key_lit(&w, "price_scale");
    s1_json_u64(&w, report->price_scale);
    s1_json_key_lit(&w, "qty_scale");
    s1_json_u64(&w, report->qty_scale);
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_api_export_options *options,
                       const s1_api_export_report *report)
{
    char rows[S1_FORMAT_MAX], bytes[S1_FORMAT_MAX], first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(report->first, first);
    (void)s1_time_print_short(report->last, last);
    (void)fprintf(cli->out.out, "%s %s: %s rows", options->asset_pair, options->timeframe,
                  s1_format_count(report->rows, rows));
    if (report->rows > 0) {
        (void)fprintf(cli->out.out, ", %s to %s", first, last);
    }
    if (report->filled > 0) {
        (void)fprintf(cli->out.out, "\n  %-13s %s of the rows (%s)", "filled",
                      s1_format_count(report->filled, rows), options->fill);
    }
    (void)fprintf(cli->out.out, "\n  %-13s %s (%s bytes)\n", options->format, options->output,
                  s1_format_count(report->bytes, bytes));
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "export", "rows");
    const char *const format = s1_cli_text(args, "format");
    const s1_api_export_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = s1_cli_text(args, "pair"),
        .source = s1_cli_text(args, "source"),
        .timeframe = s1_cli_text(args, "timeframe"),
        .format = format != NULL ? format : "csv",
        .output = s1_cli_text(args, "output"),
        .from = s1_cli_text(args, "from"),
        .to = s1_cli_text(args, "to"),
        .fill = s1_cli_text(args, "fill"),
        .config_dir = s1_cli_config_dir(args),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    const char *const missing = request.archive_dir == NULL  ? "--archive DIR"
                                : request.asset_pair == NULL ? "--pair P"
                                : request.timeframe == NULL  ? "--timeframe T (or trades)"
                                : request.output == NULL     ? "--output FILE"
                                                             : NULL;
    if (missing != NULL) {
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data export --help'",
                       missing);
        return S1_EXIT_USAGE;
    }
    s1_api_export_report report;
    s1_rc rc = s1_api_data_export(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped; no file was written");
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
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "bars of this length (1m, 1h, 1d), or trades, quotes, book", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "of which source, default the unnamed one", NULL},
    {"format", 'f', S1_CLI_TEXT, "FORMAT", "default csv", "csv|parquet"},
    {"output", 'o', S1_CLI_TEXT, "FILE", "the file to write; one that is there is replaced", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "first moment that is written, default the first row", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end of what is written, itself outside", NULL},
    {"fill", 0, S1_CLI_TEXT, "POLICY",
     "what stands where no bar is stored while the market was open, default none",
     "none|previous_close"},
    {"config", 'c', S1_CLI_TEXT, "DIR",
     "the configuration whose instruments.yaml tells of sessions, default config", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data export --archive data --pair BTC/USD --timeframe 1h --output btc.csv", "all hours"},
    {"data export --archive data --pair BTC/USD --timeframe trades --format parquet "
     "--from 2024-01-01 --output trades.parquet",
     "trades of a period, as one Parquet file"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_export = {
    .name = "data export",
    .summary = "Write bars, trades, quotes or a book of an archive to one file",
    .usage = "--archive DIR --pair P --timeframe T --output FILE",
    .detail = "All digits are kept, no number is rounded. The file appears whole or not at all. A "
              "CSV file reads back with `data import --profile generic` to the same rows.",
    .options = options,
    .examples = examples,
    .run = run,
};
