/* tests/contract/journal_fixture.h - journals to test with, and a folder to keep them in. */
#ifndef S1_TESTS_CONTRACT_JOURNAL_FIXTURE_H
#define S1_TESTS_CONTRACT_JOURNAL_FIXTURE_H

#include "backend/core/journal.h"
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor.h"
#include "backend/data/persistors/json_persistor_memory.h"
#include "backend/utils/fs.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURE_LINK   "ema_crossover@backtest"
#define FIXTURE_RUN_ID "00000000-0000-8000-8000-000000000001"
#define FIXTURE_T0     1500000000000000000LL

#define MUST(call)                                                                                 \
    do {                                                                                           \
        s1_err must_err = S1_ERR_INIT;                                                             \
        s1_err *err = &must_err;                                                                   \
        if ((call) != S1_OK) {                                                                     \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_err.msg);                    \
        }                                                                                          \
    } while (0)

typedef struct folder {
    char path[256];
    char file[320]; /* a name in it */
} folder;

static inline void folder_init(folder *made, const char *name)
{
    const char *root = getenv("S1_TEST_TMP");
    (void)snprintf(made->path, sizeof made->path, "%s/journal-XXXXXX",
                   root != NULL ? root : "/tmp");
    assert_non_null(mkdtemp(made->path));
    (void)snprintf(made->file, sizeof made->file, "%s/%s", made->path, name);
}

static inline void folder_done(const folder *made)
{
    MUST(s1_fs_remove_tree(s1_fs_real(), made->path, err));
}

static inline void write_bytes(const char *path, s1_str bytes)
{
    MUST(s1_fs_write_file(s1_fs_real(), path, bytes, err));
}

/* The file as heap text with a NUL; "" where there is none. */
static inline s1_str read_bytes_of(const char *path)
{
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, 64u << 20);
    if (s1_fs_exists(s1_fs_real(), path)) {
        MUST(s1_fs_read_all(s1_fs_real(), path, 64u << 20, &bytes, err));
    }
    const size_t length = bytes.len;
    char *text = s1_strbuf_take(&bytes);
    assert_non_null(text);
    return s1_str_make(text, length);
}

static inline void free_str(s1_str text)
{
    free((void *)(uintptr_t)text.ptr);
}

static inline s1_uid uid_of(uint64_t kind, uint64_t number)
{
    s1_uid uid = {{0}};
    uid.bytes[0] = (uint8_t)kind;
    for (int i = 0; i < 8; i++) {
        uid.bytes[15 - i] = (uint8_t)(number >> (8 * i));
    }
    return uid;
}
#define OPPORTUNITY(n) ((s1_opportunity_id){uid_of(0xa0, (n))})
#define TRADE(n)       ((s1_trade_id){uid_of(0xb0, (n))})
#define THREAT(n)      ((s1_threat_id){uid_of(0xc0, (n))})
#define ORDER(n)       ((s1_order_id){uid_of(0xd0, (n))})

static inline s1_journal *journal_on(s1_journal_persistor *persistor, uint32_t block_bytes_max)
{
    const s1_journal_options options = {.level = S1_JOURNAL_LEVEL_FULL,
                                        .block_bytes_max = block_bytes_max,
                                        .link = S1_STR(FIXTURE_LINK),
                                        .run_id = S1_STR(FIXTURE_RUN_ID)};
    s1_journal *journal = NULL;
    MUST(s1_journal_new(&options, persistor, &journal, err));
    return journal;
}

static inline s1_rc write_started(s1_journal *journal, s1_err *err)
{
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_RUN_STARTED, FIXTURE_T0);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "run_id");
    s1_tape_str(w, S1_STR(FIXTURE_RUN_ID));
    s1_tape_key_lit(w, "strategy");
    s1_tape_str(w, S1_STR("demo"));
    s1_tape_key_lit(w, "environment");
    s1_tape_str(w, S1_STR("backtest"));
    s1_tape_key_lit(w, "asset_pair");
    s1_tape_str(w, S1_STR("EUR/USD"));
    s1_tape_key_lit(w, "timeframe");
    s1_tape_str(w, S1_STR("1h"));
    s1_tape_key_lit(w, "seed");
    s1_tape_u64(w, UINT64_MAX);
    s1_tape_key_lit(w, "config_hash");
    s1_tape_str(w, S1_STR("ab"));
    s1_tape_key_lit(w, "data_hash");
    s1_tape_str(w, S1_STR("cd"));
    s1_tape_key_lit(w, "initial_capital");
    s1_tape_str(w, S1_STR("10000"));
    return s1_journal_end(journal, err);
}

