#include "services/api/results.h"

#include "backend/analysis/results_writer.h"
#include "backend/data/persistors/equity_reader.h"
#include "backend/utils/arena.h"
#include "backend/utils/dtoa.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/locale.h"
#include "backend/utils/timefmt.h"
#include "services/api/results_internal.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define JSON_BYTES_MAX   ((size_t)64 << 20)
#define TRADES_BYTES_MAX ((size_t)4 << 30)
#define ARENA_BYTES_MAX  ((size_t)8 << 30)
#define LIST_DEPTH       3u /* root, children, their children */
#define LIST_MAX         100000u

struct s1_results {
    s1_arena arena;
    s1_results_view view;
    json_t *run, *metrics;
    s1_locale *locale; /* of the run's language */
    char *json;
    const s1_results_trade *trades; /* NULL until asked for */
    size_t trade_count;
    bool has_trades, has_equity;
    s1_equity_table equity;
    double *equity_number; /* [equity.count] */
    s1_results_return *returns;
    size_t return_count;
};

/* --- Reading the two JSON files. ---------------------------------------------------------- */

static s1_rc read_json(const char *folder, const char *name, json_t **ret_root, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(name), err));
    s1_strbuf text;
    s1_strbuf_init(&text, JSON_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, JSON_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        json_error_t fault;
        json_t *const root = json_loadb(text.data != NULL ? text.data : "", text.len,
                                        JSON_REJECT_DUPLICATES, &fault);
        if (json_is_object(root)) {
            *ret_root = root;
        } else {
            rc = S1_RAISE(err, S1_E_DATA, "%s:%d:%d: found %s, expected a JSON object", path,
                          root == NULL ? fault.line : 1, root == NULL ? fault.column : 1,
                          root == NULL ? fault.text : "another value");
            json_decref(root);
        }
    }
    s1_strbuf_done(&text);
    return rc;
}

/* The text of a member: strings as they are, numbers shortest, NULL for null or absent. */
static const char *member(s1_results *results, const json_t *object, const char *name)
{
    const json_t *const value = json_object_get(object, name);
    char digits[S1_DOUBLE_TEXT_MAX];
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        (void)snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)s1_double_print_compact(json_real_value(value), digits);
    } else {
        return NULL;
    }
    return s1_arena_copy_cstr(&results->arena, s1_str_of(digits));
}

static const char *fact(s1_results *results, const char *name)
{
    const char *const text = member(results, results->run, name);
    return text != NULL ? text : "";
}

/* Appends the words of a convention with their {value}. */
static void add_convention(const s1_results *results, const char *key, const char *value,
                           s1_strbuf *out)
{
    const s1_locale_value values[] = {{"value", value}};
    s1_locale_word(results->locale, key, values, 1, out);
}

/* "500 daily returns". */
static void add_sample(const s1_results *results, const char *of, const char *n,
                       const char *sampling, s1_strbuf *out)
{
    char sample[96], name[64];
    (void)snprintf(sample, sizeof sample, "convention.sample_%s%s", of,
                   strcmp(n, "1") == 0 ? "_one" : "");
    for (char *at = sample; *at != '\0'; at++) {
        *at = (char)(*at == ' ' ? '_' : *at);
    }
    (void)snprintf(name, sizeof name, "convention.sampling_%s", sampling != NULL ? sampling : "");
    const s1_locale_value values[] = {
        {"n", n},
        {"sample", s1_locale_cstr(results->locale, sample)},
        {"sampling", sampling != NULL ? s1_locale_cstr(results->locale, name) : ""}};
    s1_locale_word(results->locale, sampling != NULL ? "convention.of_sampled" : "convention.of",
                   values, sizeof values / sizeof values[0], out);
}

/* How a value was made, in words, of its entry in "convention_of". "" where a file of an earlier
 * version does not say, NULL without memory. */
