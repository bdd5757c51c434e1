#include "backend/analysis/invariants.h"

#include "backend/analysis/invariants_internal.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define ROOM_MIN        64u
#define NUMBER_TEXT_MAX 24u

static const char *const names[] = {"INVALID",
#define X(name, row, text) #name,
                                    S1_INVARIANT_MAP(X)
#undef X
};
static const char *const texts[] = {"INVALID",
#define X(name, row, text) (text),
                                    S1_INVARIANT_MAP(X)
#undef X
};
static const int32_t rows[] = {0,
#define X(name, row, text) (row),
                               S1_INVARIANT_MAP(X)
#undef X
};

const char *s1_invariant_name(int32_t invariant)
{
    return names[invariant > 0 && invariant < S1_INVARIANT_COUNT ? invariant : 0];
}

const char *s1_invariant_text(int32_t invariant)
{
    return texts[invariant > 0 && invariant < S1_INVARIANT_COUNT ? invariant : 0];
}

int32_t s1_invariant_row(int32_t invariant)
{
    return rows[invariant > 0 && invariant < S1_INVARIANT_COUNT ? invariant : 0];
}

const char *const s1_book_stages[6] = {"governor", "entry", "exit", "size", "routing", "gate"};

/* --- Lifetime. ---------------------------------------------------------------------------- */

s1_rc s1_audit_new(int32_t level, s1_audit **ret_audit, s1_err *err)
{
    s1_audit *const audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an audit");
    }
    s1_arena_init(&audit->arena, ARENA_BYTES_MAX, 0);
    audit->books.level = level;
    *ret_audit = audit;
    return S1_OK;
}

void s1_audit_free(s1_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    s1_uid_table *const tables[] = {&audit->opportunity_ids, &audit->trade_ids, &audit->order_ids,
                                    &audit->threat_ids, &audit->scheduled_ids};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        s1_uid_table_done(tables[i]);
    }
    free(audit->opportunities);
    free(audit->trades);
    free(audit->last_fills);
    free(audit->orders);
    free(audit->threats);
    free(audit->closed);
    free(audit->lots);
    s1_arena_done(&audit->arena);
    free(audit);
}

const s1_books *s1_audit_books_borrow(const s1_audit *audit)
{
    return &audit->books;
}

const s1_finding *s1_audit_findings_borrow(const s1_audit *audit, size_t *ret_kept,
                                           uint64_t *ret_count)
{
    *ret_count = audit->finding_count;
    *ret_kept =
        audit->finding_count < S1_FINDINGS_MAX ? (size_t)audit->finding_count : S1_FINDINGS_MAX;
    return audit->findings;
}

s1_rc s1_audit_room(void *array_pointer, uint32_t *room, uint32_t index, size_t size, s1_err *err)
{
    if (index < *room) {
        return S1_OK;
    }
    void *array;
    memcpy(&array, array_pointer, sizeof array);
    const uint32_t wanted = index < ROOM_MIN ? ROOM_MIN : index * 2;
    char *const grown = realloc(array, wanted * size);
    if (grown == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "books of %u", wanted);
    }
    memset(grown + *room * size, 0, (wanted - *room) * size);
    array = grown;
    memcpy(array_pointer, &array, sizeof array);
    *room = wanted;
    return S1_OK;
}

/* --- Findings. ---------------------------------------------------------------------------- */

s1_rc s1_audit_add(s1_audit *audit, const s1_finding *finding, s1_err *err)
{
    if (audit->finding_count++ >= S1_FINDINGS_MAX) {
        return S1_OK;
    }
    s1_finding *const kept = &audit->findings[audit->finding_count - 1];
    *kept = *finding;
    kept->where = s1_arena_copy_cstr(&audit->arena, s1_str_of(finding->where));
    kept->field = s1_arena_copy_cstr(&audit->arena, s1_str_of(finding->field));
    kept->found = s1_arena_copy_cstr(&audit->arena, s1_str_of(finding->found));
    kept->expected = s1_arena_copy_cstr(&audit->arena, s1_str_of(finding->expected));
    if (kept->where == NULL || kept->field == NULL || kept->found == NULL ||
        kept->expected == NULL) {
        audit->finding_count--;
        return S1_RAISE(err, S1_E_NO_MEMORY, "a finding");
    }
    return S1_OK;
}

