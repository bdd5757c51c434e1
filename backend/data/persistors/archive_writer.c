/* Writing a stream: rows fill a buffer of one file's size, full files go to the folder of the next
 * version; files that stay, or would hold the same rows again, are linked to instead. */
#include "backend/data/persistors/archive_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/folder_lock.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROVENANCE_LINES_MAX 32u
#define PROVENANCE_TEXT_MAX  (64u << 10)

/* A file of the next version. */
typedef struct next_file {
    s1_archive_file file;  /* as it will be; `path`: where its bytes lie now */
    uint32_t old_part;     /* of a link: the part it was */
    s1_market_scales kept; /* of rows in it that were there before */
    bool is_link;          /* its bytes are a file of the version before */
    bool has_new;          /* rows of this writer are in it */
} next_file;

typedef struct archive_writer {
    s1_data_writer base;
    const s1_parquet_options *archive; /* of the persistor */
    s1_archive_known *known;           /* of the persistor */
    s1_stream_key_copy key;
    s1_archive_place place;
    s1_batch_check check;
    int32_t overlap;
    bool keeps_former;
    char provenance[S1_PROVENANCE_MAX + 1];
    s1_folder_lock *lock;
    s1_archive_files stored;
    char next[S1_PATH_MAX];
    next_file *files; /* owned */
    size_t file_count, file_capacity;
    uint64_t rows_kept;
    /* The file being filled. */
    s1_row_buffer buffer;
    bool has_period, has_new;
    int32_t period;
    uint32_t part;
    s1_market_scales kept;
    s1_strbuf lines; /* provenance of what was kept in the period */
    s1_save_result result;
} archive_writer;

static int32_t type_of(const archive_writer *me)
{
    return me->key.key.data_type;
}

/* --- Files ------------------------------------------------------------------------------------ */

static s1_rc add_next(archive_writer *me, const next_file *next, s1_err *err)
{
    if (me->file_count == me->file_capacity) {
        const size_t capacity = me->file_capacity == 0 ? 16 : me->file_capacity * 2;
        next_file *const files = realloc(me->files, capacity * sizeof *files);
        if (files == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu files", capacity);
        }
        me->files = files;
        me->file_capacity = capacity;
    }
    me->files[me->file_count++] = *next;
    return S1_OK;
}

/* A file that stays as it is, as the next part of its period. */
static s1_rc add_link(archive_writer *me, const s1_archive_file *file, uint32_t part, s1_err *err)
{
    next_file next = {.file = *file, .old_part = file->part, .is_link = true};
    next.file.part = part;
    me->rows_kept += file->rows;
    return add_next(me, &next, err);
}

static s1_rc path_of(const archive_writer *me, const s1_archive_file *file,
                     char ret_path[static S1_PATH_MAX], s1_err *err)
{
    char tail[S1_ARCHIVE_TAIL_MAX];
    s1_archive_tail(type_of(me), file->period, file->part, tail);
    return s1_path_join(ret_path, S1_PATH_MAX, s1_str_of(me->next), s1_str_of(tail), err);
}

static s1_rc make_folder_of(const archive_writer *me, const char *path, s1_err *err)
{
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", S1_STR_ARG(s1_str_dirname(s1_str_of(path))));
    return s1_fs_mkdir_all(me->place.fs, folder, err);
}

static int compare_lines(const void *a, const void *b)
{
    return s1_str_cmp(*(const s1_str *)a, *(const s1_str *)b);
}

/* Where the rows of a file come from: sorted lines, each once. */
static s1_rc print_provenance(archive_writer *me, bool has_new, s1_strbuf *text, s1_err *err)
{
    s1_str lines[PROVENANCE_LINES_MAX + 1];
    size_t count = 0;
    const s1_str kept = s1_strbuf_view(&me->lines);
    if (has_new && me->provenance[0] != '\0') {
        lines[count++] = s1_str_of(me->provenance);
    }
    for (size_t at = 0; at < kept.len && count < PROVENANCE_LINES_MAX;) {
        const size_t end = s1_str_find_byte(kept, '\n', at); /* every line has one */
        lines[count++] = (s1_str){kept.ptr + at, end - at};
        at = end + 1;
    }
    qsort(lines, count, sizeof lines[0], compare_lines);
    for (size_t i = 0; i < count; i++) {
        if (lines[i].len > 0 && (i == 0 || !s1_str_eq(lines[i], lines[i - 1]))) {
            s1_strbuf_cstr_add(text, text->len > 0 ? "\n" : "");
            s1_strbuf_str(text, lines[i]);
        }
    }
    return s1_strbuf_check(text, err);
}

