#include "tests/support/crash_store.h"

#include "backend/core/journal.h"
#include "tests/contract/journal_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE   4096u
#define BLOCK_BYTES 3072u /* several sectors, and several blocks to a commit */

struct s1_crash_store {
    const s1_fs *fs;
    char path[256];
    uint64_t segment_bytes; /* 0: one file */
    uint64_t reserve_bytes;
    s1_state_persistor *state;
    s1_journal_persistor *file;
    s1_journal *journal;
};

/* --- Items ---------------------------------------------------------------------------------- */

/* {"n":5,"round":2,"pad":"fff..."} of a length that is a function of both. */
static size_t item_text(uint64_t n, uint32_t round, char to[static TEXT_SIZE])
{
    const size_t pad = (size_t)((n * 397 + round * 131) % 1400);
    const size_t length = (size_t)snprintf(
        to, TEXT_SIZE, "{\"n\":%" PRIu64 ",\"round\":%" PRIu32 ",\"pad\":\"", n, round);
    memset(to + length, (int)('a' + (n + round) % 26), pad);
    memcpy(to + length + pad, "\"}", 3);
    return length + pad + 2;
}

/* Whether `text` is what some round put as item n. */
static bool is_item(s1_str text, uint64_t n, uint32_t *ret_round)
{
    char expected[TEXT_SIZE], head[64];
    const int length = snprintf(head, sizeof head, "{\"n\":%" PRIu64 ",\"round\":", n);
    if (text.len < (size_t)length + 2 || memcmp(text.ptr, head, (size_t)length) != 0) {
        return false;
    }
    uint32_t round = 0;
    for (size_t i = (size_t)length;
         i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && round < 1000000; i++) {
        round = round * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *ret_round = round;
    return s1_str_eq(text, s1_str_make(expected, item_text(n, round, expected)));
}

/* NULL: no memory. */
static s1_crash_store *store_new(const s1_fs *fs, const char *where, const char *file)
{
    s1_crash_store *store = calloc(1, sizeof *store);
    if (store != NULL) {
        store->fs = fs;
        (void)snprintf(store->path, sizeof store->path, "%s/%s", where, file);
    }
    return store;
}

static void store_close(s1_crash_store *store)
{
    if (store != NULL) {
        s1_journal_free(store->journal);
        s1_journal_persistor_free(store->file);
        s1_state_persistor_free(store->state);
        free(store);
    }
}

/* --- State ---------------------------------------------------------------------------------- */

static s1_rc open_persistor(s1_crash_store *store, int32_t mode, s1_err *err)
{
    s1_json_persistor *persistor = NULL;
    const s1_json_persistor_options options = {.fs = store->fs,
                                               .path = store->path,
                                               .mode = mode,
                                               .segment_bytes_max = store->segment_bytes,
                                               .reserve_bytes = store->reserve_bytes};
    S1_TRY(err, s1_json_persistor_new(&options, &persistor, err));
    if (mode == S1_JSON_PERSISTOR_ATOMIC) {
        store->state = s1_json_persistor_state(persistor);
    } else {
        store->file = s1_json_persistor_journal(persistor);
    }
    return S1_OK;
}

static s1_rc check_state(uint64_t generation, s1_str json, uint32_t *rounds, s1_err *err)
{
    if (generation >= S1_CRASH_ITEMS_MAX ||
        (generation > 0 && !is_item(json, generation, &rounds[generation])) ||
        (generation == 0 && json.len > 0)) {
        return S1_RAISE(err, S1_CRASH_WRONG, "generation %" PRIu64 " holds what nobody put: %.60s",
                        generation, json.len > 0 ? json.ptr : "");
    }
    return S1_OK;
}

static s1_rc load_state(s1_crash_store *store, uint32_t *rounds, uint64_t *ret_count, s1_err *err)
{
    s1_state_text text;
    S1_TRY(err, open_persistor(store, S1_JSON_PERSISTOR_ATOMIC, err));
    S1_TRY(err, s1_state_load(store->state, &text, err));
    S1_TRY(err, check_state(text.generation, text.json, rounds, err));
    *ret_count = text.generation;
    return S1_OK;
}

static s1_rc state_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                        s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    s1_crash_store *store = store_new(fs, where, "state.json");
    const s1_rc rc = store == NULL ? S1_RAISE(err, S1_E_NO_MEMORY, "a store")
                                   : load_state(store, rounds, ret_count, err);
    if (rc != S1_OK) {
        store_close(store);
        return rc;
    }
    *ret_store = store;
    return S1_OK;
}

