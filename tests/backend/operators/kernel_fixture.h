/* tests/backend/operators/kernel_fixture.h - a run's parts without bus, files or plugins.
 *
 * One primary stream EUR/USD at one hour (price_scale 2, qty_scale 3), a full journal in memory
 * whose lines are kept as text, derived ids, signal and threat books. Workers are filled in by hand
 * with ops of the test.
 */
#ifndef S1_TESTS_KERNEL_FIXTURE_H
#define S1_TESTS_KERNEL_FIXTURE_H

#include "backend/core/decision_journal.h"
#include "backend/core/signal_book.h"
#include "backend/core/threat_book.h"
#include "backend/data/persistors/json_persistor_memory.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/operators/base_operator.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_HOUR     (3600 * S1_NANOS_PER_SECOND)
#define KERNEL_CAPACITY 8u

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *const err = &must_err;                                                             \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

/* The call fails with this code, and its message holds this text. */
#define FAILS(call, code, text)                                                                    \
    do {                                                                                           \
        s1_err fails_err = S1_ERR_INIT;                                                            \
        s1_err *const err = &fails_err;                                                            \
        assert_int_equal((call), (code));                                                          \
        if (strstr(fails_err.msg, (text)) == NULL) {                                               \
            fail_msg("%s:%d: found '%s', expected '%s' in it", __FILE__, __LINE__, fails_err.msg,  \
                     (text));                                                                      \
        }                                                                                          \
    } while (0)

static inline s1_dec dec(const char *text)
{
    s1_dec value = S1_DEC_ZERO;
    MUST(s1_dec_parse((s1_str){text, strlen(text)}, &value, err));
    return value;
}

#define ASSERT_DEC(value, expected)                                                                \
    do {                                                                                           \
        char dec_text[S1_DEC_TEXT_MAX];                                                            \
        dec_text[s1_dec_print((value), dec_text)] = '\0';                                          \
        assert_string_equal(dec_text, (expected));                                                 \
    } while (0)

/* Journal lines as they are written. */
typedef struct journal_tape {
    char **lines;
    size_t count, room;
} journal_tape;

static inline s1_rc tape_on_entry(void *self, const s1_journal_notice *notice, s1_err *err)
{
    journal_tape *const tape = self;
    (void)err;
    if (tape->count == tape->room) {
        tape->room = tape->room * 2 + 64;
        tape->lines = realloc(tape->lines, tape->room * sizeof *tape->lines);
        assert_non_null(tape->lines);
    }
    tape->lines[tape->count] = strndup(notice->line.ptr, notice->line.len);
    assert_non_null(tape->lines[tape->count]);
    tape->count++;
    return S1_OK;
}

static inline void tape_clear(journal_tape *tape)
{
    for (size_t i = 0; i < tape->count; i++) {
        free(tape->lines[i]);
    }
    tape->count = 0;
}

/* How many lines hold both texts. */
static inline size_t tape_count(const journal_tape *tape, const char *one, const char *two)
{
    size_t found = 0;
    for (size_t i = 0; i < tape->count; i++) {
        found += strstr(tape->lines[i], one) != NULL && strstr(tape->lines[i], two) != NULL;
    }
    return found;
}

#define TYPE(kind) "\"type\":\"" kind "\""

/* The only line of a type. */
static inline const char *tape_only(const journal_tape *tape, const char *type)
{
    char key[96];
    (void)snprintf(key, sizeof key, "\"type\":\"%s\"", type);
    const char *only = NULL;
    for (size_t i = 0; i < tape->count; i++) {
        if (strstr(tape->lines[i], key) != NULL) {
            assert_null(only);
            only = tape->lines[i];
        }
    }
    if (only == NULL) {
        fail_msg("no line of type %s", type);
    }
    return only;
}

#define ASSERT_HOLDS(line, text)                                                                   \
    do {                                                                                           \
        if (strstr((line), (text)) == NULL) {                                                      \
            fail_msg("%s:%d: found '%s', expected '%s' in it", __FILE__, __LINE__, (line),         \
                     (text));                                                                      \
        }                                                                                          \
    } while (0)

