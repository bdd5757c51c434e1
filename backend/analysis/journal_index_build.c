/* Making an index of a journal. */
#include "backend/analysis/journal_index_internal.h"
#include "backend/analysis/uid_table.h"
#include "backend/utils/text.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096u

typedef struct posting {
    uint32_t id, entry; /* numbers */
} posting;

typedef struct builder {
    s1_uid_table uids;
    s1_journal_place *places;
    posting *postings; /* in the order of the entries */
    s1_index_event *events;
    size_t place_count, place_room, posting_count, posting_room, event_count, event_room;
} builder;

static s1_rc room(void *array_pointer, size_t *capacity, size_t count, size_t size, s1_err *err)
{
    if (count < *capacity) {
        return S1_OK;
    }
    void *array;
    memcpy(&array, array_pointer, sizeof array);
    const size_t wanted = count < ROOM_MIN ? ROOM_MIN : count * 2;
    void *const grown = realloc(array, wanted * size);
    if (grown == NULL || wanted > UINT32_MAX) {
        free(grown != NULL ? grown : array);
        array = NULL;
        memcpy(array_pointer, &array, sizeof array);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index of %zu", wanted);
    }
    memcpy(array_pointer, &grown, sizeof grown);
    *capacity = wanted;
    return S1_OK;
}

static s1_rc add_posting(builder *b, s1_uid uid, uint32_t *ret_id, s1_err *err)
{
    const uint32_t entry = (uint32_t)b->place_count;
    S1_TRY(err, s1_uid_table_put(&b->uids, uid, ret_id, NULL, err));
    S1_TRY(err, room(&b->postings, &b->posting_room, b->posting_count, sizeof *b->postings, err));
    b->postings[b->posting_count++] = (posting){*ret_id, entry};
    return S1_OK;
}

/* The signal that closed a trade stands in the details; whoever asks for it wants the trade. */
static s1_rc add_closing(builder *b, const s1_journal_entry *entry, s1_err *err)
{
    static const char key[] = "\"closing_opportunity_id\":\"";
    const size_t at = s1_str_find(entry->details, s1_str_of(key), 0);
    const size_t from = at + sizeof key - 1;
    s1_uid uid;
    uint32_t id = 0;
    if (at == S1_STR_NPOS || from + S1_UID_TEXT_LENGTH > entry->details.len ||
        s1_uid_parse(s1_str_slice(entry->details, from, from + S1_UID_TEXT_LENGTH), &uid, NULL) !=
            S1_OK) {
        return S1_OK;
    }
    return add_posting(b, uid, &id, err);
}

static s1_rc add_entry(builder *b, const s1_journal_entry *entry, s1_err *err)
{
    S1_TRY(err, room(&b->places, &b->place_room, b->place_count, sizeof *b->places, err));
    b->places[b->place_count] = (s1_journal_place){.offset = entry->offset,
                                                   .length = (uint32_t)entry->line.len,
                                                   .line_number = (uint32_t)entry->line_number};
    uint32_t id = 0;
    for (int32_t kind = 0; kind < S1_JOURNAL_ID_COUNT; kind++) {
        if ((entry->ids_present >> kind & 1u) != 0) {
            S1_TRY(err, add_posting(b, entry->ids[kind], &id, err));
        }
    }
    if (entry->kind == S1_JOURNAL_TRADE_CLOSED) {
        S1_TRY(err, add_closing(b, entry, err));
    }
    if (entry->kind == S1_JOURNAL_THREAT_DETECTED || entry->kind == S1_JOURNAL_THREAT_UPDATED ||
        entry->kind == S1_JOURNAL_THREAT_CLEARED) {
        S1_TRY(err, room(&b->events, &b->event_room, b->event_count, sizeof *b->events, err));
        b->events[b->event_count++] = (s1_index_event){
            (uint32_t)b->place_count, id << 1 | (entry->kind == S1_JOURNAL_THREAT_CLEARED)};
    }
    b->place_count++;
    return S1_OK;
}

