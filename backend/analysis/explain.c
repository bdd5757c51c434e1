/* Which entries belong to one decision, and in which order they are told. */
#include "backend/analysis/explain.h"

#include "backend/analysis/explain_internal.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define RELATED_MAX 64u /* opportunities, trades or threats one story may touch */

/* --- Sets of ids. ------------------------------------------------------------------------- */

typedef struct id_set {
    s1_uid items[RELATED_MAX];
    uint32_t count;
} id_set;

static bool id_set_has(const id_set *set, s1_uid uid)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (s1_uid_eq(set->items[i], uid)) {
            return true;
        }
    }
    return false;
}

/* Adds what is not there; beyond RELATED_MAX nothing: a story that long is cut. */
static void id_set_add(id_set *set, s1_uid uid)
{
    if (!s1_uid_is_none(uid) && !id_set_has(set, uid) && set->count < RELATED_MAX) {
        set->items[set->count++] = uid;
    }
}

static bool has_id(const s1_journal_entry *entry, int32_t kind)
{
    return (entry->ids_present >> kind & 1u) != 0;
}

static bool is_in(const id_set *set, const s1_journal_entry *entry, int32_t kind)
{
    return has_id(entry, kind) && id_set_has(set, entry->ids[kind]);
}

/* --- Finding the id. ---------------------------------------------------------------------- */

typedef struct prefix {
    uint8_t nibbles[32];
    uint32_t count;
} prefix;

static s1_rc prefix_parse(s1_str text, prefix *ret_prefix, s1_err *err)
{
    prefix result = {.count = 0};
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (c == '-') {
            continue;
        }
        if (digit < 0 || result.count == sizeof result.nibbles) {
            return S1_RAISE(err, S1_E_INVALID, "id '%.*s': expected up to 32 hexadecimal digits",
                            S1_STR_ARG(text));
        }
        result.nibbles[result.count++] = (uint8_t)digit;
    }
    if (result.count < S1_EXPLAIN_PREFIX_MIN) {
        return S1_RAISE(err, S1_E_INVALID, "id '%.*s': expected at least %u hexadecimal digits",
                        S1_STR_ARG(text), S1_EXPLAIN_PREFIX_MIN);
    }
    *ret_prefix = result;
    return S1_OK;
}

static bool prefix_fits(const prefix *wanted, const s1_uid *uid)
{
    for (uint32_t i = 0; i < wanted->count; i++) {
        const uint8_t byte = uid->bytes[i / 2];
        if (wanted->nibbles[i] != (i % 2 == 0 ? byte >> 4 : byte & 15)) {
            return false;
        }
    }
    return true;
}

/* What the first reading learns: the ids that fit, and who belongs to whom. */
typedef struct link {
    s1_uid trade, other; /* an opportunity or an order */
    bool is_order;
} link;

typedef struct survey {
    prefix wanted;
    s1_uid found[S1_EXPLAIN_AMBIGUOUS_MAX + 1];
    int32_t found_kind[S1_EXPLAIN_AMBIGUOUS_MAX + 1];
    uint32_t found_count; /* distinct, at most the array */
    link *links;
    size_t link_count, link_capacity;
} survey;

static void survey_ids(survey *s, const s1_journal_entry *entry)
{
    for (int32_t kind = 0; kind < S1_JOURNAL_ID_SCHEDULED; kind++) {
        if (!has_id(entry, kind) || !prefix_fits(&s->wanted, &entry->ids[kind])) {
            continue;
        }
        bool is_known = s->found_count > S1_EXPLAIN_AMBIGUOUS_MAX;
        for (uint32_t i = 0; i < s->found_count; i++) {
            is_known = is_known || s1_uid_eq(s->found[i], entry->ids[kind]);
        }
        if (!is_known) {
            s->found[s->found_count] = entry->ids[kind];
            s->found_kind[s->found_count] = kind;
            s->found_count++;
        }
    }
}

