#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_check.h"

#include <inttypes.h>

#define SHOWN_DEFAULT 20u

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_kinds(s1_json_writer *w, const s1_check_stream *stream)
{
    s1_json_key_lit(w, "kinds");
    s1_json_array(w);
    for (size_t i = 0; i < stream->kind_count; i++) {
        const s1_check_kind *const kind = &stream->kinds[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"kind", kind->kind}, {"severity", kind->severity});
        S1_PUT_NUMBERS(w, {"findings", kind->findings}, {"rows", kind->rows},
                       {"shown", kind->shown});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void json_findings(s1_json_writer *w, const s1_check_stream *stream)
{
    s1_json_key_lit(w, "findings");
    s1_json_array(w);
    for (size_t i = 0; i < stream->finding_count; i++) {
        const s1_check_finding *const finding = &stream->findings[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"kind", finding->kind}, {"severity", finding->severity});
        s1_put_time(w, "first", true, finding->first);
        s1_put_time(w, "last", true, finding->last);
        S1_PUT_NUMBERS(w, {"row", finding->row}, {"rows", finding->rows});
        S1_PUT_TEXTS(w, {"found", finding->found}, {"expected", finding->expected});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void json_stream(s1_json_writer *w, const s1_check_stream *stream)
{
    s1_json_object(w);
    S1_PUT_TEXTS(w, {"source", stream->source}, {"asset_pair", stream->asset_pair},
                 {"timeframe", stream->timeframe}, {"session", stream->session});
    S1_PUT_NUMBERS(w, {"rows", stream->rows});
    s1_put_time(w, "first", stream->rows > 0, stream->first);
    s1_put_time(w, "last", stream->rows > 0, stream->last);
    S1_PUT_NUMBERS(w, {"errors", stream->errors}, {"warnings", stream->warnings},
                   {"infos", stream->infos});
    json_kinds(w, stream);
    json_findings(w, stream);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const char *archive, const s1_check_stream *streams,
                        size_t count, uint64_t errors, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "archive");
    s1_json_cstr(&w, archive);
    s1_json_key_lit(&w, "has_errors");
    s1_json_bool(&w, errors > 0);
    s1_json_key_lit(&w, "streams");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_stream(&w, &streams[i]);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* --- Text ------------------------------------------------------------------------------------- */

static const char *print_u64(uint64_t value, char out[static S1_FORMAT_MAX])
{
    (void)snprintf(out, S1_FORMAT_MAX, "%" PRIu64, value);
    return out;
}

static s1_rc print_kinds(s1_cli *cli, const s1_check_stream *stream, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "severity"},
        {.title = "kind"},
        {.title = "findings", .is_right = true},
        {.title = "rows", .is_right = true},
        {.title = "meaning", .is_flexible = true, .is_optional = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < stream->kind_count && is_whole; i++) {
        const s1_check_kind *const kind = &stream->kinds[i];
        char findings[S1_FORMAT_MAX], rows[S1_FORMAT_MAX];
        if (kind->findings > 0) {
            is_whole = s1_table_add(table, kind->severity) && s1_table_add(table, kind->kind) &&
                       s1_table_add(table, print_u64(kind->findings, findings)) &&
                       s1_table_add(table, print_u64(kind->rows, rows)) &&
                       s1_table_add(table, kind->meaning);
        }
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_findings(s1_cli *cli, const s1_check_stream *stream, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "kind"},
        {.title = "first"},
        {.title = "last", .is_optional = true},
        {.title = "row", .is_right = true, .is_optional = true},
        {.title = "rows", .is_right = true},
        {.title = "found", .is_flexible = true},
        {.title = "expected", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < stream->finding_count && is_whole; i++) {
        const s1_check_finding *const finding = &stream->findings[i];
        char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX];
        char row[S1_FORMAT_MAX], rows[S1_FORMAT_MAX];
        (void)s1_time_print_short(finding->first, first);
        (void)s1_time_print_short(finding->last, last);
        is_whole = s1_table_add(table, finding->kind) && s1_table_add(table, first) &&
                   s1_table_add(table, last) && s1_table_add(table, print_u64(finding->row, row)) &&
                   s1_table_add(table, print_u64(finding->rows, rows)) &&
                   s1_table_add(table, finding->found) && s1_table_add(table, finding->expected);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_stream(s1_cli *cli, const s1_check_stream *stream, s1_err *err)
{
    FILE *const out = cli->out.out;
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX], count[S1_FORMAT_MAX];
    (void)s1_time_print_short(stream->first, first);
    (void)s1_time_print_short(stream->last, last);
    (void)fprintf(out, "%s%s%s%s %s%s: %s rows", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                  stream->source, stream->source[0] != '\0' ? ":" : "", stream->asset_pair,
                  stream->timeframe, s1_terminal_off(&cli->out),
                  s1_format_count(stream->rows, count));
    if (stream->rows > 0) {
        (void)fprintf(out, ", %s to %s", first, last);
    }
    (void)fprintf(out, "; session %s\n", stream->session);
    if (stream->errors + stream->warnings + stream->infos == 0) {
        (void)fprintf(out, "  nothing found\n");
        return S1_OK;
    }
    S1_TRY(err, print_kinds(cli, stream, err));
    if (stream->finding_count == 0) {
        return S1_OK;
    }
    (void)fputc('\n', out);
    S1_TRY(err, print_findings(cli, stream, err));
    for (size_t i = 0; i < stream->kind_count; i++) {
        const s1_check_kind *const kind = &stream->kinds[i];
        if (kind->findings > kind->shown) {
            (void)fprintf(out, "  %s more of %s (--limit)\n",
                          s1_format_count(kind->findings - kind->shown, count), kind->kind);
        }
    }
    return S1_OK;
}

static s1_rc print_text(s1_cli *cli, const s1_check_stream *streams, size_t count, s1_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            (void)fputc('\n', cli->out.out);
        }
        S1_TRY(err, print_stream(cli, &streams[i], err));
    }
    return S1_OK;
}

