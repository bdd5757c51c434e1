/* The journal's writer: exact lines, blocks, levels, refusals, and what one entry costs. */
#include "backend/core/journal.h"

#include "backend/utils/hash.h"
#include "tests/contract/journal_fixture.h"

#include <time.h>

/* Counts allocations, where no sanitizer has taken malloc for itself. */
static uint64_t allocations;
#ifndef S1_SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}
#endif

static s1_journal_persistor *memory_new(void)
{
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    return persistor;
}

static s1_str all_bytes(s1_journal_persistor *persistor)
{
    char *text = malloc(1u << 20);
    assert_non_null(text);
    size_t got = 0;
    MUST(s1_journal_persistor_read_at(persistor, 0, text, (1u << 20) - 1, &got, err));
    text[got] = '\0';
    return s1_str_make(text, got);
}

/* Lines worked out by hand; the crc by the other implementation of it. */
static void test_lines(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal *journal = journal_on(persistor, 0);
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_ORDER_FILLED, 1);
    s1_journal_worker(journal, S1_STR("a\"b"));
    s1_journal_id_trade(journal, TRADE(1));
    s1_journal_id_order(journal, ORDER(2));
    s1_journal_details(journal);
    s1_tape_key_lit(w, "price");
    s1_tape_str(w, S1_STR("1.5"));
    MUST(s1_journal_end(journal, err));
    (void)s1_journal_begin(journal, S1_JOURNAL_RECONCILED, 2);
    s1_journal_worker(journal, S1_STR("with \"quotes\""));
    MUST(s1_journal_end(journal, err));
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));

    const char *body[] = {
        "{\"v\":1,\"seq\":1,\"time\":\"1970-01-01T00:00:00.000000001Z\",\"type\":\"ORDER_FILLED\","
        "\"worker\":\"a\\\"b\","
        "\"trade_id\":\"b0000000-0000-0000-0000-000000000001\","
        "\"order_id\":\"d0000000-0000-0000-0000-000000000002\",\"details\":{\"price\":\"1.5\"}",
        "{\"v\":1,\"seq\":2,\"time\":\"1970-01-01T00:00:00.000000002Z\",\"type\":\"RECONCILED\","
        "\"worker\":\"with \\\"quotes\\\"\",\"details\":{}"};
    char expected[4096], lines[2048];
    (void)snprintf(lines, sizeof lines, "%s,\"crc\":\"%08x\"}\n%s,\"crc\":\"%08x\"}\n", body[0],
                   s1_crc32c_software(0, body[0], strlen(body[0])), body[1],
                   s1_crc32c_software(0, body[1], strlen(body[1])));
    /* The chain by hand: SHA-256(SHA-256(header) || lines). */
    char hashed[4096], hex[S1_SHA256_HEX], seal[256];
    const char header[] = "s1mpletrader journal 1\n" FIXTURE_LINK "\n" FIXTURE_RUN_ID "\n";
    s1_sha256_of(header, sizeof header - 1, (uint8_t *)hashed);
    memcpy(hashed + 32, lines, strlen(lines));
    uint8_t hash[32];
    s1_sha256_of(hashed, 32 + strlen(lines), hash);
    assert_memory_equal(hash, head, 32);
    s1_hex_print(hash, 32, hex);
    (void)snprintf(seal, sizeof seal,
                   "{\"v\":1,\"seq\":2,\"block\":1,\"entries\":2,\"sha256\":\"%s\"", hex);
    (void)snprintf(expected, sizeof expected, "%s%s,\"crc\":\"%08x\"}\n", lines, seal,
                   s1_crc32c_software(0, seal, strlen(seal)));
    const s1_str found = all_bytes(persistor);
    assert_string_equal(found.ptr, expected);
    free_str(found);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

