/* The append_only mode of JsonPersistor. */
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor_internal.h"
#include "s1mple/error.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static s1_json_persistor *self_of(s1_journal_persistor *journal)
{
    return (s1_json_persistor *)(void *)((char *)journal - offsetof(s1_json_persistor, as_journal));
}

static const s1_json_persistor *const_self_of(const s1_journal_persistor *journal)
{
    return (const s1_json_persistor *)(const void *)((const char *)journal -
                                                     offsetof(s1_json_persistor, as_journal));
}

/* --- Opening -------------------------------------------------------------------------------- */

static const s1_json_segment *last_of(const s1_json_persistor *persistor)
{
    return &persistor->segments[persistor->segment_count - 1];
}

static uint64_t start_of_file(void *self, uint64_t offset)
{
    const s1_json_persistor *persistor = self;
    uint32_t at = persistor->segment_count - 1;
    while (at > 0 && persistor->segments[at].start > offset) {
        at--;
    }
    return persistor->segments[at].start;
}

/* The files as one, before the length in whole blocks is known. */
static s1_rc read_raw(void *self, uint64_t offset, void *buffer, size_t capacity,
                      size_t *ret_length, s1_err *err)
{
    const s1_json_persistor *persistor = self;
    uint32_t at = persistor->segment_count - 1;
    while (at > 0 && persistor->segments[at].start > offset) {
        at--;
    }
    const s1_json_segment *here = &persistor->segments[at];
    if (at + 1 < persistor->segment_count) {
        const uint64_t left = here[1].start - offset;
        capacity = left < capacity ? (size_t)left : capacity;
    }
    return s1_fs_pread(persistor->fs, here->file, offset - here->start, buffer, capacity,
                       ret_length, err);
}

/* Opens segment `number` (from 1) behind the others, at byte `start` of the journal. */
static s1_rc add_segment(s1_json_persistor *persistor, uint32_t number, uint32_t flags,
                         uint64_t start, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_journal_segment_path(persistor->path, number, path, err));
    s1_json_segment *const grown =
        realloc(persistor->segments, number * sizeof *persistor->segments);
    if (grown == NULL || number > S1_JOURNAL_SEGMENTS_MAX) {
        persistor->segments = grown != NULL ? grown : persistor->segments;
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal '%s': %u segments", persistor->path, number);
    }
    persistor->segments = grown;
    s1_file *file = NULL;
    S1_TRY(err, s1_fs_open(persistor->fs, path, S1_FS_READ | S1_FS_WRITE | flags, &file, err));
    persistor->segments[persistor->segment_count++] = (s1_json_segment){file, start};
    return S1_OK;
}

/* The segments that are there, behind the first, which is open and locked. */
static s1_rc add_segments(s1_json_persistor *persistor, s1_err *err)
{
    for (uint64_t start = 0;;) {
        char path[S1_PATH_MAX];
        s1_fs_info info;
        const uint32_t next = persistor->segment_count + 1;
        S1_TRY(err, s1_journal_segment_path(persistor->path, next, path, err));
        s1_err failure = S1_ERR_INIT; /* one that cannot be asked is not one that is missing */
        const s1_rc found = s1_fs_stat(persistor->fs, path, &info, &failure);
        if (found != S1_OK && found != S1_E_NOT_FOUND && err != NULL) {
            *err = failure;
        }
        if (found != S1_OK) {
            return found == S1_E_NOT_FOUND ? S1_OK : found;
        }
        S1_TRY(err, s1_fs_stat_file(persistor->fs, last_of(persistor)->file, &info, err));
        start += info.size;
        S1_TRY(err, add_segment(persistor, next, 0, start, err));
    }
}

static s1_rc verify_file(s1_json_persistor *persistor, s1_journal_verdict *ret_verdict, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_journal_reader_new(&(s1_journal_source){persistor, read_raw, start_of_file},
                                      &reader, err));
    const s1_rc rc = s1_journal_verify(reader, ret_verdict, err);
    s1_journal_reader_free(reader);
    S1_TRY(err, rc);
    if (ret_verdict->fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "journal '%s' is damaged at %s", persistor->path,
                        ret_verdict->reason);
    }
    if (ret_verdict->torn_bytes > 0 && ret_verdict->bytes < last_of(persistor)->start) {
        return S1_RAISE(err, S1_E_DATA, "journal '%s': a block before the last file is not sealed",
                        persistor->path);
    }
    return S1_OK;
}