s1_rc s1_audit_breach(s1_audit *audit, int32_t invariant, const char *field, const char *found,
                      const char *expected, s1_err *err)
{
    const s1_finding finding = {.invariant = invariant,
                                .line = audit->entry->line_number,
                                .seq = audit->entry->seq,
                                .where = s1_journal_kind_name(audit->entry->kind),
                                .field = field,
                                .found = found,
                                .expected = expected};
    return s1_audit_add(audit, &finding, err);
}

bool s1_audit_dec(const s1_audit *audit, const char *name, s1_dec *ret_value)
{
    const char *const text = s1_journal_details_text(&audit->details, name);
    return text != NULL && s1_dec_parse(s1_str_of(text), ret_value, NULL) == S1_OK;
}

bool s1_audit_time(const s1_audit *audit, const char *name, s1_nanos *ret_value)
{
    const char *const text = s1_journal_details_text(&audit->details, name);
    return text != NULL && s1_time_parse(s1_str_of(text), ret_value, NULL) == S1_OK;
}

s1_rc s1_audit_expect_dec(s1_audit *audit, int32_t invariant, const char *name, s1_dec expected,
                          s1_err *err)
{
    s1_dec found = S1_DEC_ZERO;
    const bool is_there = s1_audit_dec(audit, name, &found);
    if (is_there && s1_dec_eq(found, expected)) {
        return S1_OK;
    }
    char found_text[S1_DEC_TEXT_MAX] = "nothing";
    char expected_text[S1_DEC_TEXT_MAX];
    if (is_there) {
        (void)s1_dec_print(found, found_text);
    }
    (void)s1_dec_print(expected, expected_text);
    return s1_audit_breach(audit, invariant, name, found_text, expected_text, err);
}

s1_rc s1_audit_expect_u64(s1_audit *audit, int32_t invariant, const char *name, uint64_t expected,
                          s1_err *err)
{
    const int64_t found = s1_journal_details_integer(&audit->details, name, -1);
    if (found >= 0 && (uint64_t)found == expected) {
        return S1_OK;
    }
    char found_text[NUMBER_TEXT_MAX];
    char expected_text[NUMBER_TEXT_MAX];
    (void)snprintf(found_text, sizeof found_text, "%lld", (long long)found);
    (void)snprintf(expected_text, sizeof expected_text, "%llu", (unsigned long long)expected);
    return s1_audit_breach(audit, invariant, name, found_text, expected_text, err);
}

s1_rc s1_audit_expect_now(s1_audit *audit, int32_t invariant, s1_nanos expected, s1_err *err)
{
    if (audit->entry->time == expected) {
        return S1_OK;
    }
    char found[S1_TIME_TEXT_MAX];
    char expected_text[S1_TIME_TEXT_MAX];
    (void)s1_time_print(audit->entry->time, found);
    (void)s1_time_print(expected, expected_text);
    return s1_audit_breach(audit, invariant, "time", found, expected_text, err);
}

/* --- Causes. ------------------------------------------------------------------------------ */

/* A finding about an id of the entry. */
static s1_rc breach_id(s1_audit *audit, int32_t id, const char *expected, s1_err *err)
{
    char text[S1_UID_TEXT_MAX];
    (void)s1_uid_print(audit->entry->ids[id], text);
    return s1_audit_breach(audit, S1_INVARIANT_CAUSE, s1_journal_id_key(id), text, expected, err);
}

static bool has_id(const s1_audit *audit, int32_t id)
{
    return (audit->entry->ids_present >> id & 1u) != 0;
}

uint32_t s1_audit_trade(const s1_audit *audit)
{
    return s1_uid_table_find(&audit->trade_ids, audit->entry->ids[S1_JOURNAL_ID_TRADE]);
}

s1_rc s1_audit_put_trade(s1_audit *audit, uint32_t *ret_trade, s1_err *err)
{
    bool is_new = false;
    uint32_t index = 0;
    S1_TRY(err, s1_uid_table_put(&audit->trade_ids, audit->entry->ids[S1_JOURNAL_ID_TRADE], &index,
                                 &is_new, err));
    S1_TRY(err,
           s1_audit_room(&audit->trades, &audit->trade_room, index, sizeof *audit->trades, err));
    S1_TRY(err, s1_audit_room(&audit->last_fills, &audit->fill_room, index,
                              sizeof *audit->last_fills, err));
    if (is_new) {
        audit->trades[index] = (s1_book_trade){
            .trade_id.uid = audit->entry->ids[S1_JOURNAL_ID_TRADE],
            .opportunity_id.uid = audit->entry->ids[S1_JOURNAL_ID_OPPORTUNITY],
            .state = S1_BOOK_MINTED,
            .line = audit->entry->line_number,
            .closure_reason = "",
        };
        audit->last_fills[index] =
            (audit_fill){.stop_order = S1_UID_TABLE_NONE, .target_order = S1_UID_TABLE_NONE};
    }
    audit->books.trades = audit->trades;
    audit->books.trade_count = audit->trade_ids.count;
    *ret_trade = index;
    return S1_OK;
}

