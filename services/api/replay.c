#include "services/api/replay.h"

#include "backend/analysis/replay.h"
#include "backend/analysis/results_writer.h"
#include "backend/dtos/results/trade_codec.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "services/api/journal_open_internal.h"
#include "services/api/operation.h"
#include "services/api/replay_json_internal.h"
#include "services/api/results.h"

#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define JSON_BYTES_MAX  ((size_t)256 << 20)
#define CLOSED_SHOWN    10u

struct s1_replay {
    s1_arena arena;
    s1_strbuf json;
    s1_replay_view view;
    s1_audit *audit;
    bool has_failed; /* the arena is full; told once, at the end */
};

/* --- Texts. ------------------------------------------------------------------------------- */

static const char *kept(s1_replay *replay, const char *text)
{
    const char *const copy = s1_arena_copy_cstr(&replay->arena, s1_str_of(text));
    replay->has_failed = replay->has_failed || copy == NULL;
    return copy != NULL ? copy : "";
}

static const char *dec_text(s1_replay *replay, s1_dec value)
{
    char text[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(value, text);
    return kept(replay, text);
}

static const char *uid_text(s1_replay *replay, s1_uid uid)
{
    char text[S1_UID_TEXT_MAX];
    (void)s1_uid_print(uid, text);
    return kept(replay, text);
}

/* --- The books. --------------------------------------------------------------------------- */

static s1_rc take_positions(s1_replay *replay, const s1_books *books, s1_err *err)
{
    s1_replay_position *const positions =
        s1_arena_array(&replay->arena, s1_replay_position, books->open_positions + 1u);
    if (positions == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u positions", books->open_positions);
    }
    size_t count = 0;
    for (uint32_t i = 0; i < books->trade_count && count < books->open_positions; i++) {
        const s1_book_trade *const trade = &books->trades[i];
        if (trade->state != S1_BOOK_OPEN) {
            continue;
        }
        positions[count++] = (s1_replay_position){
            .trade_id = uid_text(replay, trade->trade_id.uid),
            .opportunity_id = uid_text(replay, trade->opportunity_id.uid),
            .direction = s1_direction_name(trade->direction),
            .quantity = dec_text(replay, trade->quantity),
            .entry_price = dec_text(replay, trade->entry_price),
            .cost = dec_text(replay, trade->cost),
            .stop_loss = dec_text(replay, trade->stop_loss),
            .take_profit = dec_text(replay, trade->take_profit),
        };
    }
    replay->view.positions = positions;
    replay->view.position_count = count;
    return S1_OK;
}

static s1_rc take_closed(s1_replay *replay, const s1_books *books, s1_err *err)
{
    s1_replay_closed *const closed = s1_arena_array(&replay->arena, s1_replay_closed, CLOSED_SHOWN);
    if (closed == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "closed trades");
    }
    const uint32_t from =
        books->closed_count > CLOSED_SHOWN ? books->closed_count - CLOSED_SHOWN : 0;
    for (uint32_t i = from; i < books->closed_count; i++) {
        const s1_trade_record record = s1_book_trade_record(&books->trades[books->closed[i]]);
        char time[S1_TIME_TEXT_MAX];
        (void)s1_time_print(record.exit_time, time);
        closed[i - from] = (s1_replay_closed){
            .trade_id = uid_text(replay, record.trade_id.uid),
            .direction = s1_direction_name(record.direction),
            .quantity = dec_text(replay, record.quantity),
            .exit_time = kept(replay, time),
            .exit_price = dec_text(replay, record.exit_price),
            .pnl = dec_text(replay, record.pnl),
            .closure_reason = kept(replay, books->trades[books->closed[i]].closure_reason),
        };
    }
    replay->view.closed = closed;
    replay->view.closed_count = books->closed_count - from;
    return S1_OK;
}

static s1_rc take_threats(s1_replay *replay, const s1_books *books, s1_err *err)
{
    size_t count = 0;
    for (uint64_t i = 0; i < books->threats; i++) {
        count += books->all_threats[i].is_active;
    }
    s1_replay_threat *const active = s1_arena_array(&replay->arena, s1_replay_threat, count + 1);
    if (active == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu threats", count);
    }
    for (uint64_t i = 0; i < books->threats; i++) {
        const s1_book_threat *const threat = &books->all_threats[i];
        if (threat->is_active != 0) {
            active[replay->view.active_count++] =
                (s1_replay_threat){.threat_id = uid_text(replay, threat->threat_id.uid),
                                   .type = kept(replay, threat->type),
                                   .severity = kept(replay, threat->severity),
                                   .line = threat->line};
        }
    }
    replay->view.active = active;
    return S1_OK;
}