static s1_rc state_put(s1_crash_store *store, uint64_t first, uint64_t count, uint32_t round,
                       s1_err *err)
{
    char text[TEXT_SIZE];
    for (uint64_t n = first; n < first + count; n++) {
        const size_t length = item_text(n, round, text);
        S1_TRY(err, s1_state_save_atomic(store->state, s1_str_make(text, length), err));
    }
    return S1_OK;
}

static bool state_is_poisoned(const s1_crash_store *store)
{
    return s1_state_is_poisoned(store->state);
}

const s1_crash_kind s1_crash_state = {"state",   "state.json",      state_open,
                                      state_put, state_is_poisoned, store_close};

/* --- Journal -------------------------------------------------------------------------------- */

typedef struct reading {
    uint64_t count; /* items so far */
    uint32_t *rounds;
} reading;

static s1_rc read_line(void *user, s1_str line, s1_err *err)
{
    reading *so_far = user;
    const size_t at = s1_str_find(line, S1_STR("\"event\":"), 0);
    if (at == S1_STR_NPOS) {
        return S1_OK; /* RUN_STARTED */
    }
    const size_t end = s1_str_find(line, S1_STR("},\"crc\":"), at);
    const uint64_t n = so_far->count + 1;
    if (end == S1_STR_NPOS || n >= S1_CRASH_ITEMS_MAX ||
        !is_item(s1_str_slice(line, at + 8, end), n, &so_far->rounds[n])) {
        return S1_RAISE(err, S1_CRASH_WRONG, "entry %" PRIu64 " is what nobody put: %.160s", n,
                        line.ptr);
    }
    so_far->count = n;
    return S1_OK;
}

/* A store that opened can write its last words. */
static s1_rc check_reserve(const s1_crash_store *store, s1_err *err)
{
    char path[300];
    s1_fs_info info = {0};
    (void)snprintf(path, sizeof path, "%s.reserve", store->path);
    S1_TRY(err, s1_fs_stat(store->fs, path, &info, err));
    return info.size == store->reserve_bytes
               ? S1_OK
               : S1_RAISE(err, S1_CRASH_WRONG, "a reserve of %" PRIu64 " bytes", info.size);
}

static s1_rc load_journal(s1_crash_store *store, uint32_t *rounds, uint64_t *ret_count, s1_err *err)
{
    reading so_far = {0, rounds};
    S1_TRY(err, open_persistor(store, S1_JSON_PERSISTOR_APPEND_ONLY, err));
    if (store->reserve_bytes > 0) {
        S1_TRY(err, check_reserve(store, err));
    }
    S1_TRY(err, s1_journal_persistor_read_all(store->file, read_line, &so_far, err));
    const s1_journal_options options = {.level = S1_JOURNAL_LEVEL_FULL,
                                        .block_bytes_max = BLOCK_BYTES,
                                        .link = S1_STR(FIXTURE_LINK),
                                        .run_id = S1_STR(FIXTURE_RUN_ID)};
    S1_TRY(err, s1_journal_new(&options, store->file, &store->journal, err));
    *ret_count = so_far.count;
    return S1_OK;
}

