/* The index: it answers as reading the whole journal does, fits its journal or is made anew, and is
 * never fatal. S1_INDEX_ENTRIES=1000000 measures a long journal. */
#include "backend/analysis/journal_index.h"

#include "backend/analysis/explain.h"
#include "backend/utils/uid.h"
#include "tests/contract/journal_fixture.h"
/* after the fixture's own names */
#include "tests/backend/analysis/story_fixture.h"

#include <time.h>

#define ENTRIES_DEFAULT 20000u
#define BLOCK_ENTRIES   100u

/* --- A story with every link, sealed. ----------------------------------------------------- */

static void append_crc(s1_strbuf *text, size_t start)
{
    const uint32_t crc = s1_crc32c(0, text->data + start, text->len - start);
    s1_strbuf_printf(text, ",\"crc\":\"%08x\"}\n", crc);
}

/* Seals everything from `from` on as block `block`; `hash` is that of the block before, and after
 * it of this one. */
static void append_seal(s1_strbuf *text, size_t from, unsigned block, uint64_t seq,
                        unsigned entries, uint8_t hash[static S1_JOURNAL_HASH_SIZE])
{
    char hex[S1_SHA256_HEX];
    s1_sha256 *digest = NULL;
    MUST(s1_sha256_new(&digest, err));
    s1_sha256_update(digest, hash, S1_JOURNAL_HASH_SIZE);
    s1_sha256_update(digest, text->data + from, text->len - from);
    s1_sha256_finish(digest, hash);
    s1_sha256_free(digest);
    s1_hex_print(hash, S1_JOURNAL_HASH_SIZE, hex);
    const size_t start = text->len;
    s1_strbuf_printf(text, "{\"v\":1,\"seq\":%llu,\"block\":%u,\"entries\":%u,\"sha256\":\"%s\"",
                     (unsigned long long)seq, block, entries, hex);
    append_crc(text, start);
}

static void genesis(const char *link, const char *run_id,
                    uint8_t ret_hash[static S1_JOURNAL_HASH_SIZE])
{
    char header[S1_JOURNAL_HEADER_SIZE];
    MUST(s1_journal_header(s1_str_of(link), s1_str_of(run_id), header, err));
    s1_sha256_of(header, strlen(header), ret_hash);
}

static void write_story(const char *path)
{
    s1_strbuf text;
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    const unsigned count = sizeof story_lines / sizeof story_lines[0];
    s1_strbuf_init(&text, 1u << 20);
    story_write(&text);
    genesis("demo", STORY_ID("e1"), hash);
    append_seal(&text, 0, 1, count, count, hash);
    write_bytes(path, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
}

static s1_fault_fs disk; /* fails nothing: it counts */

static s1_journal_reader *reader_of(const char *path)
{
    s1_journal_reader *reader = NULL;
    MUST(s1_journal_reader_open(&disk.table, path, &reader, err));
    return reader;
}

static s1_journal_index *index_of(const char *path, s1_journal_reader *reader, int32_t source)
{
    s1_journal_index *index = NULL;
    MUST(s1_journal_index_open(&disk.table, path, reader, &index, err));
    assert_int_equal(s1_journal_index_source(index), source);
    return index;
}

static void explain_to(s1_journal_reader *reader, const char *id, s1_strbuf *out)
{
    s1_arena arena;
    s1_json_writer w;
    s1_locale *locale;
    const s1_explain_node *root = NULL;
    s1_arena_init(&arena, 64u << 20, 0);
    MUST(s1_locale_new(S1_LANGUAGE_EN, &locale, err));
    MUST(s1_explain_id(reader, s1_str_of(id), locale, &arena, &root, err));
    s1_json_init(&w, out, 2);
    s1_explain_json(root, &w);
    s1_locale_free(locale);
    s1_arena_done(&arena);
}

static void test_same_as_reading_all(void **state)
{
    (void)state;
    static const char *const ids[] = {"a1000000", "a2000000", "a3000000", "a4000000", "a5000000",
                                      "a6000000", "b1000000", "b3000000", "b4000000", "b5000000",
                                      "c1000000", "c2000000", "d1000000", "d4000000"};
    folder made;
    folder_init(&made, "journal.jsonl");
    write_story(made.file);
    for (int round = 0; round < 2; round++) {
        s1_journal_reader *const reader = reader_of(made.file);
        s1_journal_index *const index =
            index_of(made.file, reader, round == 0 ? S1_INDEX_BUILT : S1_INDEX_READ);
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
            s1_strbuf all, some;
            s1_journal_place *places = NULL;
            size_t count = 0;
            size_t id_count = 0;
            s1_strbuf_init(&all, 1u << 20);
            s1_strbuf_init(&some, 1u << 20);
            explain_to(reader, ids[i], &all);
            MUST(s1_journal_index_story(index, reader, s1_str_of(ids[i]), &places, &count,
                                        &id_count, err));
            assert_int_equal(id_count, 1);
            s1_journal_reader_select(reader, places, count);
            explain_to(reader, ids[i], &some);
            s1_journal_reader_select(reader, NULL, 0);
            assert_string_equal(s1_strbuf_cstr(&all), s1_strbuf_cstr(&some));
            free(places);
            s1_strbuf_done(&all);
            s1_strbuf_done(&some);
        }
        s1_journal_index_free(index);
        s1_journal_reader_free(reader);
    }
    folder_done(&made);
}

