#include "backend/utils/proc.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/words.h"
#include "services/api/journal.h"

#include <errno.h>
#include <string.h>

#define DETAILS_MIN 12u /* columns of a line kept for details, before the worker is named */

/* --- journal show. ------------------------------------------------------------------------ */

typedef struct shown {
    const s1_cli *cli;
    bool is_full;
    uint64_t count;
} shown;

/* Prints `text` cut to what is left of the line. */
static void print_cut(const s1_terminal *terminal, s1_str text, uint32_t at)
{
    const uint32_t room = terminal->columns > at ? terminal->columns - at : 0;
    if (!terminal->is_tty || text.len <= room) {
        (void)fprintf(terminal->out, "%.*s\n", S1_STR_ARG(text));
        return;
    }
    size_t kept = room > 2 ? room - 2 : 0;
    while (kept > 0 && ((unsigned char)text.ptr[kept] & 0xC0u) == 0x80u) {
        kept--; /* not inside a character */
    }
    (void)fprintf(terminal->out, "%.*s..\n", (int)kept, text.ptr);
}

static s1_rc on_entry(void *user, const s1_journal_view *entry, s1_err *err)
{
    shown *const s = user;
    const s1_terminal *const terminal = &s->cli->out;
    FILE *const out = terminal->out;
    s->count++;
    if (s1_proc_stop_requested() != 0) {
        return S1_RAISE(err, S1_E_CANCELED, "stopped after %llu entries",
                        (unsigned long long)s->count);
    }
    if (s->cli->is_json) {
        (void)fprintf(out, "%.*s\n", S1_STR_ARG(entry->line));
        return S1_OK;
    }
    const s1_str ids[] = {entry->opportunity_id, entry->trade_id, entry->threat_id,
                          entry->order_id};
    const char letters[] = {'O', 'T', 'H', 'R'};
    (void)fprintf(out, "%s%7llu%s %.10s %.8s ", s1_terminal_on(terminal, S1_STYLE_DIM),
                  (unsigned long long)entry->seq, s1_terminal_off(terminal), entry->time_text.ptr,
                  entry->time_text.ptr + 11);
    int at = 28 + fprintf(out, "%-20.*s", S1_STR_ARG(entry->type));
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (ids[i].len > 0) {
            at += fprintf(out, " %c:%.8s", letters[i], ids[i].ptr);
        }
    }
    const uint32_t room = terminal->is_tty ? terminal->columns : UINT32_MAX;
    if (entry->worker.len > 0 && (uint32_t)at + entry->worker.len + DETAILS_MIN < room) {
        at += fprintf(out, " %.*s", S1_STR_ARG(entry->worker));
    }
    (void)fputc(' ', out);
    if (s->is_full) {
        (void)fprintf(out, "%.*s\n", S1_STR_ARG(entry->details));
    } else {
        print_cut(terminal, entry->details, (uint32_t)at + 1);
    }
    return S1_OK;
}

static int run_show(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    shown s = {.cli = cli, .is_full = s1_cli_flag(args, "full")};
    const s1_journal_filter filter = {.types = s1_cli_text(args, "type"),
                                      .id = s1_cli_text(args, "id"),
                                      .from = s1_cli_text(args, "from"),
                                      .to = s1_cli_text(args, "to"),
                                      .limit = s1_cli_number(args, "limit", 0)};
    const s1_rc rc = s1_api_journal_walk(args->positionals[0], &filter, on_entry, &s, err);
    /* A filter that cannot be read was given on the command line. */
    return rc == S1_E_INVALID || rc == S1_E_RANGE ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
}