static s1_rc survey_link(survey *s, const s1_journal_entry *entry, s1_err *err)
{
    const bool is_opening = entry->kind == S1_JOURNAL_PLAN_CREATED ||
                            entry->kind == S1_JOURNAL_TRADE_OPENED ||
                            entry->kind == S1_JOURNAL_OPPORTUNITY_REJECTED;
    const bool is_order =
        entry->kind == S1_JOURNAL_ORDER_SUBMITTED || entry->kind == S1_JOURNAL_ORDER_DENIED;
    const int32_t other = is_order ? S1_JOURNAL_ID_ORDER : S1_JOURNAL_ID_OPPORTUNITY;
    if ((!is_opening && !is_order) || !has_id(entry, S1_JOURNAL_ID_TRADE) ||
        !has_id(entry, other)) {
        return S1_OK;
    }
    if (s->link_count == s->link_capacity) {
        const size_t capacity = s->link_capacity == 0 ? 1024 : s->link_capacity * 2;
        link *const links = realloc(s->links, capacity * sizeof *links);
        if (links == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades of the journal", s->link_count);
        }
        s->links = links;
        s->link_capacity = capacity;
    }
    s->links[s->link_count++] =
        (link){entry->ids[S1_JOURNAL_ID_TRADE], entry->ids[other], is_order};
    return S1_OK;
}

static s1_rc survey_run(survey *s, s1_journal_reader *reader, s1_err *err)
{
    s1_journal_reader_rewind(reader);
    for (;;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            return S1_OK;
        }
        survey_ids(s, entry);
        S1_TRY(err, survey_link(s, entry, err));
    }
}

static s1_rc survey_judge(const survey *s, s1_str wanted, s1_err *err)
{
    if (s->found_count == 0) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "no opportunity, trade, threat or order starts with '%.*s' in this journal",
                        S1_STR_ARG(wanted));
    }
    if (s->found_count == 1) {
        return S1_OK;
    }
    char list[S1_EXPLAIN_AMBIGUOUS_MAX * 64] = "";
    size_t at = 0;
    const uint32_t shown =
        s->found_count > S1_EXPLAIN_AMBIGUOUS_MAX ? S1_EXPLAIN_AMBIGUOUS_MAX : s->found_count;
    for (uint32_t i = 0; i < shown; i++) {
        char uid[S1_UID_TEXT_MAX];
        (void)s1_uid_print(s->found[i], uid);
        const int wrote = snprintf(list + at, sizeof list - at, "%s%s %s", i > 0 ? ", " : "",
                                   s1_journal_id_key(s->found_kind[i]), uid);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return S1_RAISE(err, S1_E_INVALID, "'%.*s' fits several ids: %s%s; give more digits",
                    S1_STR_ARG(wanted), list, s->found_count > shown ? ", ..." : "");
}

/* --- The story of one id. ----------------------------------------------------------------- */

typedef struct threat_state {
    s1_uid uid;
    const s1_journal_entry *entry; /* the newest that raised or changed it */
    bool is_active;
} threat_state;

typedef struct story {
    s1_arena *arena;
    int32_t kind; /* enum s1_journal_id of the target */
    s1_uid target;
    id_set opportunities, trades, orders, threats, closers;
    const s1_journal_entry **entries;
    const s1_journal_entry **causes; /* per entry: its threat as it stood then, or NULL */
    size_t entry_count, entry_capacity;
    threat_state *known; /* every threat so far */
    size_t known_count, known_capacity;
    const s1_journal_entry **active; /* threats when the plan was made */
    size_t active_count;
    bool is_active_taken;
    uint64_t references, refusals, closures; /* of a threat that is the target */
} story;

static s1_rc no_memory(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "the story does not fit its arena");
}

static s1_str moved(s1_str part, const char *from, const char *to)
{
    return part.ptr == NULL ? part : s1_str_make(to + (part.ptr - from), part.len);
}

/* Copies the entry; its texts then point into the copy of its line. */
static const s1_journal_entry *keep(s1_arena *arena, const s1_journal_entry *entry)
{
    s1_journal_entry *const copy = s1_arena_one(arena, s1_journal_entry);
    const s1_str line = s1_arena_copy_str(arena, entry->line);
    if (copy == NULL || line.ptr == NULL) {
        return NULL;
    }
    *copy = *entry;
    copy->line = line;
    copy->time_text = moved(entry->time_text, entry->line.ptr, line.ptr);
    copy->type = moved(entry->type, entry->line.ptr, line.ptr);
    copy->link = moved(entry->link, entry->line.ptr, line.ptr);
    copy->worker = moved(entry->worker, entry->line.ptr, line.ptr);
    copy->details = moved(entry->details, entry->line.ptr, line.ptr);
    return copy;
}

