#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_record.h"

#include <inttypes.h>

#define PLAIN_LINE_INTERVAL (10 * S1_NANOS_PER_SECOND)

typedef struct watch {
    const s1_cli *cli;
    atomic_bool is_stopping;
    bool is_begun; /* what a crash left was told */
    s1_nanos shown;
    uint64_t shown_rows; /* at that time */
} watch;

/* --- While it runs: stderr. --- */

static void tell_recovery(FILE *out, const s1_record_stream *stream)
{
    char time[S1_TIME_TEXT_MAX];
    char count[S1_FORMAT_MAX];
    if (stream->recovered_segments == 0) {
        return;
    }
    (void)fprintf(
        out, "%s %s: the last recording was killed; %s rows it had kept are in the archive",
        stream->asset_pair, stream->data_type, s1_format_count(stream->recovered_rows, count));
    if (stream->crashed_after != 0) {
        (void)s1_time_print_short(stream->crashed_after, time);
        (void)fprintf(out, "; lost is what came after %s", time);
    }
    (void)fprintf(out, "\n");
    if (stream->damaged_rows > 0) {
        (void)fprintf(out, "  %s rows before that were damaged\n",
                      s1_format_count(stream->damaged_rows, count));
    }
}

typedef struct totals {
    uint64_t accepted, dropped, depth, high_water, archived, gaps;
} totals;

static totals add_up(const s1_record_report *report)
{
    totals sum = {0};
    for (size_t i = 0; i < report->stream_count; i++) {
        const s1_record_stream *const stream = &report->streams[i];
        sum.accepted += stream->accepted;
        sum.dropped += stream->dropped;
        sum.depth += stream->depth;
        sum.high_water = stream->high_water > sum.high_water ? stream->high_water : sum.high_water;
        sum.archived += stream->archived;
        sum.gaps += stream->gaps;
    }
    return sum;
}

static void on_progress(void *user, const s1_record_report *report)
{
    watch *const w = user;
    FILE *const out = w->cli->err.out;
    const s1_nanos now = s1_cli_now();
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&w->is_stopping, true);
    }
    for (size_t i = 0; i < report->stream_count && !w->is_begun; i++) {
        tell_recovery(out, &report->streams[i]);
    }
    const bool is_first = !w->is_begun;
    w->is_begun = true;
    const s1_nanos interval = w->cli->err.is_tty ? S1_NANOS_PER_SECOND / 2 : PLAIN_LINE_INTERVAL;
    if (is_first || now - w->shown < interval) {
        w->shown = is_first ? now : w->shown;
        return;
    }
    const totals sum = add_up(report);
    const double seconds = (double)(now - w->shown) / 1e9;
    (void)fprintf(out,
                  "%s%s: %" PRIu64 " rows, %.1f/s, queue %" PRIu64 " (most %" PRIu64
                  "), archived %" PRIu64 ", gaps %" PRIu64 ", dropped %" PRIu64 "%s",
                  w->cli->err.is_tty ? "\r" : "",
                  report->is_connected ? "connected" : "not connected", sum.accepted,
                  (double)(sum.accepted - w->shown_rows) / seconds, sum.depth, sum.high_water,
                  sum.archived, sum.gaps, sum.dropped, w->cli->err.is_tty ? "\033[K" : "\n");
    (void)fflush(out);
    w->shown = now;
    w->shown_rows = sum.accepted;
}

/* --- At the end: stdout. --- */

