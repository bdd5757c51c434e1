#include "services/api/operation.h"

#include "backend/analysis/operation_results.h"
#include "backend/utils/json_memory.h"
#include "services/api/results.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define JSON_BYTES_MAX  ((size_t)256 << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)

struct s1_operation_report {
    s1_arena arena;
    json_t *root;
    char *json;
    s1_operation_view view;
};

static bool file_of(const char *dir, char path[static S1_PATH_MAX])
{
    return s1_path_join(path, S1_PATH_MAX, s1_str_of(dir), s1_str_of(S1_OPERATION_FILE), NULL) ==
           S1_OK;
}

bool s1_api_is_operation(const char *dir)
{
    char path[S1_PATH_MAX];
    return file_of(dir, path) && s1_fs_is_file(s1_fs_real(), path);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *const text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static uint64_t count_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

/* The items of an array, room for one more: never NULL for an empty one. */
#define ITEMS(report, array, type)                                                                 \
    s1_arena_array(&(report)->arena, type, json_array_size(array) + 1)

static s1_rc take_links(s1_operation_report *report, const json_t *array, s1_err *err)
{
    s1_operation_link_view *const links = ITEMS(report, array, s1_operation_link_view);
    if (links == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu links", json_array_size(array));
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *const link = json_array_get(array, i);
        const json_t *const error = json_object_get(link, "error");
        links[i] = (s1_operation_link_view){
            .link = text_of(link, "link"),
            .strategy = text_of(link, "strategy"),
            .environment = text_of(link, "environment"),
            .asset_pair = text_of(link, "asset_pair"),
            .timeframe = text_of(link, "timeframe"),
            .currency = text_of(link, "currency"),
            .is_complete = error == NULL,
            .finish_reason = text_of(link, "finish_reason"),
            .run_id = text_of(link, "run_id"),
            .initial_capital = text_of(link, "initial_capital"),
            .equity = text_of(link, "equity"),
            .cash = text_of(link, "cash"),
            .reserved = text_of(link, "reserved"),
            .exposure = text_of(link, "exposure"),
            .realized_pnl = text_of(link, "realized_pnl"),
            .unrealized_pnl = text_of(link, "unrealized_pnl"),
            .fees = text_of(link, "fees"),
            .journal_head = text_of(link, "journal_head"),
            .open_positions = count_of(link, "open_positions"),
            .bars = count_of(link, "bars"),
            .trades = count_of(link, "trades"),
            .error_code = text_of(error, "code"),
            .error = text_of(error, "message"),
        };
    }
    report->view.links = links;
    report->view.link_count = json_array_size(array);
    return S1_OK;
}

static s1_rc take_sums(s1_operation_report *report, const json_t *array, s1_err *err)
{
    s1_operation_sum_view *const sums = ITEMS(report, array, s1_operation_sum_view);
    if (sums == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu currencies", json_array_size(array));
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *const sum = json_array_get(array, i);
        sums[i] = (s1_operation_sum_view){
            .currency = text_of(sum, "currency"),
            .links = count_of(sum, "links"),
            .moments = count_of(sum, "moments"),
            .open_positions = count_of(sum, "open_positions"),
            .initial_capital = text_of(sum, "initial_capital"),
            .equity = text_of(sum, "equity"),
            .cash = text_of(sum, "cash"),
            .reserved = text_of(sum, "reserved"),
            .exposure = text_of(sum, "exposure"),
            .realized_pnl = text_of(sum, "realized_pnl"),
            .unrealized_pnl = text_of(sum, "unrealized_pnl"),
            .fees = text_of(sum, "fees"),
            .peak = text_of(sum, "peak"),
            .drawdown = text_of(sum, "drawdown"),
            .drawdown_pct = text_of(sum, "drawdown_pct"),
            .max_drawdown_pct = text_of(sum, "max_drawdown_pct"),
        };
    }
    report->view.sums = sums;
    report->view.sum_count = json_array_size(array);
    return S1_OK;
}

static s1_rc take_events(s1_operation_report *report, const json_t *array, s1_err *err)
{
    s1_operation_event_view *const events = ITEMS(report, array, s1_operation_event_view);
    if (events == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu events", json_array_size(array));
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *const event = json_array_get(array, i);
        events[i] = (s1_operation_event_view){
            .time = text_of(event, "time"),
            .event = text_of(event, "event"),
            .link = text_of(event, "link"),
            .currency = text_of(event, "currency"),
            .limit = text_of(event, "limit"),
            .actual = text_of(event, "actual"),
            .actions = text_of(event, "actions"),
            .message = text_of(event, "message"),
        };
    }
    report->view.events = events;
    report->view.event_count = json_array_size(array);
    return S1_OK;
}

static s1_rc load(s1_operation_report *report, const char *dir, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    if (!file_of(dir, path)) {
        return S1_RAISE(err, S1_E_RANGE, "results folder: the path is too long");
    }
    s1_strbuf_init(&text, JSON_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, JSON_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        json_error_t fault = {.line = 1, .column = 1};
        report->root = json_loadb(text.data != NULL ? text.data : "", text.len,
                                  JSON_REJECT_DUPLICATES, &fault);
        if (!json_is_object(report->root)) {
            rc = S1_RAISE(err, S1_E_DATA, "%s:%d:%d: found %s, expected a JSON object", path,
                          report->root == NULL ? fault.line : 1,
                          report->root == NULL ? fault.column : 1,
                          report->root == NULL ? fault.text : "another value");
        }
    }
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    report->json = json_dumps(report->root, JSON_INDENT(2));
    report->view.dir = s1_arena_copy_cstr(&report->arena, s1_str_of(dir));
    if (report->json == NULL || report->view.dir == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "results of %s", dir);
    }
    report->view.json = report->json;
    report->view.name = text_of(report->root, "operation");
    report->view.display_name = text_of(report->root, "display_name");
    report->view.clock = text_of(report->root, "clock");
    S1_TRY(err, take_links(report, json_object_get(report->root, "links"), err));
    S1_TRY(err, take_sums(report, json_object_get(report->root, "aggregate"), err));
    return take_events(report, json_object_get(report->root, "events"), err);
}

