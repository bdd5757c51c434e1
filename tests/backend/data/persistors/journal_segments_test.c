/* A journal of several files: blocks go on in the next, the chain goes over the boundary, all read
 * as one, only the last may be torn; and one that is read while another process writes it. */
#include "tests/contract/journal_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#define SEGMENT 8192u
#define BLOCK   2048u
#define COUNT   120u

static s1_json_persistor *persistor_on(const char *path, uint64_t segment)
{
    const s1_json_persistor_options options = {.fs = s1_fs_real(),
                                               .path = path,
                                               .mode = S1_JSON_PERSISTOR_APPEND_ONLY,
                                               .segment_bytes_max = segment};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    return persistor;
}

/* Writes a start and opportunities up to `count`, committing after every `commit`. */
static void write_journal(const char *path, uint64_t segment, uint64_t from, uint64_t count,
                          uint64_t commit)
{
    s1_json_persistor *const persistor = persistor_on(path, segment);
    s1_journal *const journal = journal_on(s1_json_persistor_journal(persistor), BLOCK);
    if (from == 1) {
        MUST(write_started(journal, err));
    }
    for (uint64_t n = from; n <= count; n++) {
        MUST(write_opportunity(journal, n, err));
        if (n % commit == 0) {
            MUST(s1_journal_commit(journal, err));
        }
    }
    MUST(s1_journal_commit(journal, err));
    s1_journal_free(journal);
    s1_json_persistor_free(persistor);
}

static void segment_path(const folder *made, uint32_t number, char path[static S1_PATH_MAX])
{
    MUST(s1_journal_segment_path(made->file, number, path, err));
}

static uint32_t segments_of(const folder *made)
{
    char path[S1_PATH_MAX];
    uint32_t count = 0;
    for (;; count++) {
        segment_path(made, count + 1, path);
        if (!s1_fs_is_file(s1_fs_real(), path)) {
            return count;
        }
    }
}

static s1_journal_verdict verdict_of(const char *path)
{
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict;
    MUST(s1_journal_reader_open(s1_fs_real(), path, &reader, err));
    MUST(s1_journal_verify(reader, &verdict, err));
    s1_journal_reader_free(reader);
    return verdict;
}

static void test_same_journal_in_pieces(void **state)
{
    (void)state;
    folder one, many;
    folder_init(&one, "journal.jsonl");
    folder_init(&many, "journal.jsonl");
    write_journal(one.file, 0, 1, COUNT, 1000);
    write_journal(many.file, SEGMENT, 1, COUNT, 1000);
    assert_int_equal(segments_of(&one), 1);
    const uint32_t count = segments_of(&many);
    assert_true(count > 3);
    s1_str whole = read_bytes_of(one.file);
    s1_strbuf joined;
    s1_strbuf_init(&joined, 64u << 20);
    for (uint32_t i = 1; i <= count; i++) {
        char path[S1_PATH_MAX];
        segment_path(&many, i, path);
        s1_str part = read_bytes_of(path);
        assert_true(part.len <= SEGMENT && part.len > 0);
        assert_int_equal(part.ptr[part.len - 1], '\n');
        s1_strbuf_str(&joined, part);
        free_str(part);
    }
    assert_true(s1_str_eq(s1_strbuf_view(&joined), whole));
    const s1_journal_verdict a = verdict_of(one.file);
    const s1_journal_verdict b = verdict_of(many.file);
    assert_int_equal(b.fault, S1_JOURNAL_FAULT_NONE);
    assert_int_equal(b.entries, COUNT + 1);
    assert_int_equal(b.torn_bytes, 0);
    assert_memory_equal(a.head, b.head, sizeof a.head);
    /* Reopened, it goes on where it was. */
    write_journal(many.file, SEGMENT, COUNT + 1, 2 * COUNT, 10);
    const s1_journal_verdict c = verdict_of(many.file);
    assert_int_equal(c.entries, 2 * COUNT + 1);
    assert_int_equal(c.fault, S1_JOURNAL_FAULT_NONE);
    assert_true(segments_of(&many) > count);
    s1_strbuf_done(&joined);
    free_str(whole);
    folder_done(&one);
    folder_done(&many);
}

/* Cuts the file at `path` to `size` bytes. */
static void cut(const char *path, size_t size)
{
    s1_str bytes = read_bytes_of(path);
    assert_true(size <= bytes.len);
    write_bytes(path, s1_str_slice(bytes, 0, size));
    free_str(bytes);
}

