#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_list.h"
#include "services/api/data_reindex.h"

#include <inttypes.h>
#include <math.h>

/* --- data list -------------------------------------------------------------------------------- */

static void json_entry(s1_json_writer *w, const s1_list_entry *entry)
{
    s1_json_object(w);
    S1_PUT_TEXTS(w, {"source", entry->source}, {"asset_pair", entry->asset_pair},
                 {"data_type", entry->data_type}, {"timeframe", entry->timeframe});
    s1_put_time(w, "first", true, entry->first);
    s1_put_time(w, "last", true, entry->last);
    S1_PUT_TEXTS(w, {"session", entry->session});
    s1_json_key_lit(w, "completeness");
    s1_json_double(w, entry->completeness);
    S1_PUT_NUMBERS(w, {"rows", entry->rows}, {"bytes", entry->bytes}, {"files", entry->files},
                   {"versions", entry->versions}, {"price_scale", entry->price_scale},
                   {"qty_scale", entry->qty_scale}, {"gaps", entry->gaps},
                   {"missing", entry->missing}, {"errors", entry->errors},
                   {"warnings", entry->warnings}, {"infos", entry->infos});
    s1_put_time(w, "checked_at", entry->checked_at != 0, entry->checked_at);
    s1_json_key_lit(w, "is_check_old");
    s1_json_bool(w, entry->is_check_old);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const char *archive, const s1_list_entry *entries,
                        size_t count, const char *notice, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"archive", archive}, {"notice", notice[0] != '\0' ? notice : NULL});
    s1_json_key_lit(&w, "datasets");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_entry(&w, &entries[i]);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static const char *print_megabytes(uint64_t bytes, char out[static S1_FORMAT_MAX])
{
    (void)snprintf(out, S1_FORMAT_MAX, bytes < 10000000 ? "%.2f" : "%.1f", (double)bytes / 1e6);
    return out;
}

/* Cut down, never up: 100 is said only of what is whole. */
static const char *print_complete(double completeness, char out[static S1_FORMAT_MAX])
{
    if (isnan(completeness)) {
        return "-";
    }
    (void)snprintf(out, S1_FORMAT_MAX, completeness < 1 ? "%.2f" : "%.0f",
                   completeness < 1 ? floor(completeness * 1e4) / 100 : 100.0);
    return out;
}

static const char *print_check(const s1_list_entry *entry, char out[static S1_FORMAT_MAX])
{
    if (entry->checked_at == 0) {
        return "-";
    }
    if (entry->is_check_old) {
        return "old";
    }
    if (entry->errors + entry->warnings == 0) {
        return "fine";
    }
    (void)snprintf(out, S1_FORMAT_MAX, "%" PRIu64 " %s",
                   entry->errors > 0 ? entry->errors : entry->warnings,
                   entry->errors > 0 ? "err" : "warn");
    return out;
}

/* The source's column stands only where a dataset has one. */
static s1_rc print_table(s1_cli *cli, const s1_list_entry *entries, size_t count, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "source"},
        {.title = "pair"},
        {.title = "timeframe"},
        {.title = "begin"},
        {.title = "end"},
        {.title = "rows", .is_right = true},
        {.title = "MB", .is_right = true},
        {.title = "complete %", .is_right = true},
        {.title = "gaps", .is_right = true},
        {.title = "check", .is_flexible = true, .is_optional = true},
    };
    const size_t column_count = sizeof columns / sizeof columns[0];
    size_t from = 1;
    for (size_t i = 0; i < count; i++) {
        from = entries[i].source[0] != '\0' ? 0 : from;
    }
    s1_table *const table = s1_table_new(columns + from, column_count - from);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        const s1_list_entry *const e = &entries[i];
        char begin[S1_TIME_TEXT_MAX], end[S1_TIME_TEXT_MAX], rows[S1_FORMAT_MAX];
        char size[S1_FORMAT_MAX], complete[S1_FORMAT_MAX], gaps[S1_FORMAT_MAX];
        char check[S1_FORMAT_MAX];
        (void)s1_time_print_date(e->first, begin);
        (void)s1_time_print_date(e->last, end);
        (void)snprintf(rows, sizeof rows, "%" PRIu64, e->rows);
        (void)snprintf(gaps, sizeof gaps, "%" PRIu64, e->gaps);
        const char *const cells[] = {
            e->source[0] != '\0' ? e->source : "-",
            e->asset_pair,
            e->timeframe != NULL ? e->timeframe : e->data_type,
            begin,
            end,
            rows,
            print_megabytes(e->bytes, size),
            print_complete(e->completeness, complete),
            gaps,
            print_check(e, check),
        };
        for (size_t c = from; c < column_count && is_whole; c++) {
            is_whole = s1_table_add(table, cells[c]);
        }
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_text(s1_cli *cli, const s1_list_options *request, const s1_list_entry *entries,
                        size_t count, s1_err *err)
{
    uint64_t rows = 0, bytes = 0;
    char text[S1_FORMAT_MAX], size[S1_FORMAT_MAX];
    if (count == 0) {
        (void)fprintf(cli->out.out, "%s: no data%s\n", request->archive_dir,
                      request->asset_pair != NULL || request->kind != NULL ||
                              request->source != NULL
                          ? " of that"
                          : "");
        return S1_OK;
    }
    S1_TRY(err, print_table(cli, entries, count, err));
    for (size_t i = 0; i < count; i++) {
        rows += entries[i].rows;
        bytes += entries[i].bytes;
    }
    (void)fprintf(cli->out.out, "\n%zu dataset%s, %s rows, %s MB\n", count, count == 1 ? "" : "s",
                  s1_format_count(rows, text), print_megabytes(bytes, size));
    return S1_OK;
}