/* --- The body. ---------------------------------------------------------------------------- */

typedef struct ranked {
    s1_uid uid;
    uint32_t number;
} ranked;

static int by_uid(const void *a, const void *b)
{
    const ranked *const left = a;
    const ranked *const right = b;
    return s1_uid_cmp(left->uid, right->uid);
}

/* Ids sorted, their postings behind each other; `rank` is [uids.count], filled in. */
static void fill(const builder *b, const ranked *sorted, uint32_t *rank, char *body)
{
    char *const ids_at = body + b->place_count * sizeof *b->places;
    char *const postings_at = ids_at + b->uids.count * sizeof(s1_index_id);
    s1_index_id *const ids = (s1_index_id *)(void *)ids_at;
    uint32_t *const postings = (uint32_t *)(void *)postings_at;
    s1_index_event *const events =
        (s1_index_event *)(void *)(postings_at + b->posting_count * sizeof(uint32_t));
    memcpy(body, b->places, b->place_count * sizeof *b->places);
    for (uint32_t i = 0; i < b->uids.count; i++) {
        rank[sorted[i].number] = i;
        ids[i] = (s1_index_id){.uid = sorted[i].uid};
    }
    for (size_t i = 0; i < b->posting_count; i++) {
        ids[rank[b->postings[i].id]].count++;
    }
    uint32_t first = 0;
    for (uint32_t i = 0; i < b->uids.count; i++) {
        ids[i].first = first;
        first += ids[i].count;
        ids[i].count = 0;
    }
    for (size_t i = 0; i < b->posting_count; i++) {
        s1_index_id *const id = &ids[rank[b->postings[i].id]];
        postings[id->first + id->count++] = b->postings[i].entry;
    }
    for (size_t i = 0; i < b->event_count; i++) {
        events[i] = (s1_index_event){b->events[i].entry,
                                     rank[b->events[i].id >> 1] << 1 | (b->events[i].id & 1u)};
    }
}

static s1_rc finish(const builder *b, s1_journal_index *index, s1_err *err)
{
    const size_t bytes = b->place_count * sizeof *b->places + b->uids.count * sizeof(s1_index_id) +
                         b->posting_count * sizeof(uint32_t) +
                         b->event_count * sizeof(s1_index_event);
    char *const body = malloc(bytes + 1);
    ranked *const sorted = malloc((b->uids.count + 1u) * sizeof *sorted);
    uint32_t *const rank = malloc((b->uids.count + 1u) * sizeof *rank);
    if (body == NULL || sorted == NULL || rank == NULL) {
        free(body);
        free(sorted);
        free(rank);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index of %zu bytes", bytes);
    }
    for (uint32_t i = 0; i < b->uids.count; i++) {
        sorted[i] = (ranked){b->uids.uids[i], i};
    }
    qsort(sorted, b->uids.count, sizeof *sorted, by_uid);
    fill(b, sorted, rank, body);
    free(sorted);
    free(rank);
    index->memory = body;
    index->entries = b->place_count;
    index->ids = b->uids.count;
    index->postings = b->posting_count;
    index->threat_events = b->event_count;
    return S1_OK;
}

s1_rc s1_journal_index_build(s1_journal_index *index, s1_journal_reader *reader, s1_err *err)
{
    builder b = {0};
    s1_rc rc = S1_OK;
    s1_journal_reader_rewind(reader);
    while (rc == S1_OK) {
        const s1_journal_entry *entry = NULL;
        rc = s1_journal_reader_next(reader, &entry, err);
        if (rc != S1_OK || entry == NULL) {
            break;
        }
        rc = add_entry(&b, entry, err);
    }
    if (rc == S1_OK) {
        rc = finish(&b, index, err);
    }
    s1_uid_table_done(&b.uids);
    free(b.places);
    free(b.postings);
    free(b.events);
    return rc;
}