s1_rc s1_api_operation_open(const char *dir, s1_operation_report **ret_report, s1_err *err)
{
    s1_operation_report *const report = calloc(1, sizeof *report);
    if (report == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "results of %s", dir);
    }
    s1_arena_init(&report->arena, ARENA_BYTES_MAX, 0);
    const uint64_t before = s1_json_memory_failures();
    const s1_rc rc = s1_json_memory_judge(before, load(report, dir, err), err);
    if (rc != S1_OK) {
        s1_operation_report_free(report);
        return rc;
    }
    *ret_report = report;
    return S1_OK;
}

const s1_operation_view *s1_operation_view_borrow(const s1_operation_report *report)
{
    return &report->view;
}

void s1_operation_report_free(s1_operation_report *report)
{
    if (report != NULL) {
        json_decref(report->root);
        s1_json_text_free(report->json);
        s1_arena_done(&report->arena);
        free(report);
    }
}

/* --- Checking. ---------------------------------------------------------------------------- */

static s1_rc compare_text(const char *dir, const char *link, const char *name, const char *found,
                          const char *expected, s1_err *err)
{
    return strcmp(found, expected) == 0
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA,
                          "%s/" S1_OPERATION_FILE ": link %s, %s: found %s, expected %s of its run",
                          dir, link, name, found, expected);
}