static void test_levels(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal_options options = {
        .level = S1_JOURNAL_LEVEL_TRADES, .link = S1_STR("l"), .run_id = S1_STR("r")};
    s1_journal *journal = NULL;
    MUST(s1_journal_new(&options, persistor, &journal, err));
    static const int32_t kept[] = {S1_JOURNAL_RUN_STARTED,       S1_JOURNAL_RUN_FINISHED,
                                   S1_JOURNAL_TRADE_OPENED,      S1_JOURNAL_TRADE_CLOSED,
                                   S1_JOURNAL_POSITION_ADJUSTED, S1_JOURNAL_FUNDING_PAID,
                                   S1_JOURNAL_INTEREST_PAID};
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        bool is_kept = false;
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            is_kept = is_kept || kept[i] == kind;
        }
        assert_int_equal(s1_journal_enabled(journal, kind), is_kept);
    }
    s1_journal_free(journal);

    options.level = S1_JOURNAL_LEVEL_OFF;
    MUST(s1_journal_new(&options, NULL, &journal, err));
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        assert_false(s1_journal_enabled(journal, kind));
    }
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    static const uint8_t zeros[S1_JOURNAL_HASH_SIZE];
    memset(head, 1, sizeof head);
    MUST(s1_journal_finish(journal, head, err));
    assert_memory_equal(head, zeros, sizeof head);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

static void assert_refused(const s1_journal_options *options, const char *expected)
{
    s1_err failure = S1_ERR_INIT;
    s1_journal *journal = NULL;
    assert_int_equal(s1_journal_new(options, NULL, &journal, &failure), S1_E_INVALID);
    assert_null(journal);
    assert_non_null(strstr(failure.msg, expected));
}

static void test_options(void **state)
{
    (void)state;
    char long_name[300];
    memset(long_name, 'x', sizeof long_name);
    const s1_str too_long = s1_str_make(long_name, sizeof long_name);
    const s1_journal_options good = {.level = S1_JOURNAL_LEVEL_FULL, .link = S1_STR("l")};
    s1_journal_options bad = good;
    assert_refused(&bad, "expected a persistor");
    bad.level = 0;
    assert_refused(&bad, "journal level 0: expected full, trades or off");
    bad = good;
    bad.block_bytes_max = 1023;
    assert_refused(&bad, "journal block of 1023 bytes: expected 1024 to 65536");
    bad = good;
    bad.link = S1_STR("");
    assert_refused(&bad, "journal link of 0 bytes");
    bad.link = too_long;
    assert_refused(&bad, "journal link of 300 bytes");
}

/* Whatever the entries, no block is longer than allowed, and all of them verify. */
static void test_blocks(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1024, 1500, 4096, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const s1_str bytes = fixture_journal(700, sizes[i]);
        const s1_journal_verdict verdict = verify_bytes(bytes);
        assert_string_equal(verdict.reason, "");
        assert_int_equal(verdict.entries, 700);
        assert_int_equal(verdict.seq, 700);
        assert_int_equal(verdict.by_kind[S1_JOURNAL_OPPORTUNITY_DETECTED], 699);
        assert_int_equal(verdict.is_genesis_checked, 1);
        assert_int_equal(verdict.bytes, bytes.len);
        assert_int_equal(verdict.torn_bytes, 0);
        size_t block = 0, longest = 0;
        for (size_t at = 0; at < bytes.len;) {
            const size_t end = s1_str_find_byte(bytes, '\n', at) + 1;
            block += end - at;
            if (s1_str_find(s1_str_slice(bytes, at, end), S1_STR(",\"block\":"), 0) !=
                S1_STR_NPOS) {
                longest = block > longest ? block : longest;
                block = 0;
            }
            at = end;
        }
        assert_in_range(longest, sizes[i] / 2, sizes[i]);
        free_str(bytes);
    }
}

static void test_is_deterministic(void **state)
{
    (void)state;
    const s1_str a = fixture_journal(300, 4096);
    const s1_str b = fixture_journal(300, 4096);
    assert_true(s1_str_eq(a, b));
    free_str(a);
    free_str(b);
}

/* An entry no block can hold is refused, and leaves no trace in what follows. */
static void test_too_long(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal *journal = journal_on(persistor, 1024);
    MUST(write_started(journal, err));
    static const size_t lengths[] = {1000, 2000, 200000};
    char *text = malloc(200000);
    assert_non_null(text);
    memset(text, 'x', 200000);
    for (size_t i = 0; i < 3; i++) {
        s1_err failure = S1_ERR_INIT;
        s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, FIXTURE_T0);
        s1_journal_details(journal);
        s1_tape_key_lit(w, "event");
        s1_tape_str(w, s1_str_make(text, lengths[i]));
        assert_int_equal(s1_journal_end(journal, &failure), S1_E_RANGE);
        assert_non_null(strstr(failure.msg, "WORKER_NOTE: does not fit a block of 1024 bytes"));
        MUST(write_opportunity(journal, i, err));
    }
    free(text);
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_str bytes = all_bytes(persistor);
    const s1_journal_verdict verdict = verify_bytes(bytes);
    assert_string_equal(verdict.reason, "");
    assert_int_equal(verdict.entries, 4);
    assert_int_equal(verdict.by_kind[S1_JOURNAL_WORKER_NOTE], 0);
    free_str(bytes);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