static const char *convention_text(s1_results *results, const json_t *entry)
{
    const char *const of = member(results, entry, "of");
    const char *const n = member(results, entry, "n");
    static const char *const parts[][2] = {{"periods_per_year", "convention.annual"},
                                           {"ddof", "convention.ddof"},
                                           {"risk_free_rate", "convention.risk_free"},
                                           {"quantile", "convention.quantile"},
                                           {"trials", "convention.trials"},
                                           {"trials_variance", "convention.trials_variance"},
                                           {"benchmark", "convention.benchmark"}};
    if (of == NULL) {
        return "";
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 4096);
    if (n == NULL) {
        s1_strbuf_cstr_add(&text, s1_locale_cstr(results->locale, "convention.run"));
    } else {
        add_sample(results, of, n, member(results, entry, "sampling"), &text);
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *const value = member(results, entry, parts[i][0]);
        if (value != NULL) {
            add_convention(results, parts[i][1],
                           strcmp(value, "linear") == 0
                               ? s1_locale_cstr(results->locale, "convention.quantile_linear")
                               : value,
                           &text);
        }
    }
    const char *const copy =
        text.has_failed ? NULL : s1_arena_copy_cstr(&results->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

/* The heading of a group in the run's language: metric_group.against_buying_and_holding. */
static const char *group_text(const s1_results *results, const char *group)
{
    char key[96];
    (void)snprintf(key, sizeof key, "metric_group.%s", group);
    for (char *at = key; *at != '\0'; at++) {
        *at = (char)(*at == ' ' ? '_' : *at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    }
    return s1_locale_cstr(results->locale, key);
}

static const char *label_text(const s1_results *results, const char *name)
{
    char key[96];
    (void)snprintf(key, sizeof key, "metric.%s", name);
    return s1_locale_cstr(results->locale, key);
}

static s1_rc take_metrics(s1_results *results, s1_err *err)
{
    size_t count;
    const s1_statistic *const table = s1_statistics_table(&count);
    s1_results_metric *const metrics = s1_arena_array(&results->arena, s1_results_metric, count);
    if (metrics == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu metrics", count);
    }
    const json_t *const values = json_object_get(results->metrics, "metrics");
    const json_t *const conventions = json_object_get(results->metrics, "conventions");
    const json_t *const bases = json_object_get(results->metrics, "convention_of");
    for (size_t i = 0; i < count; i++) {
        metrics[i] = (s1_results_metric){
            .name = table[i].name,
            .label = label_text(results, table[i].name),
            .kind = table[i].kind,
            .group = group_text(results, table[i].group),
            .definition = table[i].definition,
            .convention = convention_text(results, json_object_get(bases, table[i].name)),
            .text = member(results, values, table[i].name)};
        if (metrics[i].convention == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "conventions of %zu metrics", count);
        }
        metrics[i].number = (double)NAN;
        double number = 0.0;
        if (metrics[i].text != NULL &&
            s1_str_parse_double(s1_str_of(metrics[i].text), &number, NULL) == S1_OK) {
            metrics[i].number = number;
        }
    }
    results->view.metrics = metrics;
    results->view.metric_count = count;
    const char *const sampling = member(results, conventions, "returns");
    results->view.sampling = sampling != NULL ? sampling : "";
    const char *const benchmark = member(results, conventions, "benchmark_stream");
    results->view.benchmark = benchmark != NULL ? benchmark : "";
    results->view.risk_free_rate =
        json_number_value(json_object_get(conventions, "risk_free_rate"));
    results->view.samples = (uint64_t)json_integer_value(json_object_get(conventions, "samples"));
    results->view.trials = (uint64_t)json_integer_value(json_object_get(conventions, "trials"));
    results->view.periods_per_year =
        json_number_value(json_object_get(conventions, "periods_per_year"));
    return S1_OK;
}

static s1_rc take_counts(s1_results *results, s1_err *err)
{
    const json_t *const values = json_object_get(results->run, "counts");
    s1_results_count *const counts =
        s1_arena_array(&results->arena, s1_results_count, json_object_size(values) + 1);
    if (counts == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu counts", json_object_size(values));
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)values, name, value)
    {
        counts[results->view.count_count++] =
            (s1_results_count){name, (uint64_t)json_integer_value(value)};
    }
    results->view.counts = counts;
    return S1_OK;
}

/* The cause of a diagnosis, or with a folder what to do. */
static const char *worded(s1_results *results, const s1_locale *locale,
                          const s1_diagnosis *diagnosis, const char *folder)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 16384);
    if (folder != NULL) {
        s1_diagnosis_advice(locale, diagnosis, folder, &text);
    } else {
        s1_diagnosis_cause(locale, diagnosis, &text);
    }
    const char *const copy =
        text.has_failed ? NULL : s1_arena_copy_cstr(&results->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

/* The diagnoses in the run's language: the file keeps codes and numbers beside English words. */
static s1_rc take_diagnoses(s1_results *results, s1_err *err)
{
    s1_results_view *const view = &results->view;
    const json_t *const list = json_object_get(results->metrics, "diagnostics");
    s1_results_diagnosis *const diagnoses =
        s1_arena_array(&results->arena, s1_results_diagnosis, json_array_size(list) + 1);
    const s1_locale *const locale = results->locale;
    bool is_whole = true;
    if (diagnoses == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu diagnoses", json_array_size(list));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        const char *const name = member(results, item, "code");
        const s1_diagnosis diagnosis = {
            .code = s1_diagnosis_parse(s1_str_of(name != NULL ? name : "")),
            .count = (uint64_t)json_integer_value(json_object_get(item, "count")),
            .of = (uint64_t)json_integer_value(json_object_get(item, "of")),
            .value = json_number_value(json_object_get(item, "value")),
            .limit = json_number_value(json_object_get(item, "limit")),
            .detail = member(results, item, "stage")};
        if (diagnosis.code == S1_DIAGNOSIS_CODE_COUNT) {
            continue; /* of another version */
        }
        s1_results_diagnosis *const to = &diagnoses[view->diagnosis_count++];
        *to = (s1_results_diagnosis){.code = name,
                                     .cause = worded(results, locale, &diagnosis, NULL),
                                     .advice = worded(results, locale, &diagnosis, view->dir),
                                     .advice_anywhere =
                                         worded(results, locale, &diagnosis, "RESULTS"),
                                     .is_warning = s1_diagnosis_is_warning(diagnosis.code)};
        is_whole =
            is_whole && to->cause != NULL && to->advice != NULL && to->advice_anywhere != NULL;
    }
    view->diagnoses = diagnoses;
    return is_whole ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "%zu diagnoses", view->diagnosis_count);
}

