#include "backend/data/persistors/json_persistor_memory.h"

#include "backend/core/journal_json.h"
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

/* --- State ---------------------------------------------------------------------------------- */

typedef struct memory_state {
    s1_state_persistor base; /* first */
    uint64_t generation;
    s1_strbuf json;
} memory_state;

static void free_state(s1_state_persistor *self)
{
    memory_state *state = (memory_state *)(void *)self;
    s1_strbuf_done(&state->json);
    free(state);
}

static s1_rc load(s1_state_persistor *self, s1_state_text *ret_state, s1_err *err)
{
    (void)err;
    const memory_state *state = (const memory_state *)(const void *)self;
    *ret_state =
        (s1_state_text){state->generation, s1_strbuf_view(&state->json), S1_STATE_RECOVERY_NONE, 0};
    return S1_OK;
}

static s1_rc save_atomic(s1_state_persistor *self, s1_str json, s1_err *err)
{
    memory_state *state = (memory_state *)(void *)self;
    if (json.len > state->json.max_bytes) {
        return S1_RAISE(err, S1_E_RANGE, "state: found %zu bytes, expected at most %zu", json.len,
                        state->json.max_bytes);
    }
    if (s1_journal_json_compact(json, NULL) == 0) {
        return S1_RAISE(err, S1_E_INVALID, "state: expected one JSON value, found '%.*s'",
                        (int)(json.len < 80 ? json.len : 80), json.ptr != NULL ? json.ptr : "");
    }
    s1_strbuf made; /* beside the old one: `json` may be a part of it */
    s1_strbuf_init(&made, state->json.max_bytes);
    s1_strbuf_str(&made, json);
    const s1_rc rc = s1_strbuf_check(&made, err);
    if (rc != S1_OK) {
        s1_strbuf_done(&made);
        return rc;
    }
    s1_strbuf_done(&state->json);
    state->json = made;
    state->generation++;
    return S1_OK;
}

static bool is_state_poisoned(const s1_state_persistor *self)
{
    (void)self;
    return false;
}

static const s1_state_persistor_ops state_ops = {
    .size = sizeof(s1_state_persistor_ops),
    .free = free_state,
    .load = load,
    .save_atomic = save_atomic,
    .is_poisoned = is_state_poisoned,
};

s1_rc s1_memory_state_persistor_new(uint64_t bytes_max, s1_state_persistor **ret_persistor,
                                    s1_err *err)
{
    memory_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "state in memory");
    }
    state->base.ops = &state_ops;
    s1_strbuf_init(&state->json, bytes_max != 0 ? (size_t)bytes_max : S1_STATE_BYTES_MAX);
    *ret_persistor = &state->base;
    return S1_OK;
}

/* --- Journal -------------------------------------------------------------------------------- */

typedef struct memory_journal {
    s1_journal_persistor base; /* first */
    s1_strbuf bytes;
    s1_journal_tail tail;
} memory_journal;

static void free_journal(s1_journal_persistor *self)
{
    memory_journal *journal = (memory_journal *)(void *)self;
    s1_strbuf_done(&journal->bytes);
    free(journal);
}

static s1_rc append(s1_journal_persistor *self, s1_str block, s1_err *err)
{
    memory_journal *journal = (memory_journal *)(void *)self;
    if (block.len == 0 || block.ptr[block.len - 1] != '\n') {
        return S1_RAISE(err, S1_E_INVALID, "journal: a block ends in a newline");
    }
    s1_strbuf_str(&journal->bytes, block);
    return s1_strbuf_check(&journal->bytes, err);
}

static s1_rc sync(s1_journal_persistor *self, s1_err *err)
{
    const memory_journal *journal = (const memory_journal *)(const void *)self;
    return s1_strbuf_check(&journal->bytes, err);
}

static s1_rc read_at(s1_journal_persistor *self, uint64_t offset, void *buffer, size_t capacity,
                     size_t *ret_length, s1_err *err)
{
    const memory_journal *journal = (const memory_journal *)(const void *)self;
    const s1_str text = s1_strbuf_view(&journal->bytes);
    return s1_journal_source_bytes(&text).read_at(s1_journal_source_bytes(&text).self, offset,
                                                  buffer, capacity, ret_length, err);
}

static s1_rc read_all(s1_journal_persistor *self, s1_journal_line_fn visit, void *user, s1_err *err)
{
    return s1_journal_visit_lines(self, INT64_MIN, INT64_MAX, visit, user, err);
}

static const s1_journal_tail *tail_borrow(const s1_journal_persistor *self)
{
    return &((const memory_journal *)(const void *)self)->tail;
}

static bool is_journal_poisoned(const s1_journal_persistor *self)
{
    return ((const memory_journal *)(const void *)self)->bytes.has_failed;
}

static bool is_journal_low(const s1_journal_persistor *self)
{
    (void)self;
    return false;
}

static const s1_journal_persistor_ops journal_ops = {
    .size = sizeof(s1_journal_persistor_ops),
    .free = free_journal,
    .append = append,
    .sync = sync,
    .read_at = read_at,
    .read_all = read_all,
    .read_range = s1_journal_visit_lines,
    .tail_borrow = tail_borrow,
    .is_poisoned = is_journal_poisoned,
    .is_low = is_journal_low,
};

/* Verifies what the journal starts with and cuts its torn tail. */
static s1_rc open_bytes(memory_journal *journal, s1_err *err)
{
    const s1_journal_source source = s1_journal_source_of(&journal->base);
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_journal_reader_new(&source, &reader, err));
    s1_journal_verdict verdict;
    const s1_rc rc = s1_journal_verify(reader, &verdict, err);
    s1_journal_reader_free(reader);
    S1_TRY(err, rc);
    if (verdict.fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "journal is damaged at %s", verdict.reason);
    }
    s1_strbuf_truncate(&journal->bytes, (size_t)verdict.bytes);
    journal->tail = (s1_journal_tail){.bytes = verdict.bytes,
                                      .blocks = verdict.blocks,
                                      .seq = verdict.seq,
                                      .torn_bytes = verdict.torn_bytes,
                                      .torn_line = verdict.torn_line};
    memcpy(journal->tail.head, verdict.head, sizeof verdict.head);
    return S1_OK;
}

s1_rc s1_memory_journal_persistor_new(s1_str bytes, s1_journal_persistor **ret_persistor,
                                      s1_err *err)
{
    memory_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal in memory");
    }
    journal->base.ops = &journal_ops;
    s1_strbuf_init(&journal->bytes, SIZE_MAX / 2);
    s1_strbuf_str(&journal->bytes, bytes);
    s1_rc rc = s1_strbuf_check(&journal->bytes, err);
    if (rc == S1_OK) {
        rc = open_bytes(journal, err);
    }
    if (rc != S1_OK) {
        free_journal(&journal->base);
        return rc;
    }
    *ret_persistor = &journal->base;
    return S1_OK;
}
