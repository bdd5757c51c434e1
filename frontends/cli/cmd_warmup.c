#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/warmup.h"

#include <math.h>
#include <string.h>

#define LENGTHS_SHOWN 8u

/* --- JSON ------------------------------------------------------------------------------------- */

/* A difference; null where one side has no number. */
static void json_difference(s1_json_writer *w, double value)
{
    s1_json_double(w, value); /* infinite: null */
}

static void json_needs(s1_json_writer *w, const s1_warmup_need *needs, bool has_rows)
{
    static const char *const names[S1_WARMUP_NEARNESSES] = {"exact", "within_1e-9",
                                                            "within_0.1_percent"};
    s1_json_key_lit(w, "needs");
    s1_json_object(w);
    for (int i = 0; i < S1_WARMUP_NEARNESSES; i++) {
        s1_json_key(w, s1_str_of(names[i]));
        if (!needs[i].is_known) {
            s1_json_null(w);
            continue;
        }
        s1_json_object(w);
        if (has_rows) {
            S1_PUT_NUMBERS(w, {"rows", needs[i].rows});
        }
        S1_PUT_NUMBERS(w, {"before", needs[i].before});
        s1_json_object_end(w);
    }
    s1_json_object_end(w);
}

static void json_item(s1_json_writer *w, const s1_warmup_link *link, const s1_warmup_item *item)
{
    s1_json_object(w);
    S1_PUT_TEXTS(w, {"kind", item->kind}, {"stream", item->stream}, {"name", item->name},
                 {"worker", item->worker}, {"plugin", item->plugin});
    S1_PUT_NUMBERS(w, {"declared", item->declared}, {"seen", item->seen},
                   {"deepest", item->deepest});
    json_needs(w, item->needs, true);
    s1_json_key_lit(w, "at_declared");
    json_difference(w, item->at_declared);
    s1_json_key_lit(w, "differences");
    s1_json_array(w);
    for (size_t i = 0; i < link->length_count; i++) {
        json_difference(w, item->differences[i]);
    }
    s1_json_array_end(w);
    s1_json_object_end(w);
}

static void json_link(s1_json_writer *w, const s1_warmup_link *link)
{
    s1_json_object(w);
    S1_PUT_TEXTS(w, {"link", link->link}, {"strategy", link->strategy}, {"stream", link->stream});
    S1_PUT_NUMBERS(w, {"bars", link->bars}, {"depth", link->depth}, {"runs", link->runs},
                   {"declared", link->declared});
    s1_json_key_lit(w, "has_from");
    s1_json_bool(w, link->has_from);
    S1_PUT_NUMBERS(w, {"given", link->given});
    json_needs(w, link->needs, false);
    s1_json_key_lit(w, "lengths");
    s1_json_array(w);
    for (size_t i = 0; i < link->length_count; i++) {
        s1_json_u64(w, link->lengths[i]);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "items");
    s1_json_array(w);
    for (size_t i = 0; i < link->item_count; i++) {
        json_item(w, link, &link->items[i]);
    }
    s1_json_array_end(w);
    s1_json_object_end(w);
}

static s1_rc print_json(s1_cli *cli, const s1_warmup_link *links, size_t count, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "links");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_link(&w, &links[i]);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* --- Text ------------------------------------------------------------------------------------- */

/* "1.3e-05", "0", "none" where one side has no value. */
static const char *print_difference(double value, char out[static S1_FORMAT_MAX])
{
    if (isinf(value)) {
        (void)snprintf(out, S1_FORMAT_MAX, "no value");
    } else if (value <= 0.0) {
        (void)snprintf(out, S1_FORMAT_MAX, "0");
    } else {
        (void)snprintf(out, S1_FORMAT_MAX, value < 1e-99 ? "%.0e" : "%.1e", value);
    }
    return out;
}

static const char *print_need(const s1_warmup_item *item, const s1_warmup_need *need,
                              char out[static S1_FORMAT_MAX])
{
    if (need->is_known) {
        return s1_format_count(need->rows, out);
    }
    char deepest[S1_FORMAT_MAX];
    (void)snprintf(out, S1_FORMAT_MAX, "> %.40s", s1_format_count(item->deepest, deepest));
    return out;
}

/* "ema_20", "ETH/USD@1h.ema_20", "ema_crossover.crosses" */
static const char *print_name(const s1_warmup_link *link, const s1_warmup_item *item,
                              char out[static 256])
{
    const bool is_column = strcmp(item->kind, "column") == 0;
    const bool is_apart = strcmp(item->stream, link->stream) != 0;
    const char *const owner = is_column ? (is_apart ? item->stream : "") : item->worker;
    (void)snprintf(out, 256, "%s%s%s", owner, owner[0] != '\0' && item->name[0] != '\0' ? "." : "",
                   item->name);
    return out;
}

/* Conditions mostly repeat what their columns say. */
static bool is_shown(const s1_warmup_item *item, bool has_conditions)
{
    return has_conditions || strcmp(item->kind, "condition") != 0;
}