static s1_rc take_line(s1_results *results, s1_err *err)
{
    const json_t *const list = json_object_get(results->metrics, "equity_line");
    const size_t count = json_array_size(list);
    double *const line = s1_arena_array(&results->arena, double, count + 1);
    if (line == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu equities", count);
    }
    for (size_t i = 0; i < count; i++) {
        line[i] = json_number_value(json_array_get(list, i));
    }
    results->view.line = line;
    results->view.line_count = count;
    return S1_OK;
}

/* One object of both files: the run's facts, then the metrics. */
static s1_rc take_json(s1_results *results, s1_err *err)
{
    json_t *const all =
        json_pack("{s:s, s:O, s:O, s:O, s:O*}", "results", results->view.dir, "run", results->run,
                  "metrics", json_object_get(results->metrics, "metrics"), "conventions",
                  json_object_get(results->metrics, "conventions"), "diagnostics",
                  json_object_get(results->metrics, "diagnostics"));
    results->json = all != NULL ? json_dumps(all, JSON_INDENT(2)) : NULL;
    json_decref(all);
    results->view.json = results->json;
    return results->json != NULL
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA, "%s: the metrics lack \"metrics\" or \"conventions\"",
                          results->view.dir);
}

static s1_rc load(s1_results *results, const char *folder, s1_err *err)
{
    s1_results_view *const view = &results->view;
    view->dir = s1_arena_copy_cstr(&results->arena, s1_str_of(folder));
    if (view->dir == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "results of %s", folder);
    }
    S1_TRY(err, read_json(folder, S1_RESULTS_RUN_FILE, &results->run, err));
    S1_TRY(err, read_json(folder, S1_RESULTS_METRICS_FILE, &results->metrics, err));
    view->run_id = fact(results, "run_id");
    view->strategy = fact(results, "strategy");
    view->link = fact(results, "strategy_link_id");
    view->environment = fact(results, "environment");
    view->asset_pair = fact(results, "asset_pair");
    view->timeframe = fact(results, "timeframe");
    view->currency = fact(results, "currency");
    view->version = fact(results, "version");
    view->seed = fact(results, "seed");
    view->fill_rule = fact(results, "fill_rule");
    view->ambiguity_rule = fact(results, "ambiguity_rule");
    view->journal_level = fact(results, "journal_level");
    view->language = fact(results, "language");
    view->command = fact(results, "command");
    view->finish_reason = fact(results, "finish_reason");
    view->config_hash = fact(results, "config_hash");
    view->data_hash = fact(results, "data_hash");
    view->binary_hash = fact(results, "binary_hash");
    view->journal_head = fact(results, "journal_head");
    S1_TRY(err, s1_locale_new(s1_language_parse(s1_str_of(view->language)), &results->locale, err));
    S1_TRY(err, take_metrics(results, err));
    S1_TRY(err, take_counts(results, err));
    S1_TRY(err, take_diagnoses(results, err));
    S1_TRY(err, take_line(results, err));
    return take_json(results, err);
}

