/* The atomic mode of JsonPersistor. */
#include "backend/core/journal_json.h"
#include "backend/data/persistors/json_persistor_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "s1mple/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ENVELOPE_END   "}\n"
#define READ_CHUNK_MAX (1u << 20) /* room a reader of files may ask for beyond what is there */

/* One of the files a state may stand in. */
typedef struct candidate {
    bool is_there, is_whole;
    uint64_t generation;
    s1_strbuf bytes;
    s1_str json;   /* in bytes */
    char why[128]; /* not whole: what is wrong */
} candidate;

static s1_json_persistor *self_of(s1_state_persistor *state)
{
    return (s1_json_persistor *)(void *)state; /* its first member */
}

/* --- Envelope ------------------------------------------------------------------------------- */

/* Everything before the crc's digits. */
static int print_head(char *out, size_t size, uint64_t generation, uint64_t length)
{
    return snprintf(out, size, "{\"generation\":%" PRIu64 ",\"length\":%" PRIu64 ",\"crc32c\":\"",
                    generation, length);
}

/* Over every byte of the file but the eight digits. */
static uint32_t crc_of(s1_str head, s1_str state)
{
    uint32_t crc = s1_crc32c(0, head.ptr, head.len);
    crc = s1_crc32c(crc, "\",\"state\":", 10);
    crc = s1_crc32c(crc, state.ptr, state.len);
    return s1_crc32c(crc, ENVELOPE_END, sizeof ENVELOPE_END - 1);
}

static s1_rc build_envelope(s1_json_persistor *persistor, s1_str json, s1_err *err)
{
    char head[S1_STATE_ENVELOPE_MAX];
    char digits[16];
    const int length = print_head(head, sizeof head, persistor->generation + 1, json.len);
    const s1_str head_text = s1_str_make(head, (size_t)length);
    (void)snprintf(digits, sizeof digits, "%08" PRIx32, crc_of(head_text, json));
    s1_strbuf *out = &persistor->envelope;
    s1_strbuf_clear(out);
    s1_strbuf_str(out, head_text);
    s1_strbuf_bytes(out, digits, 8);
    s1_strbuf_lit(out, "\",\"state\":");
    s1_strbuf_str(out, json);
    s1_strbuf_lit(out, ENVELOPE_END);
    return s1_strbuf_check(out, err);
}

/* Number between `before` and `after`, both eaten. */
static bool eat_number(s1_str *rest, const char *before, const char *after, uint64_t *ret_value)
{
    const size_t length = strlen(before);
    if (rest->len < length || memcmp(rest->ptr, before, length) != 0) {
        return false;
    }
    const size_t end = s1_str_find(*rest, s1_str_of(after), length);
    if (end == S1_STR_NPOS ||
        s1_str_parse_u64(s1_str_slice(*rest, length, end), ret_value, NULL) != S1_OK) {
        return false;
    }
    *rest = s1_str_slice(*rest, end, rest->len);
    return true;
}

/* Judges the bytes of a candidate. What is whole is byte for byte what save_atomic wrote. */
static void judge(candidate *found)
{
    s1_str rest = s1_strbuf_view(&found->bytes);
    uint64_t length = 0;
    char head[S1_STATE_ENVELOPE_MAX], digits[16];
    if (!eat_number(&rest, "{\"generation\":", ",\"length\":", &found->generation) ||
        !eat_number(&rest, ",\"length\":", ",\"crc32c\":\"", &length) || found->generation == 0) {
        (void)snprintf(found->why, sizeof found->why, "it does not start as a state envelope");
        return;
    }
    const int head_length = print_head(head, sizeof head, found->generation, length);
    const s1_str all = s1_strbuf_view(&found->bytes);
    const size_t around = (size_t)head_length + 8 + 10 + sizeof ENVELOPE_END - 1;
    if (all.len < around || all.len - around != length) {
        (void)snprintf(found->why, sizeof found->why, "found %zu bytes, its length says %" PRIu64,
                       all.len, length + around);
        return;
    }
    found->json = s1_str_slice(all, (size_t)head_length + 18, all.len - sizeof ENVELOPE_END + 1);
    const uint32_t crc = crc_of(s1_str_slice(all, 0, (size_t)head_length), found->json);
    (void)snprintf(digits, sizeof digits, "%08" PRIx32, crc);
    if (memcmp(all.ptr, head, (size_t)head_length) != 0 ||
        memcmp(all.ptr + head_length, digits, 8) != 0 ||
        memcmp(all.ptr + head_length + 8, "\",\"state\":", 10) != 0 ||
        memcmp(all.ptr + all.len - 2, ENVELOPE_END, 2) != 0) {
        (void)snprintf(found->why, sizeof found->why, "its checksum is %.8s, its bytes give %s",
                       all.ptr + head_length, digits);
        return;
    }
    found->is_whole = true;
}