static s1_rc print_needs(s1_cli *cli, const s1_warmup_link *link, bool has_conditions, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "what"},
        {.title = "name", .is_flexible = true},
        {.title = "plugin", .is_flexible = true, .is_optional = true},
        {.title = "declared", .is_right = true},
        {.title = "exact", .is_right = true},
        {.title = "to 1e-9", .is_right = true},
        {.title = "to 0.1 %", .is_right = true},
        {.title = "off as declared", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < link->item_count && is_whole; i++) {
        const s1_warmup_item *const item = &link->items[i];
        char declared[S1_FORMAT_MAX], need[S1_FORMAT_MAX], off[S1_FORMAT_MAX], name[256];
        if (!is_shown(item, has_conditions)) {
            continue;
        }
        is_whole = s1_table_add(table, item->kind) &&
                   s1_table_add(table, print_name(link, item, name)) &&
                   s1_table_add(table, item->plugin) &&
                   s1_table_add(table, s1_format_count(item->declared, declared));
        for (int k = 0; k < S1_WARMUP_NEARNESSES && is_whole; k++) {
            is_whole =
                s1_table_add(table, item->seen > 0 ? print_need(item, &item->needs[k], need) : "-");
        }
        is_whole =
            is_whole &&
            s1_table_add(table, item->seen > 0 ? print_difference(item->at_declared, off) : "-");
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

/* The lengths from 10 on, at most LENGTHS_SHOWN of them. */
static size_t choose_lengths(const s1_warmup_link *link, size_t shown[static LENGTHS_SHOWN])
{
    size_t count = 0;
    for (size_t i = 0; i < link->length_count && count < LENGTHS_SHOWN; i++) {
        if (link->lengths[i] >= 10 || link->length_count <= LENGTHS_SHOWN) {
            shown[count++] = i;
        }
    }
    return count;
}

/* How fast values come near that are not exact with what is declared. */
static s1_rc print_approach(s1_cli *cli, const s1_warmup_link *link, bool has_conditions,
                            s1_err *err)
{
    size_t shown[LENGTHS_SHOWN];
    const size_t count = choose_lengths(link, shown);
    s1_table_column columns[LENGTHS_SHOWN + 1] = {{.title = "bars before", .is_flexible = true}};
    char titles[LENGTHS_SHOWN][S1_FORMAT_MAX];
    size_t rows = 0;
    for (size_t k = 0; k < count; k++) {
        columns[k + 1] = (s1_table_column){
            .title = s1_format_count(link->lengths[shown[k]], titles[k]), .is_right = true};
    }
    s1_table *const table = s1_table_new(columns, count + 1);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < link->item_count && is_whole; i++) {
        const s1_warmup_item *const item = &link->items[i];
        char name[256], off[S1_FORMAT_MAX];
        if (item->at_declared > 0.0 && item->seen > 0 && is_shown(item, has_conditions)) {
            rows++;
            is_whole = s1_table_add(table, print_name(link, item, name));
            for (size_t k = 0; k < count && is_whole; k++) {
                is_whole = s1_table_add(table, print_difference(item->differences[shown[k]], off));
            }
        }
    }
    if (rows == 0) {
        s1_table_free(table);
        return S1_OK;
    }
    (void)fputc('\n', cli->out.out);
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void print_sum(s1_cli *cli, const s1_warmup_link *link)
{
    FILE *const out = cli->out.out;
    char count[S1_FORMAT_MAX], given[S1_FORMAT_MAX];
    (void)fputs("\nwarm-up needed before the first bar:", out);
    for (int k = 0; k < S1_WARMUP_NEARNESSES; k++) {
        const s1_warmup_need *const need = &link->needs[k];
        const char *const text =
            s1_format_count(need->is_known ? need->before : link->depth, count);
        (void)fprintf(out, "%s %s%s %s", k > 0 ? "," : "", need->is_known ? "" : "more than ", text,
                      k == 0   ? "bars for every value exact"
                      : k == 1 ? "to 1e-9"
                               : "to 0.1 %");
    }
    (void)fprintf(out, "; the manifests add up to %s\n", s1_format_count(link->declared, count));
    const s1_warmup_need *const rough = &link->needs[S1_WARMUP_NEARNESSES - 1];
    if (link->has_from && rough->is_known && link->given >= rough->before) {
        (void)fprintf(out, "%senough%s: the run has %s bars before `from`\n",
                      s1_terminal_on(&cli->out, S1_STYLE_GOOD), s1_terminal_off(&cli->out),
                      s1_format_count(link->given, given));
        return;
    }
    (void)fprintf(out, "%swarning%s: ", s1_terminal_on(&cli->out, S1_STYLE_WARN),
                  s1_terminal_off(&cli->out));
    if (link->has_from) {
        (void)fprintf(out, "the run has %s bars before `from`; ",
                      s1_format_count(link->given, given));
    } else {
        (void)fputs("no `from` is configured, the run trades from the first bar of the data on; ",
                    out);
    }
    if (rough->is_known) {
        (void)fprintf(
            out,
            "with fewer than %s its first values are more than 0.1 %% off: set `from` and "
            "`warmup_bars`\n",
            s1_format_count(rough->before, count));
    } else {
        (void)fprintf(out, "some values are more than 0.1 %% off with %s (--depth)\n",
                      s1_format_count(link->depth, count));
    }
}

static s1_rc print_link(s1_cli *cli, const s1_warmup_link *link, bool has_conditions, s1_err *err)
{
    char bars[S1_FORMAT_MAX], depth[S1_FORMAT_MAX], runs[S1_FORMAT_MAX];
    (void)fprintf(cli->out.out,
                  "%s%s%s: %s bars of %s looked at, with 0 to %s before each; %s runs\n\n",
                  s1_terminal_on(&cli->out, S1_STYLE_BOLD), link->strategy,
                  s1_terminal_off(&cli->out), s1_format_count(link->bars, bars), link->stream,
                  s1_format_count(link->depth, depth), s1_format_count(link->runs, runs));
    S1_TRY(err, print_needs(cli, link, has_conditions, err));
    S1_TRY(err, print_approach(cli, link, has_conditions, err));
    print_sum(cli, link);
    return S1_OK;
}

/* --- The command ------------------------------------------------------------------------------ */

static s1_rc print_all(s1_cli *cli, const s1_warmup_report *report, bool has_conditions,
                       s1_err *err)
{
    size_t count;
    const s1_warmup_link *const links = s1_warmup_links(report, &count);
    if (cli->is_json) {
        return print_json(cli, links, count, err);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            (void)fputc('\n', cli->out.out);
        }
        S1_TRY(err, print_link(cli, &links[i], has_conditions, err));
    }
    return S1_OK;
}

