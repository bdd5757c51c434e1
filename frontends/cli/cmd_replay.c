#include "backend/utils/proc.h"
#include "frontends/cli/cli.h"
#include "services/api/explain.h"
#include "services/api/replay.h"

#include <string.h>

#define BREACHES_SHOWN 10u

/* --- What does not hold. ------------------------------------------------------------------ */

static void print_breach(FILE *out, const s1_replay_breach *breach)
{
    char line[64] = "";
    if (breach->seq != 0) {
        (void)snprintf(line, sizeof line, " line %llu, seq %llu", (unsigned long long)breach->line,
                       (unsigned long long)breach->seq);
    } else if (breach->line != 0) {
        (void)snprintf(line, sizeof line, " line %llu", (unsigned long long)breach->line);
    }
    (void)fprintf(out, "  %s%s, %s: found %s, expected %s  (%s: %s)\n", breach->where, line,
                  breach->field, breach->found, breach->expected, breach->invariant, breach->rule);
}

static void print_breaches(const s1_cli *cli, const s1_replay_view *view)
{
    for (size_t i = 0; i < view->breach_kept && i < BREACHES_SHOWN; i++) {
        print_breach(cli->out.out, &view->breaches[i]);
    }
    if (view->breach_count > BREACHES_SHOWN) {
        (void)fprintf(cli->out.out, "  and %llu more\n",
                      (unsigned long long)view->breach_count - BREACHES_SHOWN);
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

static s1_rc print_items(s1_cli *cli, const s1_replay_view *view, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "where"},
        {.title = "what"},
        {.title = "from the journal", .is_right = true},
        {.title = "as the run left it", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->item_count && is_whole; i++) {
        const s1_replay_item *const item = &view->items[i];
        is_whole = s1_table_add(table, item->where) && s1_table_add(table, item->field) &&
                   s1_table_add(table, item->rebuilt != NULL ? item->rebuilt : "-") &&
                   s1_table_add(table, item->note != NULL                     ? item->note
                                       : strcmp(item->status, "differs") == 0 ? item->left
                                                                              : item->status);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void print_books(const s1_cli *cli, const s1_replay_view *view)
{
    FILE *const out = cli->out.out;
    (void)fprintf(out, "%s, run %.8s: %llu entries in %llu blocks, level %s\n\n", view->link,
                  view->run_id, (unsigned long long)view->entries, (unsigned long long)view->blocks,
                  view->level);
    (void)fprintf(out, "  cash          %s\n  realised      %s\n  fees          %s\n", view->cash,
                  view->realized_pnl, view->fees);
    (void)fprintf(out, "  equity        %s%s\n", view->equity,
                  view->position_count > 0 ? " (as the run states it: positions are open)" : "");
    (void)fprintf(out, "  trades        %llu closed, %zu open at a cost of %s\n",
                  (unsigned long long)view->trades, view->position_count, view->open_cost);
    for (size_t i = 0; i < view->position_count; i++) {
        const s1_replay_position *const p = &view->positions[i];
        (void)fprintf(out, "    open        T:%.8s %s %s at %s\n", p->trade_id, p->direction,
                      p->quantity, p->entry_price);
    }
    for (size_t i = 0; i < view->active_count; i++) {
        const s1_replay_threat *const t = &view->active[i];
        (void)fprintf(out, "  threat active H:%.8s %s %s, since line %llu\n", t->threat_id, t->type,
                      t->severity, (unsigned long long)t->line);
    }
    (void)fputc('\n', out);
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
        print_books(cli, view);
        rc = print_items(cli, view, err);
        (void)fprintf(cli->out.out,
                      "\n%llu equal (%llu fields of trades), %llu not in the journal, ",
                      (unsigned long long)view->equal_count, (unsigned long long)view->trade_fields,
                      (unsigned long long)view->not_kept_count);
        (void)fprintf(
            cli->out.out, "%s%llu do not hold%s\n",
            s1_terminal_on(&cli->out, view->breach_count > 0 ? S1_STYLE_BAD : S1_STYLE_GOOD),
            (unsigned long long)view->breach_count, s1_terminal_off(&cli->out));
        print_breaches(cli, view);
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
    s1_explanation *difference; /* of another configuration; NULL: not asked for */
} watch;

/* While both runs are there: where they part, and why. */
static s1_rc on_folder(void *user, const char *recorded_dir, const char *again_dir, s1_err *err)
{
    watch *const w = user;
    bool is_same = false;
    return s1_api_explain_diff(recorded_dir, again_dir, &w->difference, &is_same, err);
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

static void print_execution(const s1_cli *cli, const s1_replay_execution_view *view)
{
    FILE *const out = cli->out.out;
    if (view->is_identical) {
        (void)fprintf(out,
                      "%sidentical%s: %llu bars again, %llu entries, %llu files of %llu bytes\n",
                      s1_terminal_on(&cli->out, S1_STYLE_GOOD), s1_terminal_off(&cli->out),
                      (unsigned long long)view->bars, (unsigned long long)view->entries,
                      (unsigned long long)view->files, (unsigned long long)view->bytes);
    } else if (view->seq != 0) {
        (void)fprintf(out,
                      "the first entry that differs: seq %llu, line %llu\n  recorded  %s\n"
                      "  again     %s\n",
                      (unsigned long long)view->seq, (unsigned long long)view->line,
                      view->recorded[0] != '\0' ? view->recorded : "(none)",
                      view->again[0] != '\0' ? view->again : "(none)");
    } else {
        (void)fprintf(out, "the journals are the same; %s differs\n", view->differing_file);
    }
    if (view->note[0] != '\0') {
        (void)fprintf(cli->err.out, "note: %s\n", view->note);
    }
}

static int execute(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    watch w = {.progress = s1_cli_progress(cli, "bars")};
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
        s1_cli_print_explanation(cli, w.difference);
    } else {
        print_execution(cli, view);
    }
    if (!view->is_identical && !view->is_other) {
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
    const s1_terminal *const out = &c->cli->out;
    (void)fprintf(out->out, "%s%s%s  %s: %llu entries, %llu facts and %llu fields of trades\n",
                  s1_terminal_on(out, view->breach_count > 0 ? S1_STYLE_BAD : S1_STYLE_GOOD),
                  view->breach_count > 0 ? "breach" : "holds ", s1_terminal_off(out), view->dir,
                  (unsigned long long)view->entries, (unsigned long long)view->equal_count,
                  (unsigned long long)view->trade_fields);
    print_breaches(c->cli, view);
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
        (void)fprintf(cli->err.out, "%llu kept no journal: nothing to check them by\n",
                      (unsigned long long)totals.without_journal);
    }
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
