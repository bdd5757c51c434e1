/* The atomic mode of JsonPersistor: its envelope, its recovery, and what is left of a save or a
 * recovery that fails at any call, once or for ever, or is killed there. */
#include "backend/utils/hash.h"
#include "tests/contract/journal_fixture.h"

#include <errno.h>

#define OLD_STATE "{\"position\":\"old\"}"
#define NEW_STATE "{\"position\":\"new\",\"more\":[1,2,3]}"

static s1_state_persistor *open_on(const s1_fs *fs, const folder *where)
{
    const s1_json_persistor_options options = {
        .fs = fs, .path = where->file, .mode = S1_JSON_PERSISTOR_ATOMIC};
    s1_json_persistor *persistor = NULL;
    MUST(s1_json_persistor_new(&options, &persistor, err));
    return s1_json_persistor_state(persistor);
}

static void path_of(const folder *where, const char *suffix, char out[400])
{
    (void)snprintf(out, 400, "%s%s", where->file, suffix);
}

static void put(const folder *where, const char *suffix, s1_str bytes)
{
    char path[400];
    path_of(where, suffix, path);
    write_bytes(path, bytes);
}

static bool is_there(const folder *where, const char *suffix)
{
    char path[400];
    path_of(where, suffix, path);
    return s1_fs_exists(s1_fs_real(), path);
}

/* The envelope of a state, as a persistor writes it. */
static s1_str envelope(uint64_t generation, const char *json)
{
    char head[128];
    char *text = malloc(strlen(json) + 160);
    assert_non_null(text);
    (void)snprintf(head, sizeof head, "{\"generation\":%d,\"length\":%zu,\"crc32c\":\"",
                   (int)generation, strlen(json));
    uint32_t crc = s1_crc32c_software(0, head, strlen(head));
    crc = s1_crc32c_software(crc, "\",\"state\":", 10);
    crc = s1_crc32c_software(crc, json, strlen(json));
    crc = s1_crc32c_software(crc, "}\n", 2);
    const int length =
        snprintf(text, strlen(json) + 160, "%s%08x\",\"state\":%s}\n", head, crc, json);
    return s1_str_make(text, (size_t)length);
}

static void test_files(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "state.json");
    s1_state_persistor *persistor = open_on(s1_fs_real(), &where);
    MUST(s1_state_save_atomic(persistor, S1_STR(OLD_STATE), err));
    assert_false(is_there(&where, ".prev"));
    MUST(s1_state_save_atomic(persistor, S1_STR(NEW_STATE), err));
    const s1_str now = read_bytes_of(where.file), expected = envelope(2, NEW_STATE);
    assert_string_equal(now.ptr, expected.ptr);
    char path[400];
    path_of(&where, ".prev", path);
    const s1_str prev = read_bytes_of(path), expected_prev = envelope(1, OLD_STATE);
    assert_string_equal(prev.ptr, expected_prev.ptr);
    assert_false(is_there(&where, ".journal"));
    free_str(now);
    free_str(expected);
    free_str(prev);
    free_str(expected_prev);
    s1_state_persistor_free(persistor);
    folder_done(&where);
}

/* Every bit of the file, flipped: refused, with what can be done, and left as it is. */
static void test_bit_flips(void **state)
{
    (void)state;
    folder where;
    folder_init(&where, "state.json");
    s1_state_persistor *persistor = open_on(s1_fs_real(), &where);
    MUST(s1_state_save_atomic(persistor, S1_STR(OLD_STATE), err));
    MUST(s1_state_save_atomic(persistor, S1_STR(NEW_STATE), err));
    s1_state_persistor_free(persistor);
    const s1_str bytes = read_bytes_of(where.file);
    char *text = (char *)(uintptr_t)bytes.ptr;
    for (size_t at = 0; at < bytes.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            text[at] ^= (char)(1 << bit);
            write_bytes(where.file, bytes);
            persistor = open_on(s1_fs_real(), &where);
            s1_state_text loaded;
            s1_err failure = S1_ERR_INIT;
            if (s1_state_load(persistor, &loaded, &failure) != S1_E_DATA) {
                fail_msg("byte %zu, bit %d: not detected", at, bit);
            }
            assert_non_null(strstr(failure.msg, "generation 1 stands in its .prev"));
            assert_int_equal(s1_state_save_atomic(persistor, S1_STR("{}"), &failure), S1_E_DATA);
            s1_state_persistor_free(persistor);
            const s1_str left = read_bytes_of(where.file);
            assert_true(s1_str_eq(left, bytes));
            free_str(left);
            text[at] ^= (char)(1 << bit);
        }
    }
    for (size_t length = 0; length < bytes.len; length++) {
        write_bytes(where.file, s1_str_slice(bytes, 0, length));
        persistor = open_on(s1_fs_real(), &where);
        s1_state_text loaded;
        assert_int_equal(s1_state_load(persistor, &loaded, NULL), S1_E_DATA);
        s1_state_persistor_free(persistor);
    }
    free_str(bytes);
    folder_done(&where);
}

