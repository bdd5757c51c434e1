/* The append_only mode of JsonPersistor: what is left of an append, a sync or an open that fails at
 * any call, once or for ever, or is killed there; and what a reserve lets it write on a full disk.
 */
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
    const s1_str whole = fixture_journal(70, 8192);
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

/* --- The reserve ---------------------------------------------------------------------------- */

#define RESERVE 16384u

static s1_rc open_with(const s1_fs *fs, const folder *where, uint64_t reserve, uint64_t segment,
                       s1_journal_persistor **ret_persistor, s1_err *err)
{
    const s1_json_persistor_options options = {.fs = fs,
                                               .path = where->file,
                                               .mode = S1_JSON_PERSISTOR_APPEND_ONLY,
                                               .segment_bytes_max = segment,
                                               .reserve_bytes = reserve};
    s1_json_persistor *persistor = NULL;
    S1_TRY(err, s1_json_persistor_new(&options, &persistor, err));
    *ret_persistor = s1_json_persistor_journal(persistor);
    return S1_OK;
}

/* Bytes of the reserve's file; 0: it is not there. */
static uint64_t reserve_of(const folder *where)
{
    char path[400];
    s1_fs_info info = {0};
    (void)snprintf(path, sizeof path, "%s.reserve.tmp", where->file);
    assert_false(s1_fs_exists(s1_fs_real(), path));
    (void)snprintf(path, sizeof path, "%s.reserve", where->file);
    return s1_fs_stat(s1_fs_real(), path, &info, NULL) == S1_OK ? info.size : 0;
}

/* Entries acknowledged, with a commit after each. */
static uint64_t write_each(s1_journal_persistor *persistor, uint64_t entries, bool *ret_is_low)
{
    s1_journal *journal = journal_on(persistor, BLOCK_SIZE);
    uint64_t acknowledged = s1_journal_seq(journal);
    for (uint64_t n = acknowledged; n < entries; n++) {
        const s1_rc rc =
            n == 0 ? write_started(journal, NULL) : write_opportunity(journal, n, NULL);
        if (rc != S1_OK || s1_journal_commit(journal, NULL) != S1_OK) {
            break;
        }
        acknowledged = n + 1;
    }
    *ret_is_low = s1_journal_is_low(journal);
    assert_int_equal(s1_journal_has_failed(journal), s1_journal_persistor_is_poisoned(persistor));
    assert_int_equal(acknowledged < entries, s1_journal_has_failed(journal));
    s1_journal_free(journal);
    return acknowledged;
}

/* The bytes of write_each with nothing in its way. */
static s1_str each_whole(uint64_t entries)
{
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_journal_persistor *persistor = NULL;
    bool is_low = true;
    MUST(open_with(s1_fs_real(), &where, 0, 0, &persistor, err));
    assert_int_equal(write_each(persistor, entries, &is_low), entries);
    assert_false(is_low);
    s1_journal_persistor_free(persistor);
    assert_int_equal(reserve_of(&where), 0);
    const s1_str bytes = read_bytes_of(where.file);
    folder_done(&where);
    return bytes;
}

/* A disk that is full after `limit` bytes of entries, and gives room when a file is removed. */
static void limited(s1_fault_fs *fault, uint64_t limit)
{
    s1_fault_fs_init(fault, s1_fs_real());
    fault->write_limit = limit;
    fault->unlink_gives_room = true;
}

/* Full at every 37th byte: with a reserve every entry is taken, the same bytes; without, none more.
 */