/* --- Finding the run. --------------------------------------------------------------------- */

static bool has_run(const char *folder)
{
    char path[S1_PATH_MAX];
    return s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(S1_RESULTS_RUN_FILE),
                        NULL) == S1_OK &&
           s1_fs_is_file(s1_fs_real(), path);
}

/* The folder of the run called `link` below `dir`, into `ret_path`. */
static s1_rc find_link(const char *dir, const char *link, char *ret_path, s1_err *err)
{
    s1_fs_list list = {0};
    S1_TRY(err, s1_fs_list_names(s1_fs_real(), dir, &list, err));
    char names[256] = "";
    size_t at = 0;
    size_t found = 0;
    for (size_t i = 0; i < list.count; i++) {
        char path[S1_PATH_MAX];
        if (s1_path_join(path, sizeof path, s1_str_of(dir), s1_str_of(list.names[i]), NULL) !=
                S1_OK ||
            !has_run(path) || (link != NULL && strcmp(link, list.names[i]) != 0)) {
            continue;
        }
        memcpy(ret_path, path, sizeof path);
        const int wrote =
            snprintf(names + at, sizeof names - at, "%s%s", found > 0 ? ", " : "", list.names[i]);
        at = at + (size_t)wrote < sizeof names ? at + (size_t)wrote : sizeof names - 1;
        found++;
    }
    s1_fs_list_done(&list);
    if (found == 1) {
        return S1_OK;
    }
    return found == 0
               ? S1_RAISE(err, S1_E_NOT_FOUND,
                          "%s: found no " S1_RESULTS_RUN_FILE ", expected a results folder", dir)
               : S1_RAISE(err, S1_E_NOT_FOUND, "%s holds %zu runs, name one: %s", dir, found,
                          names);
}

static s1_rc open_folder(const char *folder, s1_results **ret_results, s1_err *err)
{
    s1_results *const results = calloc(1, sizeof *results);
    if (results == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "results of %s", folder);
    }
    s1_arena_init(&results->arena, ARENA_BYTES_MAX, 0);
    const uint64_t before = s1_json_memory_failures();
    const s1_rc rc = s1_json_memory_judge(before, load(results, folder, err), err);
    if (rc != S1_OK) {
        s1_results_free(results);
        return rc;
    }
    *ret_results = results;
    return S1_OK;
}

s1_rc s1_api_results_open(const char *dir, const char *link, s1_results **ret_results, s1_err *err)
{
    char path[S1_PATH_MAX];
    if (!s1_fs_exists(s1_fs_real(), dir)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "results folder '%s' does not exist", dir);
    }
    if (link == NULL && has_run(dir)) {
        return open_folder(dir, ret_results, err);
    }
    S1_TRY(err, find_link(dir, link, path, err));
    return open_folder(path, ret_results, err);
}

