#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_fetch.h"
#include "services/api/data_list.h"

#include <string.h>

#define HOURS_FROM (48 * 3600u) /* seconds: a task that is told in hours */

typedef struct watch {
    s1_cli *cli;
    s1_progress progress;
    atomic_bool is_stopping;
    char shown[200]; /* the reason for waiting that was told last */
} watch;

static void on_progress(void *user, const s1_fetch_status *status)
{
    watch *const w = user;
    char phase[160], count[S1_FORMAT_MAX];
    const bool is_waiting = status->waiting != NULL;
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&w->is_stopping, true);
    }
    (void)snprintf(phase, sizeof phase, "fetch, %s rows%s%.80s%s",
                   s1_format_count(status->rows, count), is_waiting ? " (" : "",
                   is_waiting ? status->waiting : "", is_waiting ? ")" : "");
    if (is_waiting && w->cli->is_verbose && strcmp(w->shown, status->waiting) != 0) {
        s1_progress_end(&w->progress);
        (void)fprintf(w->cli->err.out, "waiting: %s\n", status->waiting);
    }
    (void)snprintf(w->shown, sizeof w->shown, "%s", is_waiting ? status->waiting : "");
    const bool is_long = status->seconds_total >= HOURS_FROM;
    const uint64_t unit = is_long ? 3600 : 1;
    w->progress.unit = is_long ? "h of history" : "s of history";
    s1_progress_show(&w->progress, phase, status->seconds_done / unit, status->seconds_total / unit,
                     s1_cli_now());
}

static void on_warning(void *user, const char *message)
{
    watch *const w = user;
    s1_progress_end(&w->progress);
    (void)fprintf(w->cli->err.out, "warning: %s\n", message);
}

/* --- What was done ---------------------------------------------------------------------------- */

static const char *command_name(int32_t command)
{
    switch (command) {
    case S1_FETCH_EXTEND:
        return "extend_history";
    case S1_FETCH_FILL_GAPS:
        return "fill_gaps";
    case S1_FETCH_SYNCHRONIZE:
        return "synchronize";
    default:
        return "fetch_period";
    }
}

static void put_report(s1_json_writer *w, const s1_fetch_options *o, const s1_fetch_report *r)
{
    s1_json_object(w);
    S1_PUT_TEXTS(w, {"command", command_name(o->command)}, {"asset_pair", o->asset_pair},
                 {"data_type", o->data_type}, {"timeframe", o->timeframe},
                 {"source", o->source != NULL ? o->source : ""}, {"archive", o->archive_dir},
                 {"connector", o->connector}, {"address", r->address},
                 {"content_hash", r->content_hash});
    S1_PUT_NUMBERS(w, {"rows", r->rows}, {"added", r->added}, {"received", r->received},
                   {"repeated", r->repeated}, {"commits", r->commits}, {"parts", r->parts},
                   {"empty", r->empty}, {"unreachable", r->unreachable}, {"requests", r->requests},
                   {"faults", r->faults}, {"limited", r->limited});
    s1_put_time(w, "first", r->rows > 0, r->first);
    s1_put_time(w, "last", r->rows > 0, r->last);
    s1_put_time(w, "asked_from", r->asked_to != 0, r->asked_from);
    s1_put_time(w, "asked_to", r->asked_to != 0, r->asked_to);
    s1_json_key_lit(w, "seconds");
    s1_json_double(w, r->seconds);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const s1_fetch_options *o, const s1_fetch_report *r,
                        s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    put_report(&w, o, r);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_fetch_options *o, const s1_fetch_report *r)
{
    FILE *const out = cli->out.out;
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX], a[S1_FORMAT_MAX], b[S1_FORMAT_MAX];
    (void)fprintf(out, "%s %s: %s rows more, %s in all", o->asset_pair,
                  o->timeframe != NULL ? o->timeframe : o->data_type, s1_format_count(r->added, a),
                  s1_format_count(r->rows, b));
    if (r->rows > 0) {
        (void)s1_time_print_short(r->first, first);
        (void)s1_time_print_short(r->last, last);
        (void)fprintf(out, ", %s to %s", first, last);
    }
    (void)fprintf(out, "\n  missing       %s", s1_format_count(r->parts, a));
    (void)fprintf(out, r->parts == 1 ? " part" : " parts");
    if (r->empty > 0) {
        (void)fprintf(out, ", %s of them empty there too", s1_format_count(r->empty, a));
    }
    if (r->unreachable > 0) {
        (void)fprintf(out, "; %s more are further back than %s goes",
                      s1_format_count(r->unreachable, a), o->connector);
    }
    (void)fprintf(out, "\n  asked         %s requests of %s", s1_format_count(r->requests, a),
                  r->address);
    if (r->faults + r->limited > 0) {
        (void)fprintf(out, ", %s of them again after a fault, %s to go slower",
                      s1_format_count(r->faults, a), s1_format_count(r->limited, b));
    }
    (void)fprintf(out, "\n  received      %s rows", s1_format_count(r->received, a));
    if (r->repeated > 0) {
        (void)fprintf(out, ", and %s that came twice", s1_format_count(r->repeated, a));
    }
    (void)fprintf(out, "\n  archive       %s, stored in %s %s\n", o->archive_dir,
                  s1_format_count(r->commits, a), r->commits == 1 ? "piece" : "pieces");
    if (r->content_hash[0] != '\0') {
        (void)fprintf(out, "  content hash  %.16s\n", r->content_hash);
    }
}