/* At the full block size: a note that just fits is taken, whatever becomes of its bytes as text. */
static void test_long_entries(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal *journal = journal_on(persistor, 0);
    MUST(write_started(journal, err));
    const struct {
        size_t length;
        char byte;
        s1_rc expected;
    } cases[] = {{65000, 'x', S1_OK},         {65500, 'x', S1_E_RANGE}, {10800, '\x01', S1_OK},
                 {10950, '\x01', S1_E_RANGE}, {32500, '"', S1_OK},      {32700, '"', S1_E_RANGE}};
    char *text = malloc(65536);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(text, cases[i].byte, cases[i].length);
        s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, FIXTURE_T0);
        s1_journal_details(journal);
        s1_tape_key_lit(w, "event");
        s1_tape_str(w, s1_str_make(text, cases[i].length));
        assert_int_equal(s1_journal_end(journal, NULL), cases[i].expected);
    }
    free(text);
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_str bytes = all_bytes(persistor);
    const s1_journal_verdict verdict = verify_bytes(bytes);
    assert_string_equal(verdict.reason, "");
    assert_int_equal(verdict.by_kind[S1_JOURNAL_WORKER_NOTE], 3);
    free_str(bytes);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

static void test_member_json(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal *journal = journal_on(persistor, 0);
    s1_err failure = S1_ERR_INIT;
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, 0);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "event");
    s1_tape_str(w, S1_STR("grid_filled"));
    assert_int_equal(s1_journal_member_json(journal, "bad", S1_STR("[1]"), &failure), S1_E_INVALID);
    assert_string_equal(failure.msg, "bad: expected a JSON object, found '[1]'");
    assert_int_equal(s1_journal_member_json(journal, "bad", S1_STR("{\"a\":}"), &failure),
                     S1_E_INVALID);
    MUST(s1_journal_member_json(journal, "data", S1_STR(" {\"a\" :\n [1, \"b c\"] }\n"), err));
    s1_tape_key_lit(w, "after");
    s1_tape_u64(w, 1);
    MUST(s1_journal_end(journal, err));
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_str bytes = all_bytes(persistor);
    assert_non_null(strstr(bytes.ptr, "\"details\":{\"event\":\"grid_filled\",\"data\":{\"a\":[1,"
                                      "\"b c\"]},\"after\":1},\"crc\":"));
    assert_string_equal(verify_bytes(bytes).reason, "");
    free_str(bytes);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

typedef struct heard {
    uint64_t count, seq;
    int32_t kind;
    bool is_whole;
    s1_rc answer;
} heard;

static s1_rc hear(void *self, const s1_journal_notice *notice, s1_err *err)
{
    heard *found = self;
    s1_journal_entry entry;
    found->count++;
    found->seq = notice->seq;
    found->kind = notice->kind;
    found->is_whole = s1_journal_entry_parse(notice->line, &entry) == S1_JOURNAL_FAULT_NONE &&
                      entry.seq == notice->seq && entry.kind == notice->kind &&
                      entry.time == notice->time;
    return found->answer == S1_OK ? S1_OK : S1_RAISE(err, found->answer, "not now");
}