static s1_rc open_journal(const s1_fs *fs, const char *where, uint64_t segment_bytes,
                          uint64_t reserve_bytes, uint32_t *rounds, s1_crash_store **ret_store,
                          uint64_t *ret_count, s1_err *err)
{
    s1_crash_store *store = store_new(fs, where, "journal.jsonl");
    if (store != NULL) {
        store->segment_bytes = segment_bytes;
        store->reserve_bytes = reserve_bytes;
    }
    const s1_rc rc = store == NULL ? S1_RAISE(err, S1_E_NO_MEMORY, "a store")
                                   : load_journal(store, rounds, ret_count, err);
    if (rc != S1_OK) {
        store_close(store);
        return rc;
    }
    *ret_store = store;
    return S1_OK;
}

static s1_rc journal_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                          s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    return open_journal(fs, where, 0, 0, rounds, ret_store, ret_count, err);
}

static s1_rc rotated_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                          s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    return open_journal(fs, where, 2 * BLOCK_BYTES, 0, rounds, ret_store, ret_count, err);
}

static s1_rc reserved_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                           s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    return open_journal(fs, where, 2 * BLOCK_BYTES, S1_CRASH_RESERVE, rounds, ret_store, ret_count,
                        err);
}

static s1_rc last_words_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                             s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    return open_journal(fs, where, 0, S1_CRASH_LAST, rounds, ret_store, ret_count, err);
}

static s1_rc put_entry(s1_journal *journal, uint64_t n, uint32_t round, s1_err *err)
{
    char text[TEXT_SIZE];
    const size_t length = item_text(n, round, text);
    (void)s1_journal_begin(journal, S1_JOURNAL_WORKER_NOTE, FIXTURE_T0 + (s1_nanos)n);
    s1_journal_worker(journal, S1_STR("crash"));
    s1_journal_details(journal);
    S1_TRY(err, s1_journal_member_json(journal, "event", s1_str_make(text, length), err));
    return s1_journal_end(journal, err);
}

static s1_rc journal_put(s1_crash_store *store, uint64_t first, uint64_t count, uint32_t round,
                         s1_err *err)
{
    if (s1_journal_seq(store->journal) == 0) {
        S1_TRY(err, write_started(store->journal, err));
    }
    for (uint64_t n = first; n < first + count; n++) {
        S1_TRY(err, put_entry(store->journal, n, round, err));
    }
    return s1_journal_commit(store->journal, err);
}

static bool journal_is_poisoned(const s1_crash_store *store)
{
    return s1_journal_persistor_is_poisoned(store->file);
}

bool s1_crash_store_is_low(const s1_crash_store *store)
{
    return store->journal != NULL && s1_journal_is_low(store->journal);
}

bool s1_crash_store_is_between(const s1_crash_store *store)
{
    return store->file != NULL && s1_journal_persistor_is_low(store->file) &&
           !s1_crash_store_is_low(store);
}

const s1_crash_kind s1_crash_reserved = {"reserved",  "journal.jsonl",     reserved_open,
                                         journal_put, journal_is_poisoned, store_close};
const s1_crash_kind s1_crash_last_words = {"last_words", "journal.jsonl",     last_words_open,
                                           journal_put,  journal_is_poisoned, store_close};
const s1_crash_kind s1_crash_journal = {"journal",   "journal.jsonl",     journal_open,
                                        journal_put, journal_is_poisoned, store_close};
const s1_crash_kind s1_crash_rotated = {"rotated",   "journal.jsonl",     rotated_open,
                                        journal_put, journal_is_poisoned, store_close};

/* --- Mutants -------------------------------------------------------------------------------- */

static s1_crash_store *must_new(const s1_fs *fs, const char *where, const char *file)
{
    s1_crash_store *store = store_new(fs, where, file);
    if (store == NULL) {
        abort();
    }
    return store;
}

/* Reads a file, or nothing where there is none. */
static s1_rc slurp(const s1_fs *fs, const char *path, s1_strbuf *ret_text, s1_err *err)
{
    s1_strbuf_init(ret_text, 1u << 20);
    s1_err failure = S1_ERR_INIT;
    const s1_rc rc = s1_fs_read_all(fs, path, 1u << 20, ret_text, &failure);
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        *err = failure;
        return rc;
    }
    return S1_OK;
}

