/* What report.html needs of a run: trades with their causes, stops and targets, and refusals. */
#include "backend/utils/dtoa.h"
#include "backend/utils/timefmt.h"
#include "services/api/journal.h"
#include "services/api/report_internal.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAUSE_BYTES_MAX (1u << 20)

/* The trades by an id of theirs, to find them while the journal goes by. */
typedef struct id_entry {
    const char *id;
    size_t trade;
} id_entry;
typedef struct reading {
    s1_report *report;
    id_entry *by_trade, *by_opportunity; /* [trade_count], sorted */
} reading;

static int compare_ids(const void *a, const void *b)
{
    const id_entry *const x = a;
    const id_entry *const y = b;
    const int order = strcmp(x->id, y->id);
    return order != 0 ? order : (x->trade > y->trade) - (x->trade < y->trade);
}

/* The first trade of an id, or NULL; *ret_count is how many there are. */
static s1_report_trade *find(const reading *r, const id_entry *entries, s1_str id,
                             size_t *ret_count, const id_entry **ret_first)
{
    size_t low = 0;
    size_t high = r->report->trade_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const size_t len = strlen(entries[middle].id);
        const int order = memcmp(entries[middle].id, id.ptr, len < id.len ? len : id.len);
        if (order < 0 || (order == 0 && len < id.len)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t count = 0;
    while (low + count < r->report->trade_count &&
           s1_str_eq(s1_str_of(entries[low + count].id), id)) {
        count++;
    }
    *ret_count = count;
    *ret_first = &entries[low];
    return count > 0 ? &r->report->trades[entries[low].trade] : NULL;
}

/* --- Journal. ----------------------------------------------------------------------------- */

static double decimal_of(const json_t *object, const char *name)
{
    const json_t *const value = json_object_get(object, name);
    double number = (double)NAN;
    if (json_is_number(value)) {
        return json_number_value(value);
    }
    if (!json_is_string(value) ||
        s1_str_parse_double(s1_str_of(json_string_value(value)), &number, NULL) != S1_OK) {
        return (double)NAN;
    }
    return number;
}

static void add_number(s1_strbuf *out, const json_t *value)
{
    if (json_is_number(value)) {
        s1_strbuf_printf(out, "%.6g", json_number_value(value));
    } else if (json_is_string(value)) {
        s1_strbuf_cstr_add(out, json_string_value(value));
    }
}

/* "fvg_detector: fvg_entry; gap_up 1.07368 > 1.0728; ..." */
static void add_cause(s1_strbuf *out, const s1_journal_view *entry, const json_t *details)
{
    const char *const signal = json_string_value(json_object_get(details, "signal_type"));
    s1_strbuf_str(out, entry->worker);
    s1_strbuf_printf(out, ": %s", signal != NULL ? signal : "");
    const json_t *const conditions = json_object_get(details, "conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *const condition = json_array_get(conditions, i);
        const char *const name = json_string_value(json_object_get(condition, "name"));
        const char *const op = json_string_value(json_object_get(condition, "op"));
        s1_strbuf_printf(out, "; %s ", name != NULL ? name : "");
        add_number(out, json_object_get(condition, "value"));
        s1_strbuf_printf(out, " %s ", op != NULL ? op : "");
        add_number(out, json_object_get(condition, "threshold"));
    }
}

static s1_rc take_cause(const reading *r, const s1_journal_view *entry, const json_t *details,
                        s1_err *err)
{
    size_t count;
    const id_entry *first;
    if (find(r, r->by_opportunity, entry->opportunity_id, &count, &first) == NULL) {
        return S1_OK;
    }
    s1_strbuf text;
    s1_strbuf_init(&text, CAUSE_BYTES_MAX);
    add_cause(&text, entry, details);
    const char *const copy =
        text.has_failed ? NULL : s1_arena_copy_cstr(&r->report->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "causes of %zu trades", r->report->trade_count);
    }
    for (size_t i = 0; i < count; i++) {
        r->report->trades[first[i].trade].cause = copy;
    }
    return S1_OK;
}