/* Which of its ids an entry of this kind brings into the world. */
static uint32_t ids_made_by(int32_t kind, int32_t level)
{
    switch (kind) {
    case S1_JOURNAL_OPPORTUNITY_DETECTED:
        return S1_JOURNAL_IDS_O;
    case S1_JOURNAL_THREAT_DETECTED:
        return S1_JOURNAL_IDS_H;
    case S1_JOURNAL_PLAN_CREATED:
    case S1_JOURNAL_OPPORTUNITY_REJECTED: /* a planner minted it before it refused */
        return S1_JOURNAL_IDS_T;
    case S1_JOURNAL_ORDER_SUBMITTED:
    case S1_JOURNAL_ORDER_DENIED:
        return S1_JOURNAL_IDS_R;
    case S1_JOURNAL_SCHEDULED_TICK:
        return S1_JOURNAL_IDS_S;
    case S1_JOURNAL_TRADE_OPENED:
        return level == S1_JOURNAL_LEVEL_FULL ? 0 : S1_JOURNAL_IDS_OT;
    case S1_JOURNAL_TRADE_CLOSED: /* level trades keeps no threats, no opportunities */
        return level == S1_JOURNAL_LEVEL_FULL ? 0 : S1_JOURNAL_IDS_O | S1_JOURNAL_IDS_H;
    case S1_JOURNAL_POSITION_ADJUSTED:
        return level == S1_JOURNAL_LEVEL_FULL ? 0 : S1_JOURNAL_IDS_H;
    default:
        return 0;
    }
}

/* Every id that the entry does not bring itself was brought by one before it. As causes are always
 * earlier lines, there can be no cycle. */
static s1_rc check_causes(s1_audit *audit, s1_err *err)
{
    const s1_uid_table *const tables[] = {
        [S1_JOURNAL_ID_OPPORTUNITY] = &audit->opportunity_ids,
        [S1_JOURNAL_ID_TRADE] = &audit->trade_ids,
        [S1_JOURNAL_ID_THREAT] = &audit->threat_ids,
        [S1_JOURNAL_ID_ORDER] = &audit->order_ids,
        [S1_JOURNAL_ID_SCHEDULED] = &audit->scheduled_ids,
    };
    const uint32_t made = ids_made_by(audit->entry->kind, audit->books.level);
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if (has_id(audit, id) && (made >> id & 1u) == 0 &&
            s1_uid_table_find(tables[id], audit->entry->ids[id]) == S1_UID_TABLE_NONE) {
            S1_TRY(err, breach_id(audit, id, "an id that an earlier entry brought", err));
        }
    }
    const char *const closing = s1_journal_details_text(&audit->details, "closing_opportunity_id");
    s1_uid uid;
    if (closing != NULL && audit->books.level == S1_JOURNAL_LEVEL_FULL &&
        (s1_uid_parse(s1_str_of(closing), &uid, NULL) != S1_OK ||
         s1_uid_table_find(&audit->opportunity_ids, uid) == S1_UID_TABLE_NONE)) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "closing_opportunity_id", closing,
                               "an opportunity that an earlier entry detected", err);
    }
    return S1_OK;
}

/* --- Kinds. ------------------------------------------------------------------------------- */

static s1_rc see_started(s1_audit *audit, s1_err *err)
{
    s1_books *const books = &audit->books;
    if (books->entries > 0) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "type", "RUN_STARTED once more",
                               "it as the first entry only", err);
    }
    books->has_started = 1;
    (void)s1_audit_dec(audit, "initial_capital", &books->initial_capital);
    S1_TRY(err, s1_audit_balances(audit, err));
    const char *const timeframe = s1_journal_details_text(&audit->details, "timeframe");
    if (timeframe == NULL ||
        s1_timeframe_parse(s1_str_of(timeframe), &audit->timeframe, NULL) != S1_OK) {
        audit->timeframe = 0;
    }
    const char *const run_id = s1_journal_details_text(&audit->details, "run_id");
    (void)snprintf(books->run_id, sizeof books->run_id, "%s", run_id != NULL ? run_id : "");
    (void)snprintf(books->link, sizeof books->link, "%.*s", S1_STR_ARG(audit->entry->link));
    return S1_OK;
}

