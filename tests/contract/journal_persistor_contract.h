/* tests/contract/journal_persistor_contract.h - what every IJournalPersistor does. An
 * implementation's test fills in a journal_maker and runs JOURNAL_CONTRACT(maker). */
#ifndef S1_TESTS_CONTRACT_JOURNAL_PERSISTOR_CONTRACT_H
#define S1_TESTS_CONTRACT_JOURNAL_PERSISTOR_CONTRACT_H

#include "backend/core/interfaces/journal_persistor.h"
#include "tests/contract/journal_fixture.h"

typedef struct journal_maker {
    /* A persistor that starts with `bytes`, as an earlier process would have left them. */
    s1_rc (*open)(const folder *where, s1_str bytes, s1_journal_persistor **ret_persistor,
                  s1_err *err);
} journal_maker;

typedef struct lines {
    uint64_t count;
    s1_nanos first, last;
    uint64_t stop_after; /* 0: never */
} lines;

static inline s1_rc count_line(void *user, s1_str line, s1_err *err)
{
    lines *found = user;
    s1_journal_entry entry;
    assert_int_equal(s1_journal_entry_parse(line, &entry), S1_JOURNAL_FAULT_NONE);
    found->first = found->count == 0 ? entry.time : found->first;
    found->last = entry.time;
    found->count++;
    return found->count == found->stop_after ? S1_RAISE(err, S1_E_CANCELED, "enough") : S1_OK;
}

static inline void assert_holds(s1_journal_persistor *persistor, s1_str expected)
{
    char *text = malloc(expected.len + 1);
    assert_non_null(text);
    size_t length = 0;
    for (size_t got = 1; got > 0; length += got) {
        MUST(s1_journal_persistor_read_at(persistor, length, text + length,
                                          expected.len + 1 - length, &got, err));
    }
    assert_int_equal(length, expected.len);
    assert_true(s1_str_eq(s1_str_make(text, length), expected));
    free(text);
}

static inline void journal_contract_appends(const journal_maker *maker, const folder *where)
{
    const s1_str bytes = fixture_journal(40, 1300);
    s1_journal_persistor *persistor = NULL;
    MUST(maker->open(where, S1_STR(""), &persistor, err));
    const s1_journal_tail *tail = s1_journal_persistor_tail_borrow(persistor);
    assert_int_equal(tail->bytes + tail->blocks + tail->seq + tail->torn_bytes, 0);
    s1_journal *journal = journal_on(persistor, 1300);
    MUST(write_started(journal, err));
    for (uint64_t n = 1; n < 40; n++) {
        MUST(write_opportunity(journal, n, err));
    }
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    assert_holds(persistor, bytes);
    assert_false(s1_journal_persistor_is_low(persistor)); /* there was room */
    assert_false(s1_journal_is_low(journal));
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);

    MUST(maker->open(where, bytes, &persistor, err));
    tail = s1_journal_persistor_tail_borrow(persistor);
    assert_int_equal(tail->bytes, bytes.len);
    assert_int_equal(tail->seq, 40);
    assert_int_equal(tail->torn_bytes, 0);
    assert_memory_equal(tail->head, head, sizeof head);
    assert_false(s1_journal_persistor_is_poisoned(persistor));
    assert_false(s1_journal_persistor_is_low(persistor));
    s1_journal_persistor_free(persistor);
    free_str(bytes);
}

static inline void journal_contract_reads(const journal_maker *maker, const folder *where)
{
    const s1_str bytes = fixture_journal(40, 1300); /* entry n (from 0) is of hour n */
    const s1_nanos hour = 3600000000000LL;
    s1_journal_persistor *persistor = NULL;
    MUST(maker->open(where, bytes, &persistor, err));
    lines found = {0};
    MUST(s1_journal_persistor_read_all(persistor, count_line, &found, err));
    assert_int_equal(found.count, 40);
    found = (lines){0};
    MUST(s1_journal_persistor_read_range(persistor, FIXTURE_T0 + 5 * hour, FIXTURE_T0 + 9 * hour,
                                         count_line, &found, err));
    assert_int_equal(found.count, 4); /* hours 5, 6, 7, 8 */
    assert_int_equal(found.first, FIXTURE_T0 + 5 * hour);
    assert_int_equal(found.last, FIXTURE_T0 + 8 * hour);
    found = (lines){0};
    MUST(s1_journal_persistor_read_range(persistor, 0, FIXTURE_T0, count_line, &found, err));
    assert_int_equal(found.count, 0);
    found = (lines){.stop_after = 3};
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(s1_journal_persistor_read_all(persistor, count_line, &found, &failure),
                     S1_E_CANCELED);
    assert_int_equal(found.count, 3);
    s1_journal_persistor_free(persistor);
    free_str(bytes);
}