/* The first bar that closes after `time`, or at it. */
static size_t row_of(const s1_results_series *series, s1_nanos time, bool is_after)
{
    size_t low = 0;
    size_t high = series->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (series->time[middle] < time || (is_after && series->time[middle] == time)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < series->count ? low : series->count - 1;
}

/* A stop or target was moved. Of moves within one column of the chart the last is kept. */
static s1_rc take_move(s1_report *report, s1_report_trade *trade, const s1_journal_view *entry,
                       const json_t *details, s1_err *err)
{
    const char *const what = json_string_value(json_object_get(details, "what"));
    const bool is_stop = what != NULL && strcmp(what, "stop_loss") == 0;
    const bool is_target = what != NULL && strcmp(what, "take_profit") == 0;
    const double price = decimal_of(details, "to");
    if ((!is_stop && !is_target) || !isfinite(price)) {
        return S1_OK;
    }
    const size_t row = row_of(&report->series, entry->time, false);
    s1_report_move **const moves = is_stop ? &trade->stops : &trade->targets;
    s1_report_move **const last = is_stop ? &trade->last_stop : &trade->last_target;
    if (*last != NULL &&
        (*last)->row / s1_report_column(report) == row / s1_report_column(report)) {
        (*last)->price = price;
        return S1_OK;
    }
    s1_report_move *const move = s1_arena_array(&report->arena, s1_report_move, 1);
    if (move == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "moves of stops of the report");
    }
    *move = (s1_report_move){.row = row, .price = price};
    if (*last != NULL) {
        (*last)->next = move;
    } else {
        *moves = move;
    }
    *last = move;
    return S1_OK;
}

/* The rule of the first fill is the entry's, that of the last one the exit's. */
static s1_rc take_fill(s1_report *report, s1_report_trade *trade, const json_t *details,
                       s1_err *err)
{
    const char *const rule = json_string_value(json_object_get(details, "rule"));
    const char *const copy =
        s1_arena_copy_cstr(&report->arena, s1_str_of(rule != NULL ? rule : ""));
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "fills of the report");
    }
    if (trade->entry_rule[0] == '\0') {
        trade->entry_rule = copy;
    } else {
        trade->exit_rule = copy;
    }
    return S1_OK;
}

/* Counts one more of a stage, in words, and a code. */
static s1_rc add_refusal(s1_report *report, const char *stage, const char *code, s1_err *err)
{
    for (size_t i = 0; i < report->refusal_count; i++) {
        if (strcmp(report->refusals[i].stage, stage) == 0 &&
            strcmp(report->refusals[i].code, code) == 0) {
            report->refusals[i].count++;
            return S1_OK;
        }
    }
    if (report->refusal_count == S1_REPORT_REFUSALS_MAX) {
        report->refusals[S1_REPORT_REFUSALS_MAX - 1].count++; /* the rest of them */
        return S1_OK;
    }
    const s1_report_refusal refusal = {s1_arena_copy_cstr(&report->arena, s1_str_of(stage)),
                                       s1_arena_copy_cstr(&report->arena, s1_str_of(code)), 1};
    if (refusal.stage == NULL || refusal.code == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "refusals of the report");
    }
    report->refusals[report->refusal_count++] = refusal;
    return S1_OK;
}

static const char *or_empty(const json_t *value)
{
    const char *const text = json_string_value(value);
    return text != NULL ? text : "";
}

static s1_rc take_refusal(s1_report *report, const json_t *details, s1_err *err)
{
    char key[64];
    const char *const stage = or_empty(json_object_get(details, "stage"));
    (void)snprintf(key, sizeof key, "report.stage_%s", stage);
    const s1_str words = s1_locale_text(report->locale, s1_str_of(key));
    return add_refusal(
        report, words.len > 0 ? words.ptr : stage,
        or_empty(json_object_get(json_object_get(details, "rejection_reason"), "code")), err);
}