/* The seed's recovery: a journal that is there means that only the rename is missing. */
static s1_rc load_seed(s1_crash_store *store, uint32_t *rounds, uint64_t *ret_count, s1_err *err)
{
    char temp[300];
    (void)snprintf(temp, sizeof temp, "%s.journal", store->path);
    if (s1_fs_exists(store->fs, temp)) {
        S1_TRY(err, s1_fs_rename(store->fs, temp, store->path, err));
    }
    const bool is_there = s1_fs_exists(store->fs, store->path);
    s1_strbuf text;
    S1_TRY(err, slurp(store->fs, store->path, &text, err));
    uint64_t n = 0;
    (void)sscanf(s1_strbuf_cstr(&text), "{\"n\":%" SCNu64, &n);
    s1_rc rc = S1_OK;
    if (is_there && n == 0) {
        rc = S1_RAISE(err, S1_E_DATA, "the state cannot be parsed");
    } else {
        rc = check_state(n, s1_strbuf_view(&text), rounds, err);
    }
    s1_strbuf_done(&text);
    *ret_count = n;
    return rc;
}

static s1_rc seed_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                       s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    s1_crash_store *store = store_new(fs, where, "state.json");
    const s1_rc rc = store == NULL ? S1_RAISE(err, S1_E_NO_MEMORY, "a store")
                                   : load_seed(store, rounds, ret_count, err);
    if (rc != S1_OK) {
        store_close(store);
        return rc;
    }
    *ret_store = store;
    return S1_OK;
}

static s1_rc seed_put(s1_crash_store *store, uint64_t first, uint64_t count, uint32_t round,
                      s1_err *err)
{
    char temp[300], text[TEXT_SIZE];
    (void)snprintf(temp, sizeof temp, "%s.journal", store->path);
    for (uint64_t n = first; n < first + count; n++) {
        const size_t length = item_text(n, round, text);
        s1_file *file = NULL;
        S1_TRY(err, s1_fs_open(store->fs, temp, S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &file,
                               err));
        s1_rc rc = s1_fs_write_all(store->fs, file, text, length, err);
        if (rc == S1_OK) {
            rc = s1_fs_fsync(store->fs, file, err);
        }
        s1_fs_drop(store->fs, file);
        S1_TRY(err, rc);
        S1_TRY(err, s1_fs_rename(store->fs, temp, store->path, err));
    }
    return S1_OK;
}

static bool seed_is_poisoned(const s1_crash_store *store)
{
    (void)store;
    return false;
}

const s1_crash_kind s1_crash_seed_state = {"state by the seed's protocol",
                                           "state.json",
                                           seed_open,
                                           seed_put,
                                           seed_is_poisoned,
                                           store_close};

/* A reader that trusts what it finds: generation and state as they stand. */
static s1_rc unchecked_state_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                                  s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    s1_crash_store *store = must_new(fs, where, "state.json");
    s1_strbuf text;
    s1_rc rc = slurp(fs, store->path, &text, err);
    uint64_t generation = 0;
    if (rc == S1_OK &&
        sscanf(s1_strbuf_cstr(&text), "{\"generation\":%" SCNu64, &generation) != 1) {
        rc = S1_RAISE(err, S1_E_DATA, "no generation");
    }
    const s1_str all = s1_strbuf_view(&text);
    const size_t at = s1_str_find(all, S1_STR("\"state\":"), 0);
    if (rc == S1_OK && (at == S1_STR_NPOS || all.len < at + 10)) {
        rc = S1_RAISE(err, S1_E_DATA, "no state");
    }
    if (rc == S1_OK) {
        rc = check_state(generation, s1_str_slice(all, at + 8, all.len - 2), rounds, err);
    }
    s1_strbuf_done(&text);
    if (rc != S1_OK) {
        store_close(store);
        return rc;
    }
    *ret_count = generation;
    *ret_store = store;
    return S1_OK;
}

const s1_crash_kind s1_crash_unchecked_state = {
    "state without checksum", "state.json", unchecked_state_open, NULL, NULL, store_close};