static void test_reserve_holds_the_last_entries(void **state)
{
    (void)state;
    const s1_str whole = each_whole(ENTRIES);
    assert_true(whole.len < RESERVE);
    for (uint64_t limit = 0; limit <= whole.len; limit += limit + 37 > whole.len ? 1 : 37) {
        for (int has_reserve = 0; has_reserve < 2; has_reserve++) {
            folder where;
            folder_init(&where, "journal.jsonl");
            s1_fault_fs fault;
            const uint64_t reserve = has_reserve != 0 ? RESERVE : 0;
            limited(&fault, limit + reserve);
            s1_journal_persistor *persistor = NULL;
            MUST(open_with(&fault.table, &where, reserve, 0, &persistor, err));
            assert_int_equal(reserve_of(&where), reserve);
            bool is_low = false;
            const uint64_t acknowledged = write_each(persistor, ENTRIES, &is_low);
            const bool is_full = limit < whole.len;
            assert_int_equal(is_low, is_full && has_reserve != 0);
            assert_int_equal(s1_journal_persistor_is_low(persistor), is_low);
            assert_int_equal(acknowledged == ENTRIES, !is_full || has_reserve != 0);
            assert_int_equal(reserve_of(&where), is_low ? 0 : reserve);
            s1_journal_persistor_free(persistor);
            assert_int_equal(reopen(&where, acknowledged, whole, "reserve"), acknowledged);
            /* There is room again: so is the reserve, and nothing is low. */
            MUST(open_with(s1_fs_real(), &where, RESERVE, 0, &persistor, err));
            assert_int_equal(reserve_of(&where), RESERVE);
            assert_int_equal(write_each(persistor, ENTRIES, &is_low), ENTRIES);
            assert_false(is_low);
            s1_journal_persistor_free(persistor);
            assert_int_equal(reopen(&where, ENTRIES, whole, "room again"), ENTRIES);
            folder_done(&where);
        }
    }
    free_str(whole);
}

/* It holds so much and no more: then the journal fails as any, with all that was acknowledged. */
static void test_reserve_runs_out(void **state)
{
    (void)state;
    const s1_str whole = each_whole(100);
    uint64_t least = UINT64_MAX;
    for (uint64_t limit = 0; limit < 4000; limit += 97) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        limited(&fault, limit + RESERVE);
        s1_journal_persistor *persistor = NULL;
        MUST(open_with(&fault.table, &where, RESERVE, 0, &persistor, err));
        bool is_low = false;
        const uint64_t acknowledged = write_each(persistor, 100, &is_low);
        assert_true(is_low && acknowledged < 100);
        least = acknowledged < least ? acknowledged : least;
        assert_int_equal(fault.calls_of[S1_FS_OP_UNLINK], 1);
        s1_journal_persistor_free(persistor);
        assert_int_equal(reopen(&where, acknowledged, whole, "reserve used up"), acknowledged);
        folder_done(&where);
    }
    assert_true(least >= 20);
    free_str(whole);
}

/* Which failures it helps against: a write that found the disk full. Not EIO, not a sync. */
static void test_reserve_is_for_full_disks(void **state)
{
    (void)state;
    static const struct {
        int32_t op, sys_errno;
        bool is_permanent, helps;
    } cases[] = {{S1_FS_OP_PWRITE, ENOSPC, false, true}, {S1_FS_OP_PWRITE, EDQUOT, false, true},
                 {S1_FS_OP_PWRITE, ENOSPC, true, false}, {S1_FS_OP_PWRITE, EIO, false, false},
                 {S1_FS_OP_FSYNC, ENOSPC, false, false}, {S1_FS_OP_FSYNC, EDQUOT, false, false},
                 {S1_FS_OP_FSYNC, EIO, false, false}};
    const s1_str whole = each_whole(ENTRIES);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (uint64_t number = 1; number <= ENTRIES; number++) {
            folder where;
            folder_init(&where, "journal.jsonl");
            s1_fault_fs fault;
            s1_fault_fs_init(&fault, s1_fs_real());
            s1_journal_persistor *persistor = NULL;
            MUST(open_with(&fault.table, &where, RESERVE, 0, &persistor, err));
            const uint64_t syncs = fault.calls_of[S1_FS_OP_FSYNC];
            s1_fault_fs_fail(&fault, cases[c].op, number, cases[c].sys_errno,
                             cases[c].is_permanent);
            bool is_low = false;
            const uint64_t acknowledged = write_each(persistor, ENTRIES, &is_low);
            assert_int_equal(acknowledged, cases[c].helps ? ENTRIES : number - 1);
            assert_int_equal(is_low, cases[c].helps);
            const bool is_used = cases[c].op == S1_FS_OP_PWRITE && cases[c].sys_errno != EIO;
            /* Each commit's, and that of the cut before the second write. */
            assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC] - syncs,
                             acknowledged + is_used + (cases[c].op == S1_FS_OP_FSYNC));
            assert_int_equal(reserve_of(&where), is_used ? 0 : RESERVE);
            s1_journal_persistor_free(persistor);
            (void)reopen(&where, acknowledged, whole, "which failures");
            folder_done(&where);
        }
    }
    free_str(whole);
}