static s1_rc read_candidate(const s1_json_persistor *persistor, const char *path,
                            candidate *ret_found, s1_err *err)
{
    const size_t bytes_max = (size_t)persistor->bytes_max + S1_STATE_ENVELOPE_MAX;
    s1_strbuf_init(&ret_found->bytes, bytes_max + READ_CHUNK_MAX);
    s1_err failure = S1_ERR_INIT; /* a file that is not there is no failure of the load */
    const s1_rc rc = s1_fs_read_all(persistor->fs, path, bytes_max, &ret_found->bytes, &failure);
    ret_found->is_there = rc != S1_E_NOT_FOUND;
    if (rc == S1_E_DATA) {
        (void)snprintf(ret_found->why, sizeof ret_found->why,
                       "it is larger than any state may be (%" PRIu64 " bytes)",
                       persistor->bytes_max);
    } else if (rc == S1_OK) {
        judge(ret_found);
    } else if (rc != S1_E_NOT_FOUND) {
        if (err != NULL) {
            *err = failure;
        }
        s1_err_push(err, __FILE__, __func__, __LINE__);
        return rc;
    }
    return S1_OK;
}

/* --- Recovery ------------------------------------------------------------------------------- */

/* Writes the bytes that were read once more, in place, and syncs them. What was read may be in the
 * page cache only; after a failed fsync (of the process before this one) a sync alone would report
 * success for pages that count as clean and were never written. */
static s1_rc rewrite_file(const s1_json_persistor *persistor, const char *path, s1_str bytes,
                          s1_err *err)
{
    s1_file *file = NULL;
    S1_TRY(err, s1_fs_open(persistor->fs, path, S1_FS_READ | S1_FS_WRITE, &file, err));
    s1_rc rc = s1_fs_pwrite_all(persistor->fs, file, 0, bytes.ptr, bytes.len, err);
    if (rc == S1_OK) {
        rc = s1_fs_fsync(persistor->fs, file, err);
    }
    s1_fs_drop(persistor->fs, file);
    S1_TRY(err, rc);
    return S1_OK;
}

/* The renames of a save, once PATH.journal is whole and durable. Its name has to be, too, before
 * PATH goes: else a power loss may leave PATH.prev alone. */
static s1_rc put_in_place(const s1_json_persistor *persistor, bool keeps_prev, s1_err *err)
{
    if (keeps_prev) {
        S1_TRY(err, s1_fs_fsync_parent(persistor->fs, persistor->path, err));
        S1_TRY(err, s1_fs_rename(persistor->fs, persistor->path, persistor->prev_path, err));
    }
    S1_TRY(err, s1_fs_rename(persistor->fs, persistor->temp_path, persistor->path, err));
    return s1_fs_fsync_parent(persistor->fs, persistor->path, err);
}

/* A crash came after the new state was whole: the save is completed. */
static s1_rc complete(s1_json_persistor *persistor, const candidate *now, const candidate *temp,
                      s1_err *err)
{
    S1_TRY(err, rewrite_file(persistor, persistor->temp_path, s1_strbuf_view(&temp->bytes), err));
    S1_TRY(err, put_in_place(persistor, now->is_whole, err));
    persistor->recovery = S1_STATE_RECOVERY_COMPLETED;
    return S1_OK;
}

