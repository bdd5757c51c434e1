/* Asking an index. */
#include "backend/analysis/journal_index_internal.h"
#include "backend/analysis/uid_table.h"
#include "backend/utils/hash.h"
#include "backend/utils/text.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64u

/* Entry numbers, to be sorted and made unique at the end. */
typedef struct numbers {
    uint32_t *items;
    size_t count, room;
} numbers;

static s1_rc add(numbers *found, uint32_t number, s1_err *err)
{
    if (found->count == found->room) {
        const size_t wanted = found->room == 0 ? ROOM_MIN : found->room * 2;
        uint32_t *const grown = realloc(found->items, wanted * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu entries", wanted);
        }
        found->items = grown;
        found->room = wanted;
    }
    found->items[found->count++] = number;
    return S1_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *const left = a;
    const uint32_t *const right = b;
    return (*left > *right) - (*left < *right);
}

static s1_rc id_at(s1_journal_index *index, uint64_t number, s1_index_id *ret_id, s1_err *err)
{
    return s1_journal_index_read(index, index->ids_at + number * sizeof *ret_id, ret_id,
                                 sizeof *ret_id, err);
}

/* The first id at or above `uid`. */
static s1_rc lower_bound(s1_journal_index *index, s1_uid uid, uint64_t *ret_number, s1_err *err)
{
    uint64_t low = 0;
    uint64_t high = index->ids;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        s1_index_id id;
        S1_TRY(err, id_at(index, middle, &id, err));
        if (s1_uid_cmp(id.uid, uid) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_number = low;
    return S1_OK;
}

/* The lowest id that starts with these digits. */
static s1_rc parse_prefix(s1_str digits, s1_uid *ret_uid, s1_err *err)
{
    char padded[33];
    if (digits.len == 0 || digits.len > 32) {
        return S1_RAISE(err, S1_E_INVALID, "an id has 1 to 32 digits, found %zu", digits.len);
    }
    memset(padded, '0', 32);
    memcpy(padded, digits.ptr, digits.len);
    return s1_hex_parse(s1_str_make(padded, 32), ret_uid->bytes, sizeof ret_uid->bytes, err);
}

static bool starts_with(s1_uid uid, s1_str digits)
{
    char text[33];
    s1_hex_print(uid.bytes, sizeof uid.bytes, text);
    return memcmp(text, digits.ptr, digits.len) == 0;
}

static s1_rc add_postings(s1_journal_index *index, const s1_index_id *id, numbers *found,
                          s1_err *err)
{
    for (uint32_t i = 0; i < id->count; i++) {
        uint32_t entry;
        S1_TRY(err, s1_journal_index_read(
                        index, index->postings_at + ((uint64_t)id->first + i) * sizeof entry,
                        &entry, sizeof entry, err));
        S1_TRY(err, add(found, entry, err));
    }
    return S1_OK;
}

/* Sorts, makes unique and looks the places up. Takes `found`. */
static s1_rc places_of(s1_journal_index *index, numbers *found, s1_journal_place **ret_places,
                       size_t *ret_count, s1_err *err)
{
    if (found->count > 1) {
        qsort(found->items, found->count, sizeof *found->items, by_number);
    }
    s1_journal_place *const places = malloc((found->count + 1) * sizeof *places);
    if (places == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu entries", found->count);
    }
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (i > 0 && found->items[i] == found->items[i - 1]) {
            continue;
        }
        const s1_rc rc = s1_journal_index_read(index, (uint64_t)found->items[i] * sizeof *places,
                                               &places[count++], sizeof *places, err);
        if (rc != S1_OK) {
            free(places);
            return rc;
        }
    }
    *ret_places = places;
    *ret_count = count;
    return S1_OK;
}

