#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/words.h"
#include "services/api/explain.h"
#include "services/api/results.h"

#include <string.h>

#define DEPTH_MAX    12u
#define TIME_COLUMN  16
#define EXAMPLES_MAX 1000u
#define RUN_SHOWN    5u /* adjustments in a row from which the middle is left out */

typedef struct tree {
    const s1_cli *cli;
    const s1_locale *locale;
    bool is_last[DEPTH_MAX];
} tree;

/* What a kind is called in front of its line; kinds whose line says it all have no name. */
static s1_str name_of(const tree *t, const char *kind)
{
    char key[64];
    (void)snprintf(key, sizeof key, "explain.name_%s", kind);
    return s1_locale_text(t->locale, s1_str_of(key));
}

/* The rails of a line at `depth`; with `is_branch` the one that leads to it. Returns the columns.
 */
static uint32_t print_rails(const tree *t, uint32_t depth, bool is_branch)
{
    const bool is_utf8 = t->cli->out.is_utf8;
    FILE *const out = t->cli->out.out;
    for (uint32_t i = 1; i <= depth; i++) {
        const bool is_end = i == depth && is_branch;
        const char *const rail = is_end ? (t->is_last[i] ? (is_utf8 ? "\u2514\u2500 " : "`- ")
                                                         : (is_utf8 ? "\u251c\u2500 " : "|- "))
                                        : (t->is_last[i] ? "   " : (is_utf8 ? "\u2502  " : "|  "));
        (void)fputs(rail, out);
    }
    return depth * 3;
}

static enum s1_style style_of(const s1_explain_node *node)
{
    switch (node->mark) {
    case S1_EXPLAIN_GOOD:
        return S1_STYLE_GOOD;
    case S1_EXPLAIN_BAD:
        return S1_STYLE_BAD;
    case S1_EXPLAIN_WARN:
        return S1_STYLE_WARN;
    default:
        return S1_STYLE_PLAIN;
    }
}

/* Prints the words of a line, wrapped, with the rails in front of every further one. */
static void print_line(const tree *t, const char *text, uint32_t depth, uint32_t at)
{
    FILE *const out = t->cli->out.out;
    const uint32_t columns = t->cli->out.columns;
    const uint32_t indent = TIME_COLUMN + 1 + depth * 3 + 2;
    bool is_first = true;
    while (*text != '\0') {
        const size_t word = strcspn(text, " ");
        if (!is_first && at + 1 + word > columns) {
            (void)fprintf(out, "\n%*s", TIME_COLUMN + 1, "");
            (void)print_rails(t, depth, false);
            (void)fputs("  ", out);
            at = indent;
            is_first = true;
        }
        if (!is_first) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fwrite(text, 1, word, out);
        at += (uint32_t)word;
        is_first = false;
        text += word + (text[word] == ' ');
    }
}

/* After a node that begins a long run of adjustments: says how many are left out, and returns the
 * one before the last of them, which is shown. Else returns the node. */
static const s1_explain_node *skip_run(tree *t, const s1_explain_node *node, uint32_t depth)
{
    size_t count = 0;
    const s1_explain_node *before_last = node;
    for (const s1_explain_node *at = node; at->next != NULL && strcmp(at->kind, "adjusted") == 0 &&
                                           strcmp(at->next->kind, "adjusted") == 0;
         at = at->next) {
        before_last = at;
        count++;
    }
    if (count < RUN_SHOWN) {
        return node;
    }
    (void)fprintf(t->cli->out.out, "%*s ", TIME_COLUMN, "");
    t->is_last[depth] = false;
    (void)print_rails(t, depth, true);
    s1_cli_count left_out;
    S1_CLI_SAY(t->cli->out.out, t->locale, "explain.more_moves",
               {"count", s1_cli_count_text(count - 1, &left_out)});
    (void)fputc('\n', t->cli->out.out);
    return before_last;
}

