/* The journal's reader: every kind of damage named with its line, torn tails told from damage, and
 * entries found by their ids. */
#include "backend/core/journal_reader.h"

#include "backend/utils/hash.h"
#include "backend/utils/uid.h"
#include "tests/contract/journal_fixture.h"

#include <math.h>

static s1_journal_reader *reader_on(const s1_str *bytes)
{
    const s1_journal_source source = s1_journal_source_bytes(bytes);
    s1_journal_reader *reader = NULL;
    MUST(s1_journal_reader_new(&source, &reader, err));
    return reader;
}

/* Start of line `number` (from 1). */
static size_t line_start(s1_str bytes, uint64_t number)
{
    size_t at = 0;
    while (--number > 0) {
        at = s1_str_find_byte(bytes, '\n', at) + 1;
    }
    return at;
}

static uint64_t line_count(s1_str bytes)
{
    uint64_t count = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        count += bytes.ptr[i] == '\n';
    }
    return count;
}

static char *writable(s1_str bytes)
{
    return (char *)(uintptr_t)bytes.ptr;
}

static void test_iterates(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(500, 2048);
    s1_journal_reader *reader = reader_on(&bytes);
    for (int round = 0; round < 2; round++) {
        uint64_t seq = 0;
        for (;;) {
            const s1_journal_entry *entry = NULL;
            MUST(s1_journal_reader_next(reader, &entry, err));
            if (entry == NULL) {
                break;
            }
            seq++;
            assert_int_equal(entry->seq, seq);
            assert_int_equal(entry->is_sealed, 1);
            assert_int_equal(entry->offset, line_start(bytes, entry->line_number));
            assert_ptr_not_equal(entry->line.ptr, NULL);
            assert_true(s1_str_eq_cstr(entry->link, seq == 1 ? FIXTURE_LINK : ""));
            if (seq > 1) {
                assert_int_equal(entry->kind, S1_JOURNAL_OPPORTUNITY_DETECTED);
                assert_true(s1_str_eq_cstr(entry->type, "OPPORTUNITY_DETECTED"));
                assert_true(s1_str_eq_cstr(entry->worker, "ema_crossover"));
                assert_int_equal(entry->ids_present, 1u << S1_JOURNAL_ID_OPPORTUNITY);
                assert_true(
                    s1_uid_eq(entry->ids[S1_JOURNAL_ID_OPPORTUNITY], OPPORTUNITY(seq - 1).uid));
                assert_int_equal(entry->time, FIXTURE_T0 + (s1_nanos)(seq - 1) * 3600000000000LL);
            }
        }
        assert_int_equal(seq, 500);
        assert_int_equal(s1_journal_reader_torn_bytes(reader), 0);
        s1_journal_reader_rewind(reader);
    }
    s1_journal_reader_free(reader);
    free_str(bytes);
}

static void test_empty(void **state)
{
    (void)state;
    const s1_journal_verdict verdict = verify_bytes(S1_STR(""));
    assert_int_equal(verdict.entries + verdict.blocks + verdict.torn_bytes, 0);
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_NONE);
    assert_int_equal(verdict.is_genesis_checked, 0);
}

/* A journal cut at every byte is either whole or torn, and gives back exactly its whole blocks. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(12, 1200);
    uint64_t blocks = 0, whole_bytes = 0, whole_entries = 0, entries = 0;
    for (size_t length = 0; length <= bytes.len; length++) {
        if (length > 0 && bytes.ptr[length - 1] == '\n') {
            const size_t start =
                length < 2 ? 0 : s1_str_rfind_byte(s1_str_slice(bytes, 0, length - 1), '\n');
            const s1_str line = s1_str_slice(bytes, start == S1_STR_NPOS ? 0 : start + 1, length);
            if (s1_str_find(line, S1_STR(",\"block\":"), 0) != S1_STR_NPOS) {
                blocks++;
                whole_bytes = length;
                whole_entries = entries;
            } else {
                entries++;
            }
        }
        char *exact = malloc(length + 1); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, bytes.ptr, length);
        const s1_journal_verdict verdict = verify_bytes(s1_str_make(exact, length));
        free(exact);
        assert_string_equal(verdict.reason, "");
        assert_int_equal(verdict.blocks, blocks);
        assert_int_equal(verdict.bytes, whole_bytes);
        assert_int_equal(verdict.entries, whole_entries);
        assert_int_equal(verdict.torn_bytes, length - whole_bytes);
        assert_int_equal(verdict.torn_line, length > whole_bytes ? whole_entries + blocks + 1 : 0);
    }
    assert_int_equal(blocks, 4);
    free_str(bytes);
}

/* What was written whole but not sealed can be read, and says so. */
static void test_unsealed_entries(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(12, 65536); /* one block of 12 lines and a seal */
    const s1_str cut = s1_str_slice(bytes, 0, line_start(bytes, 8) + 30);
    s1_journal_reader *reader = reader_on(&cut);
    uint64_t count = 0;
    for (;;) {
        const s1_journal_entry *entry = NULL;
        MUST(s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            break;
        }
        assert_int_equal(entry->is_sealed, 0);
        count++;
    }
    assert_int_equal(count, 7);
    assert_int_equal(s1_journal_reader_torn_bytes(reader), cut.len);
    s1_journal_reader_free(reader);
    free_str(bytes);
}