/* A reserve is used up by one attempt: what fails in it is not tried again. */
static void test_reserve_is_used_once(void **state)
{
    (void)state;
    static const int32_t ops[] = {S1_FS_OP_TRUNCATE, S1_FS_OP_FSYNC, S1_FS_OP_PWRITE};
    const s1_str whole = each_whole(ENTRIES);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        limited(&fault, RESERVE + 100);
        s1_journal_persistor *persistor = NULL;
        MUST(open_with(&fault.table, &where, RESERVE, 0, &persistor, err));
        const uint64_t calls = fault.calls_of[ops[i]];
        /* Of the writes the first takes 100 bytes, the second finds the disk full. */
        const uint64_t number = ops[i] == S1_FS_OP_PWRITE ? 3 : 1;
        s1_fault_fs_fail(&fault, ops[i], number, ENOSPC, false);
        bool is_low = false;
        assert_int_equal(write_each(persistor, ENTRIES, &is_low), 0);
        assert_false(is_low); /* it failed */
        assert_int_equal(fault.calls_of[ops[i]] - calls, number);
        assert_int_equal(fault.calls_of[S1_FS_OP_UNLINK], 1);
        s1_journal_persistor_free(persistor);
        assert_int_equal(reopen(&where, 0, whole, "used once"), 0);
        folder_done(&where);
    }
    free_str(whole);
}

/* A reserve that cannot be removed is none. */
static void test_reserve_that_stays(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    s1_fault_fs fault;
    limited(&fault, RESERVE + 700);
    s1_journal_persistor *persistor = NULL;
    MUST(open_with(&fault.table, &where, RESERVE, 0, &persistor, err));
    s1_fault_fs_fail(&fault, S1_FS_OP_UNLINK, 1, EACCES, false);
    bool is_low = true;
    assert_true(write_each(persistor, ENTRIES, &is_low) < ENTRIES);
    assert_false(is_low);
    s1_err failure = S1_ERR_INIT;
    assert_int_equal(s1_journal_persistor_sync(persistor, &failure), S1_E_IO);
    assert_non_null(strstr(failure.msg, "disk full"));
    s1_journal_persistor_free(persistor);
    folder_done(&where);
}

/* The next file of a journal in several, too: made, and written, with the reserve's room. */
static void test_reserve_over_files(void **state)
{
    (void)state;
    for (uint64_t limit = 600; limit < 9000; limit += 61) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        limited(&fault, limit + RESERVE);
        s1_journal_persistor *persistor = NULL;
        MUST(open_with(&fault.table, &where, RESERVE, 1500, &persistor, err));
        const bool is_for_a_name = limit % 2 == 0; /* what there is no room for */
        if (is_for_a_name) { /* every second open is that of the folder, to sync the name */
            fault.write_limit = UINT64_MAX;
            s1_fault_fs_fail(&fault, S1_FS_OP_OPEN, 1 + limit / 61 % 5 * 2, ENOSPC, false);
        }
        bool is_low = false;
        const uint64_t acknowledged = write_each(persistor, 30, &is_low);
        assert_true(is_low && acknowledged >= (is_for_a_name ? 30 : 20));
        s1_journal_persistor_free(persistor);
        bool is_low_again = true;
        MUST(open_with(s1_fs_real(), &where, RESERVE, 1500, &persistor, err));
        assert_true(s1_journal_persistor_tail_borrow(persistor)->seq >= acknowledged);
        assert_int_equal(reserve_of(&where), RESERVE);
        assert_int_equal(write_each(persistor, 40, &is_low_again), 40);
        assert_false(is_low_again);
        s1_journal_persistor_free(persistor);
        folder_done(&where);
    }
}

