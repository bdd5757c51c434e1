#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data.h"

#include <inttypes.h>

static s1_rc print_json(s1_cli *cli, const s1_api_import_options *options,
                        const s1_api_import_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"asset_pair", report->asset_pair}, {"type", report->type});
    if (options->timeframe != NULL) {
        S1_PUT_TEXTS(&w, {"timeframe", options->timeframe});
    }
    S1_PUT_TEXTS(&w, {"source", options->source != NULL ? options->source : ""},
                 {"archive", options->archive_dir != NULL ? options->archive_dir : ""},
                 {"profile", report->profile}, {"sha256", report->sha256},
                 {"member", report->member});
    S1_PUT_NUMBERS(&w, {"rows", report->rows}, {"rows_replaced", report->rows_replaced});
    s1_json_key_lit(&w, "unchanged");
    s1_json_bool(&w, report->is_unchanged);
    s1_json_key_lit(&w, "first");
    s1_json_time(&w, report->first);
    s1_json_key_lit(&w, "last");
    s1_json_time(&w, report->last);
    S1_PUT_NUMBERS(&w, {"duplicates", report->duplicates}, {"rejects", report->rejects});
    S1_PUT_TEXTS(&w, {"rejects_file", report->rejects_path},
                 {"first_reject", report->first_reject});
    S1_PUT_NUMBERS(&w, {"rounded", report->rounded}, {"gaps", report->gaps},
                   {"missing_bars", report->missing_bars},
                   {"zero_volume_bars", report->zero_volume_bars}, {"id_jumps", report->id_jumps},
                   {"crossed", report->crossed}, {"locked", report->locked},
                   {"messages", report->messages}, {"snapshots", report->snapshots},
                   {"old_messages", report->old_messages}, {"message_gaps", report->message_gaps},
                   {"price_scale", report->price_scale}, {"qty_scale", report->qty_scale});
    S1_PUT_TEXTS(&w, {"content_hash", report->content_hash});
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    s1_json_key_lit(&w, "seconds_hashing");
    s1_json_double(&w, report->seconds_hashing);
    s1_json_key_lit(&w, "seconds_reading");
    s1_json_double(&w, report->seconds_reading);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* Lines that there are only for some files. */
static void print_oddities(FILE *out, const s1_api_import_report *report)
{
    char count[S1_FORMAT_MAX];
    if (report->duplicates > 0) {
        (void)fprintf(out, "  duplicates    %s\n", s1_format_count(report->duplicates, count));
    }
    if (report->rounded > 0) {
        (void)fprintf(out, "  rounded       %s values\n", s1_format_count(report->rounded, count));
    }
    if (report->id_jumps > 0) {
        (void)fprintf(out, "  id jumps      %s\n", s1_format_count(report->id_jumps, count));
    }
    if (report->crossed > 0 || report->locked > 0) {
        (void)fprintf(out, "  crossed       %s quotes", s1_format_count(report->crossed, count));
        (void)fprintf(out, ", %s locked\n", s1_format_count(report->locked, count));
    }
    if (report->messages > 0) {
        (void)fprintf(out, "  messages      %s", s1_format_count(report->messages, count));
        if (strcmp(report->type, "book") == 0) {
            (void)fprintf(out, ", of snapshots %s", s1_format_count(report->snapshots, count));
            (void)fprintf(out, ", %s passed over as old",
                          s1_format_count(report->old_messages, count));
            (void)fprintf(out, "\n  missing       messages at %s places",
                          s1_format_count(report->message_gaps, count));
        }
        (void)fprintf(out, "\n");
    }
    if (report->rejects > 0) {
        (void)fprintf(out, "  bad rows      %s", s1_format_count(report->rejects, count));
        if (report->rejects_path[0] != '\0') {
            (void)fprintf(out, ", kept in %s", report->rejects_path);
        }
        (void)fprintf(out, "\n    the first   %s\n", report->first_reject);
    }
}

static void print_gaps(FILE *out, const s1_api_import_report *report)
{
    char count[S1_FORMAT_MAX];
    char after[S1_TIME_TEXT_MAX];
    (void)fprintf(out, "  gaps          %s", s1_format_count(report->gaps, count));
    if (report->gaps > 0) {
        (void)s1_time_print_short(report->largest_gap_after, after);
        (void)fprintf(out, " (%s bars missing", s1_format_count(report->missing_bars, count));
        (void)fprintf(out, "; the longest, %s, after %s)",
                      s1_format_count(report->largest_gap_bars, count), after);
    }
    (void)fprintf(out, "\n");
}