/* An order to enter that came to an end of its own: refused by the venue, expired, canceled. */
static s1_rc take_ended_order(s1_report *report, const s1_journal_view *entry,
                              const json_t *details, s1_err *err)
{
    const char *const key = s1_str_eq(entry->type, S1_STR("ORDER_REJECTED"))  ? "order_rejected"
                            : s1_str_eq(entry->type, S1_STR("ORDER_EXPIRED")) ? "order_expired"
                            : s1_str_eq(entry->type, S1_STR("ORDER_DENIED"))  ? "order_denied"
                                                                              : "order_canceled";
    return strcmp(or_empty(json_object_get(details, "role")), "entry") == 0
               ? add_refusal(report, s1_report_word(report, key),
                             or_empty(json_object_get(details, "reason")), err)
               : S1_OK;
}

/* What an entry says of a trade of its own. */
static s1_rc take_of_trade(s1_report *report, s1_report_trade *trade, const s1_journal_view *entry,
                           const json_t *details, s1_err *err)
{
    if (s1_str_eq(entry->type, S1_STR("TRADE_OPENED"))) {
        trade->stop = decimal_of(details, "stop_loss");
        trade->target = decimal_of(details, "take_profit");
        return S1_OK;
    }
    return s1_str_eq(entry->type, S1_STR("ORDER_FILLED"))
               ? take_fill(report, trade, details, err)
               : take_move(report, trade, entry, details, err);
}

static s1_rc take_entry(void *user, const s1_journal_view *entry, s1_err *err)
{
    const reading *const r = user;
    const bool is_found = s1_str_eq(entry->type, S1_STR("OPPORTUNITY_DETECTED"));
    const bool is_refused = s1_str_eq(entry->type, S1_STR("OPPORTUNITY_REJECTED"));
    const bool is_ended = s1_str_starts_with(entry->type, S1_STR("ORDER_")) &&
                          !s1_str_eq(entry->type, S1_STR("ORDER_FILLED"));
    size_t count = 0;
    const id_entry *first = NULL;
    if (is_found) {
        (void)find(r, r->by_opportunity, entry->opportunity_id, &count, &first);
    } else if (!is_refused && !is_ended) {
        (void)find(r, r->by_trade, entry->trade_id, &count, &first);
    }
    if (!is_refused && !is_ended && count == 0) {
        return S1_OK;
    }
    json_t *const details = json_loadb(entry->details.ptr, entry->details.len, 0, NULL);
    if (details == NULL) {
        return S1_RAISE(err, S1_E_DATA, "entry %llu of the journal: its details are no JSON",
                        (unsigned long long)entry->seq);
    }
    s1_rc rc = is_refused ? take_refusal(r->report, details, err)
               : is_ended ? take_ended_order(r->report, entry, details, err)
               : is_found ? take_cause(r, entry, details, err)
                          : S1_OK;
    for (size_t i = 0; i < count && !is_found && rc == S1_OK; i++) {
        rc = take_of_trade(r->report, &r->report->trades[first[i].trade], entry, details, err);
    }
    json_decref(details);
    return rc;
}

/* Most first; of as many in the order they first came. */
static void sort_refusals(s1_report *report)
{
    for (size_t i = 1; i < report->refusal_count; i++) {
        const s1_report_refusal item = report->refusals[i];
        size_t at = i;
        for (; at > 0 && report->refusals[at - 1].count < item.count; at--) {
            report->refusals[at] = report->refusals[at - 1];
        }
        report->refusals[at] = item;
    }
}

static s1_rc read_journal(s1_report *report, s1_err *err)
{
    reading r = {.report = report};
    report->has_journal = strcmp(report->view->journal_level, "full") == 0;
    if (strcmp(report->view->journal_level, "off") == 0) {
        return S1_OK;
    }
    r.by_trade = s1_arena_array(&report->arena, id_entry, report->trade_count + 1);
    r.by_opportunity = s1_arena_array(&report->arena, id_entry, report->trade_count + 1);
    if (r.by_trade == NULL || r.by_opportunity == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "ids of %zu trades", report->trade_count);
    }
    for (size_t i = 0; i < report->trade_count; i++) {
        r.by_trade[i] = (id_entry){report->trades[i].text->trade_id, i};
        r.by_opportunity[i] = (id_entry){report->trades[i].text->opportunity_id, i};
    }
    if (report->trade_count > 1) {
        qsort(r.by_trade, report->trade_count, sizeof *r.by_trade, compare_ids);
        qsort(r.by_opportunity, report->trade_count, sizeof *r.by_opportunity, compare_ids);
    }
    const s1_journal_filter filter = {.types = "OPPORTUNITY_DETECTED,OPPORTUNITY_REJECTED,"
                                               "TRADE_OPENED,ORDER_FILLED,POSITION_ADJUSTED,"
                                               "ORDER_REJECTED,ORDER_EXPIRED,ORDER_DENIED,"
                                               "ORDER_CANCELED"};
    S1_TRY(err, s1_api_journal_walk(report->view->dir, &filter, take_entry, &r, err));
    sort_refusals(report);
    return S1_OK;
}

