/* The append_only mode of JsonPersistor: what is left of an append, a sync or an open that fails at
 * any call, once or for ever, or is killed there. */
#include "tests/contract/journal_fixture.h"

#include <errno.h>

#define BLOCK_SIZE 1300u
#define ENTRIES    12u

static s1_rc open_on(const s1_fs *fs, const folder *where, s1_journal_persistor **ret_persistor,
                     s1_err *err)
{
    const s1_json_persistor_options options = {
        .fs = fs, .path = where->file, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
    s1_json_persistor *persistor = NULL;
    S1_TRY(err, s1_json_persistor_new(&options, &persistor, err));
    *ret_persistor = s1_json_persistor_journal(persistor);
    return S1_OK;
}

/* Entries acknowledged (committed) by a writer that commits after every second one. */
static uint64_t write_with(s1_fault_fs *fault, const folder *where, bool *ret_is_whole)
{
    s1_journal_persistor *persistor = NULL;
    uint64_t acknowledged = 0;
    *ret_is_whole = false;
    if (open_on(&fault->table, where, &persistor, NULL) != S1_OK) {
        return 0;
    }
    acknowledged = s1_journal_persistor_tail_borrow(persistor)->seq;
    s1_journal *journal = journal_on(persistor, BLOCK_SIZE);
    s1_rc rc = S1_OK;
    for (uint64_t n = acknowledged; n < ENTRIES && rc == S1_OK; n++) {
        rc = n == 0 ? write_started(journal, NULL) : write_opportunity(journal, n, NULL);
        if (rc == S1_OK && n % 2 == 1) {
            rc = s1_journal_commit(journal, NULL);
            acknowledged = rc == S1_OK ? n + 1 : acknowledged;
        }
    }
    if (rc != S1_OK) { /* closed: nothing more is called, no fsync a second time */
        const uint64_t calls = fault->calls;
        s1_err failure = S1_ERR_INIT;
        assert_true(s1_journal_persistor_is_poisoned(persistor));
        assert_int_equal(s1_journal_commit(journal, NULL), S1_E_IO);
        assert_int_equal(s1_journal_persistor_sync(persistor, &failure), S1_E_IO);
        assert_non_null(strstr(failure.msg, "nothing is tried again"));
        assert_int_equal(s1_journal_persistor_append(persistor, S1_STR("{}\n"), &failure), S1_E_IO);
        assert_int_equal(fault->calls, calls);
    }
    s1_journal_free(journal);
    s1_journal_persistor_free(persistor);
    *ret_is_whole = rc == S1_OK;
    return acknowledged;
}

/* What is on disk opens, holds what was acknowledged, and is a prefix of `whole`. */
static uint64_t reopen(const folder *where, uint64_t acknowledged, s1_str whole,
                       const char *context)
{
    uint64_t seq = 0;
    for (int round = 0; round < 2; round++) {
        s1_journal_persistor *persistor = NULL;
        s1_err failure = S1_ERR_INIT;
        if (open_on(s1_fs_real(), where, &persistor, &failure) != S1_OK) {
            fail_msg("%s: %s", context, failure.msg);
        }
        const s1_journal_tail *tail = s1_journal_persistor_tail_borrow(persistor);
        if (tail->seq < acknowledged) {
            fail_msg("%s: %d acknowledged, %d left", context, (int)acknowledged, (int)tail->seq);
        }
        assert_true(round == 0 || (tail->seq == seq && tail->torn_bytes == 0));
        seq = tail->seq;
        const s1_str left = read_bytes_of(where->file);
        assert_int_equal(left.len, tail->bytes);
        assert_true(s1_str_starts_with(whole, left));
        free_str(left);
        s1_journal_persistor_free(persistor);
    }
    return seq;
}

/* The journal write_with leaves if nothing fails. */
static s1_str whole_journal(void)
{
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    bool is_whole = false;
    assert_int_equal(write_with(&fault, &where, &is_whole), ENTRIES);
    assert_true(is_whole);
    const s1_str bytes = read_bytes_of(where.file);
    folder_done(&where);
    return bytes;
}

static void test_fault_loop(void **state)
{
    (void)state;
    static const int32_t errors[] = {EIO, ENOSPC, EDQUOT, EMFILE, EINTR, EROFS};
    const s1_str whole = whole_journal();
    uint64_t runs = 0;
    for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
        for (int mode = 0; mode < 4; mode++) {
            for (uint64_t number = 1;; number++) {
                folder where;
                folder_init(&where, "journal.jsonl");
                s1_fault_fs fault;
                s1_fault_fs_init(&fault, s1_fs_real());
                fault.write_at_once = (mode & 2) != 0 ? 100 : UINT64_MAX;
                s1_fault_fs_fail(&fault, -1, number, errors[e], (mode & 1) != 0);
                bool is_whole = false;
                const uint64_t acknowledged = write_with(&fault, &where, &is_whole);
                char context[64];
                (void)snprintf(context, sizeof context, "error %d, mode %d, call %d", errors[e],
                               mode, (int)number);
                (void)reopen(&where, acknowledged, whole, context);
                runs++;
                /* A restart ends where nothing had happened. */
                s1_fault_fs_init(&fault, s1_fs_real());
                assert_int_equal(write_with(&fault, &where, &is_whole), ENTRIES);
                assert_true(is_whole);
                assert_int_equal(reopen(&where, ENTRIES, whole, context), ENTRIES);
                folder_done(&where);
                if (number > fault.calls * 20 || (is_whole && acknowledged == ENTRIES)) {
                    break;
                }
            }
        }
    }
    assert_true(runs > 200);
    print_message("journal: %llu failing runs, no acknowledged entry lost\n",
                  (unsigned long long)runs);
    free_str(whole);
}