static s1_rc see_opportunity(s1_audit *audit, s1_err *err)
{
    uint32_t index = 0;
    bool is_new = false;
    S1_TRY(err,
           s1_uid_table_put(&audit->opportunity_ids, audit->entry->ids[S1_JOURNAL_ID_OPPORTUNITY],
                            &index, &is_new, err));
    if (!is_new) {
        return breach_id(audit, S1_JOURNAL_ID_OPPORTUNITY, "an id that is new", err);
    }
    S1_TRY(err, s1_audit_room(&audit->opportunities, &audit->opportunity_room, index,
                              sizeof *audit->opportunities, err));
    audit->opportunities[index] = (audit_opportunity){.line = audit->entry->line_number};
    audit->books.opportunities++;
    return S1_OK;
}

static const char *copy_member(s1_audit *audit, const char *name)
{
    const char *const text = s1_journal_details_text(&audit->details, name);
    const char *const copy = s1_arena_copy_cstr(&audit->arena, s1_str_of(text != NULL ? text : ""));
    return copy != NULL ? copy : "";
}

static s1_rc see_threat(s1_audit *audit, s1_err *err)
{
    const int32_t kind = audit->entry->kind;
    const s1_uid uid = audit->entry->ids[S1_JOURNAL_ID_THREAT];
    uint32_t index = s1_uid_table_find(&audit->threat_ids, uid);
    if (kind == S1_JOURNAL_THREAT_DETECTED) {
        bool is_new = false;
        S1_TRY(err, s1_uid_table_put(&audit->threat_ids, uid, &index, &is_new, err));
        if (!is_new) {
            return breach_id(audit, S1_JOURNAL_ID_THREAT, "an id that is new", err);
        }
        S1_TRY(err, s1_audit_room(&audit->threats, &audit->threat_room, index,
                                  sizeof *audit->threats, err));
        audit->threats[index] = (s1_book_threat){.threat_id.uid = uid,
                                                 .type = copy_member(audit, "threat_type"),
                                                 .line = audit->entry->line_number};
        audit->books.threats++;
        audit->books.all_threats = audit->threats;
    } else if (index == S1_UID_TABLE_NONE) {
        return S1_OK; /* an orphan, told already */
    } else if (audit->threats[index].is_active == 0) {
        return breach_id(audit, S1_JOURNAL_ID_THREAT, "a threat that is active", err);
    }
    audit->threats[index].severity = copy_member(audit, "severity");
    audit->threats[index].is_active = kind != S1_JOURNAL_THREAT_CLEARED;
    return S1_OK;
}

static s1_rc see_plan(s1_audit *audit, s1_err *err)
{
    uint32_t index = 0;
    S1_TRY(err, s1_audit_put_trade(audit, &index, err));
    s1_book_trade *const trade = &audit->trades[index];
    if (trade->state != S1_BOOK_MINTED || trade->line != audit->entry->line_number) {
        return breach_id(audit, S1_JOURNAL_ID_TRADE, "a trade that is new", err);
    }
    trade->state = S1_BOOK_PLANNED;
    audit_fill *const plan = &audit->last_fills[index];
    (void)s1_audit_dec(audit, "quantity", &plan->planned);
    plan->slices = s1_journal_details_integer(&audit->details, "slices", 1);
    return S1_OK;
}