/* A node and what hangs below it. As deep as a story goes; DEPTH_MAX cuts what is deeper. */
static void print_node(tree *t, const s1_explain_node *node, uint32_t depth)
{
    const s1_terminal *const terminal = &t->cli->out;
    char time[S1_TIME_TEXT_MAX] = "";
    if (node->time != 0) {
        (void)s1_time_print_short(node->time, time);
    }
    (void)fprintf(terminal->out, "%s%-*.*s%s ", s1_terminal_on(terminal, S1_STYLE_DIM), TIME_COLUMN,
                  TIME_COLUMN, time, s1_terminal_off(terminal));
    const uint32_t rails = print_rails(t, depth, true);
    const s1_str name = name_of(t, node->kind);
    const enum s1_style style = depth == 0 ? S1_STYLE_BOLD : style_of(node);
    (void)fprintf(terminal->out, "%s%.*s", s1_terminal_on(terminal, style), S1_STR_ARG(name));
    print_line(t, node->text, depth, TIME_COLUMN + 1 + rails + (uint32_t)name.len);
    (void)fprintf(terminal->out, "%s\n", s1_terminal_off(terminal));
    if (depth + 1 >= DEPTH_MAX) {
        return;
    }
    for (const s1_explain_node *child = node->first_child; child != NULL; child = child->next) {
        t->is_last[depth + 1] = child->next == NULL;
        print_node(t, child, depth + 1);
        child = skip_run(t, child, depth + 1);
    }
}

s1_rc s1_cli_print_explanation(const s1_cli *cli, const s1_explanation *explanation,
                               int32_t language, s1_err *err)
{
    s1_locale *locale = NULL;
    S1_TRY(err, s1_locale_new(language, &locale, err));
    const s1_explain_node *const root = s1_explanation_root_borrow(explanation);
    const s1_nanos engine_time = s1_explanation_engine_time(explanation);
    if (cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", s1_explanation_json_borrow(explanation));
    } else {
        print_node(&(tree){.cli = cli, .locale = locale}, root, 0);
    }
    if (!cli->is_json && root->id != NULL) {
        (void)fprintf(cli->out.out, "%*s ", TIME_COLUMN, "");
        S1_CLI_SAY(cli->out.out, locale, "explain.full_id", {"id", root->id});
        (void)fputc('\n', cli->out.out);
    }
    if (cli->is_verbose && engine_time > 0) {
        char took[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_duration_print(engine_time, took);
        S1_CLI_SAY(cli->err.out, locale, "explain.repeated_in", {"duration", took});
        (void)fputc('\n', cli->err.out);
    }
    s1_locale_free(locale);
    return S1_OK;
}

int32_t s1_cli_results_language(const s1_cli *cli, const char *results_dir)
{
    return cli->is_json ? S1_LANGUAGE_EN : s1_api_results_language(results_dir);
}

/* How many of the ways to ask were taken; one is expected. */
static int check_question(const s1_cli_args *args, const char *id, s1_err *err)
{
    static const char *const flags[] = {"rejected", "why-not", "funnel"};
    int asked = id != NULL;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        asked += s1_cli_flag(args, flags[i]);
    }
    if (asked != 1) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "expected an id, --rejected, --funnel or --why-not --at TIME, found %s",
                       asked == 0 ? "none of them" : "several");
        return S1_EXIT_USAGE;
    }
    if (s1_cli_flag(args, "why-not") != (s1_cli_text(args, "at") != NULL)) {
        (void)S1_RAISE(err, S1_E_INVALID, "--why-not and --at TIME belong together");
        return S1_EXIT_USAGE;
    }
    return S1_EXIT_OK;
}