int32_t s1_api_results_language(const char *path)
{
    char folder[S1_PATH_MAX];
    s1_results *results = NULL;
    const char *const slash = strrchr(path, '/');
    const s1_str file = s1_str_of(path);
    if (!s1_fs_is_file(s1_fs_real(), path)) {
        (void)snprintf(folder, sizeof folder, "%s", path);
    } else if (slash != NULL) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(file.len - strlen(slash)), path);
    } else {
        (void)snprintf(folder, sizeof folder, ".");
    }
    if (s1_api_results_open(folder, NULL, &results, NULL) != S1_OK) {
        return S1_LANGUAGE_EN;
    }
    const int32_t language = s1_language_parse(s1_str_of(results->view.language));
    s1_results_free(results);
    return language;
}

void s1_results_free(s1_results *results)
{
    if (results != NULL) {
        json_decref(results->run);
        json_decref(results->metrics);
        s1_locale_free(results->locale);
        s1_json_text_free(results->json);
        s1_equity_table_done(&results->equity);
        free(results->equity_number);
        free(results->returns);
        s1_arena_done(&results->arena);
        free(results);
    }
}

const s1_results_view *s1_results_view_borrow(const s1_results *results)
{
    return &results->view;
}

const json_t *s1_results_run_borrow(const s1_results *results)
{
    return results->run;
}

const json_t *s1_results_metrics_borrow(const s1_results *results)
{
    return results->metrics;
}

const s1_results_metric *s1_results_metric_find(const s1_results_view *view, const char *name)
{
    for (size_t i = 0; i < view->metric_count; i++) {
        if (strcmp(view->metrics[i].name, name) == 0) {
            return &view->metrics[i];
        }
    }
    return NULL;
}

uint64_t s1_results_count_find(const s1_results_view *view, const char *name)
{
    for (size_t i = 0; i < view->count_count; i++) {
        if (strcmp(view->counts[i].name, name) == 0) {
            return view->counts[i].value;
        }
    }
    return 0;
}

/* --- Trades. ------------------------------------------------------------------------------ */

#define TRADE_FIELDS 12u

/* Splits one line at its commas in place; quotes are the writer's and stand only around texts that
 * need them. Returns the number of fields. */
static size_t split_row(char *line, const char *fields[static TRADE_FIELDS])
{
    size_t count = 0;
    char *at = line;
    while (count < TRADE_FIELDS) {
        char *to = at;
        fields[count++] = at;
        bool is_quoted = false;
        for (; *at != '\0' && (is_quoted || *at != ','); at++) {
            if (*at != '"') {
                *to++ = *at;
            } else if (is_quoted && at[1] == '"') {
                *to++ = *at++;
            } else {
                is_quoted = !is_quoted;
            }
        }
        const bool is_last = *at == '\0';
        *to = '\0';
        if (is_last) {
            return count;
        }
        at++;
    }
    return TRADE_FIELDS + 1;
}