static inline void journal_contract_refuses_no_block(const journal_maker *maker,
                                                     const folder *where)
{
    s1_journal_persistor *persistor = NULL;
    MUST(maker->open(where, S1_STR(""), &persistor, err));
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(s1_journal_persistor_append(persistor, S1_STR(""), &failure), S1_E_INVALID);
    assert_int_equal(s1_journal_persistor_append(persistor, S1_STR("{}"), &failure), S1_E_INVALID);
    assert_false(s1_journal_persistor_is_poisoned(persistor));
    assert_holds(persistor, S1_STR(""));
    s1_journal_persistor_free(persistor);
}

/* Cut at every byte of its last block: the block goes as a whole, the cut is reported, and writing
 * goes on behind the block before it. */
static inline void journal_contract_cuts_torn_tail(const journal_maker *maker, const folder *where)
{
    const s1_str bytes = fixture_journal(9, 1300);
    const uint64_t whole = verify_bytes(s1_str_slice(bytes, 0, bytes.len - 1)).bytes;
    const uint64_t seq = verify_bytes(s1_str_slice(bytes, 0, whole)).seq;
    assert_in_range(whole, 1, bytes.len - 100);
    for (size_t length = whole; length < bytes.len; length++) {
        s1_journal_persistor *persistor = NULL;
        MUST(maker->open(where, s1_str_slice(bytes, 0, length), &persistor, err));
        const s1_journal_tail *tail = s1_journal_persistor_tail_borrow(persistor);
        assert_int_equal(tail->bytes, whole);
        assert_int_equal(tail->seq, seq);
        assert_int_equal(tail->torn_bytes, length - whole);
        assert_int_equal(tail->torn_line != 0, length > whole);
        assert_holds(persistor, s1_str_slice(bytes, 0, whole));
        s1_journal *journal = journal_on(persistor, 1300);
        for (uint64_t n = seq; n < 9; n++) {
            MUST(write_opportunity(journal, n, err));
        }
        uint8_t head[S1_JOURNAL_HASH_SIZE];
        MUST(s1_journal_finish(journal, head, err));
        assert_holds(persistor, bytes); /* the same bytes as if nothing had happened */
        s1_journal_free(journal);
        s1_journal_persistor_free(persistor);
    }
    free_str(bytes);
}

static inline void journal_contract_refuses_damage(const journal_maker *maker, const folder *where)
{
    const s1_str bytes = fixture_journal(9, 1300);
    char *text = (char *)(uintptr_t)bytes.ptr;
    for (size_t at = 30; at < bytes.len - 1; at += 97) {
        const char kept = text[at];
        text[at] = kept == 'x' ? 'y' : 'x';
        s1_err failure = S1_ERR_INIT;
        s1_journal_persistor *persistor = NULL;
        if (maker->open(where, bytes, &persistor, &failure) != S1_E_DATA) {
            fail_msg("byte %zu: damage was not refused", at);
        }
        assert_null(persistor);
        uint64_t line = 1;
        for (size_t i = 0; i < at; i++) {
            line += text[i] == '\n';
        }
        char expected[64];
        (void)snprintf(expected, sizeof expected, "is damaged at line %d (byte ", (int)line);
        if (strstr(failure.msg, expected) == NULL && kept != '\n') {
            fail_msg("found '%s', expected '%s'", failure.msg, expected);
        }
        text[at] = kept;
    }
    free_str(bytes);
}

#define JOURNAL_CONTRACT_RUN(maker, name)                                                          \
    do {                                                                                           \
        folder contract_where;                                                                     \
        folder_init(&contract_where, "journal.jsonl");                                             \
        journal_contract_##name(&(maker), &contract_where);                                        \
        folder_done(&contract_where);                                                              \
    } while (0)
#define JOURNAL_CONTRACT(maker)                                                                    \
    do {                                                                                           \
        JOURNAL_CONTRACT_RUN(maker, appends);                                                      \
        JOURNAL_CONTRACT_RUN(maker, reads);                                                        \
        JOURNAL_CONTRACT_RUN(maker, refuses_no_block);                                             \
        JOURNAL_CONTRACT_RUN(maker, cuts_torn_tail);                                               \
        JOURNAL_CONTRACT_RUN(maker, refuses_damage);                                               \
    } while (0)

#endif /* S1_TESTS_CONTRACT_JOURNAL_PERSISTOR_CONTRACT_H */