/* Every single bit of every line, flipped: never silent, never past its line, and what came before
 * is given. */
static void test_bit_flips(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(9, 1024);
    const uint64_t lines = line_count(bytes);
    uint64_t flips = 0, torn = 0;
    for (uint64_t line = 1; line <= lines; line++) {
        const size_t start = line_start(bytes, line), end = line_start(bytes, line + 1);
        for (size_t at = start; at < end; at++) {
            for (int bit = 0; bit < 8; bit++) {
                writable(bytes)[at] ^= (char)(1 << bit);
                const s1_journal_verdict verdict = verify_bytes(bytes);
                writable(bytes)[at] ^= (char)(1 << bit);
                flips++;
                torn += verdict.torn_bytes > 0;
                if (verdict.fault == S1_JOURNAL_FAULT_NONE && verdict.torn_bytes == 0) {
                    fail_msg("line %d, byte %zu, bit %d: not detected", (int)line, at - start, bit);
                }
                const uint64_t found =
                    verdict.fault_line != 0 ? verdict.fault_line : verdict.torn_line;
                assert_in_range(found, 1, line); /* a lost newline joins it with the next line */
                assert_true(verdict.fault_line == 0 || verdict.fault_line == line);
            }
        }
    }
    /* The very last newline is the one byte without a checksum; another byte there is no torn
     * write, but for a NUL, which would be a lost sector's (no single bit makes one). */
    assert_int_equal(torn, 0);
    print_message("journal: %llu bit flips, all detected\n", (unsigned long long)flips);
    free_str(bytes);
}

/* A torn block behind it does not make damage of a sealed block look like part of the tear. */
static void test_flips_before_a_torn_tail(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(9, 1024);
    const uint64_t lines = line_count(bytes);
    uint64_t sealed = lines - 1; /* the seal before the last block's own */
    while (
        s1_str_find(s1_str_slice(bytes, line_start(bytes, sealed), line_start(bytes, sealed + 1)),
                    S1_STR(",\"block\":"), 0) == S1_STR_NPOS) {
        sealed--;
    }
    const size_t start = line_start(bytes, sealed), end = line_start(bytes, sealed + 1);
    const size_t tails[] = {1, 40, 200, bytes.len - end - 30};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        const s1_str torn = s1_str_slice(bytes, 0, end + tails[i]);
        assert_int_equal(verify_bytes(torn).torn_bytes, tails[i]);
        for (size_t at = start; at < end; at++) {
            for (int bit = 0; bit < 8; bit++) {
                writable(bytes)[at] ^= (char)(1 << bit);
                const s1_journal_verdict verdict = verify_bytes(torn);
                writable(bytes)[at] ^= (char)(1 << bit);
                if (verdict.fault == S1_JOURNAL_FAULT_NONE) {
                    fail_msg("seal byte %zu, bit %d, tail of %zu: cut as torn", at - start, bit,
                             tails[i]);
                }
            }
        }
    }
    free_str(bytes);
}