static void test_reserve_at_open(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "journal.jsonl");
    char path[400];
    (void)snprintf(path, sizeof path, "%s.reserve", where.file);
    s1_journal_persistor *persistor = NULL;
    s1_err failure = S1_ERR_INIT;
    s1_fault_fs fault;
    limited(&fault, RESERVE - 1); /* no room for it: no journal, and nothing left of the attempt */
    assert_int_equal(open_with(&fault.table, &where, RESERVE, 0, &persistor, &failure), S1_E_IO);
    assert_int_equal(reserve_of(&where), 0);
    for (uint64_t size = RESERVE - 1; size <= RESERVE + 1; size++) { /* short: made; else kept */
        s1_fs_info before = {0}, after = {0};
        char *const bytes = calloc(1, size);
        assert_non_null(bytes);
        bytes[size - 1] = 'x';
        write_bytes(path, s1_str_make(bytes, size));
        free(bytes);
        MUST(s1_fs_stat(s1_fs_real(), path, &before, err));
        MUST(open_with(s1_fs_real(), &where, RESERVE, 0, &persistor, err));
        s1_journal_persistor_free(persistor);
        MUST(s1_fs_stat(s1_fs_real(), path, &after, err));
        assert_int_equal(after.size, size < RESERVE ? RESERVE : size);
        const s1_str kept = read_bytes_of(path);
        assert_int_equal(kept.ptr[kept.len - 1], size < RESERVE ? '\0' : 'x');
        free_str(kept);
    }
    s1_json_persistor *made = NULL;
    s1_json_persistor_options options = {.fs = s1_fs_real(),
                                         .path = where.file,
                                         .mode = S1_JSON_PERSISTOR_ATOMIC,
                                         .reserve_bytes = RESERVE};
    assert_int_equal(s1_json_persistor_new(&options, &made, &failure), S1_E_INVALID);
    options.mode = S1_JSON_PERSISTOR_APPEND_ONLY;
    options.leaves_sync = true;
    assert_int_equal(s1_json_persistor_new(&options, &made, &failure), S1_E_INVALID);
    assert_non_null(strstr(failure.msg, "a reserve of 16384 bytes, expected none"));
    folder_done(&where);
}

/* --- In large pieces ------------------------------------------------------------------------ */

#define HELD_BLOCKS 120u
#define HELD_PIECE  ((uint64_t)2 << 20)

static s1_rc open_held(const s1_fs *fs, const folder *where, uint64_t segment_bytes_max,
                       s1_journal_persistor **ret_persistor)
{
    const s1_json_persistor_options options = {.fs = fs,
                                               .path = where->file,
                                               .mode = S1_JSON_PERSISTOR_APPEND_ONLY,
                                               .segment_bytes_max = segment_bytes_max,
                                               .leaves_sync = true};
    s1_json_persistor *persistor = NULL;
    const s1_rc rc = s1_json_persistor_new(&options, &persistor, NULL);
    if (rc == S1_OK) {
        *ret_persistor = s1_json_persistor_journal(persistor);
    }
    return rc;
}