/* A crash came before the new state was whole, or a stale journal was left: the old one stands. It
 * is back in its place, durably, before the journal goes. */
static s1_rc drop(s1_json_persistor *persistor, bool restores_prev, s1_err *err)
{
    if (restores_prev) {
        S1_TRY(err, s1_fs_rename(persistor->fs, persistor->prev_path, persistor->path, err));
        S1_TRY(err, s1_fs_fsync_parent(persistor->fs, persistor->path, err));
    }
    S1_TRY(err, s1_fs_unlink(persistor->fs, persistor->temp_path, err));
    S1_TRY(err, s1_fs_fsync_parent(persistor->fs, persistor->path, err));
    persistor->recovery = S1_STATE_RECOVERY_DROPPED;
    return S1_OK;
}

static s1_rc refuse(const s1_json_persistor *persistor, const candidate *now, const candidate *prev,
                    s1_err *err)
{
    char hint[160] = "no earlier state is kept beside it";
    if (prev->is_whole) {
        (void)snprintf(hint, sizeof hint,
                       "generation %" PRIu64 " stands in its .prev: rename that to go back to it",
                       prev->generation);
    }
    if (!now->is_there) {
        return S1_RAISE(err, S1_E_DATA, "state '%s' is missing, and no save leaves it so; %s",
                        persistor->path, hint);
    }
    return S1_RAISE(err, S1_E_DATA, "state '%s' is damaged: %s; %s", persistor->path, now->why,
                    hint);
}

/* No save leaves this either: somebody put an older file in place of the state. */
static s1_rc refuse_older(const s1_json_persistor *persistor, const candidate *now,
                          const candidate *prev, s1_err *err)
{
    return S1_RAISE(err, S1_E_DATA,
                    "state '%s' is generation %" PRIu64 ", its .prev is %" PRIu64
                    ": an older state was put in its place; remove the .prev to accept that, or "
                    "rename it to go back to it",
                    persistor->path, now->generation, prev->generation);
}

/* Which of the three files holds the state, and what has to be done so that PATH does. */
static s1_rc recover(s1_json_persistor *persistor, candidate *now, candidate *temp, candidate *prev,
                     const candidate **ret_state, s1_err *err)
{
    const bool is_temp_newer = temp->is_whole &&
                               (!now->is_whole || temp->generation > now->generation) &&
                               (!prev->is_whole || temp->generation > prev->generation);
    if (is_temp_newer) {
        S1_TRY(err, complete(persistor, now, temp, err));
        *ret_state = temp;
        return S1_OK;
    }
    if (now->is_whole || (!now->is_there && !prev->is_there)) {
        if (now->is_whole && prev->is_whole && prev->generation >= now->generation) {
            return refuse_older(persistor, now, prev, err);
        }
        if (temp->is_there) {
            S1_TRY(err, drop(persistor, false, err));
        } else if (now->is_there) {
            /* Who killed the save before may have done so before its last sync: what a caller is
             * told stands. */
            S1_TRY(err, s1_fs_fsync_parent(persistor->fs, persistor->path, err));
        }
        *ret_state = now;
        return S1_OK;
    }
    /* Between its two renames a save leaves PATH missing, PATH.prev and PATH.journal there. */
    if (!now->is_there && temp->is_there && !temp->is_whole && prev->is_whole) {
        S1_TRY(err, drop(persistor, true, err));
        *ret_state = prev;
        return S1_OK;
    }
    return refuse(persistor, now, prev, err);
}

