/* The append_only mode of JsonPersistor. */
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor_internal.h"
#include "s1mple/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static s1_json_persistor *self_of(s1_journal_persistor *journal)
{
    return (s1_json_persistor *)(void *)((char *)journal - offsetof(s1_json_persistor, as_journal));
}

static const s1_json_persistor *const_self_of(const s1_journal_persistor *journal)
{
    return (const s1_json_persistor *)(const void *)((const char *)journal -
                                                     offsetof(s1_json_persistor, as_journal));
}

/* --- The reserve ---------------------------------------------------------------------------- */

static s1_rc reserve_path(const s1_json_persistor *persistor, char ret_path[static S1_PATH_MAX],
                          s1_err *err)
{
    const int length = snprintf(ret_path, S1_PATH_MAX, "%s.reserve", persistor->path);
    return length > 0 && (size_t)length < S1_PATH_MAX
               ? S1_OK
               : S1_RAISE(err, S1_E_RANGE, "'%s.reserve': a path has at most %u bytes",
                          persistor->path, S1_PATH_MAX);
}

/* One that is there and long enough was written and synced before it got its name, so its blocks
 * are real. */
static s1_rc make_reserve(s1_json_persistor *persistor, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_fs_info info;
    s1_err failure = S1_ERR_INIT; /* one that is not there is no failure */
    S1_TRY(err, reserve_path(persistor, path, err));
    s1_rc rc = s1_fs_stat(persistor->fs, path, &info, &failure);
    const bool is_there = rc == S1_OK && info.type == S1_FS_FILE;
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        if (err != NULL) {
            *err = failure;
        }
        return rc;
    }
    if (!is_there || info.size < persistor->reserve_bytes) {
        char *const zeros = calloc(1, persistor->reserve_bytes);
        if (zeros == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "journal '%s': a reserve of %llu bytes",
                            persistor->path, (unsigned long long)persistor->reserve_bytes);
        }
        rc = s1_fs_replace(persistor->fs, path, s1_str_make(zeros, persistor->reserve_bytes), err);
        free(zeros);
        S1_TRY(err, rc);
    }
    persistor->has_reserve = true;
    return S1_OK;
}

/* After `failure`: if the disk is full and there is a reserve, gives its room back. True: what
 * failed may be done once more. */