/* Doubles an arena array; the old one stays behind in the arena. */
static void *grown(s1_arena *arena, const void *items, size_t count, size_t *capacity, size_t size)
{
    const size_t wanted = *capacity == 0 ? 32 : *capacity * 2;
    void *const larger = s1_arena_zeroed(arena, wanted, size, 16);
    if (larger != NULL) {
        if (count > 0) {
            memcpy(larger, items, count * size);
        }
        *capacity = wanted;
    }
    return larger;
}

static threat_state *story_threat(const story *s, s1_uid uid)
{
    for (size_t i = s->known_count; i > 0; i--) { /* the newest first: it is asked for most */
        if (s1_uid_eq(s->known[i - 1].uid, uid)) {
            return &s->known[i - 1];
        }
    }
    return NULL;
}

static s1_rc story_keep(story *s, const s1_journal_entry *entry, s1_err *err)
{
    if (s->entry_count == s->entry_capacity) {
        size_t capacity = s->entry_capacity;
        const s1_journal_entry **const entries =
            grown(s->arena, s->entries, s->entry_count, &capacity, sizeof *s->entries);
        const s1_journal_entry **const causes =
            grown(s->arena, s->causes, s->entry_count, &s->entry_capacity, sizeof *s->causes);
        if (entries == NULL || causes == NULL) {
            return no_memory(err);
        }
        s->entries = entries;
        s->causes = causes;
    }
    const s1_journal_entry *const copy = keep(s->arena, entry);
    if (copy == NULL) {
        return no_memory(err);
    }
    const threat_state *const threat = has_id(entry, S1_JOURNAL_ID_THREAT)
                                           ? story_threat(s, entry->ids[S1_JOURNAL_ID_THREAT])
                                           : NULL;
    s->causes[s->entry_count] = threat != NULL ? threat->entry : NULL;
    s->entries[s->entry_count++] = copy;
    return S1_OK;
}

/* Follows the episodes of threats, so that those active at a decision can be named. */
static s1_rc story_follow_threat(story *s, const s1_journal_entry *entry, s1_err *err)
{
    const s1_uid uid = entry->ids[S1_JOURNAL_ID_THREAT];
    threat_state *known = story_threat(s, uid);
    if (entry->kind == S1_JOURNAL_THREAT_CLEARED) {
        if (known != NULL) {
            known->is_active = false;
        }
        return S1_OK;
    }
    if (known == NULL) {
        if (s->known_count == s->known_capacity) {
            threat_state *const larger =
                grown(s->arena, s->known, s->known_count, &s->known_capacity, sizeof *s->known);
            if (larger == NULL) {
                return no_memory(err);
            }
            s->known = larger;
        }
        known = &s->known[s->known_count++];
        *known = (threat_state){.uid = uid};
    }
    known->entry = keep(s->arena, entry);
    known->is_active = true;
    return known->entry != NULL ? S1_OK : no_memory(err);
}

static s1_rc story_take_active(story *s, s1_err *err)
{
    s->is_active_taken = true;
    s->active = s1_arena_array(s->arena, const s1_journal_entry *, s->known_count + 1);
    if (s->active == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < s->known_count; i++) {
        if (s->known[i].is_active) {
            s->active[s->active_count++] = s->known[i].entry;
        }
    }
    return S1_OK;
}

static bool is_threat_entry(const s1_journal_entry *entry)
{
    return entry->kind == S1_JOURNAL_THREAT_DETECTED || entry->kind == S1_JOURNAL_THREAT_UPDATED ||
           entry->kind == S1_JOURNAL_THREAT_CLEARED;
}

static bool is_decision(const s1_journal_entry *entry)
{
    return entry->kind == S1_JOURNAL_PLAN_CREATED ||
           entry->kind == S1_JOURNAL_OPPORTUNITY_APPROVED ||
           entry->kind == S1_JOURNAL_OPPORTUNITY_REJECTED;
}

/* Remembers the opportunity whose signal ended the trade. */
static s1_rc story_note_closer(story *s, const s1_journal_entry *entry, s1_err *err)
{
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    const char *const closer = s1_journal_details_text(&details, "closing_opportunity_id");
    s1_uid uid;
    if (closer != NULL && s1_uid_parse(s1_str_of(closer), &uid, NULL) == S1_OK) {
        id_set_add(&s->closers, uid);
    }
    s1_journal_details_done(&details);
    return S1_OK;
}

