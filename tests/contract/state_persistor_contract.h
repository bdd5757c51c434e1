/* tests/contract/state_persistor_contract.h - what every IStatePersistor does. An implementation's
 * test fills in a state_maker and runs STATE_CONTRACT(maker). */
#ifndef S1_TESTS_CONTRACT_STATE_PERSISTOR_CONTRACT_H
#define S1_TESTS_CONTRACT_STATE_PERSISTOR_CONTRACT_H

#include "backend/core/interfaces/state_persistor.h"
#include "tests/contract/journal_fixture.h"

#define CONTRACT_STATE_MAX 1000u

typedef struct state_maker {
    /* A persistor of at most CONTRACT_STATE_MAX bytes. A second call on the same `where` opens what
     * the first left, if is_durable. */
    s1_state_persistor *(*open)(const folder *where);
    bool is_durable;
} state_maker;

static inline void assert_state(s1_state_persistor *persistor, uint64_t generation,
                                const char *json)
{
    s1_state_text text;
    MUST(s1_state_load(persistor, &text, err));
    assert_int_equal(text.generation, generation);
    assert_true(s1_str_eq_cstr(text.json, json));
}

static inline void state_contract_round_trip(const state_maker *maker, const folder *where)
{
    s1_state_persistor *persistor = maker->open(where);
    assert_state(persistor, 0, "");
    static const char *const states[] = {"{}", "{\"peak\":\"10000.5\",\"text\":\"\xc3\xa9\\n\"}",
                                         "[1,2,3]", "null", "{ \"spaced\" : 1 }\n"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        MUST(s1_state_save_atomic(persistor, s1_str_of(states[i]), err));
        assert_state(persistor, i + 1, states[i]);
        if (maker->is_durable) {
            s1_state_persistor_free(persistor);
            persistor = maker->open(where);
            assert_state(persistor, i + 1, states[i]);
        }
    }
    assert_false(s1_state_is_poisoned(persistor));
    s1_state_persistor_free(persistor);
}

/* A save may be the first thing done, and may save what load gave. */
static inline void state_contract_save_first(const state_maker *maker, const folder *where)
{
    s1_state_persistor *persistor = maker->open(where);
    MUST(s1_state_save_atomic(persistor, S1_STR("{\"a\":1}"), err));
    s1_state_text text;
    MUST(s1_state_load(persistor, &text, err));
    MUST(s1_state_save_atomic(persistor, text.json, err));
    assert_state(persistor, 2, "{\"a\":1}");
    s1_state_persistor_free(persistor);
}

/* What is refused changes nothing and poisons nothing. */
static inline void state_contract_refusals(const state_maker *maker, const folder *where)
{
    s1_state_persistor *persistor = maker->open(where);
    MUST(s1_state_save_atomic(persistor, S1_STR("{\"a\":1}"), err));
    static const char *const bad[] = {"",        "{",         "{}{}",     "{\"a\":}", "nonsense",
                                      "{\"a\"}", "[1,]",      "\"\xff\"", "\"\x01\"", "01",
                                      "{'a':1}", "[1 2]",     "1.",       "\"\\x\"",  "-",
                                      "tru",     "{\"a\":1,}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s1_err failure = S1_ERR_INIT;
        if (s1_state_save_atomic(persistor, s1_str_of(bad[i]), &failure) != S1_E_INVALID) {
            fail_msg("'%s' was not refused", bad[i]);
        }
        assert_non_null(strstr(failure.msg, "expected one JSON value"));
    }
    char text[CONTRACT_STATE_MAX + 2];
    memset(text, 'x', sizeof text);
    text[0] = '"';
    text[CONTRACT_STATE_MAX] = '"';
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(
        s1_state_save_atomic(persistor, s1_str_make(text, CONTRACT_STATE_MAX + 1), &failure),
        S1_E_RANGE);
    assert_non_null(strstr(failure.msg, "found 1001 bytes, expected at most 1000"));
    assert_state(persistor, 1, "{\"a\":1}");
    text[CONTRACT_STATE_MAX - 1] = '"';
    MUST(s1_state_save_atomic(persistor, s1_str_make(text, CONTRACT_STATE_MAX), err));
    assert_false(s1_state_is_poisoned(persistor));
    s1_state_persistor_free(persistor);
}

#define STATE_CONTRACT_RUN(maker, name)                                                            \
    do {                                                                                           \
        folder contract_where;                                                                     \
        folder_init(&contract_where, "state.json");                                                \
        state_contract_##name(&(maker), &contract_where);                                          \
        folder_done(&contract_where);                                                              \
    } while (0)
#define STATE_CONTRACT(maker)                                                                      \
    do {                                                                                           \
        STATE_CONTRACT_RUN(maker, round_trip);                                                     \
        STATE_CONTRACT_RUN(maker, save_first);                                                     \
        STATE_CONTRACT_RUN(maker, refusals);                                                       \
    } while (0)

#endif /* S1_TESTS_CONTRACT_STATE_PERSISTOR_CONTRACT_H */