static void print_text(const s1_cli *cli, const s1_api_import_options *options,
                       const s1_api_import_report *report)
{
    FILE *const out = cli->out.out;
    const bool is_bars = strcmp(report->type, "ohlcv") == 0;
    const char *const what = is_bars                             ? "bars"
                             : strcmp(report->type, "book") == 0 ? "rows"
                                                                 : report->type;
    char first[S1_TIME_TEXT_MAX];
    char last[S1_TIME_TEXT_MAX];
    char count[S1_FORMAT_MAX];
    (void)s1_time_print_short(report->first, first);
    (void)s1_time_print_short(report->last, last);
    (void)fprintf(out, "%s %s: %s %s, %s to %s\n", report->asset_pair,
                  is_bars ? options->timeframe : report->type, s1_format_count(report->rows, count),
                  what, first, last);
    if (report->is_unchanged) {
        (void)fprintf(out, "  unchanged     the archive held these rows already\n");
    } else if (report->rows_replaced > 0) {
        (void)fprintf(out, "  replaced      %s %s that were there\n",
                      s1_format_count(report->rows_replaced, count), what);
    }
    (void)fprintf(out, "  digits        %u of the price, %u of the %s\n", report->price_scale,
                  report->qty_scale, is_bars ? "volume" : "quantity");
    if (is_bars) {
        print_gaps(out, report);
    }
    print_oddities(out, report);
    if (options->only_checks) {
        (void)fprintf(out, "  checked only  nothing is stored\n");
    } else {
        (void)fprintf(out, "  archive       %s\n  content hash  %.16s\n", options->archive_dir,
                      report->content_hash);
    }
    if (report->ends_without_newline) {
        (void)fprintf(cli->err.out,
                      "warning: %s ends without a newline: its last number may be cut off\n",
                      options->file);
    }
    if (report->warning[0] != '\0') {
        (void)fprintf(cli->err.out, "warning: %s\n", report->warning);
    }
}