static void json_stream(s1_json_writer *w, const s1_record_stream *stream)
{
    s1_json_object(w);
    s1_json_key_lit(w, "asset_pair");
    s1_json_cstr(w, stream->asset_pair);
    s1_json_key_lit(w, "data_type");
    s1_json_cstr(w, stream->data_type);
    S1_PUT_NUMBERS(w, {"accepted", stream->accepted}, {"dropped", stream->dropped},
                   {"durable", stream->durable}, {"archived", stream->archived},
                   {"refused", stream->refused}, {"duplicates", stream->duplicates},
                   {"gaps", stream->gaps}, {"missing", stream->missing},
                   {"resyncs", stream->resyncs}, {"queue_depth", stream->depth},
                   {"queue_high_water", stream->high_water}, {"queue_capacity", stream->capacity},
                   {"accept_longest_ns", (uint64_t)stream->accept_longest},
                   {"flushes", stream->flushes}, {"flush_failures", stream->flush_failures},
                   {"flush_longest_ns", (uint64_t)stream->flush_longest});
    s1_json_key_lit(w, "recovered");
    s1_json_object(w);
    S1_PUT_NUMBERS(w, {"segments", stream->recovered_segments}, {"rows", stream->recovered_rows},
                   {"rows_added", stream->recovered_new}, {"rows_damaged", stream->damaged_rows},
                   {"bytes_torn", stream->torn_bytes});
    s1_put_time(w, "received_until", stream->crashed_after != 0, stream->crashed_after);
    s1_json_object_end(w);
    s1_put_time(w, "resumed_after", stream->resumed_after != 0, stream->resumed_after);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const s1_record_options *options,
                        const s1_record_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "connector");
    s1_json_cstr(&w, options->connector);
    s1_json_key_lit(&w, "archive");
    s1_json_cstr(&w, options->archive_dir);
    S1_PUT_NUMBERS(&w, {"max_records", report->max_records},
                   {"max_seconds", (uint64_t)(report->max_age / S1_NANOS_PER_SECOND)});
    s1_json_key_lit(&w, "seconds");
    s1_json_double(&w, report->seconds);
    S1_PUT_NUMBERS(&w, {"connects", report->connects}, {"disconnects", report->disconnects},
                   {"failed_connects", report->failed_connects}, {"messages", report->messages},
                   {"bytes", report->bytes}, {"malformed", report->malformed},
                   {"refused", report->refused});
    s1_json_key_lit(&w, "exchange_status");
    s1_json_cstr(&w, report->system[0] != '\0' ? report->system : NULL);
    s1_json_key_lit(&w, "streams");
    s1_json_array(&w);
    for (size_t i = 0; i < report->stream_count; i++) {
        json_stream(&w, &report->streams[i]);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_record_options *options,
                       const s1_record_report *report)
{
    FILE *const out = cli->out.out;
    char count[S1_FORMAT_MAX];
    char duration[S1_TIMEFRAME_TEXT_MAX];
    for (size_t i = 0; i < report->stream_count; i++) {
        const s1_record_stream *const stream = &report->streams[i];
        (void)fprintf(out, "%s %s: %s rows\n", stream->asset_pair, stream->data_type,
                      s1_format_count(stream->accepted, count));
        (void)fprintf(out, "  archived      %s\n", s1_format_count(stream->archived, count));
        (void)fprintf(out, "  duplicates    %s\n", s1_format_count(stream->duplicates, count));
        (void)fprintf(out, "  gaps          %s", s1_format_count(stream->gaps, count));
        (void)fprintf(out, " (%s rows known to be missing)\n",
                      s1_format_count(stream->missing, count));
        (void)fprintf(out, "  dropped       %s\n", s1_format_count(stream->dropped, count));
        (void)s1_duration_print(stream->accept_longest, duration);
        (void)fprintf(out, "  queue         %s at most, longest wait of the receiver %s\n",
                      s1_format_count(stream->high_water, count), duration);
    }
    (void)fprintf(out, "archive %s, source %s; %s messages", options->archive_dir,
                  options->connector, s1_format_count(report->messages, count));
    (void)fprintf(out, ", %s connections\n", s1_format_count(report->connects, count));
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *pairs[S1_CLI_LIST_MAX];
    const char *types[S1_CLI_LIST_MAX];
    watch w = {.cli = cli};
    const s1_record_options request = {
        .connector = s1_cli_text(args, "connector"),
        .pairs = pairs,
        .pair_count = s1_cli_list(args, "pair", pairs),
        .types = types,
        .type_count = s1_cli_list(args, "type", types),
        .depth = (uint32_t)s1_cli_number(args, "depth", 0),
        .url = s1_cli_text(args, "url"),
        .archive_dir = s1_cli_text(args, "archive"),
        .config_dir = s1_cli_config_dir(args),
        .profile = s1_cli_text(args, "profile"),
        .queue_records = s1_cli_number(args, "queue", 0),
        .on_full = s1_cli_text(args, "on-full"),
        .duration = s1_cli_text(args, "for"),
        .on_progress = on_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (request.connector == NULL || request.pair_count == 0 || request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data record --help'",
                       request.connector == NULL ? "--connector NAME"
                       : request.pair_count == 0 ? "--pair P"
                                                 : "--archive DIR");
        return S1_EXIT_USAGE;
    }
    s1_record_report report;
    const s1_rc rc = s1_api_data_record(&request, &report, err);
    if (w.is_begun && cli->err.is_tty) {
        (void)fprintf(cli->err.out, "\r\033[K");
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
    {"connector", 'c', S1_CLI_TEXT, "NAME", "the exchange: kraken", NULL},
    {"pair", 0, S1_CLI_LIST, "P", "what to record, as BASE/QUOTE; may be given many times", NULL},
    {"type", 0, S1_CLI_LIST, "T", "trades (default), quotes or book; may be given many times",
     NULL},
    {"depth", 0, S1_CLI_NUMBER, "N",
     "levels of a book on each side: 10 (default), 25, 100, 500, 1000", NULL},
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder, made where it is not there", NULL},
    {"profile", 'p', S1_CLI_TEXT, "NAME",
     "ingestion profile that says when rows go to the archive: live_task (default) or one of "
     "platform.yaml",
     NULL},
    {"for", 0, S1_CLI_TEXT, "TIME", "stop after it: 60s, 2h (default: until ctrl-C)", NULL},
    {"url", 0, S1_CLI_TEXT, "URL", "another address: ws://127.0.0.1:8080/v2", NULL},
    {"queue", 0, S1_CLI_NUMBER, "ROWS", "room of each stream's queue (default: 65536)", NULL},
    {"on-full", 0, S1_CLI_TEXT, "POLICY",
     "what a full queue does: drop_newest (default; counted, and recorded as a gap) or stop",
     "drop_newest|stop"},
    {"config", 0, S1_CLI_TEXT, "DIR", "folder with platform.yaml (default: config)", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data record --connector kraken --pair BTC/USD --archive data", "trades, until ctrl-C"},
    {"data record -c kraken --pair BTC/USD --type trades --type book --archive data --for 1h",
     "trades and the ten best levels, for an hour"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_record = {
    .name = "data record",
    .summary = "Record live trades, quotes and order books into an archive",
    .usage = "--connector NAME --pair P --archive DIR",
    .detail =
        "Reception never waits for a disk: rows go through a queue to a small durable file, "
        "and from there to the archive. What a killed recording had kept is brought in first. "
        "Gaps are told and kept. Ctrl-C ends in order.",
    .options = options,
    .examples = examples,
    .run = run,
};