static s1_rc take_books(s1_replay *replay, s1_err *err)
{
    const s1_books *const books = s1_audit_books_borrow(replay->audit);
    s1_replay_view *const view = &replay->view;
    const bool is_flat = books->open_positions == 0 && books->unknown_parts == 0;
    view->entries = books->entries;
    view->initial_capital = dec_text(replay, books->initial_capital);
    view->cash = dec_text(replay, books->cash);
    view->open_cost = dec_text(replay, books->open_cost);
    view->realized_pnl = dec_text(replay, books->realized_pnl);
    view->fees = dec_text(replay, books->fees);
    view->equity = dec_text(replay, is_flat ? books->cash : books->final_equity);
    view->opportunities = books->opportunities;
    view->approved = books->approved;
    view->rejected = books->rejected;
    view->orders = books->orders;
    view->fills = books->fills;
    view->threats = books->threats;
    view->trades = books->closed_count;
    view->unknown_parts = books->unknown_parts;
    S1_TRY(err, take_positions(replay, books, err));
    S1_TRY(err, take_closed(replay, books, err));
    return take_threats(replay, books, err);
}

/* --- What was compared. ------------------------------------------------------------------- */

static s1_rc take_report(s1_replay *replay, const s1_replay_report *report, s1_err *err)
{
    s1_replay_view *const view = &replay->view;
    size_t kept_count = 0;
    const s1_finding *const findings =
        s1_audit_findings_borrow(replay->audit, &kept_count, &view->breach_count);
    s1_replay_item *const items = s1_arena_array(&replay->arena, s1_replay_item, report->count + 1);
    s1_replay_breach *const breaches =
        s1_arena_array(&replay->arena, s1_replay_breach, kept_count + 1);
    if (items == NULL || breaches == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a report of %zu comparisons", report->count);
    }
    for (size_t i = 0; i < report->count; i++) {
        const s1_replay_check *const check = &report->checks[i];
        items[i] = (s1_replay_item){.where = check->where,
                                    .field = check->field,
                                    .rebuilt = check->rebuilt,
                                    .left = check->left,
                                    .note = s1_replay_note_words(check->note),
                                    .note_name = s1_replay_note_name(check->note),
                                    .status = s1_replay_status_word(check->status)};
    }
    for (size_t i = 0; i < kept_count; i++) {
        const s1_finding *const finding = &findings[i];
        breaches[i] = (s1_replay_breach){.invariant = s1_invariant_name(finding->invariant),
                                         .rule = s1_invariant_text(finding->invariant),
                                         .row = s1_invariant_row(finding->invariant),
                                         .line = finding->line,
                                         .seq = finding->seq,
                                         .where = finding->where,
                                         .field = finding->field,
                                         .found = finding->found,
                                         .expected = finding->expected};
    }
    view->items = items;
    view->item_count = report->count;
    view->breaches = breaches;
    view->breach_kept = kept_count;
    view->equal_count = report->equal;
    view->not_kept_count = report->not_kept;
    view->trade_fields = report->trade_fields;
    return S1_OK;
}

/* --- One run. ----------------------------------------------------------------------------- */

static s1_rc rebuild(s1_replay *replay, const s1_results_view *results, s1_err *err)
{
    s1_replay_view *const view = &replay->view;
    view->dir = kept(replay, results->dir);
    view->link = kept(replay, results->link);
    view->run_id = kept(replay, results->run_id);
    view->level = kept(replay, results->journal_level);
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict = {0};
    S1_TRY(err, s1_api_journal_open(results->dir, &reader, err));
    s1_rc rc = s1_audit_new(s1_journal_level_parse(s1_str_of(results->journal_level)),
                            &replay->audit, err);
    if (rc == S1_OK) {
        rc = s1_audit_journal(replay->audit, reader, &verdict, err);
    }
    s1_journal_reader_free(reader);
    S1_TRY(err, rc);
    view->blocks = verdict.blocks;
    s1_replay_report report = {0};
    if (verdict.fault == S1_JOURNAL_FAULT_NONE) { /* half a journal gives half the books */
        S1_TRY(err, s1_replay_compare(replay->audit, &verdict, s1_fs_real(), results->dir,
                                      &replay->arena, &report, err));
    }
    S1_TRY(err, take_books(replay, err));
    S1_TRY(err, take_report(replay, &report, err));
    if (replay->has_failed) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a replay");
    }
    s1_replay_json(view, &replay->json);
    view->json = s1_strbuf_cstr(&replay->json);
    return s1_strbuf_check(&replay->json, err);
}