/* A link against the run in its folder. */
static s1_rc check_link(const char *dir, const s1_operation_link_view *link, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_results *results = NULL;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(dir), s1_str_of(link->link), err));
    S1_TRY(err, s1_api_results_open(path, NULL, &results, err));
    const s1_results_view *const run = s1_results_view_borrow(results);
    const char *const equity = s1_results_metric_find(run, "final_equity")->text;
    const char *const fees = s1_results_metric_find(run, "fees")->text;
    char counts[2][24];
    (void)snprintf(counts[0], sizeof counts[0], "%llu", (unsigned long long)link->trades);
    (void)snprintf(counts[1], sizeof counts[1], "%llu",
                   (unsigned long long)s1_results_count_find(run, "trades"));
    const char *const pairs[][3] = {
        {"run_id", link->run_id, run->run_id},
        {"journal_head", link->journal_head, run->journal_head},
        {"finish_reason", link->finish_reason, run->finish_reason},
        {"equity", link->equity, equity != NULL ? equity : ""},
        {"fees", link->fees, fees != NULL ? fees : ""},
        {"trades", counts[0], counts[1]},
    };
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && rc == S1_OK; i++) {
        rc = compare_text(dir, link->link, pairs[i][0], pairs[i][1], pairs[i][2], err);
    }
    s1_results_free(results);
    return rc;
}

static s1_rc add_text(s1_dec *sum, const char *text, s1_err *err)
{
    s1_dec value;
    S1_TRY(err, s1_dec_parse(s1_str_of(text), &value, err));
    return s1_dec_add(*sum, value, sum, err);
}

/* One currency's sums over its links. */
static s1_rc check_sum(const s1_operation_view *view, const s1_operation_sum_view *sum, s1_err *err)
{
    uint64_t links = 0;
    uint64_t open_positions = 0;
#define X(field, definition)                                                                       \
    s1_dec field##_links = S1_DEC_ZERO, field##_told = S1_DEC_ZERO;                                \
    S1_TRY(err, add_text(&field##_told, sum->field, err));
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    for (size_t i = 0; i < view->link_count; i++) {
        const s1_operation_link_view *const link = &view->links[i];
        if (!link->is_complete || strcmp(link->currency, sum->currency) != 0) {
            continue;
        }
        links++;
        open_positions += link->open_positions;
#define X(field, definition) S1_TRY(err, add_text(&field##_links, link->field, err));
        S1_PORTFOLIO_SUM_MAP(X)
#undef X
    }
#define X(field, definition)                                                                       \
    if (!s1_dec_eq(field##_links, field##_told)) {                                                 \
        char text[S1_DEC_TEXT_MAX];                                                                \
        text[s1_dec_print(field##_links, text)] = '\0';                                            \
        return S1_RAISE(err, S1_E_DATA,                                                            \
                        "%s/" S1_OPERATION_FILE ": aggregate of %s, " #field                       \
                        ": found %s, expected %s, the sum of its links",                           \
                        view->dir, sum->currency, sum->field, text);                               \
    }
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    if (links != sum->links || open_positions != sum->open_positions) {
        return S1_RAISE(err, S1_E_DATA,
                        "%s/" S1_OPERATION_FILE
                        ": aggregate of %s: found %llu links with %llu open positions, expected "
                        "%llu with %llu",
                        view->dir, sum->currency, (unsigned long long)sum->links,
                        (unsigned long long)sum->open_positions, (unsigned long long)links,
                        (unsigned long long)open_positions);
    }
    return S1_OK;
}

s1_rc s1_api_operation_check(const char *dir, s1_err *err)
{
    s1_operation_report *report = NULL;
    S1_TRY(err, s1_api_operation_open(dir, &report, err));
    const s1_operation_view *const view = &report->view;
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < view->link_count && rc == S1_OK; i++) {
        rc = view->links[i].is_complete ? check_link(dir, &view->links[i], err) : S1_OK;
    }
    for (size_t i = 0; i < view->sum_count && rc == S1_OK; i++) {
        rc = check_sum(view, &view->sums[i], err);
    }
    s1_operation_report_free(report);
    return rc;
}