static void test_listener(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    heard found = {0};
    const s1_journal_options options = {.level = S1_JOURNAL_LEVEL_FULL,
                                        .block_bytes_max = 1024,
                                        .link = S1_STR(FIXTURE_LINK),
                                        .run_id = S1_STR(FIXTURE_RUN_ID),
                                        .listener = {&found, hear}};
    s1_journal *journal = NULL;
    MUST(s1_journal_new(&options, persistor, &journal, err));
    for (uint64_t n = 1; n <= 20; n++) {
        MUST(write_opportunity(journal, n, err));
        assert_int_equal(found.count, n);
        assert_int_equal(found.seq, n);
        assert_int_equal(found.kind, S1_JOURNAL_OPPORTUNITY_DETECTED);
        assert_true(found.is_whole);
    }
    found.answer = S1_E_CANCELED;
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(write_opportunity(journal, 21, &failure), S1_E_CANCELED);
    assert_int_equal(s1_journal_seq(journal), 21);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

static void test_cancel_and_counts(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = memory_new();
    s1_journal *journal = journal_on(persistor, 0);
    MUST(write_started(journal, err));
    (void)s1_journal_begin(journal, S1_JOURNAL_TRADE_CLOSED, 5);
    s1_journal_id_trade(journal, TRADE(1));
    s1_journal_details(journal);
    s1_journal_cancel(journal);
    MUST(write_closed(journal, 3, 0, err));
    MUST(s1_journal_commit(journal, err));
    MUST(s1_journal_commit(journal, err)); /* nothing new: no empty block */
    MUST(write_closed(journal, 4, 9, err));
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_journal_counts *counts = s1_journal_counts_borrow(journal);
    assert_int_equal(counts->entries, 3);
    assert_int_equal(counts->blocks, 2);
    assert_int_equal(counts->by_kind[S1_JOURNAL_TRADE_CLOSED], 2);
    assert_int_equal(counts->by_kind[S1_JOURNAL_RUN_STARTED], 1);
    assert_int_equal(s1_journal_seq(journal), 3);
    const s1_str bytes = all_bytes(persistor);
    assert_int_equal(counts->bytes, bytes.len);
    const s1_journal_verdict verdict = verify_bytes(bytes);
    assert_string_equal(verdict.reason, "");
    assert_memory_equal(verdict.head, head, sizeof head);
    free_str(bytes);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

/* Entries of one window share a sync, and none waits longer than the window. */
static void test_group_commit(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    const s1_json_persistor_options on_disk = {
        .fs = &fault.table, .path = where.file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&on_disk, &persistor, err));
    s1_manual_clock manual;
    s1_manual_clock_init(&manual, FIXTURE_T0);
    const s1_nanos ms = 1000000;
    s1_journal_options options = {.level = S1_JOURNAL_LEVEL_FULL,
                                  .link = S1_STR(FIXTURE_LINK),
                                  .run_id = S1_STR(FIXTURE_RUN_ID),
                                  .commit_within = 5 * ms};
    assert_refused(&options, "expected 0, or more and a clock");
    options.clock = &manual.clock;
    s1_journal *journal = NULL;
    MUST(s1_journal_new(&options, s1_json_persistor_journal(persistor), &journal, err));
    s1_nanos wait = 0;
    MUST(s1_journal_poll(journal, &wait, err));
    assert_int_equal(wait, INT64_MAX);
    MUST(write_started(journal, err));
    MUST(s1_journal_commit(journal, err)); /* the first sync also syncs the folder */
    const uint64_t before = fault.calls_of[S1_FS_OP_FSYNC];
    for (uint64_t n = 1; n <= 100; n++) { /* an entry every 0.1 ms */
        MUST(write_opportunity(journal, n, err));
        s1_manual_clock_advance(&manual, ms / 10);
    }
    assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC] - before, 1); /* the second is due at 10.1 ms */
    MUST(s1_journal_poll(journal, &wait, err));
    assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC] - before, 1);
    assert_int_equal(wait, ms / 10);
    s1_manual_clock_advance(&manual, wait); /* nothing is said any more: the loop polls */
    MUST(s1_journal_poll(journal, &wait, err));
    assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC] - before, 2);
    assert_int_equal(wait, INT64_MAX);
    assert_int_equal(s1_journal_counts_borrow(journal)->blocks, 3);
    s1_fault_fs_fail(&fault, S1_FS_OP_FSYNC, 1, 5, false);
    MUST(write_opportunity(journal, 101, err));
    s1_manual_clock_advance(&manual, 5 * ms);
    s1_err failure = S1_ERR_INIT;
    assert_int_not_equal(s1_journal_poll(journal, &wait, &failure), S1_OK);
    assert_int_not_equal(write_opportunity(journal, 102, &failure), S1_OK);
    s1_journal_free(journal);
    s1_json_persistor_free(persistor);
    folder_done(&where);
}