/* Opportunity n, found in hour n. */
static inline s1_rc write_opportunity(s1_journal *journal, uint64_t n, s1_err *err)
{
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_DETECTED,
                                  FIXTURE_T0 + (s1_nanos)n * 3600000000000LL);
    s1_journal_worker(journal, S1_STR("ema_crossover"));
    s1_journal_id_opportunity(journal, OPPORTUNITY(n));
    s1_journal_details(journal);
    s1_tape_key_lit(w, "signal_type");
    s1_tape_str(w, S1_STR("ema_cross"));
    s1_tape_key_lit(w, "direction");
    s1_tape_str(w, S1_STR("LONG"));
    s1_tape_key_lit(w, "asset");
    s1_tape_str(w, S1_STR("EUR/USD"));
    s1_tape_key_lit(w, "price");
    s1_tape_double(w, 1.0 + (double)n / 1000.0);
    return s1_journal_end(journal, err);
}

/* Trade n of opportunity n, closed in hour n. A threat of 0 is none. */
static inline s1_rc write_closed(s1_journal *journal, uint64_t n, uint64_t threat, s1_err *err)
{
    const s1_nanos time = FIXTURE_T0 + (s1_nanos)n * 3600000000000LL;
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_TRADE_CLOSED, time);
    s1_journal_id_opportunity(journal, OPPORTUNITY(n));
    s1_journal_id_trade(journal, TRADE(n));
    if (threat != 0) {
        s1_journal_id_threat(journal, THREAT(threat));
    }
    s1_journal_details(journal);
    s1_tape_key_lit(w, "closure_reason");
    s1_tape_str(w, threat != 0 ? S1_STR("THREAT") : S1_STR("STOP_LOSS"));
    s1_tape_key_lit(w, "exit_price");
    s1_tape_str(w, S1_STR("1.0725"));
    s1_tape_key_lit(w, "exit_time");
    s1_tape_time(w, time);
    s1_tape_key_lit(w, "quantity");
    s1_tape_str(w, S1_STR("1000"));
    s1_tape_key_lit(w, "fees");
    s1_tape_str(w, S1_STR("0.5"));
    s1_tape_key_lit(w, "pnl");
    s1_tape_str(w, S1_STR("-3.25"));
    s1_tape_key_lit(w, "pnl_gross");
    s1_tape_str(w, S1_STR("-2.75"));
    return s1_journal_end(journal, err);
}

/* A journal of RUN_STARTED and `entries - 1` opportunities in small blocks; heap text. */
static inline s1_str fixture_journal(uint64_t entries, uint32_t block_bytes_max)
{
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    s1_journal *journal = journal_on(persistor, block_bytes_max);
    MUST(write_started(journal, err));
    for (uint64_t n = 1; n < entries; n++) {
        MUST(write_opportunity(journal, n, err));
    }
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const size_t size = s1_journal_counts_borrow(journal)->bytes;
    s1_journal_free(journal);
    char *text = malloc(size + 1);
    assert_non_null(text);
    size_t got = 0;
    MUST(s1_journal_persistor_read_at(persistor, 0, text, size, &got, err));
    assert_int_equal(got, size);
    text[size] = '\0';
    s1_journal_persistor_free(persistor);
    return s1_str_make(text, size);
}

/* Verifies bytes in memory. */
static inline s1_journal_verdict verify_bytes(s1_str bytes)
{
    const s1_journal_source source = s1_journal_source_bytes(&bytes);
    s1_journal_reader *reader = NULL;
    MUST(s1_journal_reader_new(&source, &reader, err));
    s1_journal_verdict verdict;
    MUST(s1_journal_verify(reader, &verdict, err));
    s1_journal_reader_free(reader);
    return verdict;
}

#endif /* S1_TESTS_CONTRACT_JOURNAL_FIXTURE_H */