s1_rc s1_journal_index_find(s1_journal_index *index, s1_str digits, s1_journal_place **ret_places,
                            size_t *ret_count, size_t *ret_ids, s1_err *err)
{
    s1_uid uid;
    uint64_t number = 0;
    numbers found = {0};
    size_t ids = 0;
    S1_TRY(err, parse_prefix(digits, &uid, err));
    S1_TRY(err, lower_bound(index, uid, &number, err));
    s1_rc rc = S1_OK;
    for (; number < index->ids && rc == S1_OK; number++) {
        s1_index_id id;
        rc = id_at(index, number, &id, err);
        if (rc == S1_OK && !starts_with(id.uid, digits)) {
            break;
        }
        rc = rc == S1_OK ? add_postings(index, &id, &found, err) : rc;
        ids++;
    }
    if (rc == S1_OK) {
        rc = places_of(index, &found, ret_places, ret_count, err);
    }
    free(found.items);
    S1_TRY(err, rc);
    *ret_ids = ids;
    return S1_OK;
}

/* --- A story. ----------------------------------------------------------------------------- */

typedef struct story {
    s1_journal_index *index;
    s1_journal_reader *reader;
    s1_uid_table uids; /* to follow, in the order they were met; the first is the target */
    s1_uid_table threats, closers; /* named, but not followed: they lead to other stories */
    numbers found;
    uint32_t first, last; /* entries of the story itself */
} story;

static bool carries(const s1_journal_entry *entry, s1_uid uid)
{
    for (int32_t kind = 0; kind < S1_JOURNAL_ID_COUNT; kind++) {
        if ((entry->ids_present >> kind & 1u) != 0 && s1_uid_eq(entry->ids[kind], uid)) {
            return true;
        }
    }
    return false;
}

/* Notes what an entry of `uid` names: opportunity, trade and orders are followed. */
static s1_rc note_ids(story *s, s1_uid uid, const s1_journal_entry *entry, s1_err *err)
{
    uint32_t ignored = 0;
    if (!carries(entry, uid)) {
        return S1_OK; /* a trade that this signal closed */
    }
    for (int32_t kind = 0; kind < S1_JOURNAL_ID_COUNT; kind++) {
        if ((entry->ids_present >> kind & 1u) == 0) {
            continue;
        }
        s1_uid_table *const table = kind == S1_JOURNAL_ID_THREAT ? &s->threats : &s->uids;
        S1_TRY(err, s1_uid_table_put(table, entry->ids[kind], &ignored, NULL, err));
    }
    if (entry->kind != S1_JOURNAL_TRADE_CLOSED) {
        return S1_OK;
    }
    s1_journal_details_view details;
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    const char *const closing = s1_journal_details_text(&details, "closing_opportunity_id");
    s1_uid closer;
    s1_rc rc = S1_OK;
    if (closing != NULL && s1_uid_parse(s1_str_of(closing), &closer, NULL) == S1_OK) {
        rc = s1_uid_table_put(&s->closers, closer, &ignored, NULL, err);
    }
    s1_journal_details_done(&details);
    return rc;
}

/* Adds the entries of one id. */
static s1_rc add_entries(story *s, s1_uid uid, s1_err *err)
{
    uint64_t number = 0;
    s1_index_id id;
    S1_TRY(err, lower_bound(s->index, uid, &number, err));
    if (number == s->index->ids) {
        return S1_OK;
    }
    S1_TRY(err, id_at(s->index, number, &id, err));
    return s1_uid_eq(id.uid, uid) ? add_postings(s->index, &id, &s->found, err) : S1_OK;
}

/* Adds them, and notes what they name. */
static s1_rc follow(story *s, s1_uid uid, s1_err *err)
{
    const size_t from = s->found.count;
    S1_TRY(err, add_entries(s, uid, err));
    for (size_t i = from; i < s->found.count; i++) {
        const uint32_t entry_number = s->found.items[i];
        s1_journal_place place;
        const s1_journal_entry *entry = NULL;
        s->first = entry_number < s->first ? entry_number : s->first;
        s->last = entry_number > s->last ? entry_number : s->last;
        S1_TRY(err, s1_journal_index_read(s->index, (uint64_t)entry_number * sizeof place, &place,
                                          sizeof place, err));
        s1_journal_reader_select(s->reader, &place, 1);
        s1_rc rc = s1_journal_reader_next(s->reader, &entry, err);
        if (rc == S1_OK) {
            rc = note_ids(s, uid, entry, err);
        }
        s1_journal_reader_select(s->reader, NULL, 0);
        S1_TRY(err, rc);
    }
    return S1_OK;
}