/* What was read may be in the page cache only, or (after a failed fsync of the process before this
 * one) in pages that count as clean and were never written. At most one block was not synced, so
 * the last one is written once more, the same bytes, and synced with the file's name: what this
 * process builds on stands. */
static s1_rc settle(s1_json_persistor *persistor, uint64_t whole, s1_err *err)
{
    s1_file *const file = last_of(persistor)->file;
    const uint64_t length = whole - last_of(persistor)->start;
    const size_t size =
        length < S1_JOURNAL_LINE_BYTES_MAX ? (size_t)length : S1_JOURNAL_LINE_BYTES_MAX;
    if (size > 0) {
        char *last = malloc(size);
        size_t got = 0;
        if (last == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "journal '%s': a block", persistor->path);
        }
        s1_rc rc = S1_OK;
        for (size_t done = 0; done < size && rc == S1_OK; done += got) {
            rc = s1_fs_pread(persistor->fs, file, length - size + done, last + done, size - done,
                             &got, err);
            if (rc == S1_OK && got == 0) {
                rc = S1_RAISE(err, S1_E_IO, "journal '%s' became shorter", persistor->path);
            }
        }
        if (rc == S1_OK) {
            rc = s1_fs_pwrite_all(persistor->fs, file, length - size, last, size, err);
        }
        free(last);
        S1_TRY(err, rc);
    }
    S1_TRY(err, s1_fs_fsync(persistor->fs, file, err));
    S1_TRY(err, s1_fs_fsync_parent(persistor->fs, persistor->path, err));
    persistor->is_folder_synced = true;
    return S1_OK;
}

s1_rc s1_json_persistor_open_journal(s1_json_persistor *persistor, s1_err *err)
{
    s1_journal_verdict verdict;
    S1_TRY(err, add_segment(persistor, 1, S1_FS_CREATE, 0, err));
    /* One writer, whatever the number of files; gone with close. */
    S1_TRY(err, s1_fs_lock(persistor->fs, persistor->segments[0].file, err));
    S1_TRY(err, add_segments(persistor, err));
    S1_TRY(err, verify_file(persistor, &verdict, err));
    if (verdict.torn_bytes > 0) {
        S1_TRY(err, s1_fs_truncate(persistor->fs, last_of(persistor)->file,
                                   verdict.bytes - last_of(persistor)->start, err));
    }
    if (!persistor->leaves_sync) {
        S1_TRY(err, settle(persistor, verdict.bytes, err));
    }
    persistor->length = verdict.bytes;
    persistor->tail = (s1_journal_tail){.bytes = verdict.bytes,
                                        .blocks = verdict.blocks,
                                        .seq = verdict.seq,
                                        .torn_bytes = verdict.torn_bytes,
                                        .torn_line = verdict.torn_line};
    memcpy(persistor->tail.head, verdict.head, sizeof verdict.head);
    return S1_OK;
}

/* --- The interface -------------------------------------------------------------------------- */

static s1_rc sync(s1_journal_persistor *journal, s1_err *err)
{
    s1_json_persistor *persistor = self_of(journal);
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    s1_rc rc = s1_fs_fsync(persistor->fs, last_of(persistor)->file, err);
    if (rc == S1_OK && !persistor->is_folder_synced) { /* the file's own name */
        rc = s1_fs_fsync_parent(persistor->fs, persistor->path, err);
    }
    if (rc != S1_OK) {
        return s1_json_persistor_poison(persistor, rc, "sync", err);
    }
    persistor->is_folder_synced = true;
    persistor->has_unsynced = false;
    return S1_OK;
}

#define PUSH_BYTES ((uint64_t)1 << 20)