/* --- The command ------------------------------------------------------------------------------ */

/* Too large a number stays too large. */
static uint32_t number(const s1_cli_args *args, const char *name, uint32_t otherwise)
{
    const uint64_t value = s1_cli_number(args, name, otherwise);
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *closures[S1_CLI_LIST_MAX], *outages[S1_CLI_LIST_MAX];
    s1_cli_watch w = s1_cli_watch_of(cli, "check", "bars");
    const s1_check_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = s1_cli_text(args, "pair"),
        .timeframe = s1_cli_text(args, "timeframe"),
        .source = s1_cli_text(args, "source"),
        .config_dir = s1_cli_config_dir(args),
        .session = s1_cli_text(args, "session"),
        .closures = closures,
        .closure_count = s1_cli_list(args, "closed", closures),
        .outages = outages,
        .outage_count = s1_cli_list(args, "outage", outages),
        .from = s1_cli_text(args, "from"),
        .to = s1_cli_text(args, "to"),
        .as_of = s1_cli_text(args, "as-of"),
        .frozen = number(args, "frozen", 0),
        .window = number(args, "neighbours", 0),
        .findings_max = number(args, "limit", SHOWN_DEFAULT),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "missing --archive DIR; see 's1mpletrader data check --help'");
        return S1_EXIT_USAGE;
    }
    s1_rc rc = s1_api_check_sessions(request.config_dir, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    s1_check_report *report = NULL;
    rc = s1_api_data_check(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped; the archive is as it was");
    }
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    size_t count = 0;
    uint64_t errors = 0;
    const s1_check_stream *const streams = s1_check_streams(report, &count);
    for (size_t i = 0; i < count; i++) {
        errors += streams[i].errors;
    }
    const char *const notice = s1_check_notice(report);
    if (notice[0] != '\0') {
        (void)fprintf(cli->err.out, "warning: %s\n", notice);
    }
    rc = cli->is_json ? print_json(cli, request.archive_dir, streams, count, errors, err)
                      : print_text(cli, streams, count, err);
    s1_check_report_free(report);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    return errors > 0 ? S1_EXIT_DATA : S1_EXIT_OK;
}

static const s1_cli_option options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "only this pair, as BASE/QUOTE", NULL},
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "only bars of this length (1m, 1h, 1d), or trades, quotes, book", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "only of this source; '' is the unnamed one", NULL},
    {"session", 0, S1_CLI_TEXT, "NAME",
     "when the market is open; default the session of instruments.yaml, else fx for pairs of "
     "currencies and metals, else always",
     "always|fx|weekdays"},
    {"config", 'c', S1_CLI_TEXT, "DIR",
     "the configuration whose instruments.yaml tells of sessions, default config", NULL},
    {"closed", 0, S1_CLI_LIST, "RANGE",
     "closed every week as well, UTC: 'Fri 21:00..Sun 22:00'; may be given many times", NULL},
    {"outage", 0, S1_CLI_LIST, "RANGE",
     "a known outage, UTC, its end outside: '2018-02-08T00:00..2018-02-09T10:00'; may be given "
     "many times",
     NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "first moment that is checked, default the first bar", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end of what is checked, itself outside", NULL},
    {"as-of", 0, S1_CLI_TEXT, "TIME", "when the data was taken, default now", NULL},
    {"frozen", 0, S1_CLI_NUMBER, "N", "equal closes in a row that are told, default 24", NULL},
    {"neighbours", 0, S1_CLI_NUMBER, "N",
     "bars each side that a price is held against, 4 to 64, default 15", NULL},
    {"limit", 0, S1_CLI_NUMBER, "N",
     "findings told of each kind, default 20, at most 100000; the counts are always of all", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data check --archive data", "every stream of the archive"},
    {"data check --archive data --pair EUR/USD --timeframe 1h --json", "one stream, for programs"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_check = {
    .name = "data check",
    .summary = "Find what is wrong with the data of an archive",
    .usage = "--archive DIR [--pair P] [--timeframe T]",
    .detail = "Errors cannot be true: rows out of order or twice, a clock off the grid or ahead, "
              "prices at or below zero or ten times off, a high below the low, open or close "
              "outside them, volume below zero. Warnings may be true: holes, outliers, frozen "
              "prices, bars on a straight line, a last bar that may not be over, a trade as one "
              "of the same time before it. Bars without volume are told. Each stream is read once; "
              "no data is changed, and the catalogue remembers the findings. Exit code 4: at "
              "least one error was found; warnings alone are exit code 0.",
    .options = options,
    .examples = examples,
    .run = run,
};