static void test_torn(void **state)
{
    (void)state;
    folder made;
    char path[S1_PATH_MAX];
    folder_init(&made, "journal.jsonl");
    write_journal(made.file, SEGMENT, 1, COUNT, 1000);
    const uint32_t count = segments_of(&made);
    const s1_journal_verdict whole = verdict_of(made.file);
    segment_path(&made, count, path);
    s1_str last = read_bytes_of(path);
    cut(path, last.len - 7); /* in the seal */
    const s1_journal_verdict torn = verdict_of(made.file);
    assert_int_equal(torn.fault, S1_JOURNAL_FAULT_NONE);
    assert_true(torn.torn_bytes > 0 && torn.entries < whole.entries);
    s1_json_persistor *persistor = persistor_on(made.file, SEGMENT);
    const s1_journal_tail *tail =
        s1_journal_persistor_tail_borrow(s1_json_persistor_journal(persistor));
    assert_int_equal(tail->torn_bytes, torn.torn_bytes);
    assert_int_equal(tail->seq, torn.seq);
    s1_json_persistor_free(persistor);
    assert_int_equal(verdict_of(made.file).torn_bytes, 0);
    /* A crash right after the next file was made leaves it empty. */
    segment_path(&made, count + 1, path);
    write_bytes(path, S1_STR(""));
    write_journal(made.file, SEGMENT, torn.seq, COUNT, 5);
    assert_int_equal(verdict_of(made.file).entries, COUNT + 1);
    /* Any other file that is short is damage, and named. */
    segment_path(&made, 2, path);
    s1_str second = read_bytes_of(path);
    cut(path, second.len - 7);
    const s1_journal_verdict damaged = verdict_of(made.file);
    assert_int_not_equal(damaged.fault, S1_JOURNAL_FAULT_NONE);
    assert_non_null(strstr(damaged.reason, "segment 2 byte"));
    const s1_json_persistor_options options = {
        .fs = s1_fs_real(), .path = made.file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_err fault = S1_ERR_INIT;
    assert_int_equal(s1_json_persistor_new(&options, &persistor, &fault), S1_E_DATA);
    segment_path(&made, 2, path); /* and one that is missing, too */
    MUST(s1_fs_unlink(s1_fs_real(), path, err));
    assert_true(verdict_of(made.file).entries < COUNT);
    free_str(second);
    free_str(last);
    folder_done(&made);
}

/* A next file that cannot be made poisons: nothing more is taken. */
static void test_no_next_file(void **state)
{
    (void)state;
    folder made;
    folder_init(&made, "journal.jsonl");
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    const s1_json_persistor_options options = {.fs = &fault.table,
                                               .path = made.file,
                                               .mode = S1_JSON_PERSISTOR_APPEND_ONLY,
                                               .segment_bytes_max = 1024};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    s1_journal_persistor *const journal = s1_json_persistor_journal(persistor);
    char block[800];
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    MUST(s1_journal_persistor_append(journal, s1_str_make(block, sizeof block), err));
    s1_fault_fs_fail(&fault, S1_FS_OP_OPEN, 1, 28 /* ENOSPC */, false);
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(
        s1_journal_persistor_append(journal, s1_str_make(block, sizeof block), &failure), S1_E_IO);
    assert_true(s1_journal_persistor_is_poisoned(journal));
    assert_int_equal(
        s1_journal_persistor_append(journal, s1_str_make(block, sizeof block), &failure), S1_E_IO);
    s1_json_persistor_free(persistor);
    folder_done(&made);
}

/* Reads everything there is; entries must be dense, damage must not be seen. */
static uint64_t read_live(const char *path)
{
    s1_journal_reader *reader = NULL;
    uint64_t seq = 0;
    MUST(s1_journal_reader_open(s1_fs_real(), path, &reader, err));
    for (;;) {
        const s1_journal_entry *entry = NULL;
        MUST(s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            break;
        }
        seq++;
        assert_int_equal(entry->seq, seq);
    }
    s1_journal_reader_free(reader);
    return seq;
}

static void test_read_while_written(void **state)
{
    (void)state;
    folder made;
    folder_init(&made, "journal.jsonl");
    write_bytes(made.file, S1_STR(""));
    const pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        write_journal(made.file, SEGMENT, 1, 3000, 25);
        _exit(0);
    }
    uint64_t seen = 0;
    unsigned reads = 0;
    unsigned grew = 0;
    int status = 0;
    while (waitpid(writer, &status, WNOHANG) == 0) {
        const uint64_t now = read_live(made.file);
        assert_true(now >= seen || now + 64 >= seen); /* an open block may be seen, then sealed */
        grew += now > seen ? 1 : 0;
        seen = now > seen ? now : seen;
        reads++;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(read_live(made.file), 3001);
    assert_int_equal(verdict_of(made.file).entries, 3001);
    assert_true(segments_of(&made) > 20);
    print_message("read %u times while it was written, it had grown %u times\n", reads, grew);
    folder_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_journal_in_pieces),
        cmocka_unit_test(test_torn),
        cmocka_unit_test(test_no_next_file),
        cmocka_unit_test(test_read_while_written),
    };
    return cmocka_run_group_tests_name("journal_segments", tests, NULL, NULL);
}