/* --- Trades. ------------------------------------------------------------------------------ */

static s1_rc read_numbers(s1_report_trade *trade, s1_err *err)
{
    const s1_results_trade *const text = trade->text;
    S1_TRY(err, s1_time_parse(s1_str_of(text->entry_time), &trade->entry_time, err));
    S1_TRY(err, s1_time_parse(s1_str_of(text->exit_time), &trade->exit_time, err));
    S1_TRY(err, s1_str_parse_double(s1_str_of(text->entry_price), &trade->entry, err));
    S1_TRY(err, s1_str_parse_double(s1_str_of(text->exit_price), &trade->exit, err));
    S1_TRY(err, s1_str_parse_double(s1_str_of(text->fees), &trade->fees, err));
    return s1_str_parse_double(s1_str_of(text->pnl), &trade->pnl, err);
}

static s1_rc read_trades(s1_report *report, s1_err *err)
{
    const s1_results_trade *texts = NULL;
    S1_TRY(err, s1_api_results_trades(report->results, &texts, &report->trade_count, err));
    report->trades = s1_arena_array(&report->arena, s1_report_trade, report->trade_count + 1);
    if (report->trades == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades", report->trade_count);
    }
    for (size_t i = 0; i < report->trade_count; i++) {
        s1_report_trade *const trade = &report->trades[i];
        s1_err cause = S1_ERR_INIT;
        *trade = (s1_report_trade){.text = &texts[i],
                                   .stop = (double)NAN,
                                   .target = (double)NAN,
                                   .adverse = texts[i].mae,
                                   .favourable = texts[i].mfe,
                                   .entry_rule = "",
                                   .exit_rule = "",
                                   .cause = ""};
        if (read_numbers(trade, &cause) != S1_OK) {
            return S1_RAISE(err, S1_E_DATA, "%.500s: trade %zu of result_trades.csv: %.200s",
                            report->view->dir, i + 1, cause.msg);
        }
        trade->entry_row = row_of(&report->series, trade->entry_time, true);
        trade->exit_row = row_of(&report->series, trade->exit_time, false);
        trade->exit_row = trade->exit_row > trade->entry_row ? trade->exit_row : trade->entry_row;
    }
    return S1_OK;
}

/* The rows of fills whose rules are known: one at an open lies in the bar that opens then. */
static void place_fills(s1_report *report)
{
    for (size_t i = 0; i < report->trade_count; i++) {
        s1_report_trade *const trade = &report->trades[i];
        if (trade->exit_rule[0] == '\0') {
            continue;
        }
        trade->entry_row =
            row_of(&report->series, trade->entry_time, strncmp(trade->entry_rule, "OPEN", 4) == 0);
        trade->exit_row =
            row_of(&report->series, trade->exit_time, strncmp(trade->exit_rule, "OPEN", 4) == 0);
    }
}

s1_rc s1_report_collect(s1_report *report, s1_err *err)
{
    S1_TRY(err, s1_api_results_series(report->results, &report->series, err));
    S1_TRY(err,
           s1_api_results_returns(report->results, &report->returns, &report->return_count, err));
    if (report->series.count == 0) {
        return S1_RAISE(err, S1_E_DATA, "%s: equity.parquet holds no bar", report->view->dir);
    }
    S1_TRY(err, read_trades(report, err));
    S1_TRY(err, read_journal(report, err));
    place_fills(report);
    return s1_report_band_open(report, err);
}
