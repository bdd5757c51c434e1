#include "backend/utils/proc.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/words.h"
#include "services/api/config.h"
#include "services/api/explain.h"
#include "services/api/replay.h"

#include <string.h>

#define BREACHES_SHOWN 10u

/* --- What does not hold. ------------------------------------------------------------------ */

/* The text of "<group><name>", the name in small letters with underscores; NULL without one. */
static const char *named(const s1_locale *locale, const char *group, const char *name)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s%s", group, name);
    for (char *at = key; *at != '\0'; at++) {
        *at = *at == ' ' ? '_' : *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return s1_locale_text(locale, s1_str_of(key)).ptr;
}

static void print_breach(FILE *out, const s1_locale *locale, const s1_replay_breach *breach)
{
    const char *const rule = named(locale, "rule.", breach->invariant);
    s1_cli_count line, seq;
    (void)fprintf(out, "  %s", breach->where);
    if (breach->seq != 0) {
        S1_CLI_SAY(out, locale, "replay.line_and_seq",
                   {"line", s1_cli_count_text(breach->line, &line)},
                   {"seq", s1_cli_count_text(breach->seq, &seq)});
    } else if (breach->line != 0) {
        S1_CLI_SAY(out, locale, "replay.line", {"line", s1_cli_count_text(breach->line, &line)});
    }
    S1_CLI_SAY(out, locale, "replay.breach", {"field", breach->field}, {"found", breach->found},
               {"expected", breach->expected}, {"invariant", breach->invariant},
               {"rule", rule != NULL ? rule : breach->rule});
    (void)fputc('\n', out);
}

static void print_breaches(const s1_cli *cli, const s1_locale *locale, const s1_replay_view *view)
{
    for (size_t i = 0; i < view->breach_kept && i < BREACHES_SHOWN; i++) {
        print_breach(cli->out.out, locale, &view->breaches[i]);
    }
    if (view->breach_count > BREACHES_SHOWN) {
        s1_cli_count more;
        (void)fputs("  ", cli->out.out);
        S1_CLI_SAY(cli->out.out, locale, "replay.more",
                   {"count", s1_cli_count_text(view->breach_count - BREACHES_SHOWN, &more)});
        (void)fputc('\n', cli->out.out);
    }
}

/* The error that ends the command: the first thing that does not hold. */
static s1_rc raise_breach(const s1_replay_view *view, s1_err *err)
{
    const s1_replay_breach *const first = &view->breaches[0];
    char line[32] = "";
    if (first->line != 0) {
        (void)snprintf(line, sizeof line, " line %llu", (unsigned long long)first->line);
    }
    return S1_RAISE(err, S1_E_DATA,
                    "%s: %llu do not hold; the first: %s%s, %s: found %s, expected %s", view->dir,
                    (unsigned long long)view->breach_count, first->where, line, first->field,
                    first->found, first->expected);
}

/* --- replay. ------------------------------------------------------------------------------ */

/* What is said of a comparison in its last column. */
static const char *outcome_of(const s1_locale *locale, const s1_replay_item *item)
{
    const char *text = NULL;
    if (item->note != NULL) {
        text = named(locale, "replay.note_", item->note_name);
        return text != NULL ? text : item->note;
    }
    if (strcmp(item->status, "differs") == 0) {
        return item->left;
    }
    text = named(locale, "replay.status_", item->status);
    return text != NULL ? text : item->status;
}