/* --- The command ------------------------------------------------------------------------------ */

/* Which of the four it is; the options of the others are not among its own. */
static s1_rc choose_command(const s1_cli_args *args, s1_fetch_options *o, s1_err *err)
{
    const bool is_extend = s1_cli_text(args, "extend") != NULL;
    const bool is_fill = s1_cli_flag(args, "fill-gaps");
    const bool is_sync = s1_cli_flag(args, "synchronize");
    if (is_extend + is_fill + is_sync > 1) {
        return S1_RAISE(err, S1_E_INVALID,
                        "found more than one of --extend, --fill-gaps and --synchronize, expected "
                        "one");
    }
    if ((is_extend || is_sync) && (o->from != NULL || o->to != NULL)) {
        return S1_RAISE(err, S1_E_INVALID, "found --%s beside %s, expected one of them",
                        o->from != NULL ? "from" : "to", is_extend ? "--extend" : "--synchronize");
    }
    o->command = is_extend ? S1_FETCH_EXTEND
                 : is_fill ? S1_FETCH_FILL_GAPS
                 : is_sync ? S1_FETCH_SYNCHRONIZE
                           : S1_FETCH_PERIOD;
    o->extend_days = s1_cli_number(args, "extend", 0);
    return S1_OK;
}

static uint32_t number(const s1_cli_args *args, const char *name, uint32_t otherwise)
{
    const uint64_t value = s1_cli_number(args, name, otherwise);
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* One stream, with the words of an end on request. */
static s1_rc fetch(watch *w, const s1_fetch_options *request, s1_fetch_report *report, s1_err *err)
{
    const s1_rc rc = s1_api_data_fetch(request, report, err);
    s1_progress_end(&w->progress);
    if (rc == S1_E_CANCELED) {
        char count[S1_FORMAT_MAX];
        return S1_RAISE(err, S1_E_CANCELED,
                        "stopped: %s rows more are stored; the same command goes on from there",
                        s1_format_count(report->added, count));
    }
    return rc;
}

/* A stream that cannot be brought up to date is a warning; the others are. The exit code is that of
 * the first. */
static s1_rc synchronize_each(s1_cli *cli, watch *w, s1_fetch_options *request,
                              const s1_list_entry *entries, size_t count, s1_json_writer *json,
                              s1_err *err)
{
    s1_rc first = S1_OK;
    size_t done = 0;
    for (size_t i = 0; i < count && first != S1_E_CANCELED; i++) {
        const s1_list_entry *const entry = &entries[i];
        if (strcmp(entry->data_type, "trades") != 0 && strcmp(entry->data_type, "ohlcv") != 0) {
            continue;
        }
        s1_fetch_report report;
        s1_err fault = S1_ERR_INIT;
        request->asset_pair = entry->asset_pair;
        request->data_type = entry->data_type;
        request->timeframe = entry->timeframe;
        const s1_rc rc = fetch(w, request, &report, &fault);
        if (rc != S1_OK) {
            (void)fprintf(cli->err.out, "warning: %s %s: %s\n", entry->asset_pair,
                          entry->timeframe != NULL ? entry->timeframe : entry->data_type,
                          fault.msg);
            first = first == S1_OK || rc == S1_E_CANCELED ? rc : first;
            continue;
        }
        done++;
        if (cli->is_json) {
            put_report(json, request, &report);
        } else {
            print_text(cli, request, &report);
        }
    }
    return first == S1_OK
               ? S1_OK
               : S1_RAISE(err, first, "%zu streams were brought up to date, not all", done);
}

static int synchronize_all(s1_cli *cli, watch *w, s1_fetch_options *request, s1_err *err)
{
    s1_list_report *list = NULL;
    s1_strbuf text;
    s1_json_writer json;
    size_t count = 0;
    const s1_list_options wanted = {.archive_dir = request->archive_dir,
                                    .source = request->source != NULL ? request->source : ""};
    s1_rc rc = s1_api_data_list(&wanted, &list, err);
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    const s1_list_entry *const entries = s1_list_entries(list, &count);
    s1_cli_json_begin(&text, &json);
    s1_json_array(&json);
    rc = synchronize_each(cli, w, request, entries, count, &json, err);
    s1_json_array_end(&json);
    s1_list_report_free(list);
    if (rc != S1_OK || !cli->is_json) {
        s1_strbuf_done(&text);
        return s1_exit_from_rc(rc);
    }
    return s1_exit_from_rc(s1_cli_json_end(cli, &text, err));
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    watch w = {.cli = cli, .progress = s1_cli_progress(cli, "s of history")};
    s1_fetch_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .config_dir = s1_cli_config_dir(args),
        .connector = or_else(s1_cli_text(args, "connector"), "kraken"),
        .url = s1_cli_text(args, "url"),
        .asset_pair = s1_cli_text(args, "pair"),
        .data_type = or_else(s1_cli_text(args, "type"), "trades"),
        .timeframe = s1_cli_text(args, "timeframe"),
        .source = s1_cli_text(args, "source"),
        .from = s1_cli_text(args, "from"),
        .to = s1_cli_text(args, "to"),
        .profile = s1_cli_text(args, "profile"),
        .pace_ms = number(args, "pace", UINT32_MAX),
        .timeout_ms = number(args, "timeout", 0),
        .on_progress = on_progress,
        .on_warning = on_warning,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    const bool is_all = request.asset_pair == NULL && s1_cli_flag(args, "synchronize");
    if ((request.asset_pair == NULL && !is_all) || request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data fetch --help'",
                       request.archive_dir == NULL ? "--archive DIR" : "--pair P");
        return S1_EXIT_USAGE;
    }
    if (choose_command(args, &request, err) != S1_OK) {
        return S1_EXIT_USAGE;
    }
    if (is_all) {
        return synchronize_all(cli, &w, &request, err);
    }
    s1_fetch_report report;
    const s1_rc rc = fetch(&w, &request, &report, err);
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
    {"pair", 0, S1_CLI_TEXT, "P", "what to fetch, as BASE/QUOTE", NULL},
    {"type", 0, S1_CLI_TEXT, "TYPE", "trades (default) or bars", "trades|ohlcv"},
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "length of a bar of ohlcv: 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w, 15d", NULL},
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder, made where it is not there", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "keep it apart from other sources of the pair", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "first moment; of ohlcv default as far back as it goes", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end, itself outside; default now", NULL},
    {"extend", 0, S1_CLI_NUMBER, "DAYS", "instead: so many days before the first row", NULL},
    {"fill-gaps", 0, S1_CLI_FLAG, NULL, "instead: only the holes inside what is stored", NULL},
    {"synchronize", 0, S1_CLI_FLAG, NULL,
     "instead: what came since the last row; without --pair of every stream of the archive", NULL},
    {"connector", 0, S1_CLI_TEXT, "NAME", "kraken (default), or a connector of connectors.yaml",
     NULL},
    {"url", 0, S1_CLI_TEXT, "URL", "another address than the connector's", NULL},
    {"profile", 'p', S1_CLI_TEXT, "NAME",
     "how much is buffered between two commits, by platform.yaml; default historical_task", NULL},
    {"pace", 0, S1_CLI_NUMBER, "MS", "least time between two requests, default 1000", NULL},
    {"timeout", 0, S1_CLI_NUMBER, "MS", "longest a request may take, default 30000", NULL},
    {"config", 'c', S1_CLI_TEXT, "DIR",
     "configuration, for platform.yaml and connectors.yaml; default config", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data fetch --pair BTC/USD --from 2024-01-01 --to 2024-02-01 --archive data",
     "a month of trades"},
    {"data fetch --pair BTC/USD --type ohlcv --timeframe 1h --archive data",
     "the bars the exchange still gives"},
    {"data fetch --synchronize --archive data", "what came since, of all that is there"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_fetch = {
    .name = "data fetch",
    .summary = "Fetch history of an exchange into an archive",
    .usage = "--pair P --archive DIR [--type T] [--from TIME] [--to TIME]",
    .detail = "Only what is missing is asked for, and what was stored tells what is missing: after "
              "ctrl-C, a crash or a failed network the same command goes on where it was. Kraken "
              "gives all trades there ever were, but only its last 720 bars: older bars are made "
              "from trades by 'data resample'. Faults are asked again as connectors.yaml says, and "
              "the exchange's limits are kept.",
    .options = options,
    .examples = examples,
    .run = run,
};