/* Adds what is said about the threats that are named or were active during the story. */
static s1_rc add_threats(story *s, s1_err *err)
{
    s1_journal_index *const index = s->index;
    const size_t count = (size_t)index->threat_events;
    s1_index_event *const events = malloc((count + 1) * sizeof *events);
    uint32_t *const ended = calloc((size_t)index->ids + 1, sizeof *ended);
    s1_rc rc =
        events != NULL && ended != NULL
            ? s1_journal_index_read(index, index->events_at, events, count * sizeof *events, err)
            : S1_RAISE(err, S1_E_NO_MEMORY, "%zu threats", count);
    for (size_t i = 0; i < count && rc == S1_OK; i++) {
        if ((events[i].id & 1u) != 0 && (events[i].id >> 1) < index->ids) {
            ended[events[i].id >> 1] = events[i].entry + 1;
        }
    }
    for (size_t i = 0; i < count && rc == S1_OK; i++) {
        const uint32_t number = events[i].id >> 1;
        s1_index_id id;
        const bool was_active = number < index->ids && events[i].entry <= s->last &&
                                (ended[number] == 0 || ended[number] > s->first);
        bool is_wanted = was_active;
        if (!is_wanted && s->threats.count > 0) {
            rc = id_at(index, number, &id, err);
            is_wanted = rc == S1_OK && s1_uid_table_find(&s->threats, id.uid) != S1_UID_TABLE_NONE;
        }
        if (is_wanted && rc == S1_OK) {
            rc = add(&s->found, events[i].entry, err);
        }
    }
    free(events);
    free(ended);
    return rc;
}

static s1_rc tell(story *s, s1_err *err)
{
    for (uint32_t i = 0; i < s->uids.count; i++) {
        S1_TRY(err, follow(s, s->uids.uids[i], err));
    }
    for (uint32_t i = 0; i < s->closers.count; i++) {
        S1_TRY(err, add_entries(s, s->closers.uids[i], err));
    }
    return add_threats(s, err);
}

s1_rc s1_journal_index_story(s1_journal_index *index, s1_journal_reader *reader, s1_str digits,
                             s1_journal_place **ret_places, size_t *ret_count, size_t *ret_ids,
                             s1_err *err)
{
    s1_journal_place *own = NULL;
    size_t own_count = 0;
    size_t ids = 0;
    S1_TRY(err, s1_journal_index_find(index, digits, &own, &own_count, &ids, err));
    free(own);
    if (ids != 1) {
        *ret_ids = ids;
        return S1_OK;
    }
    story s = {.index = index, .reader = reader, .first = UINT32_MAX};
    s1_uid uid;
    uint64_t number = 0;
    s1_index_id id;
    uint32_t ignored = 0;
    s1_rc rc = parse_prefix(digits, &uid, err);
    rc = rc == S1_OK ? lower_bound(index, uid, &number, err) : rc;
    rc = rc == S1_OK ? id_at(index, number, &id, err) : rc;
    rc = rc == S1_OK ? s1_uid_table_put(&s.uids, id.uid, &ignored, NULL, err) : rc;
    rc = rc == S1_OK ? tell(&s, err) : rc;
    rc = rc == S1_OK ? places_of(index, &s.found, ret_places, ret_count, err) : rc;
    s1_uid_table_done(&s.uids);
    s1_uid_table_done(&s.threats);
    s1_uid_table_done(&s.closers);
    free(s.found.items);
    S1_TRY(err, rc);
    *ret_ids = 1;
    return S1_OK;
}