static s1_api_import_options options_of(const s1_cli_args *args, s1_cli_watch *w)
{
    return (s1_api_import_options){.file = args->positionals[0],
                                   .profile = s1_cli_text(args, "profile"),
                                   .asset_pair = s1_cli_text(args, "pair"),
                                   .timeframe = s1_cli_text(args, "timeframe"),
                                   .archive_dir = s1_cli_text(args, "archive"),
                                   .source = s1_cli_text(args, "source"),
                                   .type = s1_cli_text(args, "type"),
                                   .map = s1_cli_text(args, "map"),
                                   .time_form = s1_cli_text(args, "time"),
                                   .zone = s1_cli_text(args, "zone"),
                                   .header = s1_cli_text(args, "header"),
                                   .separator = s1_cli_text(args, "separator"),
                                   .order = s1_cli_text(args, "order"),
                                   .member = s1_cli_text(args, "member"),
                                   .symbol = s1_cli_text(args, "symbol"),
                                   .price = s1_cli_text(args, "price"),
                                   .price_scale = s1_cli_text(args, "price-scale"),
                                   .qty_scale = s1_cli_text(args, "qty-scale"),
                                   .on_duplicate = s1_cli_text(args, "on-duplicate"),
                                   .max_rejects = s1_cli_text(args, "max-rejects"),
                                   .rejects_path = s1_cli_text(args, "rejects"),
                                   .overlap = s1_cli_text(args, "overlap"),
                                   .skip_lines = s1_cli_number(args, "skip-lines", 0),
                                   .ignores_name = s1_cli_flag(args, "ignore-name"),
                                   .rounds_price = s1_cli_flag(args, "round-price"),
                                   .rounds_quantity = s1_cli_flag(args, "round-quantity"),
                                   .sorts = s1_cli_flag(args, "sort"),
                                   .only_checks = s1_cli_flag(args, "dry-run"),
                                   .on_progress = s1_cli_watch_progress,
                                   .user = w,
                                   .is_stopping = &w->is_stopping};
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "import", "bytes");
    const s1_api_import_options request = options_of(args, &w);
    const bool needs_archive = request.archive_dir == NULL && !request.only_checks;
    if (request.asset_pair == NULL || needs_archive) {
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data import --help'",
                       request.asset_pair == NULL ? "--pair P" : "--archive DIR");
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
     "how the file is laid out: generic (default), backtesting, kraken, kraken-trades, binance, "
     "binance-trades, binance-ws, bitfinex, cdd, cdd-date, coinbase, yahoo, lean-equity, lean-fx, "
     "w1",
     NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "what it is, as BASE/QUOTE", NULL},
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "length of a bar: 30s, 1m, 15m, 1h, 1d; of quotes made from bars, that of the bars", NULL},
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder, made where it is not there", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "keep it apart from other sources of the pair", NULL},
    {"type", 0, S1_CLI_TEXT, "TYPE", "bars, trades, quotes or book, if not what the profile says",
     "bars|trades|quotes|book"},
    {"map", 'm', S1_CLI_TEXT, "MAP",
     "columns by position from 0 or by name: time=0,open=1 or time=Date+Time,volume=none", NULL},
    {"time", 0, S1_CLI_TEXT, "FORM", "what the times are: auto, iso, epoch, s, ms, us, ns", NULL},
    {"zone", 0, S1_CLI_TEXT, "ZONE",
     "of times that say no offset: America/New_York or +03:00 (default UTC)", NULL},
    {"header", 0, S1_CLI_TEXT, "WHEN", "is there a line with names", "yes|no|auto"},
    {"separator", 0, S1_CLI_TEXT, "S", "comma, semicolon, tab, pipe or space", NULL},
    {"skip-lines", 0, S1_CLI_NUMBER, "N", "lines to pass over before header or rows", NULL},
    {"order", 0, S1_CLI_TEXT, "ORDER", "of the rows in the file", "rising|falling|auto"},
    {"sort", 0, S1_CLI_FLAG, NULL, "rows may stand in any order", NULL},
    {"on-duplicate", 0, S1_CLI_TEXT, "POLICY",
     "rows that stand twice: error, keep the first or the last line, or (trades) keep both",
     "error|first|last|keep"},
    {"max-rejects", 0, S1_CLI_TEXT, "N|P%",
     "bad rows to put up with, a number or a percentage; they are kept aside (default 0)", NULL},
    {"rejects", 0, S1_CLI_TEXT, "FILE", "where they go (default below ARCHIVE/.rejects)", NULL},
    {"price", 0, S1_CLI_TEXT, "WHICH", "of bars with a bid and an ask", "mid|bid|ask"},
    {"price-scale", 0, S1_CLI_TEXT, "N", "decimals of prices; more are an error", NULL},
    {"qty-scale", 0, S1_CLI_TEXT, "N", "decimals of volumes and quantities; more are an error",
     NULL},
    {"round-price", 0, S1_CLI_FLAG, NULL, "more decimals than --price-scale are rounded", NULL},
    {"round-quantity", 0, S1_CLI_FLAG, NULL, "more decimals than --qty-scale are rounded", NULL},
    {"member", 0, S1_CLI_TEXT, "NAME", "which file of a zip archive", NULL},
    {"symbol", 0, S1_CLI_TEXT, "TEXT", "what a symbol column says, if not the pair", NULL},
    {"ignore-name", 0, S1_CLI_FLAG, NULL, "the file's name may say another pair", NULL},
    {"overlap", 0, S1_CLI_TEXT, "HOW",
     "rows that are there already between the first and the last: replace (default), refuse",
     "replace|refuse"},
    {"dry-run", 0, S1_CLI_FLAG, NULL, "read and check, store nothing", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data import EURUSD.csv --profile backtesting --pair EUR/USD --timeframe 1h --archive data",
     "the hourly sample of PyPI backtesting"},
    {"data import bars.csv.gz --map time=0,open=1,high=2,low=3,close=4,volume=5 --pair BTC/EUR "
     "-t 1m -a data",
     "columns by position"},
    {"data import 20140508_quote.zip --profile lean-fx --type quotes --pair EUR/USD -a data",
     "the ticks of a LEAN archive"},
    {"data import btcusdt.gz --profile binance-ws --type book --pair BTC/USDT --source binance -a "
     "data",
     "the order book of a recorded web socket (trades and quotes: --type)"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_import = {
    .name = "data import",
    .summary = "Import a file of market data into a Parquet archive",
    .usage = "FILE --pair P --timeframe T --archive DIR",
    .detail = "CSV of any layout and JSON, plain, gzip or zip. Nothing is stored until the whole "
              "file is read and checked: a bad one, ctrl-C or a crash changes nothing. A bad row "
              "is told with line and column and ends the import, unless --max-rejects puts up "
              "with some. Importing the same file twice changes nothing.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