/* The columns of the buffer as DuckDB takes them. */
static size_t fill_columns(const s1_row_buffer *buffer, s1_parquet_column *columns)
{
    static const int32_t types[] = {
        [S1_COLUMN_TIME] = S1_PARQUET_TIMESTAMP_NS, [S1_COLUMN_PRICE] = S1_PARQUET_DECIMAL,
        [S1_COLUMN_QTY] = S1_PARQUET_DECIMAL,       [S1_COLUMN_ENUM] = S1_PARQUET_UINT8,
        [S1_COLUMN_INT64] = S1_PARQUET_INT64,       [S1_COLUMN_VWAP] = S1_PARQUET_DECIMAL,
    };
    size_t count = 0;
    for (size_t i = 0; i < buffer->layout_count; i++) {
        const s1_market_column *const column = &buffer->layout[i];
        if (s1_row_buffer_has(buffer, i)) {
            columns[count++] = (s1_parquet_column){s1_str_of(column->name), types[column->kind],
                                                   s1_market_scale(&buffer->scales, column->kind),
                                                   buffer->values[i]};
        }
    }
    return count;
}

/* Writes the buffer as `next`, durably. */
static s1_rc write_file(archive_writer *me, next_file *next, s1_err *err)
{
    const s1_row_buffer *const buffer = &me->buffer;
    s1_archive_file *const file = &next->file;
    s1_parquet_column columns[S1_MARKET_COLUMNS_MAX];
    file->scales = buffer->scales;
    S1_TRY(err, path_of(me, file, file->path, err));
    S1_TRY(err, make_folder_of(me, file->path, err));
    s1_parquet_source source = {.columns = columns,
                                .column_count = fill_columns(buffer, columns),
                                .row_count = buffer->count,
                                .rows_total = buffer->count};
    s1_strbuf provenance;
    s1_archive_tags tags;
    s1_fs_info info = {0};
    s1_strbuf_init(&provenance, PROVENANCE_TEXT_MAX);
    s1_rc rc = print_provenance(me, next->has_new, &provenance, err);
    if (rc == S1_OK) {
        s1_archive_tags_init(&tags, &me->key.key, file, s1_strbuf_cstr(&provenance));
        rc = s1_parquet_copy(me->place.duckdb, file->path, &source, tags.items, tags.count, err);
    }
    s1_strbuf_done(&provenance);
    S1_TRY(err, rc);
    S1_TRY(err, s1_parquet_fsync(me->place.fs, file->path, err));
    S1_TRY(err, s1_fs_stat(me->place.fs, file->path, &info, err));
    file->bytes = info.size;
    file->inode = info.inode;
    file->modified = info.modified;
    next->is_link = false;
    return S1_OK;
}

static s1_rc open_one(const archive_writer *me, const s1_archive_file *file, s1_time_range range,
                      s1_market_scales scales_min, s1_archive_cursor *ret_cursor, s1_err *err)
{
    s1_archive_files one = {0};
    S1_TRY(err, s1_archive_files_add(&one, file, err));
    return s1_archive_cursor_open(&me->place, &one, range, file->columns, scales_min, ret_cursor,
                                  err);
}

/* Does the stored file hold the rows of the buffer? */
static s1_rc compare_file(const archive_writer *me, const s1_archive_file *old, bool *ret_is_same,
                          s1_err *err)
{
    const s1_row_buffer *const buffer = &me->buffer;
    const s1_nanos *const times = s1_row_buffer_times(buffer);
    bool is_same = old->rows == buffer->count && old->columns == buffer->columns &&
                   old->first == times[0] && old->last == times[buffer->count - 1];
    if (!is_same) {
        *ret_is_same = false;
        return S1_OK;
    }
    s1_archive_cursor cursor;
    S1_TRY(err, open_one(me, old, S1_RANGE_ALL, (s1_market_scales){0}, &cursor, err));
    s1_rc rc = S1_OK;
    size_t row = 0;
    for (size_t rows = 1; rc == S1_OK && rows > 0 && is_same; row += rows) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        is_same =
            rc == S1_OK && s1_row_buffer_holds(buffer, row, cursor.values, rows, cursor.scales);
    }
    s1_archive_cursor_close(&cursor);
    *ret_is_same = is_same;
    return rc;
}

static const s1_archive_file *find_stored(const archive_writer *me, int32_t period, uint32_t part)
{
    for (size_t i = 0; i < me->stored.count; i++) {
        if (me->stored.items[i].period == period && me->stored.items[i].part == part) {
            return &me->stored.items[i];
        }
    }
    return NULL;
}