static s1_rc story_collect_of_threat(story *s, const s1_journal_entry *entry, s1_err *err)
{
    if (!is_threat_entry(entry)) {
        s->references++;
        s->refusals += entry->kind == S1_JOURNAL_OPPORTUNITY_REJECTED;
        s->closures += entry->kind == S1_JOURNAL_TRADE_CLOSED;
        if (s->references > S1_EXPLAIN_REFERENCES) {
            return S1_OK;
        }
    }
    return story_keep(s, entry, err);
}

static s1_rc story_collect(story *s, const s1_journal_entry *entry, s1_err *err)
{
    if (is_threat_entry(entry)) {
        S1_TRY(err, story_follow_threat(s, entry, err));
    }
    if (s->kind == S1_JOURNAL_ID_THREAT) {
        return is_in(&s->threats, entry, S1_JOURNAL_ID_THREAT)
                   ? story_collect_of_threat(s, entry, err)
                   : S1_OK;
    }
    const bool is_ours = is_in(&s->opportunities, entry, S1_JOURNAL_ID_OPPORTUNITY);
    if (!is_ours && !is_in(&s->trades, entry, S1_JOURNAL_ID_TRADE)) {
        return S1_OK;
    }
    if (is_ours && is_decision(entry) && !s->is_active_taken) {
        S1_TRY(err, story_take_active(s, err));
    }
    if (entry->kind == S1_JOURNAL_TRADE_CLOSED) {
        S1_TRY(err, story_note_closer(s, entry, err));
    }
    return story_keep(s, entry, err);
}

static s1_rc story_run(story *s, s1_journal_reader *reader, s1_err *err)
{
    s1_journal_reader_rewind(reader);
    for (;;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            return S1_OK;
        }
        S1_TRY(err, story_collect(s, entry, err));
    }
}

/* Third reading: the opposite signals that ended a trade of the story. */
static s1_rc story_find_closers(story *s, s1_journal_reader *reader, s1_err *err)
{
    s1_journal_reader_rewind(reader);
    for (uint32_t missing = s->closers.count; missing > 0;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            return S1_OK;
        }
        if (entry->kind == S1_JOURNAL_OPPORTUNITY_DETECTED &&
            is_in(&s->closers, entry, S1_JOURNAL_ID_OPPORTUNITY)) {
            S1_TRY(err, story_keep(s, entry, err));
            missing--;
        }
    }
    return S1_OK;
}

/* From the target to everything it is linked to: an order's trade, a trade's opportunity. */
static void story_relate(story *s, const survey *found)
{
    s->kind = found->found_kind[0];
    s->target = found->found[0];
    id_set *const sets[] = {[S1_JOURNAL_ID_OPPORTUNITY] = &s->opportunities,
                            [S1_JOURNAL_ID_TRADE] = &s->trades,
                            [S1_JOURNAL_ID_THREAT] = &s->threats,
                            [S1_JOURNAL_ID_ORDER] = &s->orders};
    id_set_add(sets[s->kind], s->target);
    for (size_t i = 0; i < found->link_count; i++) {
        const link *const l = &found->links[i];
        if (id_set_has(l->is_order ? &s->orders : &s->opportunities, l->other)) {
            id_set_add(&s->trades, l->trade);
        }
    }
    for (size_t i = 0; i < found->link_count; i++) {
        const link *const l = &found->links[i];
        if (!l->is_order && id_set_has(&s->trades, l->trade)) {
            id_set_add(&s->opportunities, l->other);
        }
    }
}

/* --- Telling it. -------------------------------------------------------------------------- */

typedef struct teller {
    s1_explain_builder builder;
    const story *s;
    s1_explain_node *root;
    s1_explain_node *order_nodes[RELATED_MAX];
    id_set order_ids;
} teller;

/* Below a verdict, an adjustment or an exit: the threat that caused it, as it stood then. */
static s1_rc tell_cause(teller *t, s1_explain_node *parent, const s1_journal_entry *cause,
                        s1_err *err)
{
    if (cause == NULL) {
        return S1_OK;
    }
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, cause, err));
    (void)s1_explain_threat(&t->builder, parent, cause, &details);
    s1_journal_details_done(&details);
    return S1_OK;
}

/* Below an exit: the opposite signal that caused it. */
static s1_rc tell_closers(teller *t, s1_explain_node *parent, s1_err *err)
{
    for (size_t i = 0; i < t->s->entry_count; i++) {
        const s1_journal_entry *const entry = t->s->entries[i];
        if (entry->kind == S1_JOURNAL_OPPORTUNITY_DETECTED &&
            is_in(&t->s->closers, entry, S1_JOURNAL_ID_OPPORTUNITY)) {
            s1_journal_details_view details = {NULL};
            S1_TRY(err, s1_journal_details_init(&details, entry, err));
            (void)s1_explain_opportunity(&t->builder, parent, entry, &details);
            s1_journal_details_done(&details);
        }
    }
    return S1_OK;
}