/* A journal goes on where the one before it ended, chain and numbers included. */
static void test_goes_on(void **state)
{
    (void)state;
    const s1_str first = fixture_journal(10, 1024);
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(first, &persistor, err));
    s1_journal *journal = journal_on(persistor, 1024);
    for (uint64_t n = 10; n < 20; n++) {
        MUST(write_opportunity(journal, n, err));
    }
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const s1_str bytes = all_bytes(persistor);
    const s1_journal_verdict verdict = verify_bytes(bytes);
    assert_string_equal(verdict.reason, "");
    assert_int_equal(verdict.entries, 20);
    assert_memory_equal(verdict.head, head, sizeof head);
    free_str(bytes);
    free_str(first);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

/* Once the persistor failed, nothing is taken any more and nothing is tried again. */
static void test_failing_persistor(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    const s1_json_persistor_options options = {
        .fs = &fault.table, .path = where.file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    s1_journal *journal = journal_on(s1_json_persistor_journal(persistor), 1024);
    MUST(write_started(journal, err));
    MUST(s1_journal_commit(journal, err));
    s1_fault_fs_fail(&fault, S1_FS_OP_PWRITE, 1, 28, false);
    s1_err failure = S1_ERR_INIT;
    s1_rc rc = S1_OK;
    uint64_t taken = 1;
    while (rc == S1_OK && taken < 100) {
        rc = write_opportunity(journal, taken, &failure);
        taken += rc == S1_OK;
    }
    assert_int_equal(rc, S1_E_IO);
    assert_int_equal(s1_journal_seq(journal), taken);
    const uint64_t calls = fault.calls;
    assert_int_equal(write_opportunity(journal, 50, &failure), S1_E_IO);
    assert_int_equal(s1_journal_commit(journal, &failure), S1_E_IO);
    assert_non_null(strstr(failure.msg, "an earlier write failed"));
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    assert_int_equal(s1_journal_finish(journal, head, &failure), S1_E_IO);
    assert_int_equal(fault.calls, calls);
    s1_journal_free(journal);
    s1_json_persistor_free(persistor);
    folder_done(&where);
}

/* Entries, notes and appends allocate nothing once the journal is there; a seal at most what
 * OpenSSL 3.0 takes to start a digest again. */
static void test_allocates_nothing(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    const s1_json_persistor_options options = {
        .fs = s1_fs_real(), .path = where.file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    s1_journal *journal = journal_on(s1_json_persistor_journal(persistor), 0);
    const uint64_t before = allocations;
    for (uint64_t n = 0; n < 2000; n++) {
        MUST(write_opportunity(journal, n, err));
        s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, FIXTURE_T0);
        s1_journal_worker(journal, S1_STR("grid"));
        s1_journal_details(journal);
        s1_tape_key_lit(w, "event");
        s1_tape_str(w, S1_STR("grid_filled"));
        MUST(s1_journal_member_json(journal, "details", S1_STR("{\"level\": 3}"), err));
        MUST(s1_journal_end(journal, err));
    }
    MUST(s1_journal_commit(journal, err));
    const uint64_t blocks = s1_journal_counts_borrow(journal)->blocks;
    assert_in_range(blocks, 6, 100);
    assert_in_range(allocations - before, 0, blocks);
    s1_journal_free(journal);
    s1_json_persistor_free(persistor);
    folder_done(&where);
}

/* Printed, not asserted: a shared machine decides here. */
static void test_speed(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    const s1_json_persistor_options options = {.fs = s1_fs_real(),
                                               .path = where.file,
                                               .mode = S1_JSON_PERSISTOR_APPEND_ONLY,
                                               .leaves_sync = true}; /* as in a run folder */
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    s1_journal *journal = journal_on(s1_json_persistor_journal(persistor), 0);
    struct timespec from, to;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (uint64_t n = 0; n < 50000; n++) {
        MUST(write_opportunity(journal, n, err));
        MUST(write_closed(journal, n, n & 1, err));
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    const double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    const s1_journal_counts *counts = s1_journal_counts_borrow(journal);
    assert_int_equal(counts->entries, 100000);
    print_message(
        "journal: %.0f ns and %.0f bytes per entry (100000 entries to a file, CPU time)\n",
        ns / 100000.0, (double)counts->bytes / 100000.0);
    s1_journal_free(journal);
    s1_json_persistor_free(persistor);
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_is_deterministic),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_long_entries),
        cmocka_unit_test(test_member_json),
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_cancel_and_counts),
        cmocka_unit_test(test_group_commit),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_failing_persistor),
        cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