static void assert_fault(s1_str bytes, uint64_t line, int32_t fault, const char *expected)
{
    const s1_journal_verdict verdict = verify_bytes(bytes);
    assert_int_equal(verdict.fault, fault);
    assert_int_equal(verdict.fault_line, line);
    assert_int_equal(verdict.fault_offset, line_start(bytes, line));
    assert_non_null(strstr(verdict.reason, expected));
    s1_journal_reader *reader = reader_on(&bytes);
    const s1_journal_entry *entry = NULL;
    s1_err failure = S1_ERR_INIT;
    s1_rc rc = S1_OK;
    while ((rc = s1_journal_reader_next(reader, &entry, &failure)) == S1_OK && entry != NULL) {
        assert_true(entry->line_number < line || strstr(expected, "JSON") != NULL);
    }
    /* Reading does not know the header, and does not look into details. */
    if (verdict.blocks > 0 && strstr(expected, "JSON") == NULL) {
        assert_int_equal(rc, S1_E_DATA);
        assert_non_null(strstr(failure.msg, expected));
        assert_int_equal(s1_journal_reader_next(reader, &entry, &failure), S1_E_DATA);
    }
    s1_journal_reader_free(reader);
}

/* Lines `from` on of a journal, without line `left_out`. */
static s1_str without_line(s1_str bytes, uint64_t left_out)
{
    const size_t start = line_start(bytes, left_out), end = line_start(bytes, left_out + 1);
    char *text = malloc(bytes.len);
    assert_non_null(text);
    memcpy(text, bytes.ptr, start);
    memcpy(text + start, bytes.ptr + end, bytes.len - end);
    return s1_str_make(text, bytes.len - (end - start));
}

static void test_lines_gone(void **state)
{
    (void)state;
    /* Blocks of 3 entries: lines 1-3 and seal 4, 5-7 and seal 8, ... */
    const s1_str bytes = fixture_journal(12, 1300);
    const uint64_t lines = line_count(bytes);
    for (uint64_t line = 1; line < lines; line++) {
        const s1_str left = without_line(bytes, line);
        const size_t at = line_start(bytes, line);
        const s1_str gone = s1_str_slice(bytes, at, line_start(bytes, line + 1));
        const bool is_seal = s1_str_find(gone, S1_STR("\"block\":"), 0) != S1_STR_NPOS;
        const s1_journal_verdict verdict = verify_bytes(left);
        assert_int_not_equal(verdict.fault, S1_JOURNAL_FAULT_NONE);
        if (!is_seal && verdict.fault_line != line) {
            fail_msg("line %d gone, found at %d: %s", (int)line, (int)verdict.fault_line,
                     verdict.reason);
        }
        free_str(left);
    }
    free_str(bytes);
}

/* A forged line: everything about it is right but what the chain knows. */
static void test_chain(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(30, 2048);
    const s1_str other = fixture_journal(30, 2048);
    uint64_t line = 3;
    const size_t at = line_start(other, line);
    char *text = writable(other);
    char *found = strstr(text + at, "\"LONG\"");
    assert_non_null(found);
    memcpy(found, "\"LUNG\"", 6);
    const size_t end = s1_str_find(other, S1_STR(",\"crc\":"), at);
    (void)snprintf(text + end + 8, 9, "%08x", s1_crc32c(0, text + at, end - at));
    text[end + 16] = '"';
    const s1_journal_verdict verdict = verify_bytes(other);
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_CHAIN);
    assert_non_null(strstr(verdict.reason, "the hash chain is broken: found "));
    assert_int_equal(verdict.blocks, 0);

    /* Another run's journal does not fit this one's header: its run_id is another. */
    const size_t run_id = s1_str_find(bytes, S1_STR("000001\",\"strategy\""), 0);
    assert_int_not_equal(run_id, S1_STR_NPOS);
    writable(bytes)[run_id + 5] = '2';
    const size_t crc = s1_str_find(bytes, S1_STR(",\"crc\":"), 0);
    (void)snprintf(writable(bytes) + crc + 8, 9, "%08x", s1_crc32c(0, bytes.ptr, crc));
    writable(bytes)[crc + 16] = '"';
    assert_int_equal(verify_bytes(bytes).fault, S1_JOURNAL_FAULT_CHAIN);
    free_str(bytes);
    free_str(other);
}

/* One line, made with a crc that fits, in front of a sound journal of its own. */
static void assert_line_fault(const char *body, int32_t fault)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%s,\"crc\":\"%08x\"}", body,
                   s1_crc32c(0, body, strlen(body)));
    s1_journal_entry entry;
    if (s1_journal_entry_parse(s1_str_of(text), &entry) != fault) {
        fail_msg("%s: found %s", body,
                 s1_journal_fault_name(s1_journal_entry_parse(s1_str_of(text), &entry)));
    }
}

