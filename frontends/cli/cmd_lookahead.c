#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/lookahead.h"

#include <string.h>

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_items(s1_json_writer *w, const s1_lookahead_link *link)
{
    s1_json_key_lit(w, "items");
    s1_json_array(w);
    for (size_t i = 0; i < link->item_count; i++) {
        const s1_lookahead_item *const item = &link->items[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"kind", item->kind}, {"stream", item->stream}, {"name", item->name},
                     {"worker", item->worker}, {"plugin", item->plugin});
        s1_json_key_lit(w, "is_resampled");
        s1_json_bool(w, item->is_resampled);
        S1_PUT_NUMBERS(w, {"compared", item->compared}, {"different", item->different});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void json_findings(s1_json_writer *w, const s1_lookahead_link *link)
{
    s1_json_key_lit(w, "findings");
    s1_json_array(w);
    for (size_t i = 0; i < link->finding_count; i++) {
        const s1_lookahead_finding *const finding = &link->findings[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"check", finding->check}, {"kind", finding->kind},
                     {"plugin", finding->plugin}, {"worker", finding->worker},
                     {"stream", finding->stream}, {"field", finding->field});
        s1_put_time(w, "time", true, finding->time);
        S1_PUT_NUMBERS(w, {"row", finding->row});
        s1_put_time(w, "cut", finding->cut != INT64_MAX, finding->cut);
        S1_PUT_TEXTS(w, {"found", finding->found}, {"expected", finding->expected});
        S1_PUT_NUMBERS(w, {"values", finding->values}, {"runs", finding->runs});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static s1_rc print_json(s1_cli *cli, const s1_lookahead_link *links, size_t count, bool is_biased,
                        s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "is_biased");
    s1_json_bool(&w, is_biased);
    s1_json_key_lit(&w, "links");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        const s1_lookahead_link *const link = &links[i];
        s1_json_object(&w);
        S1_PUT_TEXTS(&w, {"link", link->link}, {"strategy", link->strategy},
                     {"stream", link->stream});
        S1_PUT_NUMBERS(&w, {"bars", link->bars});
        s1_put_time(&w, "first", true, link->first);
        s1_put_time(&w, "last", true, link->last);
        S1_PUT_NUMBERS(&w, {"cuts", link->cuts}, {"compared", link->compared},
                       {"different", link->different});
        json_items(&w, link);
        json_findings(&w, link);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* --- Text ------------------------------------------------------------------------------------- */

static s1_rc print_items(s1_cli *cli, const s1_lookahead_link *link, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "what"},
        {.title = "name"},
        {.title = "plugin", .is_flexible = true},
        {.title = "compared", .is_right = true},
        {.title = "different", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < link->item_count && is_whole; i++) {
        const s1_lookahead_item *const item = &link->items[i];
        char compared[S1_FORMAT_MAX], different[S1_FORMAT_MAX], name[256];
        const bool is_bars = strcmp(item->kind, "bars") == 0;
        const bool is_apart =
            !is_bars && item->stream[0] != '\0' && strcmp(item->stream, link->stream) != 0;
        (void)snprintf(name, sizeof name, "%s%s%s", is_apart ? item->stream : "",
                       is_apart ? "." : "", is_bars ? item->stream : item->name);
        is_whole = s1_table_add(table, item->is_resampled ? "bars, resampled" : item->kind) &&
                   s1_table_add(table, name) && s1_table_add(table, item->plugin) &&
                   s1_table_add(table, s1_format_count(item->compared, compared)) &&
                   s1_table_add(table, s1_format_count(item->different, different));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

/* What each check says of a finding. */
typedef struct check_words {
    const char *check, *verdict, *found, *expected;
} check_words;

static const check_words words[] = {
    {"cut", "knows the future:", "with all data", "with data that ends at"},
    {"repeat", "does not repeat:", "in the first run", "in the same run once more"},
    {"range", "differs by range:", "by enrich_range", "bar by bar"},
};

static const check_words *words_of(const s1_lookahead_finding *finding)
{
    size_t i = 0;
    while (i + 1 < sizeof words / sizeof words[0] && strcmp(words[i].check, finding->check) != 0) {
        i++;
    }
    return &words[i];
}

static void print_finding(const s1_cli *cli, const s1_lookahead_finding *finding, uint64_t cuts)
{
    FILE *const out = cli->out.out;
    const check_words *const told = words_of(finding);
    char time[S1_TIME_TEXT_MAX], cut[S1_TIME_TEXT_MAX], row[S1_FORMAT_MAX], values[S1_FORMAT_MAX];
    (void)s1_time_print_short(finding->time, time);
    (void)fprintf(out, "\n%s%s%s ", s1_terminal_on(&cli->out, S1_STYLE_BAD), told->verdict,
                  s1_terminal_off(&cli->out));
    if (finding->plugin[0] != '\0') {
        (void)fprintf(out, "plugin %s", finding->plugin);
        if (strcmp(finding->plugin, finding->worker) != 0) {
            (void)fprintf(out, " (%s)", finding->worker);
        }
        (void)fputs(", ", out);
    }
    (void)fprintf(out, "%s %s%s%s, bar %s (row %s)\n",
                  strcmp(finding->kind, "decision") == 0 ? "decision" : "column", finding->field,
                  finding->stream[0] != '\0' ? " of " : "", finding->stream, time,
                  s1_format_count(finding->row, row));
    (void)fprintf(out, "  found     %s  %s\n", finding->found, told->found);
    (void)fprintf(out, "  expected  %s  %s", finding->expected, told->expected);
    (void)s1_format_count(finding->values, values);
    if (finding->cut != INT64_MAX) {
        (void)s1_time_print_short(finding->cut, cut);
        (void)fprintf(out, " %s\n  in all    %s different in %llu of %llu cuts\n", cut, values,
                      (unsigned long long)finding->runs, (unsigned long long)cuts);
    } else {
        (void)fprintf(out, "\n  in all    %s different\n", values);
    }
}

static s1_rc print_link(s1_cli *cli, const s1_lookahead_link *link, s1_err *err)
{
    FILE *const out = cli->out.out;
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX];
    char count[S1_FORMAT_MAX], different[S1_FORMAT_MAX];
    const bool is_good = link->finding_count == 0;
    (void)s1_time_print_short(link->first, first);
    (void)s1_time_print_short(link->last, last);
    (void)fprintf(out, "%s%s%s: %s bars of %s, %s to %s", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                  link->strategy, s1_terminal_off(&cli->out), s1_format_count(link->bars, count),
                  link->stream, first, last);
    (void)fprintf(out, "; the same run twice, and %s runs on data cut before its end\n\n",
                  s1_format_count(link->cuts, count));
    S1_TRY(err, print_items(cli, link, err));
    for (size_t i = 0; i < link->finding_count; i++) {
        print_finding(cli, &link->findings[i], link->cuts);
    }
    (void)fprintf(out, "\n%s%s different%s of %s values and decisions%s\n",
                  s1_terminal_on(&cli->out, is_good ? S1_STYLE_GOOD : S1_STYLE_BAD),
                  s1_format_count(link->different, different), s1_terminal_off(&cli->out),
                  s1_format_count(link->compared, count),
                  is_good ? ": what the strategy knew at a bar does not hang on later bars"
                          : ": see above, the earliest bar first; what follows may be its echo");
    return S1_OK;
}

/* --- The command ------------------------------------------------------------------------------ */

static s1_rc print_all(s1_cli *cli, const s1_lookahead_report *report, bool *ret_is_biased,
                       s1_err *err)
{
    size_t count;
    const s1_lookahead_link *const links = s1_lookahead_links(report, &count);
    *ret_is_biased = false;
    for (size_t i = 0; i < count; i++) {
        *ret_is_biased |= links[i].finding_count > 0;
    }
    if (cli->is_json) {
        return print_json(cli, links, count, *ret_is_biased, err);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            (void)fputc('\n', cli->out.out);
        }
        S1_TRY(err, print_link(cli, &links[i], err));
    }
    return S1_OK;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "lookahead", "runs");
    const s1_backtest_options run = s1_cli_run_of(args);
    const s1_lookahead_options options = {
        .run = &run,
        .cuts = s1_cli_number(args, "cuts", S1_LOOKAHEAD_CUTS_DEFAULT),
        .cuts_seed = s1_cli_number(args, "seed", 1),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (options.cuts == 0 || options.cuts > S1_LOOKAHEAD_CUTS_MAX) {
        (void)!S1_RAISE(err, S1_E_INVALID, "--cuts: found %llu, expected 1 to %u",
                        (unsigned long long)options.cuts, S1_LOOKAHEAD_CUTS_MAX);
        return S1_EXIT_USAGE;
    }
    s1_lookahead_report *report = NULL;
    s1_rc rc = s1_api_lookahead(&options, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_INVALID) {
        return s1_cli_print_faults(cli, &run, err);
    }
    bool is_biased = false;
    if (rc == S1_OK) {
        rc = print_all(cli, report, &is_biased, err);
    }
    s1_lookahead_report_free(report);
    return rc == S1_OK && is_biased ? S1_EXIT_BIASED : s1_exit_from_rc(rc);
}

static const s1_cli_option options_table[] = {
    {"config", 'c', S1_CLI_TEXT, "DIR", "configuration folder, default config", NULL},
    {"cuts", 'n', S1_CLI_NUMBER, "N", "moments at which the data is cut, default 200", NULL},
    {"seed", 0, S1_CLI_NUMBER, "N", "of where the cuts lie, and of the runs; default 1", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "start of trading, UTC; warm-up precedes it", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end of trading, UTC", NULL},
    {"set", 's', S1_CLI_LIST, "PATH=VALUE", "change one value for these runs", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"lookahead demo", "200 moments of the demo's history"},
    {"lookahead demo --cuts 1000 --seed 7", "a thousand others"},
    {"lookahead operation --json", "every strategy of an operation, for programs"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_lookahead = {
    .name = "lookahead",
    .summary = "Check that a strategy knows nothing before its time",
    .usage = "BLUEPRINT|OPERATION",
    .detail = "The strategy runs over all of its data, the same once more, and over data that ends "
              "at moments drawn from its history. Up to there every value of every column, every "
              "bar (those of resampled streams too) and every signal, plan, order and trade must "
              "be the same, bit for bit. A difference names plugin, column or field, bar, what was "
              "found and what was expected, and ends with exit code 11. Nothing is written.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options_table,
    .examples = examples,
    .run = run,
};