/* What the three files hold -> what load gives. 0 generation: the file is not there; below zero:
 * torn. */
typedef struct recovery_case {
    int now, temp, prev;
    int expected; /* generation; -1: refused */
    int32_t recovery;
} recovery_case;

static void put_generation(const folder *where, const char *suffix, int generation)
{
    if (generation == 0) {
        return;
    }
    char json[64];
    (void)snprintf(json, sizeof json, "{\"n\":%d}", generation > 0 ? generation : -generation);
    const s1_str whole = envelope((uint64_t)(generation > 0 ? generation : -generation), json);
    put(where, suffix, generation > 0 ? whole : s1_str_slice(whole, 0, whole.len - 5));
    free_str(whole);
}

static void test_recovery(void **state)
{
    (void)state;
    static const recovery_case cases[] = {
        {0, 0, 0, 0, S1_STATE_RECOVERY_NONE},       /* nothing was ever saved */
        {5, 0, 4, 5, S1_STATE_RECOVERY_NONE},       /* at rest */
        {5, 6, 4, 6, S1_STATE_RECOVERY_COMPLETED},  /* before the renames */
        {0, 6, 5, 6, S1_STATE_RECOVERY_COMPLETED},  /* between the renames */
        {0, 1, 0, 1, S1_STATE_RECOVERY_COMPLETED},  /* the first save */
        {5, -6, 4, 5, S1_STATE_RECOVERY_DROPPED},   /* torn while written */
        {0, -1, 0, 0, S1_STATE_RECOVERY_DROPPED},   /* the first save, torn */
        {0, -6, 5, 5, S1_STATE_RECOVERY_DROPPED},   /* torn and between the renames */
        {5, 5, 4, 5, S1_STATE_RECOVERY_DROPPED},    /* not newer */
        {5, 3, 4, 5, S1_STATE_RECOVERY_DROPPED},    /* older */
        {-5, 6, 4, 6, S1_STATE_RECOVERY_COMPLETED}, /* damaged, a newer one is whole */
        {-5, 0, 4, -1, 0},                          /* damaged: refused, never nothing */
        {-5, 0, 0, -1, 0},
        {-5, -6, 4, -1, 0},
        {-5, 3, 4, -1, 0}, /* would lose generation 5 */
        {0, 0, 4, -1, 0},  /* gone, and no save leaves it so */
        {0, 3, 4, -1, 0},
        {0, -6, -5, -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const recovery_case *c = &cases[i];
        folder where;
        folder_init(&where, "state.json");
        put_generation(&where, "", c->now);
        put_generation(&where, ".journal", c->temp);
        put_generation(&where, ".prev", c->prev);
        for (int round = 0; round < 2; round++) { /* a second recovery finds nothing to do */
            s1_state_persistor *persistor = open_on(s1_fs_real(), &where);
            s1_state_text text = {0};
            s1_err failure = S1_ERR_INIT;
            const s1_rc rc = s1_state_load(persistor, &text, &failure);
            if (rc != (c->expected < 0 ? S1_E_DATA : S1_OK)) {
                fail_msg("case %zu: %s", i, failure.msg);
            }
            if (c->expected >= 0) {
                char json[64] = "";
                if (c->expected > 0) {
                    (void)snprintf(json, sizeof json, "{\"n\":%d}", c->expected);
                }
                assert_int_equal(text.generation, c->expected);
                assert_true(s1_str_eq_cstr(text.json, json));
                assert_int_equal(text.recovery, round == 0 ? c->recovery : S1_STATE_RECOVERY_NONE);
                assert_false(is_there(&where, ".journal"));
            } else {
                assert_int_equal(is_there(&where, ".journal"), c->temp != 0);
                assert_int_equal(is_there(&where, ".prev"), c->prev != 0);
            }
            s1_state_persistor_free(persistor);
        }
        folder_done(&where);
    }
}

/* What is on disk opens as `a` or `b`; which of them is returned. */
static bool reopens_as_new(const folder *where, const char *context)
{
    bool is_new = false;
    for (int round = 0; round < 2; round++) {
        s1_state_persistor *persistor = open_on(s1_fs_real(), where);
        s1_state_text text = {0};
        s1_err failure = S1_ERR_INIT;
        if (s1_state_load(persistor, &text, &failure) != S1_OK) {
            fail_msg("%s: %s", context, failure.msg);
        }
        const bool now_new = s1_str_eq_cstr(text.json, NEW_STATE);
        if (!now_new && !s1_str_eq_cstr(text.json, OLD_STATE)) {
            fail_msg("%s: neither old nor new: '%.*s'", context, S1_STR_ARG(text.json));
        }
        assert_true(round == 0 || now_new == is_new);
        is_new = now_new;
        s1_state_persistor_free(persistor);
    }
    return is_new;
}

static void put_old(const folder *where)
{
    const s1_str now = envelope(7, OLD_STATE), prev = envelope(6, "{\"position\":\"older\"}");
    put(where, "", now);
    put(where, ".prev", prev);
    free_str(now);
    free_str(prev);
}

/* Saves through `fault`; the number of calls it took, 0 if it failed. */
static uint64_t save_with(s1_fault_fs *fault, const folder *where)
{
    s1_state_persistor *persistor = open_on(&fault->table, where);
    s1_err failure = S1_ERR_INIT;
    s1_state_text text;
    const uint64_t before = fault->calls;
    s1_rc rc = s1_state_load(persistor, &text, &failure);
    if (rc == S1_OK) {
        rc = s1_state_save_atomic(persistor, S1_STR(NEW_STATE), &failure);
        /* A failed save has closed the store: nothing more is called, no fsync a second time. */
        const uint64_t calls = fault->calls;
        assert_int_equal(s1_state_is_poisoned(persistor), rc != S1_OK);
        if (rc != S1_OK) {
            s1_err again = S1_ERR_INIT;
            assert_int_equal(s1_state_save_atomic(persistor, S1_STR("{}"), &again), S1_E_IO);
            assert_non_null(strstr(again.msg, "nothing is tried again"));
            assert_int_equal(s1_state_load(persistor, &text, &again), S1_E_IO);
            assert_int_equal(fault->calls, calls);
        }
    }
    s1_state_persistor_free(persistor);
    return rc == S1_OK ? fault->calls - before : 0;
}

/* Call 1, 2, 3 ... of a load and save fails, until one comes through: with each error, once and for
 * ever (which is what a kill leaves), with writes whole and in pieces of 7 bytes. */
static void test_fault_loop(void **state)
{
    (void)state;
    static const int32_t errors[] = {EIO, ENOSPC, EDQUOT, EMFILE, EINTR, EROFS};
    uint64_t runs = 0, survived = 0;
    for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
        for (int mode = 0; mode < 4; mode++) {
            for (uint64_t number = 1;; number++) {
                folder where;
                folder_init(&where, "state.json");
                put_old(&where);
                s1_fault_fs fault;
                s1_fault_fs_init(&fault, s1_fs_real());
                fault.write_at_once = (mode & 2) != 0 ? 7 : UINT64_MAX;
                s1_fault_fs_fail(&fault, -1, number, errors[e], (mode & 1) != 0);
                const bool is_saved = save_with(&fault, &where) > 0;
                char context[64];
                (void)snprintf(context, sizeof context, "error %d, mode %d, call %d", errors[e],
                               mode, (int)number);
                const bool is_new = reopens_as_new(&where, context);
                assert_true(!is_saved || is_new); /* acknowledged is never lost */
                survived += is_saved && fault.failures > 0;
                runs++;
                folder_done(&where);
                if (fault.failures == 0) {
                    assert_true(is_saved && number > 10);
                    break;
                }
            }
        }
    }
    print_message("state: %llu failing saves, all reopened (%llu did not need the failed call)\n",
                  (unsigned long long)runs, (unsigned long long)survived);
}