static double number_or_nan(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* What is not in the file of trades: how long each was held, and how far it went. */
static void complete_trades(const s1_results *results, s1_results_trade *trades)
{
    const json_t *const excursions = json_object_get(results->metrics, "excursions");
    for (size_t i = 0; i < results->trade_count; i++) {
        s1_nanos entry, exit;
        const json_t *const pair = json_array_get(excursions, i);
        trades[i].mae = number_or_nan(json_array_get(pair, 0));
        trades[i].mfe = number_or_nan(json_array_get(pair, 1));
        if (s1_time_parse(s1_str_of(trades[i].entry_time), &entry, NULL) == S1_OK &&
            s1_time_parse(s1_str_of(trades[i].exit_time), &exit, NULL) == S1_OK) {
            trades[i].held = exit - entry;
        }
    }
}

static s1_rc parse_trades(s1_results *results, char *text, const char *path, s1_err *err)
{
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    s1_results_trade *const trades = s1_arena_array(&results->arena, s1_results_trade, lines + 1);
    if (trades == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades", lines);
    }
    char *at = text;
    for (size_t line = 0; *at != '\0'; line++) {
        char *const end = at + strcspn(at, "\n");
        const bool is_last = *end == '\0';
        *end = '\0';
        const char *f[TRADE_FIELDS];
        const size_t count = split_row(at, f);
        if (count != TRADE_FIELDS) {
            return S1_RAISE(err, S1_E_DATA, "%s:%zu: found %zu fields, expected %u", path, line + 1,
                            count, TRADE_FIELDS);
        }
        if (line > 0) {
            /* The order of the file is that of S1_TRADE_RECORD_MAP. */
            trades[results->trade_count++] = (s1_results_trade){.trade_id = f[0],
                                                                .opportunity_id = f[1],
                                                                .direction = f[2],
                                                                .quantity = f[3],
                                                                .entry_time = f[4],
                                                                .entry_price = f[5],
                                                                .exit_time = f[6],
                                                                .exit_price = f[7],
                                                                .fees = f[8],
                                                                .pnl = f[9],
                                                                .closure_reason = f[10],
                                                                .threat_id = f[11]};
        }
        at = is_last ? end : end + 1;
    }
    complete_trades(results, trades);
    results->trades = trades;
    return S1_OK;
}

s1_rc s1_api_results_trades(s1_results *results, const s1_results_trade **ret_trades,
                            size_t *ret_count, s1_err *err)
{
    if (!results->has_trades) {
        char path[S1_PATH_MAX];
        S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(results->view.dir),
                                 s1_str_of(S1_RESULTS_TRADES_FILE), err));
        s1_strbuf text;
        s1_strbuf_init(&text, TRADES_BYTES_MAX);
        s1_rc rc = s1_fs_read_all(s1_fs_real(), path, TRADES_BYTES_MAX, &text, err);
        char *const copy =
            rc == S1_OK ? s1_arena_copy_cstr(&results->arena, s1_strbuf_view(&text)) : NULL;
        s1_strbuf_done(&text);
        S1_TRY(err, rc);
        if (copy == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%s", path);
        }
        S1_TRY(err, parse_trades(results, copy, path, err));
        results->has_trades = true;
    }
    *ret_trades = results->trades;
    *ret_count = results->trade_count;
    return S1_OK;
}

/* --- Equity. ------------------------------------------------------------------------------ */

/* The statistics' own returns: sampled again from the equity. */
static s1_rc take_returns(s1_results *results, s1_err *err)
{
    s1_statistics ignored;
    s1_statistics_tables tables;
    const s1_equity_table *const equity = &results->equity;
    s1_statistics_input input = {.series = {.count = equity->count,
                                            .time = equity->time,
                                            .equity = equity->equity,
                                            .close = equity->close,
                                            .in_position = equity->in_position,
                                            .benchmark = equity->benchmark}};
    const s1_results_metric *const capital =
        s1_results_metric_find(&results->view, "initial_capital");
    if (capital == NULL || capital->text == NULL) {
        return S1_RAISE(err, S1_E_DATA, "%s: the metrics lack initial_capital", results->view.dir);
    }
    S1_TRY(err, s1_dec_parse(s1_str_of(capital->text), &input.initial_capital, err));
    S1_TRY(err, s1_statistics_compute(&input, &ignored, &tables, err));
    results->returns = malloc((tables.period_count + 1) * sizeof *results->returns);
    for (size_t i = 0; results->returns != NULL && i < tables.period_count; i++) {
        results->returns[i] = (s1_results_return){tables.periods[i].end, tables.periods[i].value,
                                                  tables.periods[i].market};
    }
    results->return_count = tables.period_count;
    s1_statistics_tables_free(&tables);
    return results->returns != NULL
               ? S1_OK
               : S1_RAISE(err, S1_E_NO_MEMORY, "returns of %s", results->view.dir);
}

static s1_rc read_equity(s1_results *results, s1_err *err)
{
    if (results->has_equity) {
        return S1_OK;
    }
    char path[S1_PATH_MAX];
    s1_duckdb *duckdb;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(results->view.dir),
                             s1_str_of(S1_RESULTS_EQUITY_FILE), err));
    if (!s1_fs_is_file(s1_fs_real(), path)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "%s does not exist", path);
    }
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    const s1_rc rc = s1_equity_table_read(duckdb, path, results->view.benchmark[0] != '\0',
                                          &results->equity, err);
    s1_duckdb_free(duckdb);
    S1_TRY(err, rc);
    results->equity_number = malloc((results->equity.count + 1) * sizeof *results->equity_number);
    if (results->equity_number == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%s", path);
    }
    for (size_t i = 0; i < results->equity.count; i++) {
        results->equity_number[i] = s1_dec_to_double(results->equity.equity[i]);
    }
    S1_TRY(err, take_returns(results, err));
    results->has_equity = true;
    return S1_OK;
}