static s1_rc print_items(s1_cli *cli, const s1_locale *locale, const s1_replay_view *view,
                         s1_err *err)
{
    const s1_table_column columns[] = {
        {.title = s1_locale_cstr(locale, "replay.column_where")},
        {.title = s1_locale_cstr(locale, "replay.column_what")},
        {.title = s1_locale_cstr(locale, "replay.column_rebuilt"), .is_right = true},
        {.title = s1_locale_cstr(locale, "replay.column_left"), .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->item_count && is_whole; i++) {
        const s1_replay_item *const item = &view->items[i];
        is_whole = s1_table_add(table, item->where) && s1_table_add(table, item->field) &&
                   s1_table_add(table, item->rebuilt != NULL ? item->rebuilt : "-") &&
                   s1_table_add(table, outcome_of(locale, item));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void label(FILE *out, const s1_locale *locale, const char *key)
{
    (void)fprintf(out, "  %-13s ", s1_locale_cstr(locale, key));
}

static void print_open(FILE *out, const s1_locale *locale, const s1_replay_view *view)
{
    for (size_t i = 0; i < view->position_count; i++) {
        const s1_replay_position *const p = &view->positions[i];
        char trade[16];
        (void)snprintf(trade, sizeof trade, "T:%.8s", p->trade_id);
        (void)fprintf(out, "    %-11s ", s1_locale_cstr(locale, "replay.open"));
        S1_CLI_SAY(out, locale, "replay.position", {"trade", trade}, {"direction", p->direction},
                   {"quantity", p->quantity}, {"price", p->entry_price});
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < view->active_count; i++) {
        const s1_replay_threat *const t = &view->active[i];
        char threat[16];
        s1_cli_count line;
        (void)snprintf(threat, sizeof threat, "H:%.8s", t->threat_id);
        label(out, locale, "replay.threat_active");
        S1_CLI_SAY(out, locale, "replay.threat", {"threat", threat}, {"threat_type", t->type},
                   {"severity", t->severity}, {"line", s1_cli_count_text(t->line, &line)});
        (void)fputc('\n', out);
    }
}

static void print_books(const s1_cli *cli, const s1_locale *locale, const s1_replay_view *view)
{
    FILE *const out = cli->out.out;
    char run[16];
    s1_cli_count entries, blocks;
    (void)snprintf(run, sizeof run, "%.8s", view->run_id);
    S1_CLI_SAY(out, locale, "replay.head", {"link", view->link}, {"run", run},
               {"entries", s1_cli_count_text(view->entries, &entries)},
               {"blocks", s1_cli_count_text(view->blocks, &blocks)}, {"level", view->level});
    const struct {
        const char *key, *value;
    } sums[] = {{"replay.cash", view->cash},
                {"replay.realized_pnl", view->realized_pnl},
                {"replay.fees", view->fees},
                {"replay.equity", view->equity}};
    (void)fputs("\n\n", out);
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        label(out, locale, sums[i].key);
        (void)fprintf(out, "%s%s", sums[i].value, i + 1 < sizeof sums / sizeof sums[0] ? "\n" : "");
    }
    (void)fprintf(out, "%s\n",
                  view->position_count > 0 ? s1_locale_cstr(locale, "replay.equity_stated") : "");
    label(out, locale, "replay.trades");
    S1_CLI_SAY(
        out, locale, "replay.trades_value", {"closed", s1_cli_count_text(view->trades, &entries)},
        {"open", s1_cli_count_text(view->position_count, &blocks)}, {"cost", view->open_cost});
    (void)fputc('\n', out);
    print_open(out, locale, view);
    (void)fputc('\n', out);
}

static s1_rc print_replay(s1_cli *cli, const s1_replay_view *view, s1_err *err)
{
    FILE *const out = cli->out.out;
    const enum s1_style style = view->breach_count > 0 ? S1_STYLE_BAD : S1_STYLE_GOOD;
    s1_locale *locale = NULL;
    s1_cli_count equal, fields, not_kept;
    S1_TRY(err, s1_locale_new(s1_cli_results_language(cli, view->dir), &locale, err));
    print_books(cli, locale, view);
    const s1_rc rc = print_items(cli, locale, view, err);
    (void)fputc('\n', out);
    S1_CLI_SAY(out, locale, "replay.sums", {"equal", s1_cli_count_text(view->equal_count, &equal)},
               {"fields", s1_cli_count_text(view->trade_fields, &fields)},
               {"not_kept", s1_cli_count_text(view->not_kept_count, &not_kept)});
    (void)fputs(s1_terminal_on(&cli->out, style), out);
    S1_CLI_SAY(out, locale, "replay.breaches",
               {"count", s1_cli_count_text(view->breach_count, &equal)});
    (void)fprintf(out, "%s\n", s1_terminal_off(&cli->out));
    print_breaches(cli, locale, view);
    s1_locale_free(locale);
    return rc;
}

static int replay(s1_cli *cli, const char *results, s1_err *err)
{
    s1_replay *rebuilt = NULL;
    s1_rc rc = s1_api_replay(results, &rebuilt, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    const s1_replay_view *const view = s1_replay_view_borrow(rebuilt);
    if (cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", view->json);
    } else {
        rc = print_replay(cli, view, err);
    }
    if (rc == S1_OK && view->breach_count > 0) {
        rc = raise_breach(view, err);
    }
    s1_replay_free(rebuilt);
    return s1_exit_from_rc(rc);
}

/* --- replay --execute. -------------------------------------------------------------------- */

typedef struct watch {
    s1_progress progress;
    atomic_bool is_stopping;
    int32_t language;           /* enum s1_language */
    s1_explanation *difference; /* of another configuration; NULL: not asked for */
} watch;

/* While both runs are there: where they part, and why. */
static s1_rc on_folder(void *user, const char *recorded_dir, const char *again_dir, s1_err *err)
{
    watch *const w = user;
    bool is_same = false;
    return s1_api_explain_diff(recorded_dir, again_dir, w->language, &w->difference, &is_same, err);
}

static s1_rc print_difference_json(s1_cli *cli, const s1_replay_execution_view *view,
                                   const s1_explanation *difference, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "execution");
    s1_json_raw(&w, s1_str_of(view->json));
    s1_json_key_lit(&w, "difference");
    s1_json_raw(&w, s1_str_of(s1_explanation_json_borrow(difference)));
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void on_progress(void *user, const s1_backtest_progress *progress)
{
    watch *const w = user;
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&w->is_stopping, true);
    }
    s1_progress_show(&w->progress, progress->phase, progress->done, progress->total, s1_cli_now());
}

static s1_rc print_execution(const s1_cli *cli, const s1_replay_execution_view *view,
                             int32_t language, s1_err *err)
{
    FILE *const out = cli->out.out;
    s1_locale *locale = NULL;
    s1_cli_count a, b, c, d;
    S1_TRY(err, s1_locale_new(language, &locale, err));
    const char *const none = s1_locale_cstr(locale, "replay.no_entry");
    if (view->is_identical) {
        (void)fprintf(out, "%s%s%s: ", s1_terminal_on(&cli->out, S1_STYLE_GOOD),
                      s1_locale_cstr(locale, "replay.identical"), s1_terminal_off(&cli->out));
        S1_CLI_SAY(out, locale, "replay.identical_counts",
                   {"bars", s1_cli_count_text(view->bars, &a)},
                   {"entries", s1_cli_count_text(view->entries, &b)},
                   {"files", s1_cli_count_text(view->files, &c)},
                   {"bytes", s1_cli_count_text(view->bytes, &d)});
        (void)fputc('\n', out);
    } else if (view->seq != 0) {
        S1_CLI_SAY(out, locale, "replay.first_difference",
                   {"seq", s1_cli_count_text(view->seq, &a)},
                   {"line", s1_cli_count_text(view->line, &b)});
        (void)fprintf(out, "\n  %-9s %s\n", s1_locale_cstr(locale, "replay.recorded"),
                      view->recorded[0] != '\0' ? view->recorded : none);
        (void)fprintf(out, "  %-9s %s\n", s1_locale_cstr(locale, "replay.again"),
                      view->again[0] != '\0' ? view->again : none);
    } else {
        S1_CLI_SAY(out, locale, "replay.file_differs", {"file", view->differing_file});
        (void)fputc('\n', out);
    }
    if (view->note[0] != '\0') {
        (void)fprintf(cli->err.out, "%s\n", s1_locale_cstr(locale, "replay.other_build"));
    }
    s1_locale_free(locale);
    return S1_OK;
}

static int execute(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    watch w = {.progress = s1_cli_progress(cli, "bars"),
               .language = s1_cli_results_language(cli, args->positionals[0])};
    const bool is_other = args->list_count > 0 || s1_cli_flag(args, "config");
    const s1_replay_execute_options options = {.results_dir = args->positionals[0],
                                               .config_dir = s1_cli_text(args, "config"),
                                               .overrides = args->lists,
                                               .override_count = args->list_count,
                                               .on_progress = on_progress,
                                               .user = &w,
                                               .is_stopping = &w.is_stopping,
                                               .on_folder = is_other ? on_folder : NULL};
    s1_replay_execution *execution = NULL;
    s1_rc rc = s1_api_replay_execute(&options, &execution, err);
    s1_progress_end(&w.progress);
    if (rc != S1_OK) {
        s1_explanation_free(w.difference);
        return s1_exit_from_rc(rc);
    }
    const s1_replay_execution_view *const view = s1_replay_execution_borrow(execution);
    if (cli->is_json && w.difference != NULL) {
        rc = print_difference_json(cli, view, w.difference, err);
    } else if (cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", view->json);
    } else if (w.difference != NULL) {
        rc = s1_cli_print_explanation(cli, w.difference, w.language, err);
    } else {
        rc = print_execution(cli, view, w.language, err);
    }
    if (rc == S1_OK && !view->is_identical && !view->is_other) {
        rc = S1_RAISE(err, S1_E_DATA, "%s: the run does not repeat; %s differs", view->dir,
                      view->differing_file);
    }
    const bool is_different = view->is_other && view->seq != 0;
    s1_explanation_free(w.difference);
    s1_replay_execution_free(execution);
    return rc == S1_OK && is_different ? S1_EXIT_DIFFERENT : s1_exit_from_rc(rc);
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    if (s1_cli_flag(args, "execute")) {
        return execute(cli, args, err);
    }
    if (args->list_count > 0 || s1_cli_flag(args, "config")) {
        (void)!S1_RAISE(err, S1_E_INVALID, "--set and --config change a run: expected --execute");
        return S1_EXIT_USAGE;
    }
    return replay(cli, args->positionals[0], err);
}

static const s1_cli_option options_table[] = {
    {"execute", 'x', S1_CLI_FLAG, NULL, "run the strategy again and compare every byte", NULL},
    {"set", 's', S1_CLI_LIST, "PATH=VALUE", "with --execute: change one value and see what follows",
     NULL},
    {"config", 'c', S1_CLI_TEXT, "DIR", "with --execute: another configuration folder", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"replay results/demo", "ledger, trades and threats from the journal, against the results"},
    {"replay results/demo --execute", "the same run once more: the same bytes, or where not"},
    {"replay results/demo --execute --set environments.demo.simulation.fill_rule=same_close",
     "what another setting would have decided first"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_replay = {
    .name = "replay",
    .summary = "Prove a run from its journal, or run it again",
    .usage = "RESULTS",
    .detail = "The books are rebuilt from the journal alone and held against everything the run "
              "left, exactly. A difference names entry or file, field, what was found and what was "
              "expected, and ends with exit code 4. With --execute the strategy runs again from "
              "the recorded configuration and data, in a folder that is removed afterwards; "
              "a different byte is exit code 4 too. With --set or --config it runs otherwise, and "
              "the first decision that differs is printed with its cause, as explain diff does; "
              "exit code 9 if there is one.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options_table,
    .examples = examples,
    .run = run,
};

/* --- results check. ----------------------------------------------------------------------- */

typedef struct checked {
    s1_cli *cli;
    s1_locale *locale; /* of the first run; NULL before it */
    s1_strbuf text;
    s1_json_writer w;
    s1_err first; /* of the first run that does not hold */
} checked;

static s1_rc on_run(void *user, const s1_replay_view *view, s1_err *err)
{
    checked *const c = user;
    if (s1_proc_stop_requested() != 0) {
        return S1_RAISE(err, S1_E_CANCELED, "stopped before %s", view->dir);
    }
    if (view->breach_count > 0 && c->first.code == S1_OK) {
        (void)!raise_breach(view, &c->first);
    }
    if (c->cli->is_json) {
        s1_json_raw(&c->w, s1_str_of(view->json));
        return S1_OK;
    }
    if (c->locale == NULL) {
        S1_TRY(err, s1_locale_new(s1_cli_results_language(c->cli, view->dir), &c->locale, err));
    }
    const s1_terminal *const out = &c->cli->out;
    const bool holds = view->breach_count == 0;
    s1_cli_count entries, facts, fields;
    (void)fprintf(out->out, "%s%s%s  ", s1_terminal_on(out, holds ? S1_STYLE_GOOD : S1_STYLE_BAD),
                  s1_locale_cstr(c->locale, holds ? "check.holds" : "check.breach"),
                  s1_terminal_off(out));
    S1_CLI_SAY(out->out, c->locale, "check.run", {"results", view->dir},
               {"entries", s1_cli_count_text(view->entries, &entries)},
               {"facts", s1_cli_count_text(view->equal_count, &facts)},
               {"fields", s1_cli_count_text(view->trade_fields, &fields)});
    (void)fputc('\n', out->out);
    print_breaches(c->cli, c->locale, view);
    return S1_OK;
}

/* Runs that kept no journal; without any other run in the language of the configuration. */
static s1_rc tell_without_journal(checked *c, uint64_t count, s1_err *err)
{
    if (c->locale == NULL) {
        S1_TRY(err, s1_locale_new(s1_api_config_language("config"), &c->locale, err));
    }
    s1_cli_count digits;
    S1_CLI_SAY(c->cli->err.out, c->locale, "check.without_journal",
               {"count", s1_cli_count_text(count, &digits)});
    (void)fputc('\n', c->cli->err.out);
    return S1_OK;
}

static int run_check(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    checked c = {.cli = cli, .first = S1_ERR_INIT};
    s1_replay_totals totals = {0};
    if (cli->is_json) {
        s1_cli_json_begin(&c.text, &c.w);
        s1_json_array(&c.w);
    }
    s1_rc rc = s1_api_results_check(args->positionals[0], on_run, &c, &totals, err);
    if (cli->is_json && rc == S1_OK) {
        s1_json_array_end(&c.w);
        rc = s1_cli_json_end(cli, &c.text, err);
    } else if (cli->is_json) {
        s1_strbuf_done(&c.text);
    } else if (rc == S1_OK && totals.without_journal > 0) {
        rc = tell_without_journal(&c, totals.without_journal, err);
    }
    s1_locale_free(c.locale);
    if (rc == S1_OK && c.first.code != S1_OK) {
        *err = c.first;
        rc = c.first.code;
    }
    return s1_exit_from_rc(rc);
}

static const s1_cli_example check_examples[] = {
    {"results check results", "every run below that folder"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_results_check = {
    .name = "results check",
    .summary = "Check what must hold of any run: money, orders, causes, chain",
    .usage = "RESULTS",
    .detail = "Runs journal verify, the invariants and replay over every run of the folder: cash "
              "adds up, fills stay within their orders and are applied once, orders move only "
              "along their states, every id has its cause before it, time never runs back, each "
              "opportunity has one verdict, the chain is whole, and what the journal gives is what "
              "the run left. The first breach ends with exit code 4.",
    .positionals_min = 1,
    .positionals_max = 1,
    .examples = check_examples,
    .run = run_check,
};