static s1_rc ask(const s1_cli_args *args, const char *id, int32_t language,
                 s1_explanation **ret_explanation, s1_err *err)
{
    const char *const dir = args->positionals[0];
    const uint64_t wanted = s1_cli_number(args, "examples", 3);
    const uint32_t examples = wanted > EXAMPLES_MAX ? EXAMPLES_MAX : (uint32_t)wanted;
    if (s1_cli_flag(args, "rejected")) {
        return s1_api_explain_rejected(dir, examples, language, ret_explanation, err);
    }
    if (s1_cli_flag(args, "funnel")) {
        return s1_api_explain_funnel(dir, examples, language, ret_explanation, err);
    }
    return id != NULL ? s1_api_explain(dir, id, language, ret_explanation, err)
                      : s1_api_explain_why_not(dir, s1_cli_text(args, "at"), language,
                                               ret_explanation, err);
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *const id = args->positional_count > 1 ? args->positionals[1] : NULL;
    const int usage = check_question(args, id, err);
    if (usage != S1_EXIT_OK) {
        return usage;
    }
    s1_explanation *explanation = NULL;
    const int32_t language = s1_cli_results_language(cli, args->positionals[0]);
    s1_rc rc = ask(args, id, language, &explanation, err);
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    rc = s1_cli_print_explanation(cli, explanation, language, err);
    s1_explanation_free(explanation);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option options[] = {
    {"rejected", 'r', S1_CLI_FLAG, NULL, "all refused opportunities by stage, reason and threat",
     NULL},
    {"why-not", 'w', S1_CLI_FLAG, NULL, "one bar: which conditions held, by how much others missed",
     NULL},
    {"at", 'a', S1_CLI_TEXT, "TIME", "of --why-not: the bar that closes then, or last before, UTC",
     NULL},
    {"funnel", 'F', S1_CLI_FLAG, NULL,
     "bars through each condition, to refusals and trades, with the closest misses", NULL},
    {"examples", 'n', S1_CLI_NUMBER, "N",
     "refusals to show of each kind, misses of each condition, default 3", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"explain results/demo 1b2c3d4e", "why a trade was opened, and why it was closed"},
    {"explain results/demo --rejected", "why opportunities did not become trades"},
    {"explain results/demo --why-not --at 2017-05-02T13:00Z", "why nothing was found at a bar"},
    {"explain results/demo --funnel", "where opportunities are lost"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_explain = {
    .name = "explain",
    .summary = "Show why a trade was, and was not, made",
    .usage = "RESULTS ID|--rejected|--why-not --at TIME|--funnel",
    .detail =
        "ID is an opportunity, a trade, a threat or an order; its first digits will do. The "
        "whole chain is shown, from the journal alone: what was seen, each condition with "
        "its threshold and margin, active threats, every planning step, the verdict, orders, "
        "fills, adjustments, and what ended it. --why-not and --funnel run the strategy again, in "
        "memory and watched: what each worker compared at each bar is not kept by a run, it "
        "is computed anew. They need the program, plugins, configuration and data the run "
        "was made with, and say which of them changed.",
    .positionals_min = 1,
    .positionals_max = 2,
    .options = options,
    .examples = examples,
    .run = run,
};

/* --- explain diff. ------------------------------------------------------------------------ */

static int run_diff(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_explanation *explanation = NULL;
    bool is_same = false;
    const int32_t language = s1_cli_results_language(cli, args->positionals[0]);
    s1_rc rc = s1_api_explain_diff(args->positionals[0], args->positionals[1], language,
                                   &explanation, &is_same, err);
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    rc = s1_cli_print_explanation(cli, explanation, language, err);
    s1_explanation_free(explanation);
    return rc != S1_OK ? s1_exit_from_rc(rc) : is_same ? S1_EXIT_OK : S1_EXIT_DIFFERENT;
}

static const s1_cli_example diff_examples[] = {
    {"explain diff results/before results/after", "what a change of the strategy did first"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_explain_diff = {
    .name = "explain diff",
    .summary = "Find the first decision in which two runs differ, and why",
    .usage = "A B",
    .detail =
        "The journals are read side by side, ids aside. Where only one run decided something, "
        "the other is run again up to that bar to say why it did not. The cause is looked "
        "for in what a run is a function of: configuration, data, plugins, program and seed. "
        "Exit code 0 when all decisions are the same, 9 when they are not.",
    .positionals_min = 2,
    .positionals_max = 2,
    .examples = diff_examples,
    .run = run_diff,
};