static const s1_cli_option show_options[] = {
    {"type", 't', S1_CLI_TEXT, "KINDS", "entries of these kinds, or whose kind starts so", NULL},
    {"id", 'i', S1_CLI_TEXT, "ID", "entries that carry this id, which may be abbreviated", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "from this moment on, UTC", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "before this moment", NULL},
    {"limit", 'n', S1_CLI_NUMBER, "N", "stop after N entries", NULL},
    {"full", 'f', S1_CLI_FLAG, NULL, "do not cut the details to the width of the terminal", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example show_examples[] = {
    {"journal show results/demo --type TRADE_,OPPORTUNITY_REJECTED", "what was done and refused"},
    {"journal show results/demo --id 1b2c3d4e --json", "everything about one trade, as JSON lines"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_journal_show = {
    .name = "journal show",
    .summary = "Show the decisions of a run in the order they were made",
    .usage = "RESULTS",
    .detail = "Ids are shown by their first digits: O opportunity, T trade, H threat, R order. "
              "With --json every entry is one line, as it stands in the file.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = show_options,
    .examples = show_examples,
    .run = run_show,
};

/* --- journal verify. ---------------------------------------------------------------------- */

static s1_rc verify_json(s1_cli *cli, const s1_journal_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "sound");
    s1_json_bool(&w, true);
    s1_json_key_lit(&w, "entries");
    s1_json_u64(&w, report->entries);
    s1_json_key_lit(&w, "blocks");
    s1_json_u64(&w, report->blocks);
    s1_json_key_lit(&w, "torn_bytes");
    s1_json_u64(&w, report->torn_bytes);
    s1_json_key_lit(&w, "head");
    s1_json_cstr(&w, report->head);
    s1_json_key_lit(&w, "stated");
    s1_json_cstr(&w, report->stated[0] != '\0' ? report->stated : NULL);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_rc print_verified(s1_cli *cli, const s1_journal_report *report, int32_t language,
                            s1_err *err)
{
    FILE *const out = cli->out.out;
    s1_locale *locale = NULL;
    s1_cli_count entries, blocks;
    S1_TRY(err, s1_locale_new(language, &locale, err));
    (void)fprintf(out, "%s%s%s: ", s1_terminal_on(&cli->out, S1_STYLE_GOOD),
                  s1_locale_cstr(locale, "verify.sound"), s1_terminal_off(&cli->out));
    S1_CLI_SAY(out, locale, "verify.counts",
               {"entries", s1_cli_count_text(report->entries, &entries)},
               {"blocks", s1_cli_count_text(report->blocks, &blocks)});
    (void)fprintf(out, "\n  %s  %s\n", s1_locale_cstr(locale, "verify.head"), report->head);
    if (report->stated[0] != '\0') {
        (void)fprintf(out, "  %s\n", s1_locale_cstr(locale, "verify.stated"));
    }
    if (report->torn_bytes > 0) {
        S1_CLI_SAY(cli->err.out, locale, "verify.torn",
                   {"bytes", s1_cli_count_text(report->torn_bytes, &entries)});
        (void)fputc('\n', cli->err.out);
    }
    s1_locale_free(locale);
    return S1_OK;
}

static int run_verify(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *const path = args->positionals[0];
    s1_journal_report report;
    s1_rc rc = s1_api_journal_verify(path, &report, err);
    if (rc == S1_OK) {
        rc = cli->is_json ? verify_json(cli, &report, err)
                          : print_verified(cli, &report, s1_cli_results_language(cli, path), err);
    }
    return s1_exit_from_rc(rc);
}

static const s1_cli_example verify_examples[] = {
    {"journal verify results/demo", "every checksum, the chain, and the head in run.json"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_journal_verify = {
    .name = "journal verify",
    .summary = "Check that nobody changed a journal",
    .usage = "RESULTS",
    .positionals_min = 1,
    .positionals_max = 1,
    .examples = verify_examples,
    .run = run_verify,
};

/* --- journal export. ---------------------------------------------------------------------- */

static s1_rc to_stdout(void *user, s1_str bytes, s1_err *err)
{
    const s1_cli *const cli = user;
    if (s1_proc_stop_requested() != 0) {
        return S1_RAISE(err, S1_E_CANCELED, "stopped");
    }
    errno = 0;
    if (fwrite(bytes.ptr, 1, bytes.len, cli->out.out) == bytes.len) {
        return S1_OK;
    }
    return errno == EPIPE ? S1_E_IO /* its reader has gone: nothing to say */
                          : S1_RAISE(err, S1_E_IO, "standard output cannot be written");
}

static int32_t format_of(const char *name)
{
#define X(value, text, meaning)                                                                    \
    if (name != NULL && strcmp(name, text) == 0) {                                                 \
        return value;                                                                              \
    }
    S1_EXPORT_FORMAT_MAP(X)
#undef X
    return S1_EXPORT_JSON;
}

static int run_export(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const s1_journal_export options = {.path = args->positionals[0],
                                       .format = format_of(s1_cli_text(args, "format")),
                                       .out = s1_cli_text(args, "out"),
                                       .write = to_stdout,
                                       .user = cli};
    uint64_t entries = 0;
    const s1_rc rc = s1_api_journal_export(&options, &entries, err);
    if (rc == S1_OK && options.out != NULL) {
        if (cli->is_json) {
            (void)fprintf(cli->out.out, "{\"entries\": %llu}\n", (unsigned long long)entries);
        } else {
            (void)fprintf(cli->out.out, "%llu entries in %s\n", (unsigned long long)entries,
                          options.out);
        }
    }
    return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
}

static const s1_cli_option export_options[] = {
    {"format", 'f', S1_CLI_TEXT, "FORMAT", "of what is written, default json", "json|csv|parquet"},
    {"out", 'o', S1_CLI_TEXT, "FILE", "file to make or replace, whole or not at all; else stdout",
     NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example export_examples[] = {
    {"journal export results/demo --out journal.json", "strategy_link_id and journal_entries"},
    {"journal export results/demo --format parquet --out journal.parquet", "for a data frame"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_journal_export = {
    .name = "journal export",
    .summary = "Write a journal as JSON, CSV or Parquet",
    .usage = "RESULTS",
    .detail = "The journal is verified first. JSON is {\"strategy_link_id\", \"journal_entries\": "
              "[{\"timestamp\", \"event_type\", ids, ..., \"details\"}]}; CSV and Parquet have a "
              "row per entry, with the details as JSON text.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = export_options,
    .examples = export_examples,
    .run = run_export,
};