#define TIME_ "\"time\":\"2017-07-14T02:40:00.000000000Z\""
static void test_malformed(void **state)
{
    (void)state;
    assert_line_fault("{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\","
                      "\"details\":{}",
                      S1_JOURNAL_FAULT_NONE);
    static const char *const bad[] = {
        "",
        "{}",
        "{\"v\":2,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":01," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":1234567890123456789012," TIME_
        ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":1,\"time\":\"2017-13-14T02:40:00.000000000Z\",\"type\":\"WORKER_NOTE\","
        "\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":1,\"time\":\"2017-07-14\",\"type\":\"WORKER_NOTE\",\"link\":\"l\","
        "\"details\":{}",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"NONSENSE\",\"link\":\"l\",\"details\":{}",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\"",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":[]",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"details\":{",
        "{\"v\":1,\"seq\":1," TIME_
        ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"trade_id\":\"12\",\"details\":{}",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\","
        "\"order_id\":\"d0000000-0000-0000-0000-000000000002\","
        "\"trade_id\":\"b0000000-0000-0000-0000-000000000001\",\"details\":{}",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\",\"worker\":\"w",
        "{\"v\":1,\"seq\":1," TIME_ ",\"type\":\"WORKER_NOTE\",\"link\":\"l\\",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_line_fault(bad[i], S1_JOURNAL_FAULT_MALFORMED);
    }
}

/* Each way a file can be damaged, with the line and the words. */
static void test_damage(void **state)
{
    (void)state;
    const s1_str bytes = fixture_journal(15, 1700);
    const size_t length = bytes.len;
    char *text = writable(bytes);
    char *kept = malloc(length);
    assert_non_null(kept);
    memcpy(kept, text, length);

    text[line_start(bytes, 6) + 60] ^= 1;
    assert_fault(bytes, 6, S1_JOURNAL_FAULT_CRC, "line 6 (byte ");
    assert_fault(bytes, 6, S1_JOURNAL_FAULT_CRC, "the checksum differs");
    memcpy(text, kept, length);

    text[line_start(bytes, 6)] = '\n';
    assert_fault(bytes, 6, S1_JOURNAL_FAULT_MALFORMED, "is not a journal line");
    memcpy(text, kept, length);

    /* A hole of zeros is a torn write in the last block only. */
    memset(text + line_start(bytes, 6) + 10, 0, 100);
    assert_fault(bytes, 6, S1_JOURNAL_FAULT_CRC, "line 6");
    memcpy(text, kept, length);
    const uint64_t last = line_count(bytes);
    const size_t block = verify_bytes(s1_str_slice(bytes, 0, length - 1)).bytes;
    const size_t sector = (block + 511) / 512 * 512;
    assert_true(sector + 512 < length);
    memset(text + sector, 0, 512);
    const s1_journal_verdict torn = verify_bytes(bytes);
    assert_string_equal(torn.reason, "");
    assert_true(torn.torn_bytes > 0);
    assert_int_equal(torn.torn_bytes + torn.bytes, length);
    memcpy(text, kept, length);
    /* A zero that is no sector is none. */
    text[block + 60] = '\0';
    assert_int_equal(verify_bytes(bytes).fault, S1_JOURNAL_FAULT_CRC);
    memcpy(text, kept, length);

    /* Damage of the last block that no torn write leaves is damage. */
    text[line_start(bytes, last - 1) + 60] ^= 1;
    assert_fault(bytes, last - 1, S1_JOURNAL_FAULT_CRC, "the checksum differs");
    memcpy(text, kept, length);
    free(kept);
    free_str(bytes);
}

/* Bytes without end and without a seal are refused in bounded memory. */
static void test_endless(void **state)
{
    (void)state;
    char *text = malloc(1u << 20);
    assert_non_null(text);
    memset(text, 'x', 1u << 20);
    s1_journal_verdict verdict = verify_bytes(s1_str_make(text, 1u << 20));
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_TOO_LONG);
    assert_int_equal(verdict.fault_line, 1);
    memset(text, '\n', 1u << 20);
    verdict = verify_bytes(s1_str_make(text, 1u << 20));
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_MALFORMED);
    assert_int_equal(verdict.fault_line, 1);
    memset(text, 0, 1u << 20);
    verdict = verify_bytes(s1_str_make(text, 1u << 20));
    assert_int_equal(verdict.fault, S1_JOURNAL_FAULT_TOO_LONG);
    free(text);
}