static s1_rc replay_new(const s1_results_view *results, s1_replay **ret_replay, s1_err *err)
{
    s1_replay *const replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a replay");
    }
    s1_arena_init(&replay->arena, ARENA_BYTES_MAX, 0);
    s1_strbuf_init(&replay->json, JSON_BYTES_MAX);
    const uint64_t before = s1_json_memory_failures();
    const s1_rc rc = s1_json_memory_judge(before, rebuild(replay, results, err), err);
    if (rc != S1_OK) {
        s1_replay_free(replay);
        return rc;
    }
    *ret_replay = replay;
    return S1_OK;
}

s1_rc s1_api_replay(const char *results_dir, s1_replay **ret_replay, s1_err *err)
{
    s1_results *results = NULL;
    S1_TRY(err, s1_api_results_open(results_dir, NULL, &results, err));
    const s1_rc rc = replay_new(s1_results_view_borrow(results), ret_replay, err);
    s1_results_free(results);
    return rc;
}

const s1_replay_view *s1_replay_view_borrow(const s1_replay *replay)
{
    return &replay->view;
}

void s1_replay_free(s1_replay *replay)
{
    if (replay != NULL) {
        s1_audit_free(replay->audit);
        s1_strbuf_done(&replay->json);
        s1_arena_done(&replay->arena);
        free(replay);
    }
}

/* --- Many runs. --------------------------------------------------------------------------- */

static s1_rc check_one(const s1_results_view *results, s1_replay_fn fn, void *user,
                       s1_replay_totals *totals, s1_err *err)
{
    totals->runs++;
    if (strcmp(results->journal_level, "off") == 0) {
        totals->without_journal++;
        return S1_OK;
    }
    s1_replay *replay = NULL;
    S1_TRY(err, replay_new(results, &replay, err));
    totals->entries += replay->view.entries;
    totals->breaches += replay->view.breach_count;
    const s1_rc rc = fn(user, &replay->view, err);
    s1_replay_free(replay);
    return rc;
}

/* The operations the runs belong to: those of one stand side by side in the list. */
static s1_rc check_operations(const s1_results_list *list, s1_err *err)
{
    char last[S1_PATH_MAX] = "";
    for (size_t i = 0; i < list->count; i++) {
        char dir[S1_PATH_MAX];
        const s1_str parent =
            s1_str_dirname(s1_str_of(s1_results_view_borrow(list->items[i])->dir));
        if (parent.len == 0 || parent.len >= sizeof dir) {
            continue;
        }
        memcpy(dir, parent.ptr, parent.len);
        dir[parent.len] = '\0';
        if (strcmp(dir, last) != 0 && s1_api_is_operation(dir)) {
            S1_TRY(err, s1_api_operation_check(dir, err));
        }
        memcpy(last, dir, sizeof last);
    }
    return S1_OK;
}

s1_rc s1_api_results_check(const char *root, s1_replay_fn fn, void *user,
                           s1_replay_totals *ret_totals, s1_err *err)
{
    s1_results_list list;
    s1_replay_totals totals = {0};
    S1_TRY(err, s1_api_results_list(root, &list, err));
    s1_rc rc = S1_OK;
    if (list.unreadable_count > 0) {
        rc =
            S1_RAISE(err, S1_E_DATA, "%s: %zu results cannot be read", root, list.unreadable_count);
    } else if (list.count == 0) {
        rc = S1_RAISE(err, S1_E_NOT_FOUND, "%s: found no results, expected some", root);
    }
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        rc = check_one(s1_results_view_borrow(list.items[i]), fn, user, &totals, err);
    }
    if (rc == S1_OK) {
        rc = check_operations(&list, err);
    }
    s1_results_list_free(&list);
    if (rc == S1_OK) {
        *ret_totals = totals;
    }
    return rc;
}