/* A journal that syncs once, at the end of a run, is written out on the way: the end is then short,
 * and a long journal needs no memory of its own length. */
static void push(s1_json_persistor *persistor)
{
    const uint64_t fresh = persistor->length - persistor->pushed;
    if (persistor->leaves_sync && fresh >= PUSH_BYTES) {
        const s1_json_segment *const last = last_of(persistor);
        const uint64_t from = persistor->pushed > last->start ? persistor->pushed : last->start;
        s1_fs_write_behind(persistor->fs, last->file, from - last->start, persistor->length - from);
        persistor->pushed = persistor->length;
    }
}

/* Starts the next file if this block would make the last one too long. Everything before is on the
 * disk then, name and all, unless the folder is made durable as a whole. */
static s1_rc rotate(s1_json_persistor *persistor, size_t block, s1_err *err)
{
    const uint64_t used = persistor->length - last_of(persistor)->start;
    if (persistor->segment_bytes_max == 0 || used == 0 ||
        used + block <= persistor->segment_bytes_max) {
        return S1_OK;
    }
    const s1_rc rc = add_segment(persistor, persistor->segment_count + 1,
                                 S1_FS_CREATE | S1_FS_EXCLUSIVE, persistor->length, err);
    if (rc != S1_OK) {
        return s1_json_persistor_poison(persistor, rc, "start the next segment", err);
    }
    persistor->is_folder_synced = false;
    return S1_OK;
}

static s1_rc append(s1_journal_persistor *journal, s1_str block, s1_err *err)
{
    s1_json_persistor *persistor = self_of(journal);
    if (block.len == 0 || block.ptr[block.len - 1] != '\n') {
        return S1_RAISE(err, S1_E_INVALID, "journal '%s': a block ends in a newline",
                        persistor->path);
    }
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    if (persistor->has_unsynced && !persistor->leaves_sync) {
        /* Only the last block may be torn: with two on their way, a power loss may keep the second
         * and lose the first, which no reader can tell from damage. */
        S1_TRY(err, sync(journal, err));
    }
    S1_TRY(err, rotate(persistor, block.len, err));
    const s1_json_segment *const last = last_of(persistor);
    const s1_rc rc = s1_fs_pwrite_all(persistor->fs, last->file, persistor->length - last->start,
                                      block.ptr, block.len, err);
    if (rc != S1_OK) {
        return s1_json_persistor_poison(persistor, rc, "append", err);
    }
    persistor->length += block.len;
    persistor->has_unsynced = true;
    push(persistor);
    return S1_OK;
}

static s1_rc read_at(s1_journal_persistor *journal, uint64_t offset, void *buffer, size_t capacity,
                     size_t *ret_length, s1_err *err)
{
    const s1_json_persistor *persistor = self_of(journal);
    const uint64_t left = offset < persistor->length ? persistor->length - offset : 0;
    if (left == 0) {
        *ret_length = 0;
        return S1_OK;
    }
    return read_raw(self_of(journal), offset, buffer, left < capacity ? (size_t)left : capacity,
                    ret_length, err);
}

static s1_rc read_all(s1_journal_persistor *journal, s1_journal_line_fn visit, void *user,
                      s1_err *err)
{
    return s1_journal_visit_lines(journal, INT64_MIN, INT64_MAX, visit, user, err);
}

static const s1_journal_tail *tail_borrow(const s1_journal_persistor *journal)
{
    return &const_self_of(journal)->tail;
}

static bool is_poisoned(const s1_journal_persistor *journal)
{
    return const_self_of(journal)->is_poisoned;
}

static void free_journal(s1_journal_persistor *journal)
{
    s1_json_persistor_free(self_of(journal));
}

const s1_journal_persistor_ops s1_json_persistor_journal_ops = {
    .size = sizeof(s1_journal_persistor_ops),
    .free = free_journal,
    .append = append,
    .sync = sync,
    .read_at = read_at,
    .read_all = read_all,
    .read_range = s1_journal_visit_lines,
    .tail_borrow = tail_borrow,
    .is_poisoned = is_poisoned,
};