/* All of what was appended, from the persistor. */
static void assert_reads(s1_journal_persistor *persistor, s1_str expected)
{
    char part[70000];
    for (uint64_t at = 0; at < expected.len;) {
        size_t got = 0;
        MUST(s1_journal_persistor_read_at(persistor, at, part, sizeof part, &got, err));
        assert_in_range(got, 1, expected.len - at);
        assert_memory_equal(part, expected.ptr + at, got);
        at += got;
    }
}

/* Blocks of odd sizes over pieces, files and syncs in between: what is read back at any moment is
 * what was appended, held or not, and the files hold it after a sync. */
static void test_held_blocks(void **state)
{
    (void)state;
    static const uint64_t segments[] = {0, 300000, 2 * HELD_PIECE};
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_journal_persistor *persistor = NULL;
        assert_int_equal(open_held(s1_fs_real(), &where, segments[i], &persistor), S1_OK);
        s1_strbuf all;
        s1_strbuf_init(&all, 16 << 20);
        for (uint32_t n = 0; n < HELD_BLOCKS; n++) {
            const size_t from = all.len;
            for (uint32_t byte = 0; byte < 60000 + n * 97; byte++) {
                s1_strbuf_char(&all, (char)('a' + (byte * 31 + n) % 26));
            }
            s1_strbuf_char(&all, '\n');
            const s1_str block = s1_str_slice(s1_strbuf_view(&all), from, all.len);
            MUST(s1_journal_persistor_append(persistor, block, err));
            if (n % 23 == 22) {
                MUST(s1_journal_persistor_sync(persistor, err));
            }
            if (n % 10 == 9) {
                assert_reads(persistor, s1_strbuf_view(&all));
            }
        }
        MUST(s1_journal_persistor_sync(persistor, err));
        assert_reads(persistor, s1_strbuf_view(&all));
        s1_journal_persistor_free(persistor);
        if (segments[i] == 0) {
            const s1_str left = read_bytes_of(where.file);
            assert_true(s1_str_eq(left, s1_strbuf_view(&all)));
            free_str(left);
        }
        s1_strbuf_done(&all);
        folder_done(&where);
    }
}

/* A piece that cannot be written fails the append that filled it, or the sync, and poisons. */
static void test_held_failure(void **state)
{
    (void)state;
    char block[40000];
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    for (uint32_t blocks = 1; blocks <= 60; blocks += 59) {
        folder where;
        folder_init(&where, "journal.jsonl");
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_journal_persistor *persistor = NULL;
        assert_int_equal(open_held(&fault.table, &where, 0, &persistor), S1_OK);
        s1_fault_fs_fail(&fault, S1_FS_OP_PWRITE, 1, EIO, false);
        s1_rc rc = S1_OK;
        for (uint32_t n = 0; n < blocks && rc == S1_OK; n++) {
            rc = s1_journal_persistor_append(persistor, s1_str_make(block, sizeof block), NULL);
        }
        assert_int_equal(rc, blocks == 1 ? S1_OK : S1_E_IO);
        assert_int_equal(s1_journal_persistor_sync(persistor, NULL), S1_E_IO);
        assert_true(s1_journal_persistor_is_poisoned(persistor));
        s1_journal_persistor_free(persistor);
        folder_done(&where);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_loop),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_fsync_is_not_retried),
        cmocka_unit_test(test_killed_recovery),
        cmocka_unit_test(test_lost_sectors),
        cmocka_unit_test(test_open_faults),
        cmocka_unit_test(test_reserve_holds_the_last_entries),
        cmocka_unit_test(test_reserve_runs_out),
        cmocka_unit_test(test_reserve_is_for_full_disks),
        cmocka_unit_test(test_reserve_is_used_once),
        cmocka_unit_test(test_reserve_that_stays),
        cmocka_unit_test(test_reserve_over_files),
        cmocka_unit_test(test_reserve_at_open),
        cmocka_unit_test(test_held_blocks),
        cmocka_unit_test(test_held_failure),
    };
    return cmocka_run_group_tests_name("json_persistor_journal", tests, NULL, NULL);
}