static s1_rc unchecked_journal_open(const s1_fs *fs, const char *where, uint32_t *rounds,
                                    s1_crash_store **ret_store, uint64_t *ret_count, s1_err *err)
{
    s1_crash_store *store = must_new(fs, where, "journal.jsonl");
    s1_strbuf text;
    s1_rc rc = slurp(fs, store->path, &text, err);
    reading so_far = {0, rounds};
    for (s1_str rest = s1_strbuf_view(&text); rc == S1_OK && rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        const size_t length = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
        rc = read_line(&so_far, s1_str_slice(rest, 0, length), err);
        rest = s1_str_slice(rest, end != NULL ? length + 1 : length, rest.len);
    }
    s1_strbuf_done(&text);
    if (rc != S1_OK) {
        store_close(store);
        return rc;
    }
    *ret_count = so_far.count;
    *ret_store = store;
    return S1_OK;
}

const s1_crash_kind s1_crash_unchecked_journal = {
    "journal without checksums", "journal.jsonl", unchecked_journal_open, NULL, NULL, store_close};

/* --- Habits --------------------------------------------------------------------------------- */

static s1_rc habit_open(void *self, const char *path, uint32_t flags, s1_file **ret_file,
                        s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->open(habit->base->self, path, flags, ret_file, err);
}

static s1_rc habit_close(void *self, s1_file *file, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->close(habit->base->self, file, err);
}

static s1_rc habit_read(void *self, s1_file *file, void *to, size_t len, size_t *ret_len,
                        s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->read(habit->base->self, file, to, len, ret_len, err);
}

static s1_rc habit_write(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                         s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->write(habit->base->self, file, from, len, ret_len, err);
}

static s1_rc habit_pread(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                         size_t *ret_len, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->pread(habit->base->self, file, offset, to, len, ret_len, err);
}

static s1_rc habit_pwrite(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                          size_t *ret_len, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    s1_fs_info info = {0};
    if (habit->repairs_no_tail &&
        habit->base->stat_file(habit->base->self, file, &info, NULL) == S1_OK) {
        offset = info.size;
    }
    return habit->base->pwrite(habit->base->self, file, offset, from, len, ret_len, err);
}

static s1_rc habit_fsync(void *self, s1_file *file, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    s1_rc rc = habit->base->fsync(habit->base->self, file, err);
    for (int i = 0; rc != S1_OK && habit->retries_fsync && i < 2; i++) {
        rc = habit->base->fsync(habit->base->self, file, err);
    }
    return rc;
}

static s1_rc habit_truncate(void *self, s1_file *file, uint64_t size, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->repairs_no_tail ? S1_OK
                                  : habit->base->truncate(habit->base->self, file, size, err);
}

static s1_rc habit_lock(void *self, s1_file *file, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->lock(habit->base->self, file, err);
}

static s1_rc habit_stat_file(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->stat_file(habit->base->self, file, ret_info, err);
}

static s1_rc habit_rename(void *self, const char *from, const char *to, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->rename(habit->base->self, from, to, err);
}

static s1_rc habit_unlink(void *self, const char *path, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->unlink(habit->base->self, path, err);
}

static s1_rc habit_stat(void *self, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    const s1_habit_fs *const habit = self;
    return habit->base->stat(habit->base->self, path, ret_info, err);
}

void s1_habit_fs_init(s1_habit_fs *habit, const s1_fs *base)
{
    *habit = (s1_habit_fs){.base = base};
    habit->table = *base; /* folders are not made, removed or listed through it */
    habit->table.self = habit;
    habit->table.open = habit_open;
    habit->table.close = habit_close;
    habit->table.read = habit_read;
    habit->table.write = habit_write;
    habit->table.pread = habit_pread;
    habit->table.pwrite = habit_pwrite;
    habit->table.fsync = habit_fsync;
    habit->table.truncate = habit_truncate;
    habit->table.lock = habit_lock;
    habit->table.stat_file = habit_stat_file;
    habit->table.rename = habit_rename;
    habit->table.unlink = habit_unlink;
    habit->table.stat = habit_stat;
}