/* The rows of the buffer become a file, a new one or the one that holds them already. */
static s1_rc flush(archive_writer *me, s1_err *err)
{
    const s1_row_buffer *const buffer = &me->buffer;
    if (buffer->count == 0) {
        return S1_OK;
    }
    const s1_nanos *const times = s1_row_buffer_times(buffer);
    next_file next = {.file = {.period = me->period,
                               .part = me->part,
                               .columns = buffer->columns,
                               .rows = buffer->count,
                               .first = times[0],
                               .last = times[buffer->count - 1]},
                      .kept = me->kept,
                      .has_new = me->has_new};
    const s1_archive_file *const old = find_stored(me, me->period, me->part);
    if (old != NULL) {
        S1_TRY(err, compare_file(me, old, &next.is_link, err));
    }
    if (next.is_link) {
        next.file = *old;
        next.old_part = old->part;
    } else {
        S1_TRY(err, write_file(me, &next, err));
    }
    S1_TRY(err, add_next(me, &next, err));
    me->part++;
    me->kept = (s1_market_scales){0};
    me->has_new = false;
    s1_row_buffer_clear(&me->buffer, me->buffer.columns);
    return S1_OK;
}

/* --- Rows ------------------------------------------------------------------------------------- */

/* Puts rows of these columns into the buffer; what is full, or has other columns, goes to a file.
 */
static s1_rc put_rows(archive_writer *me, uint32_t columns, const void *const *values, size_t row,
                      size_t count, s1_market_scales scales, bool is_new, s1_err *err)
{
    while (count > 0) {
        if (me->buffer.columns != columns || me->buffer.count == S1_ARCHIVE_FILE_ROWS) {
            S1_TRY(err, flush(me, err));
            s1_row_buffer_clear(&me->buffer, columns);
        }
        const size_t room = S1_ARCHIVE_FILE_ROWS - me->buffer.count;
        const size_t taken = count < room ? count : room;
        S1_TRY(err, s1_row_buffer_add(&me->buffer, values, row, taken, scales, err));
        me->has_new = me->has_new || is_new;
        me->kept = is_new ? me->kept : s1_market_scales_max(me->kept, scales);
        row += taken;
        count -= taken;
    }
    return S1_OK;
}

/* Keeps the rows of the range of a stored file of the period. */
static s1_rc keep_rows(archive_writer *me, const s1_archive_file *file, s1_time_range range,
                       s1_err *err)
{
    const bool is_whole = range.from <= file->first && range.to > file->last;
    if (is_whole && me->buffer.count == 0 && file->rows == S1_ARCHIVE_FILE_ROWS) {
        return add_link(me, file, me->part++, err);
    }
    s1_archive_cursor cursor;
    S1_TRY(err, s1_archive_add_provenance(&me->place, file, &me->lines, err));
    S1_TRY(err, open_one(me, file, range, (s1_market_scales){0}, &cursor, err));
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK) {
            rc = put_rows(me, file->columns, cursor.values, 0, rows, cursor.scales, false, err);
            me->rows_kept += rows;
        }
    }
    s1_archive_cursor_close(&cursor);
    return rc;
}

/* Goes on to another period. Before the first one everything stays that lies before `first`. */
static s1_rc begin_period(archive_writer *me, int32_t period, s1_nanos first, s1_err *err)
{
    const bool is_first = !me->has_period;
    S1_TRY(err, flush(me, err));
    me->has_period = true;
    me->period = period;
    me->part = 1;
    s1_strbuf_clear(&me->lines);
    for (size_t i = 0; i < me->stored.count && is_first; i++) {
        const s1_archive_file *const file = &me->stored.items[i];
        if (file->period < period) {
            S1_TRY(err, add_link(me, file, file->part, err));
        } else if (file->period == period && file->first < first) {
            S1_TRY(err, keep_rows(me, file, (s1_time_range){INT64_MIN, first}, err));
        }
    }
    return S1_OK;
}

static s1_rc writer_append(s1_data_writer *self, const s1_market_batch *batch,
                           const s1_market_scales *scales, s1_err *err)
{
    archive_writer *const me = (archive_writer *)self;
    S1_TRY(err, s1_batch_check_add(&me->check, batch, scales, err));
    const s1_nanos *const times = batch->columns[0];
    for (size_t row = 0; row < batch->count;) {
        const int32_t period = s1_archive_period(type_of(me), times[row]);
        if (!me->has_period || period != me->period) {
            S1_TRY(err, begin_period(me, period, times[row], err));
        }
        const s1_nanos behind = s1_archive_period_start(type_of(me), period + 1);
        const size_t count = s1_data_lower_bound(times + row, batch->count - row, behind);
        S1_TRY(err, put_rows(me, me->check.columns, batch->columns, row, count,
                             me->check.batch_scales, true, err));
        row += count;
    }
    return S1_OK;
}