/* Details that are no JSON, sealed with everything else in order. */
static void test_details_not_json(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    s1_journal *journal = journal_on(persistor, 0);
    MUST(write_started(journal, err));
    MUST(s1_journal_commit(journal, err));
    s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, 0);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "event");
    memcpy(s1_tape_raw(w, 8), "nonsense", 8);
    MUST(s1_journal_end(journal, err));
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));
    char text[2048];
    size_t got = 0;
    MUST(s1_journal_persistor_read_at(persistor, 0, text, sizeof text, &got, err));
    assert_fault(s1_str_make(text, got), 3, S1_JOURNAL_FAULT_MALFORMED, "details is not JSON");
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

typedef struct seen {
    uint64_t count, seqs[16];
} seen;

static s1_rc see(void *user, const s1_journal_entry *entry, s1_err *err)
{
    seen *found = user;
    if (found->count == 16) {
        return S1_RAISE(err, S1_E_RANGE, "too many");
    }
    found->seqs[found->count++] = entry->seq;
    return S1_OK;
}

static void test_finds(void **state)
{
    (void)state;
    s1_journal_persistor *persistor = NULL;
    MUST(s1_memory_journal_persistor_new(S1_STR(""), &persistor, err));
    s1_journal *journal = journal_on(persistor, 1024);
    MUST(write_started(journal, err)); /* 1 */
    for (uint64_t n = 1; n <= 6; n++) {
        MUST(write_opportunity(journal, n, err)); /* 2 .. 7 */
    }
    (void)s1_journal_begin(journal, S1_JOURNAL_THREAT_DETECTED, FIXTURE_T0); /* 8 */
    s1_journal_id_threat(journal, THREAT(77));
    MUST(s1_journal_end(journal, err));
    MUST(write_closed(journal, 3, 77, err)); /* 9 */
    MUST(write_closed(journal, 4, 0, err));  /* 10 */
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    MUST(s1_journal_finish(journal, head, err));

    const s1_journal_source source = s1_journal_source_of(persistor);
    s1_journal_reader *reader = NULL;
    MUST(s1_journal_reader_new(&source, &reader, err));
    seen found = {0};
    uint64_t count = 0;
    MUST(s1_journal_find_id(reader, OPPORTUNITY(3).uid, see, &found, &count, err));
    assert_int_equal(count, 2);
    assert_int_equal(found.seqs[0], 4);
    assert_int_equal(found.seqs[1], 9);
    found.count = 0;
    MUST(s1_journal_find_trade(reader, TRADE(3), see, &found, &count, err));
    assert_int_equal(count, 3); /* the opportunity, the threat, the close */
    assert_int_equal(found.seqs[0], 4);
    assert_int_equal(found.seqs[1], 8);
    assert_int_equal(found.seqs[2], 9);
    found.count = 0;
    MUST(s1_journal_find_id(reader, TRADE(99).uid, see, &found, &count, err));
    assert_int_equal(count, 0);
    s1_journal_reader_free(reader);
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
}

static void test_details(void **state)
{
    (void)state;
    const char body[] =
        "{\"v\":1,\"seq\":5," TIME_ ",\"type\":\"OPPORTUNITY_REJECTED\",\"link\":\"l\","
        "\"opportunity_id\":\"a0000000-0000-0000-0000-000000000001\",\"details\":{\"stage\":"
        "\"governor\",\"rejection_reason\":{\"code\":\"MAX\",\"limit\":1.5,\"actual\":2}}";
    char line[512];
    (void)snprintf(line, sizeof line, "%s,\"crc\":\"%08x\"}", body,
                   s1_crc32c(0, body, strlen(body)));
    s1_journal_entry entry;
    assert_int_equal(s1_journal_entry_parse(s1_str_of(line), &entry), S1_JOURNAL_FAULT_NONE);
    s1_journal_details_view details;
    MUST(s1_journal_details_init(&details, &entry, err));
    assert_string_equal(s1_journal_details_text(&details, "stage"), "governor");
    assert_string_equal(s1_journal_details_text(&details, "rejection_reason.code"), "MAX");
    assert_true(s1_journal_details_number(&details, "rejection_reason.limit") == 1.5);
    assert_int_equal(s1_journal_details_integer(&details, "rejection_reason.actual", -1), 2);
    assert_int_equal(s1_journal_details_integer(&details, "rejection_reason.limit", -1), -1);
    assert_null(s1_journal_details_text(&details, "rejection_reason.none"));
    assert_null(s1_journal_details_text(&details, "stage.code"));
    assert_true(isnan(s1_journal_details_number(&details, "stage")));
    s1_journal_details_done(&details);
    MUST(s1_journal_entry_check(&entry, err));
}