static s1_rc check_usage(const s1_warmup_options *options, s1_err *err)
{
    if (options->bars == 0 || options->bars > S1_WARMUP_BARS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "--bars: found %llu, expected 1 to %u",
                        (unsigned long long)options->bars, S1_WARMUP_BARS_MAX);
    }
    if (options->depth == 0 || options->depth > S1_WARMUP_DEPTH_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "--depth: found %llu, expected 1 to %u",
                        (unsigned long long)options->depth, S1_WARMUP_DEPTH_MAX);
    }
    return S1_OK;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "warmup", "bars");
    const s1_backtest_options run = s1_cli_run_of(args);
    const s1_warmup_options options = {
        .run = &run,
        .bars = s1_cli_number(args, "bars", S1_WARMUP_BARS_DEFAULT),
        .bars_seed = s1_cli_number(args, "seed", 1),
        .depth = s1_cli_number(args, "depth", S1_WARMUP_DEPTH_DEFAULT),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (check_usage(&options, err) != S1_OK) {
        return S1_EXIT_USAGE;
    }
    s1_warmup_report *report = NULL;
    s1_rc rc = s1_api_warmup(&options, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_INVALID) {
        return s1_cli_print_faults(cli, &run, err);
    }
    if (rc == S1_OK) {
        rc = print_all(cli, report, s1_cli_flag(args, "conditions"), err);
    }
    s1_warmup_report_free(report);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option options_table[] = {
    {"config", 'c', S1_CLI_TEXT, "DIR", "configuration folder, default config", NULL},
    {"bars", 'n', S1_CLI_NUMBER, "N", "bars of the history to look at, default 20", NULL},
    {"depth", 'd', S1_CLI_NUMBER, "N", "the most bars before one that are tried, default 5000",
     NULL},
    {"conditions", 0, S1_CLI_FLAG, NULL, "show what each condition compares as well", NULL},
    {"seed", 0, S1_CLI_NUMBER, "N", "of which bars, and of the runs; default 1", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "start of trading, UTC; warm-up precedes it", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "end of trading, UTC", NULL},
    {"set", 's', S1_CLI_LIST, "PATH=VALUE", "change one value for these runs", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"warmup demo", "the bars each column, condition and detector needs"},
    {"warmup demo --from 2017-06-01", "and whether a run from then on has them"},
    {"warmup demo --bars 100 --depth 10000 --json", "more of both, for programs"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_warmup = {
    .name = "warmup",
    .summary = "Find how many bars a strategy needs before its first",
    .usage = "BLUEPRINT|OPERATION",
    .detail = "Bars are drawn from the history, half of them where somebody signalled. At each the "
              "strategy runs with more and more bars before it, until every column, condition and "
              "number of signals is what the whole past gives: bit for bit, to 1e-9 and to 0.1 %. "
              "Told per value, in bars of its stream with its own, beside what the manifests "
              "declare. A warning says where a run as configured has fewer. Nothing is written.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options_table,
    .examples = examples,
    .run = run,
};