/* A full disk at every byte. */
static void test_disk_full(void **state)
{
    (void)state;
    const s1_str whole = envelope(8, NEW_STATE);
    for (uint64_t limit = 0; limit <= whole.len; limit++) {
        folder where;
        folder_init(&where, "state.json");
        put_old(&where);
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        fault.write_limit = limit;
        const bool is_saved = save_with(&fault, &where) > 0;
        assert_int_equal(is_saved, limit == whole.len);
        assert_int_equal(reopens_as_new(&where, "disk full"), is_saved);
        folder_done(&where);
    }
    free_str(whole);
}

/* A failed fsync, of the file and of the folder, is never called again. */
static void test_fsync_is_not_retried(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 2; number++) {
        folder where;
        folder_init(&where, "state.json");
        put_old(&where);
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_state_persistor *persistor = open_on(&fault.table, &where);
        s1_fault_fs_fail(&fault, S1_FS_OP_FSYNC, number, EIO, false);
        s1_err failure = S1_ERR_INIT;
        assert_int_equal(s1_state_save_atomic(persistor, S1_STR(NEW_STATE), &failure), S1_E_IO);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(s1_state_save_atomic(persistor, S1_STR(NEW_STATE), &failure), S1_E_IO);
        }
        assert_int_equal(fault.calls_of[S1_FS_OP_FSYNC], number);
        assert_true(s1_state_is_poisoned(persistor));
        assert_non_null(strstr(failure.msg, "injected fault: fsync"));
        s1_state_persistor_free(persistor);
        (void)reopens_as_new(&where, "fsync");
        folder_done(&where);
    }
}