static s1_rc see_verdict(s1_audit *audit, s1_err *err)
{
    s1_books *const books = &audit->books;
    const bool is_approval = audit->entry->kind == S1_JOURNAL_OPPORTUNITY_APPROVED;
    const char *const stage = s1_journal_details_text(&audit->details, "stage");
    const bool is_venue = !is_approval && stage != NULL && strcmp(stage, "venue") == 0;
    if (!is_approval && has_id(audit, S1_JOURNAL_ID_TRADE)) {
        uint32_t trade = 0;
        S1_TRY(err, s1_audit_put_trade(audit, &trade, err));
    }
    books->approved += is_approval ? 1 : 0;
    books->rejected += is_approval ? 0 : 1;
    books->rejected_venue += is_venue ? 1 : 0;
    for (size_t i = 0; i < 6 && stage != NULL; i++) {
        books->rejected_at[i] += strcmp(stage, s1_book_stages[i]) == 0 ? 1 : 0;
    }
    const uint32_t index =
        s1_uid_table_find(&audit->opportunity_ids, audit->entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    audit_opportunity *const opportunity = &audit->opportunities[index];
    const uint32_t before = opportunity->approved + opportunity->rejected + opportunity->venue;
    const bool is_right = is_venue ? before == 1 && opportunity->approved == 1 : before == 0;
    opportunity->approved += is_approval ? 1 : 0;
    opportunity->venue += is_venue ? 1 : 0;
    opportunity->rejected += !is_approval && !is_venue ? 1 : 0;
    if (is_right) {
        return S1_OK;
    }
    char found[64];
    (void)snprintf(found, sizeof found, "a %s after %u other verdict%s",
                   is_approval ? "approval"
                   : is_venue  ? "refusal of the venue"
                               : "refusal",
                   before, before == 1 ? "" : "s");
    return s1_audit_breach(audit, S1_INVARIANT_VERDICT, "type", found,
                           is_venue ? "it after one approval" : "it as the only verdict", err);
}

static s1_rc book(s1_audit *audit, s1_err *err)
{
    uint32_t index = 0;
    switch (audit->entry->kind) {
    case S1_JOURNAL_RUN_STARTED:
        return see_started(audit, err);
    case S1_JOURNAL_OPPORTUNITY_DETECTED:
        return see_opportunity(audit, err);
    case S1_JOURNAL_THREAT_DETECTED:
    case S1_JOURNAL_THREAT_UPDATED:
    case S1_JOURNAL_THREAT_CLEARED:
        return see_threat(audit, err);
    case S1_JOURNAL_PLAN_CREATED:
        return see_plan(audit, err);
    case S1_JOURNAL_OPPORTUNITY_APPROVED:
    case S1_JOURNAL_OPPORTUNITY_REJECTED:
        return see_verdict(audit, err);
    case S1_JOURNAL_TRADE_OPENED:
        return s1_audit_opened(audit, err);
    case S1_JOURNAL_POSITION_ADJUSTED:
        return s1_audit_adjusted(audit, err);
    case S1_JOURNAL_TRADE_CLOSED:
        return s1_audit_closed(audit, err);
    case S1_JOURNAL_FUNDING_PAID:
    case S1_JOURNAL_INTEREST_PAID:
        return s1_audit_carried(audit, err);
    case S1_JOURNAL_RUN_FINISHED:
        return s1_audit_finished(audit, err);
    case S1_JOURNAL_SCHEDULED_TICK:
        return s1_uid_table_put(&audit->scheduled_ids, audit->entry->ids[S1_JOURNAL_ID_SCHEDULED],
                                &index, NULL, err);
    default:
        return has_id(audit, S1_JOURNAL_ID_ORDER) && audit->entry->kind != S1_JOURNAL_WORKER_NOTE
                   ? s1_audit_order(audit, err)
                   : S1_OK;
    }
}

/* --- One entry. --------------------------------------------------------------------------- */

/* What holds for an entry of any kind. */
static s1_rc check_place(s1_audit *audit, s1_err *err)
{
    s1_books *const books = &audit->books;
    const s1_journal_entry *const entry = audit->entry;
    if (books->entries == 0 && entry->kind != S1_JOURNAL_RUN_STARTED) {
        S1_TRY(err,
               s1_audit_breach(audit, S1_INVARIANT_CAUSE, "type", s1_journal_kind_name(entry->kind),
                               "RUN_STARTED as the first entry", err));
    }
    if (books->has_finished != 0) {
        S1_TRY(err,
               s1_audit_breach(audit, S1_INVARIANT_CAUSE, "type", s1_journal_kind_name(entry->kind),
                               "nothing after RUN_FINISHED", err));
    }
    if (books->entries > 0 && entry->time < books->last_time) {
        char found[S1_TIME_TEXT_MAX];
        char expected[S1_TIME_TEXT_MAX + 16];
        (void)s1_time_print(entry->time, found);
        memcpy(expected, "not before ", 12);
        (void)s1_time_print(books->last_time, expected + 11);
        S1_TRY(err, s1_audit_breach(audit, S1_INVARIANT_TIME, "time", found, expected, err));
    }
    const s1_journal_kind_info *const info = s1_journal_kind_info_borrow(entry->kind);
    const bool is_full_only = info != NULL && (info->levels & 1u << S1_JOURNAL_LEVEL_TRADES) == 0;
    if (is_full_only && books->level != S1_JOURNAL_LEVEL_FULL) {
        if (books->level != 0 || books->trade_count > 0) {
            S1_TRY(err, s1_audit_breach(audit, S1_INVARIANT_KIND, "type", info->name,
                                        "kinds of level trades only, as before", err));
        }
        books->level = S1_JOURNAL_LEVEL_FULL;
    }
    return S1_OK;
}

static s1_rc see(s1_audit *audit, s1_err *err)
{
    s1_err fault = S1_ERR_INIT;
    S1_TRY(err, check_place(audit, err));
    const s1_rc rc = s1_journal_entry_check(audit->entry, &fault);
    if (rc == S1_E_NO_MEMORY) {
        return S1_RAISE(err, rc, "%s", fault.msg);
    }
    if (rc != S1_OK) { /* what it lacks cannot be booked */
        return s1_audit_breach(audit, S1_INVARIANT_KIND, "details", fault.msg,
                               "what docs/journal.md asks of its kind", err);
    }
    S1_TRY(err, s1_journal_details_init(&audit->details, audit->entry, err));
    s1_rc booked = check_causes(audit, err);
    if (booked == S1_OK) {
        booked = book(audit, err);
    }
    s1_journal_details_done(&audit->details);
    return booked;
}

s1_rc s1_audit_see(s1_audit *audit, const s1_journal_entry *entry, s1_err *err)
{
    audit->entry = entry;
    S1_TRY(err, see(audit, err));
    audit->books.entries++;
    audit->books.last_line = entry->line_number;
    audit->books.last_seq = entry->seq;
    audit->books.last_time = entry->time;
    return S1_OK;
}

s1_rc s1_audit_finish(s1_audit *audit, s1_err *err)
{
    for (uint32_t i = 0; audit->books.has_finished != 0 && i < audit->opportunity_ids.count; i++) {
        const audit_opportunity *const opportunity = &audit->opportunities[i];
        if (opportunity->approved + opportunity->rejected + opportunity->venue > 0) {
            continue;
        }
        const s1_finding finding = {.invariant = S1_INVARIANT_VERDICT,
                                    .line = opportunity->line,
                                    .where = "OPPORTUNITY_DETECTED",
                                    .field = "type",
                                    .found = "no verdict to the end of the run",
                                    .expected = "exactly one"};
        S1_TRY(err, s1_audit_add(audit, &finding, err));
    }
    return S1_OK;
}

s1_rc s1_audit_journal(s1_audit *audit, s1_journal_reader *reader, s1_journal_verdict *ret_verdict,
                       s1_err *err)
{
    S1_TRY(err, s1_journal_verify(reader, ret_verdict, err));
    for (uint64_t i = 0; i < ret_verdict->entries; i++) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL || entry->is_sealed == 0) {
            break;
        }
        S1_TRY(err, s1_audit_see(audit, entry, err));
    }
    if (ret_verdict->fault != S1_JOURNAL_FAULT_NONE || ret_verdict->torn_bytes > 0) {
        char torn[64];
        (void)snprintf(torn, sizeof torn, "%llu bytes that no block seals",
                       (unsigned long long)ret_verdict->torn_bytes);
        const bool is_fault = ret_verdict->fault != S1_JOURNAL_FAULT_NONE;
        const s1_finding finding = {.invariant = S1_INVARIANT_CHAIN,
                                    .line =
                                        is_fault ? ret_verdict->fault_line : ret_verdict->torn_line,
                                    .where = "journal",
                                    .field = "line",
                                    .found = is_fault ? ret_verdict->reason : torn,
                                    .expected = "whole blocks, each sealed"};
        S1_TRY(err, s1_audit_add(audit, &finding, err));
    }
    return s1_audit_finish(audit, err);
}

s1_trade_record s1_book_trade_record(const s1_book_trade *trade)
{
    const s1_i128 net = s1_dec_raw(trade->pnl) - s1_dec_raw(trade->fees) -
                        s1_dec_raw(trade->funding) - s1_dec_raw(trade->interest);
    return (s1_trade_record){
        .trade_id = trade->trade_id,
        .opportunity_id = trade->opportunity_id,
        .direction = trade->direction,
        .quantity = trade->exit_quantity,
        .entry_time = trade->entry_time,
        .entry_price = trade->entry_price,
        .exit_time = trade->exit_time,
        .exit_price = trade->exit_price,
        .fees = trade->fees,
        .pnl = s1_dec_of_raw(net),
        .closure_reason = s1_str_of(trade->closure_reason),
        .threat_id = trade->threat_id,
    };
}