/* --- Commit ----------------------------------------------------------------------------------- */

/* Everything stays that lies behind the last row. */
static s1_rc keep_rest(archive_writer *me, s1_err *err)
{
    const s1_nanos last = me->check.last_time;
    for (size_t i = 0; i < me->stored.count; i++) {
        const s1_archive_file *const file = &me->stored.items[i];
        if (file->period == me->period && file->last > last) {
            S1_TRY(err, keep_rows(me, file, (s1_time_range){last + 1, INT64_MAX}, err));
        }
    }
    S1_TRY(err, flush(me, err));
    for (size_t i = 0; i < me->stored.count; i++) {
        const s1_archive_file *const file = &me->stored.items[i];
        if (file->period > me->period) {
            S1_TRY(err, add_link(me, file, file->part, err));
        }
    }
    return S1_OK;
}

static bool is_below(s1_market_scales a, s1_market_scales b)
{
    return a.price < b.price || a.qty < b.qty || a.vwap < b.vwap;
}

/* Writes a file once more at larger scales: they are known when all rows are. */
static s1_rc rewrite(archive_writer *me, next_file *next, s1_market_scales scales, s1_err *err)
{
    s1_archive_cursor cursor;
    s1_strbuf_clear(&me->lines);
    S1_TRY(err, s1_archive_add_provenance(&me->place, &next->file, &me->lines, err));
    S1_TRY(err, open_one(me, &next->file, S1_RANGE_ALL, scales, &cursor, err));
    s1_row_buffer_clear(&me->buffer, next->file.columns);
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK) {
            rc = s1_row_buffer_add(&me->buffer, cursor.values, 0, rows, cursor.scales, err);
        }
    }
    s1_archive_cursor_close(&cursor);
    S1_TRY(err, rc);
    return write_file(me, next, err);
}

static s1_rc settle_scales(archive_writer *me, s1_err *err)
{
    for (size_t i = 0; i < me->file_count; i++) {
        next_file *const next = &me->files[i];
        const s1_market_scales wanted = s1_market_scales_used(
            type_of(me), next->file.columns, s1_market_scales_max(me->check.scales, next->kept));
        if (next->has_new && is_below(next->file.scales, wanted)) {
            S1_TRY(err, rewrite(me, next, wanted, err));
        }
    }
    return S1_OK;
}

static bool is_unchanged(const archive_writer *me)
{
    bool is_same = me->file_count == me->stored.count;
    for (size_t i = 0; i < me->file_count && is_same; i++) {
        const next_file *const next = &me->files[i];
        is_same = next->is_link && next->old_part == next->file.part;
    }
    return is_same;
}

/* Gives the files that stay their names in the next version, and hashes it. */
static s1_rc complete_next(archive_writer *me, s1_archive_files *ret_files, s1_err *err)
{
    s1_archive_files files = {0};
    s1_archive_place next = me->place;
    next.known = NULL;
    (void)snprintf(next.root, sizeof next.root, "%s", me->next);
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < me->file_count && rc == S1_OK; i++) {
        s1_archive_file file = me->files[i].file;
        rc = path_of(me, &file, file.path, err);
        if (rc == S1_OK && me->files[i].is_link) {
            rc = make_folder_of(me, file.path, err);
        }
        if (rc == S1_OK && me->files[i].is_link) {
            rc = s1_fs_link(me->place.fs, me->files[i].file.path, file.path, err);
        } else if (rc == S1_OK) {
            me->result.files_written++;
            me->result.bytes_written += file.bytes;
        }
        if (rc == S1_OK) {
            rc = s1_archive_files_add(&files, &file, err);
        }
    }
    if (rc == S1_OK) {
        rc = s1_archive_hash(&next, &files, me->result.content_hash, err);
    }
    if (rc == S1_OK) {
        *ret_files = files;
    } else {
        s1_archive_files_done(&files);
    }
    return rc;
}

/* What was hashed as the next version is the current one now, under its names there. */
static void remember_hash(archive_writer *me, s1_archive_files *files)
{
    s1_archive_known_done(me->known);
    for (size_t i = 0; i < files->count; i++) {
        s1_archive_file *const file = &files->items[i];
        char tail[S1_ARCHIVE_TAIL_MAX];
        s1_archive_tail(type_of(me), file->period, file->part, tail);
        if (s1_path_join(file->path, sizeof file->path, s1_str_of(me->place.root), s1_str_of(tail),
                         NULL) != S1_OK) {
            s1_archive_files_done(files);
            return;
        }
    }
    me->known->files = *files;
    memcpy(me->known->hash, me->result.content_hash, S1_SHA256_HEX);
}