typedef struct kernel {
    s1_instrument instrument;
    s1_trading_context *context;
    s1_journal_persistor *persistor;
    s1_journal *journal;
    journal_tape tape;
    s1_derived_ids derived;
    s1_id_source ids;
    s1_text_pool pool;
    s1_signal signal_items[KERNEL_CAPACITY];
    s1_threat_episode episodes[KERNEL_CAPACITY];
    s1_signal_book signals;
    s1_threat_book threats;
} kernel;

static inline kernel *kernel_new(void)
{
    kernel *const k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->instrument = (s1_instrument){.size = sizeof k->instrument,
                                    .price_scale = 2,
                                    .qty_scale = 3,
                                    .asset_pair = S1_STR("EUR/USD"),
                                    .base = S1_STR("EUR"),
                                    .quote = S1_STR("USD"),
                                    .tick_size = dec("0.01"),
                                    .lot_size = dec("0.001"),
                                    .leverage = S1_DEC_ONE};
    const s1_stream_options stream = {.asset_pair = S1_STR("EUR/USD"),
                                      .timeframe = KERNEL_HOUR,
                                      .instrument = &k->instrument,
                                      .capacity_rows = 4096};
    const s1_trading_context_options context = {
        .strategy_link_id = S1_STR("test@backtest"), .streams = &stream, .stream_count = 1};
    MUST(s1_trading_context_new(&context, &k->context, err));
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &k->persistor, err));
    const s1_journal_options journal = {.level = S1_JOURNAL_LEVEL_FULL,
                                        .link = S1_STR("test@backtest"),
                                        .run_id = S1_STR("00000000-0000-8000-8000-000000000001"),
                                        .listener = {.self = &k->tape, .on_entry = tape_on_entry}};
    MUST(s1_journal_new(&journal, k->persistor, &k->journal, err));
    s1_derived_ids_init(&k->derived, 7, S1_STR("test@backtest"));
    k->ids = s1_derived_ids_source(&k->derived);
    s1_signal_book_init(&k->signals, k->signal_items, KERNEL_CAPACITY, &k->context->view,
                        k->journal, &k->ids, &k->pool);
    s1_threat_book_init(&k->threats, k->episodes, KERNEL_CAPACITY, &k->context->view, k->journal,
                        &k->ids);
    return k;
}

static inline void kernel_free(kernel *k)
{
    s1_journal_free(k->journal);
    s1_journal_persistor_free(k->persistor);
    s1_trading_context_free(k->context);
    tape_clear(&k->tape);
    free(k->tape.lines);
    free(k);
}

/* Opens the next tick with a bar whose four prices are `close` (mantissa at scale 2). */
static inline void kernel_tick(kernel *k, int64_t close)
{
    const s1_nanos open_time = (s1_nanos)k->context->view.primary->rows * KERNEL_HOUR;
    s1_trading_context_begin_tick(k->context, open_time + KERNEL_HOUR);
    s1_trading_context_append_bar(k->context, 0,
                                  &(s1_bar){.open_time = open_time,
                                            .close_time = open_time + KERNEL_HOUR,
                                            .open = close,
                                            .high = close,
                                            .low = close,
                                            .close = close,
                                            .volume = 1000});
    s1_ids_begin_tick(&k->ids, k->context->view.tick);
    s1_signal_book_begin_tick(&k->signals);
    s1_threat_book_begin_tick(&k->threats);
    s1_text_pool_reset(&k->pool);
}

/* A worker of the test: always ready, on the primary stream. */
static inline s1_worker kernel_worker(const kernel *k, const s1_worker_ops *ops, void *self,
                                      const char *id, int32_t subtype)
{
    return (s1_worker){.ops = ops,
                       .self = self,
                       .stream = k->context->view.primary,
                       .instance_id = {id, strlen(id)},
                       .plugin_name = {id, strlen(id)},
                       .version = S1_STR("1.0.0"),
                       .type = (int32_t)ops->type,
                       .subtype = subtype,
                       .lookback = 1};
}

#endif /* S1_TESTS_KERNEL_FIXTURE_H */