/* A full disk at every 37th byte, and one byte around each block. */
static void test_disk_full(void **state)
{
    (void)state;
    const s1_str whole = whole_journal();
    for (uint64_t limit = 0; limit <= whole.len; limit += limit + 37 > whole.len ? 1 : 37) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        fault.write_limit = limit;
        bool is_whole = false;
        const uint64_t acknowledged = write_with(&fault, &where, &is_whole);
        assert_int_equal(is_whole, limit >= whole.len);
        assert_int_equal(reopen(&where, acknowledged, whole, "disk full"), acknowledged);
        folder_done(&where);
    }
    free_str(whole);
}

static void test_fsync_is_not_retried(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 5; number++) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, S1_FS_OP_FSYNC, number, EIO, false);
        bool is_whole = true;
        /* Opening syncs the file and its folder. */
        const uint64_t expected = number <= 3 ? 0 : 2 * (number - 3);
        assert_int_equal(write_with(&fault, &where, &is_whole), expected);
        assert_false(is_whole);
        assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC], number);
        folder_done(&where);
    }
}

/* An open that is killed while it cuts a torn tail, at every call, and opened again. */
static void test_killed_recovery(void **state)
{
    (void)state;
    const s1_str whole = whole_journal();
    for (size_t cut = 1; cut < whole.len; cut += 31) {
        const uint64_t kept = verify_bytes(s1_str_slice(whole, 0, cut)).seq;
        for (uint64_t number = 1;; number++) {
            folder where;
            folder_init(&where, "journal.jsonl");
            write_bytes(where.file, s1_str_slice(whole, 0, cut));
            s1_fault_fs fault;
            s1_fault_fs_init(&fault, s1_fs_real());
            s1_fault_fs_fail(&fault, -1, number, EIO, true);
            s1_journal_persistor *persistor = NULL;
            const s1_rc rc = open_on(&fault.table, &where, &persistor, NULL);
            if (rc == S1_OK) {
                s1_journal_persistor_free(persistor);
            }
            assert_int_equal(reopen(&where, kept, whole, "killed recovery"), kept);
            folder_done(&where);
            if (fault.failures == 0) {
                assert_int_equal(rc, S1_OK);
                break;
            }
        }
    }
    free_str(whole);
}

/* Sectors of the last block that never reached the disk: the block goes, what was acknowledged
 * stays. */
static void test_lost_sectors(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    const s1_str whole = fixture_journal(60, 8192);
    const s1_journal_verdict before = verify_bytes(s1_str_slice(whole, 0, whole.len - 1));
    assert_true(before.bytes > 0 && before.bytes + 2048 < whole.len);
    char *text = malloc(whole.len);
    assert_non_null(text);
    const size_t first = before.bytes / 512 * 512;
    for (uint32_t mask = 1; mask < 64; mask++) {
        memcpy(text, whole.ptr, whole.len);
        for (size_t sector = 0; sector < 6; sector++) {
            size_t from = first + sector * 512, to = from + 512;
            from = from < before.bytes ? before.bytes : from;
            to = to > whole.len ? whole.len : to;
            if ((mask >> sector & 1u) != 0 && from < to) {
                memset(text + from, 0, to - from);
            }
        }
        write_bytes(where.file, s1_str_make(text, whole.len));
        assert_int_equal(reopen(&where, before.seq, whole, "lost sectors"), before.seq);
    }
    free(text);
    free_str(whole);
    folder_done(&where);
}

static void test_open_faults(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "none/journal.jsonl");
    s1_journal_persistor *persistor = NULL;
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(open_on(s1_fs_real(), &where, &persistor, &failure), S1_E_NOT_FOUND);
    folder_done(&where);
    folder_init(&where, "journal.jsonl");
    write_bytes(where.file, S1_STR("{\"not\":\"a journal\"}\n{}\n"));
    assert_int_equal(open_on(s1_fs_real(), &where, &persistor, &failure), S1_E_DATA);
    assert_non_null(strstr(failure.msg, "journal.jsonl' is damaged at line 1 (byte 0): "));
    const s1_str left = read_bytes_of(where.file);
    assert_string_equal(left.ptr, "{\"not\":\"a journal\"}\n{}\n");
    free_str(left);
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_loop),           cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_fsync_is_not_retried), cmocka_unit_test(test_killed_recovery),
        cmocka_unit_test(test_lost_sectors),         cmocka_unit_test(test_open_faults),
    };
    return cmocka_run_group_tests_name("json_persistor_journal", tests, NULL, NULL);
}