s1_rc s1_api_results_returns(s1_results *results, const s1_results_return **ret_returns,
                             size_t *ret_count, s1_err *err)
{
    S1_TRY(err, read_equity(results, err));
    *ret_returns = results->returns;
    *ret_count = results->return_count;
    return S1_OK;
}

s1_rc s1_api_results_series(s1_results *results, s1_results_series *ret_series, s1_err *err)
{
    S1_TRY(err, read_equity(results, err));
    *ret_series = (s1_results_series){.count = results->equity.count,
                                      .time = results->equity.time,
                                      .equity = results->equity_number,
                                      .drawdown = results->equity.drawdown,
                                      .close = results->equity.close,
                                      .in_position = results->equity.in_position,
                                      .benchmark = results->equity.benchmark != NULL
                                                       ? results->equity.benchmark
                                                       : results->equity.close};
    return S1_OK;
}

/* --- Several runs. ------------------------------------------------------------------------ */

static double metric_of(const s1_results *results, const char *name)
{
    const s1_results_metric *const metric = s1_results_metric_find(&results->view, name);
    return metric != NULL ? metric->number : (double)NAN;
}

double s1_api_results_deflated(s1_results *const *items, size_t count, size_t index)
{
    double mean = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        mean += metric_of(items[i], "risk_return") / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        const double apart = metric_of(items[i], "risk_return") - mean;
        squares += apart * apart;
    }
    const double variance = count > 1 ? squares / (double)(count - 1) : 0.0;
    const json_t *const samples =
        json_object_get(json_object_get(items[index]->metrics, "conventions"), "samples");
    return s1_probabilistic_sharpe(metric_of(items[index], "risk_return"),
                                   metric_of(items[index], "skew"),
                                   metric_of(items[index], "kurtosis"), json_number_value(samples),
                                   s1_expected_best_sharpe((double)count, variance));
}

/* --- Listing. ----------------------------------------------------------------------------- */

static s1_rc list_add(s1_results_list *list, const char *folder, s1_err *err)
{
    s1_results *results = NULL;
    if (open_folder(folder, &results, NULL) != S1_OK) {
        list->unreadable_count++;
        return S1_OK;
    }
    s1_results **const items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL || list->count == LIST_MAX) {
        list->items = items != NULL ? items : list->items;
        s1_results_free(results);
        return S1_RAISE(err, S1_E_NO_MEMORY, "more than %zu results", list->count);
    }
    list->items = items;
    list->items[list->count++] = results;
    return S1_OK;
}

/* A folder and, down to `depth`, what is in it. Bounded: at most LIST_DEPTH calls deep. */
static s1_rc list_folder(s1_results_list *list, const char *folder, uint32_t depth, s1_err *err)
{
    if (has_run(folder)) {
        return list_add(list, folder, err);
    }
    if (depth == 0) {
        return S1_OK;
    }
    s1_fs_list names = {0};
    S1_TRY(err, s1_fs_list_names(s1_fs_real(), folder, &names, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < names.count && rc == S1_OK; i++) {
        char path[S1_PATH_MAX];
        rc = s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(names.names[i]), err);
        if (rc == S1_OK && s1_fs_is_folder(s1_fs_real(), path)) {
            rc = list_folder(list, path, depth - 1, err);
        }
    }
    s1_fs_list_done(&names);
    return rc;
}

s1_rc s1_api_results_list(const char *root, s1_results_list *ret_list, s1_err *err)
{
    if (!s1_fs_is_folder(s1_fs_real(), root)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "results folder '%s' does not exist", root);
    }
    s1_results_list list = {0};
    const s1_rc rc = list_folder(&list, root, LIST_DEPTH - 1, err);
    if (rc != S1_OK) {
        s1_results_list_free(&list);
        return rc;
    }
    *ret_list = list;
    return S1_OK;
}

void s1_results_list_free(s1_results_list *list)
{
    if (list != NULL) {
        for (size_t i = 0; i < list->count; i++) {
            s1_results_free(list->items[i]);
        }
        free(list->items);
        *list = (s1_results_list){0};
    }
}