static s1_rc commit(archive_writer *me, s1_err *err)
{
    uint64_t rows_stored = 0;
    s1_save_result *const result = &me->result;
    S1_TRY(err, s1_batch_check_end(&me->check, err));
    S1_TRY(err, keep_rest(me, err));
    for (size_t i = 0; i < me->stored.count; i++) {
        rows_stored += me->stored.items[i].rows;
    }
    *result = (s1_save_result){.rows_written = me->check.rows,
                               .rows_replaced = rows_stored - me->rows_kept,
                               .first = me->check.first_time,
                               .last = me->check.last_time,
                               .scales = me->check.scales};
    if (me->overlap == S1_OVERLAP_REFUSE && result->rows_replaced > 0) {
        return s1_data_raise_overlap(&me->key.key, result->rows_replaced, result->first,
                                     result->last, err);
    }
    S1_TRY(err, settle_scales(me, err));
    if (me->stored.count > 0) {
        S1_TRY(err, s1_archive_hash_known(&me->place, &me->stored, result->former_hash, err));
    }
    if (is_unchanged(me)) {
        result->is_unchanged = true;
        memcpy(result->content_hash, result->former_hash, S1_SHA256_HEX);
        return S1_OK;
    }
    s1_archive_files files = {0};
    S1_TRY(err, complete_next(me, &files, err));
    const s1_rc rc = s1_archive_publish(me->archive, &me->place, me->next, &me->stored,
                                        me->keeps_former ? result->former_hash : "", err);
    if (rc == S1_OK) {
        remember_hash(me, &files);
    } else {
        s1_archive_files_done(&files);
    }
    return rc;
}

/* --- Lifetime --------------------------------------------------------------------------------- */

static void writer_free(archive_writer *me)
{
    if (me->lock != NULL) {
        s1_err ignored = S1_ERR_INIT; /* what stays is removed by the next writer */
        (void)!s1_fs_remove_tree(me->place.fs, me->next, &ignored);
    }
    s1_folder_lock_free(me->lock);
    s1_archive_files_done(&me->stored);
    s1_row_buffer_done(&me->buffer);
    s1_strbuf_done(&me->lines);
    free(me->files);
    free(me);
}

static void writer_abandon(s1_data_writer *self)
{
    writer_free((archive_writer *)self);
}

static s1_rc writer_commit(s1_data_writer *self, s1_save_result *ret_result, s1_err *err)
{
    archive_writer *const me = (archive_writer *)self;
    const s1_rc rc = commit(me, err);
    if (rc == S1_OK && ret_result != NULL) {
        *ret_result = me->result;
    }
    writer_free(me);
    return rc;
}

static s1_rc begin(archive_writer *me, s1_err *err)
{
    S1_TRY(err, s1_archive_place_init(&me->place, me->archive, &me->key.key, err));
    me->place.known = me->known;
    S1_TRY(err, s1_archive_next_path(me->archive, &me->place, me->next, err));
    S1_TRY(err, s1_archive_lock(me->archive, &me->place, &me->lock, err));
    return s1_archive_files_load(&me->place, &me->stored, err);
}

s1_rc s1_archive_open_writer(const s1_parquet_options *archive, s1_archive_known *known,
                             const s1_stream_key *key, const s1_writer_options *options,
                             s1_data_writer **ret_writer, s1_err *err)
{
    static const s1_data_writer_ops ops = {.size = sizeof ops,
                                           .append = writer_append,
                                           .commit = writer_commit,
                                           .abandon = writer_abandon};
    s1_batch_check check;
    S1_TRY(err, s1_batch_check_init(&check, key, options, err));
    archive_writer *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a writer");
    }
    me->base.ops = &ops;
    me->archive = archive;
    me->known = known;
    s1_stream_key_copy_init(&me->key, key);
    me->check = check;
    me->overlap = options->overlap;
    me->keeps_former = options->keep_former;
    (void)snprintf(me->provenance, sizeof me->provenance, "%.*s", S1_STR_ARG(options->provenance));
    s1_row_buffer_init(&me->buffer, key->data_type, check.columns);
    s1_strbuf_init(&me->lines, PROVENANCE_TEXT_MAX);
    const s1_rc rc = begin(me, err);
    if (rc != S1_OK) {
        writer_free(me);
        return rc;
    }
    *ret_writer = &me->base;
    return S1_OK;
}