static bool make_room(s1_json_persistor *persistor, const s1_err *failure)
{
    char path[S1_PATH_MAX];
    if (!persistor->has_reserve || (failure->sys_errno != ENOSPC && failure->sys_errno != EDQUOT) ||
        reserve_path(persistor, path, NULL) != S1_OK) {
        return false;
    }
    persistor->has_reserve = false; /* once, whatever comes of it */
    persistor->is_low = s1_fs_unlink(persistor->fs, path, NULL) == S1_OK;
    return persistor->is_low;
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
    flags |= S1_FS_READ | S1_FS_WRITE | (persistor->leaves_sync ? S1_FS_STREAM : 0);
    S1_TRY(err, s1_fs_open(persistor->fs, path, flags, &file, err));
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
    if (persistor->reserve_bytes > 0) {
        S1_TRY(err, make_reserve(persistor, err));
    }
    if (persistor->leaves_sync) {
        persistor->held = aligned_alloc(S1_JOURNAL_HELD_BYTES, S1_JOURNAL_HELD_BYTES);
        if (persistor->held == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "journal '%s': %zu bytes", persistor->path,
                            S1_JOURNAL_HELD_BYTES);
        }
        (void)madvise(persistor->held, S1_JOURNAL_HELD_BYTES, MADV_HUGEPAGE);
    } else { /* syncs the folder, and with it the name of the reserve */
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

/* --- Writing -------------------------------------------------------------------------------- */

/* Poisons for `failure`, and hands it on. */
static s1_rc give_up(s1_json_persistor *persistor, s1_rc rc, const char *doing, s1_err *failure,
                     s1_err *err)
{
    (void)s1_json_persistor_poison(persistor, rc, doing, failure);
    if (err != NULL) {
        *err = *failure;
    }
    return rc;
}

/* Writes out what is held. */
static s1_rc write_held(s1_json_persistor *persistor, s1_err *err)
{
    const s1_json_segment *const last = last_of(persistor);
    const uint64_t offset = persistor->length - persistor->held_length - last->start;
    s1_err failure = S1_ERR_INIT;
    const s1_rc rc = s1_fs_pwrite_all(persistor->fs, last->file, offset, persistor->held,
                                      persistor->held_length, &failure);
    if (rc != S1_OK) {
        return give_up(persistor, rc, "append", &failure, err);
    }
    persistor->held_length = 0;
    return S1_OK;
}

/* A journal that syncs once, at the end of a run, is written in large pieces: blocks of 64 KiB one
 * by one cost several times as much in the kernel. */
static s1_rc hold(s1_json_persistor *persistor, s1_str block, s1_err *err)
{
    while (block.len > 0) {
        const size_t room = S1_JOURNAL_HELD_BYTES - persistor->held_length;
        const size_t part = block.len < room ? block.len : room;
        memcpy(persistor->held + persistor->held_length, block.ptr, part);
        persistor->held_length += part;
        persistor->length += part;
        block = s1_str_slice(block, part, block.len);
        if (persistor->held_length == S1_JOURNAL_HELD_BYTES) {
            S1_TRY(err, write_held(persistor, err));
        }
    }
    return S1_OK;
}

/* --- The interface -------------------------------------------------------------------------- */

static s1_rc sync(s1_journal_persistor *journal, s1_err *err)
{
    s1_json_persistor *persistor = self_of(journal);
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    if (persistor->leaves_sync) {
        return write_held(persistor, err);
    }
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

/* Starts the next file if this block would make the last one too long. Everything before is on the
 * disk then, name and all, unless the folder is made durable as a whole. */
static s1_rc rotate(s1_json_persistor *persistor, size_t block, s1_err *err)
{
    const uint64_t used = persistor->length - last_of(persistor)->start;
    if (persistor->segment_bytes_max == 0 || used == 0 ||
        used + block <= persistor->segment_bytes_max) {
        return S1_OK;
    }
    if (persistor->held_length > 0) {
        S1_TRY(err, write_held(persistor, err));
    }
    const uint32_t next = persistor->segment_count + 1;
    const uint32_t flags = S1_FS_CREATE | S1_FS_EXCLUSIVE;
    s1_err failure = S1_ERR_INIT;
    s1_rc rc = add_segment(persistor, next, flags, persistor->length, &failure);
    if (rc != S1_OK && make_room(persistor, &failure)) {
        failure = S1_ERR_INIT;
        rc = add_segment(persistor, next, flags, persistor->length, &failure);
    }
    if (rc != S1_OK) {
        return give_up(persistor, rc, "start the next segment", &failure, err);
    }
    persistor->is_folder_synced = false;
    return S1_OK;
}

/* The same bytes at the same place, into the room of the reserve. What the first attempt left of
 * them goes first, durably: a sector that it wrote in part could else come back from a power loss
 * between whole ones, which no reader can tell from damage. */
static s1_rc write_again(s1_json_persistor *persistor, uint64_t offset, s1_str block, s1_err *err)
{
    s1_file *const file = last_of(persistor)->file;
    S1_TRY(err, s1_fs_truncate(persistor->fs, file, offset, err));
    S1_TRY(err, s1_fs_fsync(persistor->fs, file, err));
    return s1_fs_pwrite_all(persistor->fs, file, offset, block.ptr, block.len, err);
}

static s1_rc append(s1_journal_persistor *journal, s1_str block, s1_err *err)
{
    s1_json_persistor *persistor = self_of(journal);
    if (block.len == 0 || block.ptr[block.len - 1] != '\n') {
        return S1_RAISE(err, S1_E_INVALID, "journal '%s': a block ends in a newline",
                        persistor->path);
    }
    S1_TRY(err, s1_json_persistor_check(persistor, err));
    if (persistor->has_unsynced) {
        /* Only the last block may be torn: with two on their way, a power loss may keep the second
         * and lose the first, which no reader can tell from damage. */
        S1_TRY(err, sync(journal, err));
    }
    S1_TRY(err, rotate(persistor, block.len, err));
    if (persistor->leaves_sync) {
        return hold(persistor, block, err);
    }
    const s1_json_segment *const last = last_of(persistor);
    const uint64_t offset = persistor->length - last->start;
    s1_err failure = S1_ERR_INIT;
    s1_rc rc = s1_fs_pwrite_all(persistor->fs, last->file, offset, block.ptr, block.len, &failure);
    if (rc != S1_OK && make_room(persistor, &failure)) {
        failure = S1_ERR_INIT;
        rc = write_again(persistor, offset, block, &failure);
    }
    if (rc != S1_OK) {
        return give_up(persistor, rc, "append", &failure, err);
    }
    persistor->length += block.len;
    persistor->has_unsynced = true;
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
    const size_t size = left < capacity ? (size_t)left : capacity;
    const uint64_t written = persistor->length - persistor->held_length;
    if (offset >= written) {
        memcpy(buffer, persistor->held + (offset - written), size);
        *ret_length = size;
        return S1_OK;
    }
    const uint64_t in_file = written - offset;
    return read_raw(self_of(journal), offset, buffer, in_file < size ? (size_t)in_file : size,
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

static bool is_low(const s1_journal_persistor *journal)
{
    return const_self_of(journal)->is_low;
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
    .is_low = is_low,
};