static int run_list(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const s1_list_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = s1_cli_text(args, "pair"),
        .kind = s1_cli_text(args, "timeframe"),
        .source = s1_cli_text(args, "source"),
        .config_dir = s1_cli_config_dir(args),
    };
    if (request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "missing --archive DIR; see 's1mpletrader data list --help'");
        return S1_EXIT_USAGE;
    }
    s1_list_report *report = NULL;
    s1_rc rc = s1_api_data_list(&request, &report, err);
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    size_t count = 0;
    const s1_list_entry *const entries = s1_list_entries(report, &count);
    const char *const notice = s1_list_notice(report);
    if (notice[0] != '\0' && !cli->is_json) {
        (void)fprintf(cli->err.out, "warning: %s\n", notice);
    }
    rc = cli->is_json ? print_json(cli, request.archive_dir, entries, count, notice, err)
                      : print_text(cli, &request, entries, count, err);
    s1_list_report_free(report);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option list_options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "only this pair, as BASE/QUOTE", NULL},
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "only bars of this length (1m, 1h, 1d), or trades, quotes, book", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "only of this source; '' is the unnamed one", NULL},
    {"config", 'c', S1_CLI_TEXT, "DIR",
     "the configuration whose instruments.yaml tells of sessions, default config", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example list_examples[] = {
    {"data list --archive data", "every dataset, with its period, size and gaps"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_list = {
    .name = "data list",
    .summary = "List what an archive holds: period, rows, size, gaps",
    .usage = "--archive DIR [--pair P] [--timeframe T]",
    .detail = "Out of the catalogue, catalog.db: no data file is opened unless it is new or "
              "changed. Complete is the share of the bars that are there, of those that the "
              "market was open for; a gap is where at least one is missing, of trades where "
              "more than a minute passes without one.",
    .options = list_options,
    .examples = list_examples,
    .run = run_list,
};

/* --- data reindex ----------------------------------------------------------------------------- */

static s1_rc print_reindexed(s1_cli *cli, const char *archive, const s1_reindex_report *report,
                             s1_err *err)
{
    if (!cli->is_json) {
        char rows[S1_FORMAT_MAX], size[S1_FORMAT_MAX];
        (void)fprintf(cli->out.out,
                      "%s: datasets %" PRIu64 ", files %" PRIu64 ", rows %s, %s MB in %.2f s\n",
                      archive, report->datasets, report->files, s1_format_count(report->rows, rows),
                      print_megabytes(report->bytes, size), report->seconds);
        return S1_OK;
    }
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"archive", archive},
                 {"notice", report->notice[0] != '\0' ? report->notice : NULL});
    S1_PUT_NUMBERS(&w, {"datasets", report->datasets}, {"files", report->files},
                   {"rows", report->rows}, {"bytes", report->bytes});
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static int run_reindex(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "reindex", "datasets");
    const s1_reindex_options request = {.archive_dir = s1_cli_text(args, "archive"),
                                        .on_progress = s1_cli_watch_progress,
                                        .user = &w,
                                        .is_stopping = &w.is_stopping};
    if (request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "missing --archive DIR; see 's1mpletrader data reindex --help'");
        return S1_EXIT_USAGE;
    }
    s1_reindex_report report;
    s1_rc rc = s1_api_data_reindex(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped; the next look at the catalogue goes on");
    }
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    if (report.notice[0] != '\0' && !cli->is_json) {
        (void)fprintf(cli->err.out, "warning: %s\n", report.notice);
    }
    return s1_exit_from_rc(print_reindexed(cli, request.archive_dir, &report, err));
}

static const s1_cli_option reindex_options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example reindex_examples[] = {
    {"data reindex --archive data", "after files were changed by hand, to be sure"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_reindex = {
    .name = "data reindex",
    .summary = "Make the catalogue of an archive anew, out of its files",
    .usage = "--archive DIR",
    .detail = "Reads every data file once. Imports and findings of checks that the old catalogue "
              "remembers stay, if it can be read. Nothing else needs this: a catalogue that is "
              "missing or damaged is made anew by whoever looks at it.",
    .options = reindex_options,
    .examples = reindex_examples,
    .run = run_reindex,
};