/* X(kind's entry without ids in details, what is said of it). */
static void assert_check(const char *type, const char *ids, const char *details,
                         const char *expected)
{
    char body[1024], line[1100];
    (void)snprintf(body, sizeof body,
                   "{\"v\":1,\"seq\":5," TIME_ ",\"type\":\"%s\",\"link\":\"l\"%s,\"details\":%s",
                   type, ids, details);
    (void)snprintf(line, sizeof line, "%s,\"crc\":\"%08x\"}", body,
                   s1_crc32c(0, body, strlen(body)));
    s1_journal_entry entry;
    assert_int_equal(s1_journal_entry_parse(s1_str_of(line), &entry), S1_JOURNAL_FAULT_NONE);
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(s1_journal_entry_check(&entry, &failure), S1_E_DATA);
    if (strstr(failure.msg, expected) == NULL) {
        fail_msg("found '%s', expected '%s'", failure.msg, expected);
    }
}

static void test_entry_check(void **state)
{
    (void)state;
    const char *trade = ",\"trade_id\":\"b0000000-0000-0000-0000-000000000001\"";
    assert_check("POSITION_ADJUSTED", "", "{\"what\":\"stop_loss\"}",
                 "journal entry 5 POSITION_ADJUSTED: no trade_id, it must have one");
    assert_check("RUN_FINISHED", trade, "{}", "RUN_FINISHED: has a trade_id, it may not");
    assert_check("POSITION_ADJUSTED", trade, "{}", "details.what is missing");
    assert_check("POSITION_ADJUSTED", trade, "{\"what\":3}", "details.what: expected a text");
    assert_check("POSITION_ADJUSTED", trade, "{\"what\":\"stop_loss\",\"from\":1.5}",
                 "details.from: expected a decimal as text");
    assert_check("POSITION_ADJUSTED", trade, "{\"what\":\"stop_loss\",\"from\":\"x\"}",
                 "details.from: expected a decimal as text");
    assert_check("POSITION_ADJUSTED", trade, "{\"what\":\"a\",\"what\":\"b\"}",
                 "details is not a JSON object");
    const s1_str bytes = fixture_journal(5, 0);
    s1_journal_reader *reader = reader_on(&bytes);
    for (int i = 0; i < 5; i++) {
        const s1_journal_entry *entry = NULL;
        MUST(s1_journal_reader_next(reader, &entry, err));
        MUST(s1_journal_entry_check(entry, err));
    }
    s1_journal_reader_free(reader);
    free_str(bytes);
}

static void test_opens_a_file(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_journal_reader *reader = NULL;
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(s1_journal_reader_open(s1_fs_real(), where.file, &reader, &failure),
                     S1_E_NOT_FOUND);
    const s1_str bytes = fixture_journal(3000, 0); /* more than one window */
    assert_true(bytes.len > 4 * S1_JOURNAL_BLOCK_BYTES_MAX);
    write_bytes(where.file, bytes);
    MUST(s1_journal_reader_open(s1_fs_real(), where.file, &reader, err));
    s1_journal_verdict verdict;
    MUST(s1_journal_verify(reader, &verdict, err));
    assert_string_equal(verdict.reason, "");
    assert_int_equal(verdict.entries, 3000);
    s1_journal_reader_free(reader);
    free_str(bytes);
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips_before_a_torn_tail),
        cmocka_unit_test(test_iterates),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_unsealed_entries),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_lines_gone),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_details_not_json),
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_entry_check),
        cmocka_unit_test(test_opens_a_file),
    };
    return cmocka_run_group_tests_name("journal_reader", tests, NULL, NULL);
}