static s1_rc load_files(s1_json_persistor *persistor, candidate files[3], s1_err *err)
{
    S1_TRY(err, read_candidate(persistor, persistor->path, &files[0], err));
    S1_TRY(err, read_candidate(persistor, persistor->temp_path, &files[1], err));
    S1_TRY(err, read_candidate(persistor, persistor->prev_path, &files[2], err));
    const candidate *state = NULL;
    const s1_rc rc = recover(persistor, &files[0], &files[1], &files[2], &state, err);
    if (rc == S1_E_DATA) {
        return rc; /* nothing was touched */
    }
    if (rc != S1_OK) {
        return s1_json_persistor_poison(persistor, rc, "recovery", err);
    }
    s1_strbuf_clear(&persistor->json);
    s1_strbuf_str(&persistor->json, state->json);
    S1_TRY(err, s1_strbuf_check(&persistor->json, err));
    persistor->generation = state->is_whole ? state->generation : 0;
    persistor->is_loaded = true;
    return S1_OK;
}

static s1_rc load_once(s1_json_persistor *persistor, s1_err *err)
{
    if (persistor->is_loaded) {
        return S1_OK;
    }
    candidate files[3] = {{0}, {0}, {0}};
    const s1_rc rc = load_files(persistor, files, err);
    for (size_t i = 0; i < 3; i++) {
        s1_strbuf_done(&files[i].bytes);
    }
    return rc;
}

/* --- The interface -------------------------------------------------------------------------- */

static s1_rc load(s1_state_persistor *state, s1_state_text *ret_state, s1_err *err)
{
    s1_json_persistor *persistor = self_of(state);
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    S1_TRY(err, load_once(persistor, err));
    *ret_state = (s1_state_text){persistor->generation, s1_strbuf_view(&persistor->json),
                                 persistor->recovery, 0};
    return S1_OK;
}

/* Writes and syncs PATH.journal. */
static s1_rc write_temp(const s1_json_persistor *persistor, s1_err *err)
{
    s1_file *file = NULL;
    S1_TRY(err, s1_fs_open(persistor->fs, persistor->temp_path,
                           S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &file, err));
    s1_rc rc = s1_fs_write_all(persistor->fs, file, persistor->envelope.data,
                               persistor->envelope.len, err);
    if (rc == S1_OK) {
        rc = s1_fs_fsync(persistor->fs, file, err);
    }
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
        s1_fs_drop(persistor->fs, file);
        return rc;
    }
    return s1_fs_close(persistor->fs, file, err);
}

static s1_rc save_atomic(s1_state_persistor *state, s1_str json, s1_err *err)
{
    s1_json_persistor *persistor = self_of(state);
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    if (json.len > persistor->bytes_max) {
        return S1_RAISE(err, S1_E_RANGE, "state '%s': found %zu bytes, expected at most %" PRIu64,
                        persistor->path, json.len, persistor->bytes_max);
    }
    if (s1_journal_json_compact(json, NULL) == 0) {
        return S1_RAISE(err, S1_E_INVALID, "state '%s': expected one JSON value, found '%.*s'",
                        persistor->path, (int)(json.len < 80 ? json.len : 80),
                        json.ptr != NULL ? json.ptr : "");
    }
    S1_TRY(err, load_once(persistor, err));
    S1_TRY(err, build_envelope(persistor, json, err));
    s1_rc rc = write_temp(persistor, err);
    if (rc == S1_OK) {
        rc = put_in_place(persistor, persistor->generation > 0, err);
    }
    if (rc != S1_OK) {
        return s1_json_persistor_poison(persistor, rc, "save", err);
    }
    persistor->generation++;
    const size_t start = persistor->envelope.len - json.len - sizeof ENVELOPE_END + 1;
    s1_strbuf_clear(&persistor->json);
    s1_strbuf_bytes(&persistor->json, persistor->envelope.data + start, json.len);
    return s1_strbuf_check(&persistor->json, err);
}

static bool is_poisoned(const s1_state_persistor *state)
{
    return ((const s1_json_persistor *)(const void *)state)->is_poisoned;
}

static void free_state(s1_state_persistor *state)
{
    s1_json_persistor_free(self_of(state));
}

const s1_state_persistor_ops s1_json_persistor_state_ops = {
    .size = sizeof(s1_state_persistor_ops),
    .free = free_state,
    .load = load,
    .save_atomic = save_atomic,
    .is_poisoned = is_poisoned,
};