/* Compound: every state a killed save leaves, recovered by a process that is killed at every call,
 * recovered again. */
static void test_killed_recovery(void **state)
{
    (void)state;
    uint64_t states = 0;
    for (uint64_t number = 1;; number++) {
        bool is_over = false;
        for (uint64_t second = 1;; second++) {
            folder where;
            folder_init(&where, "state.json");
            put_old(&where);
            s1_fault_fs fault;
            s1_fault_fs_init(&fault, s1_fs_real());
            fault.write_at_once = 11;
            s1_fault_fs_fail(&fault, -1, number, EIO, true);
            is_over = save_with(&fault, &where) > 0;
            s1_fault_fs again;
            s1_fault_fs_init(&again, s1_fs_real());
            s1_fault_fs_fail(&again, -1, second, EIO, true);
            s1_state_persistor *persistor = open_on(&again.table, &where);
            s1_state_text text = {0};
            const bool is_loaded = s1_state_load(persistor, &text, NULL) == S1_OK;
            const bool was_new = is_loaded && s1_str_eq_cstr(text.json, NEW_STATE);
            s1_state_persistor_free(persistor);
            char context[64];
            (void)snprintf(context, sizeof context, "killed at %d, recovery at %d", (int)number,
                           (int)second);
            const bool is_new = reopens_as_new(&where, context);
            assert_true(!is_loaded || is_new == was_new); /* what was shown stays */
            states++;
            folder_done(&where);
            if (again.failures == 0) {
                break;
            }
        }
        if (is_over) {
            break;
        }
    }
    print_message("state: %llu crashes inside a recovery, all reopened\n",
                  (unsigned long long)states);
}

/* The seed's protocol (rename any journal that is there) is what test_recovery must catch. */
static void test_half_written_journal_never_wins(void **state)
{
    (void)state;
    const s1_str whole = envelope(8, NEW_STATE);
    for (size_t length = 0; length < whole.len; length++) {
        folder where;
        folder_init(&where, "state.json");
        put_old(&where);
        put(&where, ".journal", s1_str_slice(whole, 0, length));
        assert_false(reopens_as_new(&where, "half a journal"));
        folder_done(&where);
    }
    free_str(whole);
}

static void test_options(void **state)
{
    (void)state;
    s1_err failure = S1_ERR_INIT;
    s1_json_persistor *persistor = NULL;
    const s1_json_persistor_options no_mode = {.fs = s1_fs_real(), .path = "x"};
    assert_int_equal(s1_json_persistor_new(&no_mode, &persistor, &failure), S1_E_INVALID);
    assert_non_null(strstr(failure.msg, "mode 0, expected atomic or append"));
    const s1_json_persistor_options no_path = {.fs = s1_fs_real(), .path = "", .mode = 1};
    assert_int_equal(s1_json_persistor_new(&no_path, &persistor, &failure), S1_E_INVALID);
    folder where;
    folder_init(&where, "none/state.json");
    s1_state_persistor *state_persistor = open_on(s1_fs_real(), &where);
    assert_int_equal(s1_state_save_atomic(state_persistor, S1_STR("{}"), &failure), S1_E_NOT_FOUND);
    s1_state_persistor_free(state_persistor);
    folder_done(&where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_fault_loop),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_fsync_is_not_retried),
        cmocka_unit_test(test_killed_recovery),
        cmocka_unit_test(test_half_written_journal_never_wins),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests_name("json_persistor_state", tests, NULL, NULL);
}