static void test_find(void **state)
{
    (void)state;
    folder made;
    folder_init(&made, "journal.jsonl");
    write_story(made.file);
    s1_journal_reader *const reader = reader_of(made.file);
    s1_journal_index *const index = index_of(made.file, reader, S1_INDEX_BUILT);
    const struct {
        const char *digits;
        size_t ids, entries;
    } cases[] = {{"b1000000", 1, 7}, {"a6", 1, 3}, {"a", 6, 21}, {"ff", 0, 0}, {"c1", 1, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_journal_place *places = NULL;
        size_t count = 0;
        size_t ids = 0;
        MUST(s1_journal_index_find(index, s1_str_of(cases[i].digits), &places, &count, &ids, err));
        assert_int_equal(ids, cases[i].ids);
        if (strcmp(cases[i].digits, "a") != 0) {
            assert_int_equal(count, cases[i].entries);
        }
        for (size_t k = 1; k < count; k++) {
            assert_true(places[k].offset > places[k - 1].offset);
        }
        free(places);
    }
    s1_journal_index_free(index);
    s1_journal_reader_free(reader);
    folder_done(&made);
}

/* Every flipped byte of the sidecar: never a wrong answer, and never the end. */
static void test_damage(void **state)
{
    (void)state;
    folder made;
    char sidecar[400];
    folder_init(&made, "journal.jsonl");
    write_story(made.file);
    (void)snprintf(sidecar, sizeof sidecar, "%s.idx", made.file);
    s1_journal_reader *const reader = reader_of(made.file);
    s1_journal_index_free(index_of(made.file, reader, S1_INDEX_BUILT));
    s1_str bytes = read_bytes_of(sidecar);
    assert_true(bytes.len > 500);
    for (size_t i = 0; i < bytes.len; i += 3) {
        char *const at = (char *)(uintptr_t)bytes.ptr + i;
        *at = (char)(*at ^ 0x10);
        write_bytes(sidecar, bytes);
        *at = (char)(*at ^ 0x10);
        s1_journal_index *index = NULL;
        s1_journal_place *places = NULL;
        size_t count = 0;
        size_t ids = 0;
        s1_err fault = S1_ERR_INIT;
        MUST(s1_journal_index_open(s1_fs_real(), made.file, reader, &index, err));
        const s1_rc rc = s1_journal_index_find(index, S1_STR("b1"), &places, &count, &ids, &fault);
        if (rc == S1_OK) {
            assert_int_equal(count, 7);
        } else {
            assert_int_equal(rc, S1_E_DATA);
        }
        free(places);
        s1_journal_index_free(index);
    }
    write_bytes(sidecar, s1_str_slice(bytes, 0, bytes.len / 2)); /* cut short */
    s1_journal_index_free(index_of(made.file, reader, S1_INDEX_BUILT));
    s1_journal_index_drop(s1_fs_real(), made.file);
    assert_false(s1_fs_exists(s1_fs_real(), sidecar));
    free_str(bytes);
    s1_journal_reader_free(reader);
    folder_done(&made);
}

/* A journal that went on, a folder that cannot be written, a tail that is not sealed. */
static void test_stale(void **state)
{
    (void)state;
    folder made;
    folder_init(&made, "journal.jsonl");
    write_story(made.file);
    s1_journal_reader *reader = reader_of(made.file);
    s1_journal_index_free(index_of(made.file, reader, S1_INDEX_BUILT));
    s1_journal_reader_free(reader);
    s1_strbuf text; /* another journal of the same length: its last hash differs */
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    const unsigned count = sizeof story_lines / sizeof story_lines[0];
    s1_strbuf_init(&text, 1u << 20);
    story_write(&text);
    const size_t seal = text.len;
    genesis("omed", STORY_ID("e1"), hash);
    append_seal(&text, 0, 1, count, count, hash);
    write_bytes(made.file, s1_strbuf_view(&text));
    reader = reader_of(made.file);
    s1_journal_index_free(index_of(made.file, reader, S1_INDEX_BUILT)); /* not READ */
    s1_journal_reader_free(reader);
    text.len = seal; /* no seal: still being written */
    write_bytes(made.file, s1_strbuf_view(&text));
    reader = reader_of(made.file);
    s1_journal_index *index = NULL;
    s1_err fault = S1_ERR_INIT;
    assert_int_equal(s1_journal_index_open(s1_fs_real(), made.file, reader, &index, &fault),
                     S1_E_UNSUPPORTED);
    s1_journal_reader_free(reader);
    s1_strbuf_done(&text);
    folder_done(&made);
}

static void test_not_writable(void **state)
{
    (void)state;
    folder made;
    folder_init(&made, "journal.jsonl");
    write_story(made.file);
    s1_journal_reader *const reader = reader_of(made.file);
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    s1_fault_fs_fail(&fault, S1_FS_OP_WRITE, 1, 30 /* EROFS */, true);
    s1_journal_index *index = NULL;
    s1_journal_place *places = NULL;
    size_t count = 0;
    size_t ids = 0;
    MUST(s1_journal_index_open(&fault.table, made.file, reader, &index, err));
    assert_int_equal(s1_journal_index_source(index), S1_INDEX_IN_MEMORY);
    MUST(s1_journal_index_find(index, S1_STR("b1"), &places, &count, &ids, err));
    assert_int_equal(count, 7);
    free(places);
    s1_journal_index_free(index);
    s1_journal_reader_free(reader);
    folder_done(&made);
}

/* --- A long journal. ---------------------------------------------------------------------- */

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Opportunity n is detected, planned and refused in entries 3n, 3n+1, 3n+2. */
static void write_long(const char *path, uint64_t entries)
{
    s1_file *file = NULL;
    s1_strbuf text;
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    s1_strbuf_init(&text, 1u << 20);
    genesis("demo", STORY_ID("e1"), hash);
    MUST(s1_fs_open(s1_fs_real(), path, S1_FS_WRITE | S1_FS_CREATE, &file, err));
    static const char *const kinds[] = {"OPPORTUNITY_DETECTED", "PLAN_CREATED",
                                        "OPPORTUNITY_REJECTED"};
    static const char *const bodies[] = {SIGNAL("long"), PLAN,
                                         REFUSED("gate", "MAX_DRAWDOWN", "5.0", "5.4")};
    for (uint64_t seq = 1, first = 1; seq <= entries; seq++) {
        const size_t start = text.len;
        const uint64_t n = seq - 2;
        char opportunity[S1_UID_TEXT_MAX], trade[S1_UID_TEXT_MAX];
        (void)s1_uid_print(s1_uid_derive(1, &(uint64_t){n / 3}, 1), opportunity);
        (void)s1_uid_print(s1_uid_derive(2, &(uint64_t){n / 3}, 1), trade);
        if (seq == 1) {
            s1_strbuf_printf(&text,
                             "{\"v\":1,\"seq\":1,\"time\":\"2017-05-01T00:00:00.000000000Z\","
                             "\"type\":\"RUN_STARTED\",\"link\":\"demo\",\"details\":%s",
                             story_lines[0].details);
        } else {
            s1_strbuf_printf(&text,
                             "{\"v\":1,\"seq\":%llu,\"time\":\"2017-05-01T00:00:00.000000000Z\","
                             "\"type\":\"%s\",\"link\":\"demo\",\"opportunity_id\":\"%s\"",
                             (unsigned long long)seq, kinds[n % 3], opportunity);
            if (n % 3 > 0) {
                s1_strbuf_printf(&text, ",\"trade_id\":\"%s\"", trade);
            }
            s1_strbuf_printf(&text, ",\"details\":%s", bodies[n % 3]);
        }
        append_crc(&text, start);
        if (seq % BLOCK_ENTRIES == 0 || seq == entries) {
            append_seal(&text, 0, (unsigned)((seq + BLOCK_ENTRIES - 1) / BLOCK_ENTRIES), seq,
                        (unsigned)(seq - first + 1), hash);
            MUST(s1_fs_write_all(s1_fs_real(), file, text.data, text.len, err));
            s1_strbuf_clear(&text);
            first = seq + 1;
        }
    }
    MUST(s1_fs_close(s1_fs_real(), file, err));
    s1_strbuf_done(&text);
}

/* However long the journal is: that is why there is an index. (How long it takes is measured, with
 * S1_INDEX_ENTRIES=1000000, and not asserted.) */
#define LOOK_UP_CALLS_MAX 64u

/* Opens journal and index anew, as a command does, and reads the entries of one id. */
static double look_up(const char *path, uint64_t n, int32_t source)
{
    char digits[33];
    s1_journal_place *places = NULL;
    size_t count = 0;
    size_t ids = 0;
    const double start = now_ms();
    s1_journal_reader *const reader = reader_of(path);
    s1_journal_index *const index = index_of(path, reader, source);
    const s1_uid uid = s1_uid_derive(1, &n, 1);
    s1_hex_print(uid.bytes, sizeof uid.bytes, digits);
    MUST(s1_journal_index_story(index, reader, s1_str_of(digits), &places, &count, &ids, err));
    assert_int_equal(ids, 1);
    assert_int_equal(count, 3);
    s1_journal_reader_select(reader, places, count);
    for (size_t i = 0; i < count; i++) {
        const s1_journal_entry *entry = NULL;
        MUST(s1_journal_reader_next(reader, &entry, err));
        assert_int_equal(entry->seq, 3 * n + 2 + i);
        assert_true(s1_uid_eq(entry->ids[S1_JOURNAL_ID_OPPORTUNITY], uid));
    }
    const double taken = now_ms() - start;
    free(places);
    s1_journal_index_free(index);
    s1_journal_reader_free(reader);
    return taken;
}

static void test_long(void **state)
{
    (void)state;
    const char *const wanted = getenv("S1_INDEX_ENTRIES");
    const uint64_t entries = wanted != NULL ? strtoull(wanted, NULL, 10) : ENTRIES_DEFAULT;
    folder made;
    folder_init(&made, "journal.jsonl");
    s1_fs_info info;
    write_long(made.file, entries);
    MUST(s1_fs_stat(s1_fs_real(), made.file, &info, err));
    const uint64_t stories = (entries - 1) / 3;
    const double cold = look_up(made.file, stories / 2, S1_INDEX_BUILT);
    double worst = 0.0;
    double sum = 0.0;
    uint64_t calls_worst = 0;
    for (uint64_t i = 0; i < 200; i++) {
        const uint64_t before = disk.calls;
        const double taken = look_up(made.file, i * 7919 % stories, S1_INDEX_READ);
        const uint64_t calls = disk.calls - before;
        calls_worst = calls > calls_worst ? calls : calls_worst;
        worst = taken > worst ? taken : worst;
        sum += taken;
    }
    print_message("%llu entries, %llu bytes: index made and one id found in %.1f ms; then %.3f ms "
                  "on average, %.3f ms and %llu calls of the file system at worst of 200\n",
                  (unsigned long long)entries, (unsigned long long)info.size, cold, sum / 200,
                  worst, (unsigned long long)calls_worst);
    assert_true(calls_worst <= LOOK_UP_CALLS_MAX);
    folder_done(&made);
}

int main(void)
{
    s1_fault_fs_init(&disk, s1_fs_real());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_reading_all),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_not_writable),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests_name("journal_index", tests, NULL, NULL);
}