static s1_rc tell_active(teller *t, s1_explain_node *parent, s1_err *err)
{
    for (size_t i = 0; i < t->s->active_count; i++) {
        s1_journal_details_view details = {NULL};
        S1_TRY(err, s1_journal_details_init(&details, t->s->active[i], err));
        s1_explain_node *const node =
            s1_explain_threat(&t->builder, parent, t->s->active[i], &details);
        node->kind = "active_threat";
        s1_journal_details_done(&details);
    }
    return S1_OK;
}

static void tell_order(teller *t, const s1_journal_entry *entry,
                       const s1_journal_details_view *details)
{
    const s1_uid uid = entry->ids[S1_JOURNAL_ID_ORDER];
    s1_explain_node *order = NULL;
    for (uint32_t i = 0; i < t->order_ids.count; i++) {
        order = s1_uid_eq(t->order_ids.items[i], uid) ? t->order_nodes[i] : order;
    }
    if (order == NULL) {
        order = s1_explain_order(&t->builder, t->root, entry, details);
        if (t->order_ids.count < RELATED_MAX) {
            t->order_nodes[t->order_ids.count] = order;
            id_set_add(&t->order_ids, uid);
        }
    }
    (void)s1_explain_order_event(&t->builder, order, entry, details);
}

static s1_rc tell_entry(teller *t, size_t index, const s1_journal_details_view *details,
                        s1_err *err)
{
    const s1_journal_entry *const entry = t->s->entries[index];
    s1_explain_builder *const b = &t->builder;
    s1_explain_node *node = NULL;
    if (has_id(entry, S1_JOURNAL_ID_ORDER)) {
        tell_order(t, entry, details);
        return S1_OK;
    }
    if (is_threat_entry(entry)) {
        (void)s1_explain_threat(b, t->root, entry, details);
        return S1_OK;
    }
    if (entry->kind == S1_JOURNAL_OPPORTUNITY_DETECTED) {
        if (is_in(&t->s->closers, entry, S1_JOURNAL_ID_OPPORTUNITY) &&
            !is_in(&t->s->opportunities, entry, S1_JOURNAL_ID_OPPORTUNITY)) {
            return S1_OK; /* told below the exit */
        }
        node = s1_explain_opportunity(b, t->root, entry, details);
        return tell_active(t, node, err);
    }
    if (entry->kind == S1_JOURNAL_PLAN_CREATED) {
        (void)s1_explain_plan(b, t->root, entry, details);
        return S1_OK;
    }
    if (is_decision(entry)) {
        node = s1_explain_verdict(b, t->root, entry, details);
    } else {
        node = s1_explain_step(b, t->root, entry, details);
    }
    if (t->s->kind != S1_JOURNAL_ID_THREAT) {
        S1_TRY(err, tell_cause(t, node, t->s->causes[index], err));
    } else if (has_id(entry, S1_JOURNAL_ID_OPPORTUNITY)) {
        s1_explain_set_id(b, node, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    }
    if (entry->kind == S1_JOURNAL_TRADE_CLOSED && t->s->kind != S1_JOURNAL_ID_THREAT) {
        S1_TRY(err, tell_closers(t, node, err));
    }
    return S1_OK;
}

/* The line of the last entry that tells how it ended, in `tale`; nothing where none does. */
static s1_rc tell_end(teller *t, const s1_journal_entry *told, s1_strbuf *tale, s1_err *err)
{
    s1_journal_details_view details = {NULL};
    s1_explain_builder *const b = &t->builder;
    s1_explain_node scratch = {0};
    S1_TRY(err, s1_journal_details_init(&details, told, err));
    if (is_threat_entry(told)) {
        s1_explain_threat_words(b, told, &details);
        s1_strbuf_str(tale, s1_strbuf_view(&b->text));
        s1_strbuf_clear(&b->text);
    } else {
        const s1_explain_node *const line = is_decision(told)
                                                ? s1_explain_verdict(b, &scratch, told, &details)
                                                : s1_explain_step(b, &scratch, told, &details);
        s1_strbuf_cstr_add(tale, line->text != NULL ? line->text : "");
    }
    s1_journal_details_done(&details);
    return S1_OK;
}

/* The headline: what it was and how it ended, from the last entry that tells. */
static s1_rc tell_headline(teller *t, s1_err *err)
{
    static const char *const kinds[] = {[S1_JOURNAL_ID_OPPORTUNITY] = "opportunity",
                                        [S1_JOURNAL_ID_TRADE] = "trade",
                                        [S1_JOURNAL_ID_THREAT] = "threat",
                                        [S1_JOURNAL_ID_ORDER] = "order"};
    const story *const s = t->s;
    const bool is_threat = s->kind == S1_JOURNAL_ID_THREAT;
    const s1_journal_entry *told = NULL;
    for (size_t i = 0; i < s->entry_count; i++) {
        const s1_journal_entry *const entry = s->entries[i];
        const bool is_end = is_decision(entry) ? entry->kind != S1_JOURNAL_PLAN_CREATED
                                               : entry->kind == S1_JOURNAL_TRADE_CLOSED;
        told = (is_threat ? is_threat_entry(entry) : is_end) ? entry : told;
    }
    s1_explain_builder headline;
    s1_explain_builder_init(&headline, t->builder.locale, s->arena);
    s1_rc rc = S1_OK;
    if (told != NULL) {
        rc = tell_end(t, told, &headline.part, err);
    } else {
        s1_strbuf_cstr_add(&headline.part, s1_locale_cstr(headline.locale, "explain.no_verdict"));
    }
    s1_explain_digits refusals, closures;
    s1_explain_short_id(&headline.text, s->target);
    s1_strbuf_lit(&headline.text, ": ");
    s1_strbuf_str(&headline.text, s1_strbuf_view(&headline.part));
    if (is_threat) {
        S1_EXPLAIN_SAY(&headline, "explain.threat_effects", NULL,
                       S1_SAY_TEXT("refused", s1_explain_count(s->refusals, &refusals)),
                       S1_SAY_TEXT("closed", s1_explain_count(s->closures, &closures)));
    }
    s1_explain_node *const line = s1_explain_add(&headline, NULL, kinds[s->kind]);
    t->root->kind = kinds[s->kind];
    t->root->text = line->text;
    t->root->count = is_threat ? s->references : 0;
    t->builder.has_failed |= headline.has_failed;
    s1_explain_builder_done(&headline);
    return rc;
}

static s1_rc story_tell(const story *s, const s1_locale *locale, const s1_explain_node **ret_root,
                        s1_err *err)
{
    teller t = {.s = s};
    s1_explain_builder_init(&t.builder, locale, s->arena);
    t.root = s1_explain_add(&t.builder, NULL, "story");
    s1_explain_set_id(&t.builder, t.root, s->target);
    t.root->time = s->entry_count > 0 ? s->entries[0]->time : 0;
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < s->entry_count && rc == S1_OK; i++) {
        s1_journal_details_view details = {NULL};
        rc = s1_journal_details_init(&details, s->entries[i], err);
        if (rc == S1_OK) {
            rc = tell_entry(&t, i, &details, err);
        }
        s1_journal_details_done(&details);
    }
    if (rc == S1_OK) {
        rc = tell_headline(&t, err);
    }
    if (rc == S1_OK) {
        rc = s1_explain_builder_check(&t.builder, err);
    }
    s1_explain_builder_done(&t.builder);
    if (rc == S1_OK) {
        *ret_root = t.root;
    }
    return rc;
}

s1_rc s1_explain_id(s1_journal_reader *reader, s1_str wanted, const s1_locale *locale,
                    s1_arena *arena, const s1_explain_node **ret_root, s1_err *err)
{
    survey found = {.found_count = 0};
    S1_TRY(err, prefix_parse(wanted, &found.wanted, err));
    story *const s = s1_arena_one(arena, story);
    if (s == NULL) {
        return no_memory(err);
    }
    s->arena = arena;
    s1_rc rc = survey_run(&found, reader, err);
    if (rc == S1_OK) {
        rc = survey_judge(&found, wanted, err);
    }
    if (rc == S1_OK) {
        story_relate(s, &found);
    }
    free(found.links);
    S1_TRY(err, rc);
    S1_TRY(err, story_run(s, reader, err));
    if (s->closers.count > 0) {
        S1_TRY(err, story_find_closers(s, reader, err));
    }
    S1_TRY(err, story_tell(s, locale, ret_root, err));
    return S1_OK;
}
