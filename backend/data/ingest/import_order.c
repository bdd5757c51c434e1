/* Rows in the order of the file to rows in the order of the archive, in bounded memory.
 *
 * A rising file is handed to the writer buffer by buffer. One that must be turned round or sorted
 * is cut into runs, each brought in order in memory and put into a scratch file; at the end the
 * runs are read back, last one first or merged. */
#include "backend/data/ingest/import_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST_CAPACITY 65536u
#define READ_ROWS           65536u /* of all runs that are merged, at a time */
#define RUNS_MAX            65536u
#define COLUMN_ID           4u /* of trades */
#define GROUP_ROWS_MAX 4096u   /* of one time that are looked through for a row that stands twice */

static size_t value_size(const s1_import_job *job, size_t column)
{
    return s1_market_column_size(&job->layout[column]);
}

static int64_t value_at(const s1_import_job *job, size_t column, size_t row)
{
    return value_size(job, column) == 1 ? ((const uint8_t *)job->columns[column])[row]
                                        : ((const int64_t *)job->columns[column])[row];
}

static void put_value(s1_import_job *job, size_t column, size_t row, int64_t value)
{
    if (value_size(job, column) == 1) {
        ((uint8_t *)job->columns[column])[row] = (uint8_t)value;
    } else {
        ((int64_t *)job->columns[column])[row] = value;
    }
}

static bool has_ids(const s1_import_job *job, uint32_t columns)
{
    return job->data_type == S1_DATA_TRADES && (columns & 1u << COLUMN_ID) != 0;
}

/* --- Scales ----------------------------------------------------------------------------------- */

bool s1_import_raise_scale(s1_import_job *job, enum s1_scale_group group, uint32_t scale)
{
    const int64_t factor = s1_csv_pow10(scale - job->scale[group]);
    int64_t largest;
    if (__builtin_mul_overflow(job->largest[group], factor, &largest) ||
        largest > S1_MANTISSA_MAX) {
        return false;
    }
    for (size_t column = 1; column < job->column_count; column++) {
        if (s1_import_group_of(job->layout[column].kind) == group) {
            int64_t *const values = job->columns[column];
            for (size_t i = 0; i < job->count; i++) {
                values[i] *= factor;
            }
        }
    }
    job->largest[group] = largest;
    job->scale[group] = scale;
    return true;
}

/* --- Order and duplicates, row by row --------------------------------------------------------- */

static s1_rc raise_order(const s1_import_job *job, const char *relation, bool is_duplicate,
                         s1_err *err)
{
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(job->last_time, text);
    return s1_row_fault(&job->reader, "time", job->time_field, err, "%s than %s of line %llu%s",
                        relation, text, (unsigned long long)job->last_line,
                        is_duplicate ? " (a duplicate)" : "");
}

/* Do all columns of a trade equal those of a buffered one? */
static bool is_equal_row(const s1_import_job *job, const s1_import_row *row, size_t at)
{
    for (size_t column = 0; column < job->column_count; column++) {
        if (row->values[column] != value_at(job, column, at)) {
            return false;
        }
    }
    return true;
}

/* Does an equal row of the same time stand before it? */
static bool is_repeated(const s1_import_job *job, const s1_import_row *row)
{
    const size_t group = job->count - job->group_start;
    const size_t first = group > GROUP_ROWS_MAX ? job->count - GROUP_ROWS_MAX : job->group_start;
    for (size_t i = first; i < job->count; i++) {
        if (is_equal_row(job, row, i)) {
            return true;
        }
    }
    return false;
}

/* Is a trade of this id among the last ones? Pages of a venue may begin with the end of the one
 * before. */
static bool has_recent_id(const s1_import_job *job, int64_t id)
{
    const int64_t *const ids = job->columns[COLUMN_ID];
    const size_t first = job->count > GROUP_ROWS_MAX ? job->count - GROUP_ROWS_MAX : 0;
    for (size_t i = job->count; i-- > first;) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* Trades with ids: they rise, or fall, too. */
static s1_rc check_id(s1_import_job *job, const s1_import_row *row, bool is_rising,
                      bool *ret_is_left_out, s1_err *err)
{
    const int64_t id = row->values[COLUMN_ID];
    if (is_rising ? id > job->last_id : id < job->last_id) {
        return S1_OK;
    }
    if (has_recent_id(job, id)) {
        *ret_is_left_out = job->on_duplicate == S1_DUPLICATES_FIRST;
        return *ret_is_left_out ? S1_OK
                                : raise_order(job, is_rising ? "later" : "earlier", true, err);
    }
    char found[32];
    (void)snprintf(found, sizeof found, "%lld", (long long)id);
    return s1_row_fault(&job->reader, "id", s1_str_of(found), err, "%s than %lld of line %llu",
                        is_rising ? "more" : "less", (long long)job->last_id,
                        (unsigned long long)job->last_line);
}

/* A row at the time of the one before. */
static s1_rc check_same_time(s1_import_job *job, const s1_import_row *row, bool *ret_is_left_out,
                             s1_err *err)
{
    const char *const relation = job->order == S1_ORDER_FALLING ? "earlier" : "later";
    const int32_t policy = job->on_duplicate;
    if (job->data_type == S1_DATA_OHLCV) {
        if (policy == S1_DUPLICATES_FIRST || policy == S1_DUPLICATES_LAST) {
            *ret_is_left_out = policy == S1_DUPLICATES_FIRST;
            return S1_OK;
        }
        return raise_order(job, relation, true, err);
    }
    if (has_ids(job, row->columns) || job->data_type == S1_DATA_BOOK || !is_repeated(job, row)) {
        return S1_OK; /* of a book each row stands for itself */
    }
    if (policy == S1_DUPLICATES_ERROR) {
        return raise_order(job, relation, true, err);
    }
    *ret_is_left_out = policy == S1_DUPLICATES_FIRST;
    job->summary.duplicates += *ret_is_left_out ? 0 : 1;
    return S1_OK;
}

s1_rc s1_import_check_order(s1_import_job *job, const s1_import_row *row, bool *ret_is_left_out,
                            s1_err *err)
{
    const s1_nanos time = row->values[0];
    *ret_is_left_out = false;
    if (!job->has_last || job->sorts) {
        return S1_OK;
    }
    const int64_t id = has_ids(job, row->columns) ? row->values[COLUMN_ID] : job->last_id;
    if (job->order == S1_ORDER_AUTO && (time != job->last_time || id != job->last_id)) {
        const bool is_later = time != job->last_time ? time > job->last_time : id > job->last_id;
        job->order = is_later ? S1_ORDER_RISING : S1_ORDER_FALLING;
    }
    const bool is_rising = job->order != S1_ORDER_FALLING;
    if (is_rising ? time < job->last_time : time > job->last_time) {
        return raise_order(job, is_rising ? "later" : "earlier", false, err);
    }
    if (has_ids(job, row->columns) && job->order != S1_ORDER_AUTO) {
        S1_TRY(err, check_id(job, row, is_rising, ret_is_left_out, err));
    }
    return time == job->last_time && !*ret_is_left_out
               ? check_same_time(job, row, ret_is_left_out, err)
               : S1_OK;
}

/* --- Handing over ----------------------------------------------------------------------------- */

static s1_rc open_writer(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    job->stored_columns = job->columns_seen;
    job->has_handed_over = true;
    job->summary.columns = job->stored_columns;
    if (options->archive == NULL) {
        return S1_OK;
    }
    char provenance[S1_PROVENANCE_MAX];
    const s1_str name = s1_str_basename(s1_str_of(options->file));
    const int len =
        snprintf(provenance, sizeof provenance, "import:%.*s sha256:%s profile:%s",
                 S1_STR_ARG(s1_str_slice(name, 0, 200)), job->summary.sha256, job->profile->name);
    const s1_writer_options writer = {
        .overlap = options->overlap != 0 ? options->overlap : S1_OVERLAP_REPLACE,
        .columns = job->stored_columns,
        .provenance = s1_str_make(provenance, len > 0 ? (size_t)len : 0),
        .keep_former = true};
    return s1_data_open_writer(options->archive, &options->key, &writer, &job->writer, err);
}

static void count_gap(s1_import_job *job, s1_nanos before, s1_nanos time)
{
    const s1_nanos timeframe = job->options->key.timeframe;
    s1_data_import_summary *const summary = &job->summary;
    if (time - before > timeframe) {
        const uint64_t missing = (uint64_t)((time - before - 1) / timeframe);
        summary->gaps++;
        summary->missing_bars += missing;
        if (missing > summary->largest_gap_bars) {
            summary->largest_gap_bars = missing;
            summary->largest_gap_after = before;
        }
    }
}

/* Figures of rows in the order of the archive. */
static void count_rows(s1_import_job *job, const s1_market_batch *batch)
{
    enum { BAR_VOLUME = 5, QUOTE_BID = 1, QUOTE_ASK = 2 };
    s1_data_import_summary *const summary = &job->summary;
    const s1_nanos *const times = batch->columns[0];
    const int64_t *const ids = has_ids(job, job->stored_columns) ? batch->columns[COLUMN_ID] : NULL;
    for (size_t i = 0; i < batch->count; i++) {
        const bool is_first = i == 0 && !job->has_stored;
        if (job->data_type == S1_DATA_OHLCV) {
            summary->zero_volume_bars +=
                ((const int64_t *)batch->columns[BAR_VOLUME])[i] == 0 ? 1 : 0;
            if (!is_first) {
                count_gap(job, i > 0 ? times[i - 1] : job->stored_time, times[i]);
            }
        } else if (job->data_type == S1_DATA_QUOTES) {
            const int64_t bid = ((const int64_t *)batch->columns[QUOTE_BID])[i];
            const int64_t ask = ((const int64_t *)batch->columns[QUOTE_ASK])[i];
            summary->crossed += bid > ask ? 1 : 0;
            summary->locked += bid == ask ? 1 : 0;
        } else if (ids != NULL && !is_first) {
            summary->id_jumps += ids[i] != (i > 0 ? ids[i - 1] : job->stored_id) + 1 ? 1 : 0;
        }
    }
    if (!job->has_stored) {
        summary->first = times[0];
    }
    summary->last = times[batch->count - 1];
    summary->rows += batch->count;
    job->has_stored = true;
    job->stored_time = summary->last;
    job->stored_id = ids != NULL ? ids[batch->count - 1] : 0;
}

/* Rows of some columns, in order. */
static s1_rc hand_over(s1_import_job *job, void *const columns[S1_MARKET_COLUMNS_MAX], size_t begin,
                       size_t count, s1_err *err)
{
    if (count == 0) {
        return S1_OK;
    }
    if (!job->has_handed_over) {
        S1_TRY(err, open_writer(job, err));
    }
    s1_market_batch batch = {.count = count};
    for (size_t i = 0; i < job->column_count; i++) {
        const bool is_there = !job->layout[i].is_optional || (job->stored_columns & 1u << i) != 0;
        batch.columns[i] = is_there ? (const char *)columns[i] + begin * value_size(job, i) : NULL;
    }
    count_rows(job, &batch);
    const s1_market_scales scales = {job->scale[S1_GROUP_PRICE], job->scale[S1_GROUP_QTY],
                                     job->scale[S1_GROUP_VWAP]};
    return job->writer != NULL ? s1_data_writer_append(job->writer, &batch, &scales, err) : S1_OK;
}

/* --- The buffer ------------------------------------------------------------------------------- */

static bool resize(void **array, size_t count, size_t size)
{
    void *const grown = realloc(*array, count * size);
    if (grown != NULL) {
        *array = grown;
    }
    return grown != NULL;
}

static s1_rc grow(s1_import_job *job, s1_err *err)
{
    size_t capacity = job->capacity == 0 ? ROWS_FIRST_CAPACITY : job->capacity * 2;
    capacity = capacity < job->capacity_max ? capacity : job->capacity_max;
    bool is_grown = true;
    for (size_t i = 0; i < job->column_count && is_grown; i++) {
        is_grown = resize(&job->columns[i], capacity, value_size(job, i));
    }
    if (is_grown && job->sorts) {
        uint64_t *const lines = realloc(job->lines, capacity * sizeof *lines);
        is_grown = lines != NULL;
        job->lines = is_grown ? lines : job->lines;
    }
    if (!is_grown) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows", capacity);
    }
    job->capacity = capacity;
    return S1_OK;
}

static void reverse(char *values, size_t size, size_t count)
{
    char kept[sizeof(int64_t)];
    for (size_t i = 0; i < count / 2; i++) {
        char *const a = values + i * size;
        char *const b = values + (count - 1 - i) * size;
        memcpy(kept, a, size);
        memcpy(a, b, size);
        memcpy(b, kept, size);
    }
}

typedef struct sort_key {
    s1_nanos time;
    int64_t id;
    size_t row;
} sort_key;

static int compare_keys(const void *a, const void *b)
{
    const sort_key *const x = a;
    const sort_key *const y = b;
    if (x->time != y->time) {
        return x->time < y->time ? -1 : 1;
    }
    if (x->id != y->id) {
        return x->id < y->id ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row ? 1 : 0;
}

static void permute(void *array, size_t size, const sort_key *keys, size_t count, char *scratch)
{
    const char *const from = array;
    for (size_t i = 0; i < count; i++) {
        memcpy(scratch + i * size, from + keys[i].row * size, size);
    }
    memcpy(array, scratch, count * size);
}

static s1_rc sort_buffer(s1_import_job *job, s1_err *err)
{
    const size_t count = job->count;
    sort_key *const keys = malloc((count + 1) * sizeof *keys);
    char *const scratch = malloc((count + 1) * sizeof(int64_t));
    if (keys == NULL || scratch == NULL) {
        free(keys);
        free(scratch);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory to sort %zu rows", count);
    }
    const s1_nanos *const times = job->columns[0];
    const bool by_id = job->data_type == S1_DATA_TRADES;
    for (size_t i = 0; i < count; i++) {
        keys[i] = (sort_key){times[i], by_id ? value_at(job, COLUMN_ID, i) : 0, i};
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < job->column_count; i++) {
        permute(job->columns[i], value_size(job, i), keys, count, scratch);
    }
    permute(job->lines, sizeof *job->lines, keys, count, scratch);
    free(keys);
    free(scratch);
    return S1_OK;
}

/* Brings the buffer into the order of the archive, as far as that is possible within it. */
static s1_rc put_in_order(s1_import_job *job, s1_err *err)
{
    if (job->sorts) {
        return sort_buffer(job, err);
    }
    if (job->order == S1_ORDER_FALLING) {
        for (size_t i = 0; i < job->column_count; i++) {
            reverse(job->columns[i], value_size(job, i), job->count);
        }
    }
    return S1_OK;
}

/* --- Runs ------------------------------------------------------------------------------------- */

static s1_rc add_run(s1_import_job *job, s1_err *err)
{
    if (job->run_count == job->run_capacity) {
        const size_t capacity = job->run_capacity == 0 ? 16 : job->run_capacity * 2;
        s1_import_run *const runs = realloc(job->runs, capacity * sizeof *runs);
        if (runs == NULL || capacity > RUNS_MAX) {
            job->runs = runs != NULL ? runs : job->runs;
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu runs of rows", capacity);
        }
        job->runs = runs;
        job->run_capacity = capacity;
    }
    s1_import_run run = {.offset = job->scratch_bytes, .rows = job->count};
    memcpy(run.scale, job->scale, sizeof run.scale);
    job->runs[job->run_count++] = run;
    return S1_OK;
}

static s1_rc open_scratch(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    if (options->scratch_path == NULL) {
        return S1_RAISE(
            err, S1_E_NO_MEMORY,
            "'%.200s': found over %zu rows that are not in rising order, expected fewer "
            "or a place for a scratch file",
            options->file, job->capacity_max);
    }
    S1_TRY(err, s1_fs_open(options->fs, options->scratch_path,
                           S1_FS_READ | S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &job->scratch,
                           err));
    /* Without a name it goes with the process, however that ends. */
    return s1_fs_unlink(options->fs, options->scratch_path, err);
}

/* The buffer, in order, to the scratch file. */
static s1_rc spill(s1_import_job *job, s1_err *err)
{
    if (job->scratch == NULL) {
        S1_TRY(err, open_scratch(job, err));
    }
    S1_TRY(err, put_in_order(job, err));
    S1_TRY(err, add_run(job, err));
    for (size_t i = 0; i < job->column_count + (job->sorts ? 1 : 0); i++) {
        const bool is_column = i < job->column_count;
        const size_t bytes = job->count * (is_column ? value_size(job, i) : sizeof *job->lines);
        const void *const from = is_column ? job->columns[i] : job->lines;
        S1_TRY(err, s1_fs_pwrite_all(job->options->fs, job->scratch, job->scratch_bytes, from,
                                     bytes, err));
        job->scratch_bytes += bytes;
    }
    job->count = 0;
    job->group_start = 0;
    return S1_OK;
}

/* Room for one more row: what is buffered goes on, but for the rows that the next may repeat. */
static s1_rc make_room(s1_import_job *job, s1_err *err)
{
    if (job->capacity < job->capacity_max) {
        return grow(job, err);
    }
    if (job->sorts) {
        return spill(job, err);
    }
    const size_t kept_from = job->data_type == S1_DATA_OHLCV || job->group_start == 0
                                 ? job->count - 1
                                 : job->group_start;
    const size_t kept = job->count - kept_from;
    char *kept_values[S1_MARKET_COLUMNS_MAX] = {NULL};
    if (job->order != S1_ORDER_FALLING) {
        S1_TRY(err, hand_over(job, job->columns, 0, kept_from, err));
        for (size_t i = 0; i < job->column_count; i++) {
            const size_t size = value_size(job, i);
            char *const values = job->columns[i];
            memmove(values, values + kept_from * size, kept * size);
        }
    } else {
        for (size_t i = 0; i < job->column_count; i++) {
            const size_t bytes = kept * value_size(job, i);
            kept_values[i] = malloc(bytes);
            if (kept_values[i] != NULL) {
                memcpy(kept_values[i], (char *)job->columns[i] + kept_from * value_size(job, i),
                       bytes);
            }
        }
        job->count = kept_from;
        s1_rc rc = spill(job, err);
        for (size_t i = 0; i < job->column_count; i++) {
            if (kept_values[i] == NULL && rc == S1_OK) {
                rc = S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows", kept);
            } else if (kept_values[i] != NULL) {
                memcpy(job->columns[i], kept_values[i], kept * value_size(job, i));
            }
            free(kept_values[i]);
        }
        S1_TRY(err, rc);
    }
    job->count = kept;
    job->group_start = 0;
    return S1_OK;
}

s1_rc s1_import_keep_row(s1_import_job *job, const s1_import_row *row, s1_err *err)
{
    const s1_nanos time = row->values[0];
    const bool is_same = job->has_last && time == job->last_time && !job->sorts;
    if (is_same && job->data_type == S1_DATA_OHLCV) {
        job->count--; /* S1_DUPLICATES_LAST: this line replaces the one before */
        job->summary.duplicates++;
    } else if (job->count == job->capacity) {
        S1_TRY(err, make_room(job, err));
    }
    const size_t at = job->count++;
    for (size_t i = 0; i < job->column_count; i++) {
        const int64_t value = row->values[i];
        const enum s1_scale_group group = s1_import_group_of(job->layout[i].kind);
        put_value(job, i, at, value);
        if (group != S1_GROUP_COUNT && (value < 0 ? -value : value) > job->largest[group]) {
            job->largest[group] = value < 0 ? -value : value;
        }
    }
    if (job->sorts) {
        job->lines[at] = job->reader.line_number;
    }
    job->group_start = is_same ? job->group_start : at;
    job->columns_seen &= row->columns;
    job->has_last = true;
    job->last_time = time;
    job->last_id = row->values[COLUMN_ID];
    job->last_line = job->reader.line_number;
    return S1_OK;
}

/* --- Reading runs back ------------------------------------------------------------------------ */

/* A window on a run. */
typedef struct run_window {
    const s1_import_run *run;
    size_t next;                          /* row of the run behind the window */
    size_t at, count;                     /* within the window */
    void *columns[S1_MARKET_COLUMNS_MAX]; /* owned */
    uint64_t *lines;                      /* owned */
} run_window;

static s1_rc read_all(const s1_import_job *job, uint64_t offset, void *to, size_t len, s1_err *err)
{
    char *at = to;
    while (len > 0) {
        size_t got = 0;
        S1_TRY(err, s1_fs_pread(job->options->fs, job->scratch, offset, at, len, &got, err));
        if (got == 0) {
            return S1_RAISE(err, S1_E_IO, "'%.200s': the scratch file ends early",
                            job->options->scratch_path);
        }
        at += got;
        offset += got;
        len -= got;
    }
    return S1_OK;
}

/* The next rows of a run, at the scales of now. */
static s1_rc fill_window(const s1_import_job *job, run_window *window, size_t rows_max, s1_err *err)
{
    const s1_import_run *const run = window->run;
    uint64_t offset = run->offset;
    const size_t left = run->rows - window->next;
    const size_t rows = left < rows_max ? left : rows_max;
    for (size_t i = 0; i < job->column_count; i++) {
        const size_t size = value_size(job, i);
        S1_TRY(err,
               read_all(job, offset + window->next * size, window->columns[i], rows * size, err));
        offset += run->rows * size;
        const enum s1_scale_group group = s1_import_group_of(job->layout[i].kind);
        if (group != S1_GROUP_COUNT && run->scale[group] < job->scale[group]) {
            const int64_t factor = s1_csv_pow10(job->scale[group] - run->scale[group]);
            int64_t *const values = window->columns[i];
            for (size_t k = 0; k < rows; k++) {
                values[k] *= factor; /* fits: s1_import_raise_scale has looked at the largest */
            }
        }
    }
    if (job->sorts) {
        S1_TRY(err, read_all(job, offset + window->next * sizeof *window->lines, window->lines,
                             rows * sizeof *window->lines, err));
    }
    window->next += rows;
    window->at = 0;
    window->count = rows;
    return S1_OK;
}

static bool window_init(const s1_import_job *job, run_window *window, const s1_import_run *run,
                        size_t rows)
{
    *window = (run_window){.run = run};
    bool has_room = true;
    for (size_t i = 0; i < job->column_count; i++) {
        window->columns[i] = malloc(rows * value_size(job, i));
        has_room = has_room && window->columns[i] != NULL;
    }
    window->lines = malloc(rows * sizeof *window->lines);
    return has_room && window->lines != NULL;
}

static void window_done(run_window *window)
{
    for (size_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
        free(window->columns[i]);
    }
    free(window->lines);
}

static s1_rc report_stop(const s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    if (options->progress == NULL) {
        return S1_OK;
    }
    const uint64_t total = s1_byte_source_total(job->reader.source);
    const s1_rc rc = options->progress(options->progress_user, total, total, job->rows_taken);
    return rc == S1_OK
               ? S1_OK
               : S1_RAISE(err, rc, "import of '%.200s' stopped; nothing stored", options->file);
}

/* Runs of a falling file: the last one is the earliest. */
static s1_rc replay_runs(s1_import_job *job, s1_err *err)
{
    run_window window;
    s1_rc rc = window_init(job, &window, NULL, READ_ROWS)
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %u rows", READ_ROWS);
    for (size_t i = job->run_count; i-- > 0 && rc == S1_OK;) {
        window.run = &job->runs[i];
        window.next = 0;
        while (rc == S1_OK && window.next < window.run->rows) {
            rc = fill_window(job, &window, READ_ROWS, err);
            if (rc == S1_OK) {
                rc = hand_over(job, window.columns, 0, window.count, err);
            }
            if (rc == S1_OK) {
                rc = report_stop(job, err);
            }
        }
    }
    window_done(&window);
    return rc;
}

/* --- Merging ---------------------------------------------------------------------------------- */

/* The rows of one time that are being merged are in the job's buffer, which is empty otherwise. */
typedef struct merge {
    run_window *windows; /* owned */
    size_t count, rows_each;
} merge;

static bool is_before(const s1_import_job *job, const run_window *a, const run_window *b)
{
    const s1_nanos x = ((const s1_nanos *)a->columns[0])[a->at];
    const s1_nanos y = ((const s1_nanos *)b->columns[0])[b->at];
    if (x != y || job->data_type != S1_DATA_TRADES) {
        return x < y;
    }
    return ((const int64_t *)a->columns[COLUMN_ID])[a->at] <
           ((const int64_t *)b->columns[COLUMN_ID])[b->at];
}

/* The window whose row is next: of equal rows the earlier run's, so that lines keep their order. */
static run_window *first_window(const s1_import_job *job, const merge *m)
{
    run_window *best = NULL;
    for (size_t i = 0; i < m->count; i++) {
        run_window *const window = &m->windows[i];
        if (window->at < window->count && (best == NULL || is_before(job, window, best))) {
            best = window;
        }
    }
    return best;
}

static s1_rc raise_twice(const s1_import_job *job, uint64_t line, uint64_t other, s1_nanos time,
                         s1_err *err)
{
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(time, text);
    return S1_RAISE(
        err, S1_E_DATA,
        "%.200s:%llu:1: time: found %s, expected another time than that of line %llu (a "
        "duplicate; sorted rows that stand twice are not kept aside, --on-duplicate "
        "drops them)",
        job->reader.path, (unsigned long long)line, text, (unsigned long long)other);
}

/* Is the row a duplicate of the buffered one at `at`? */
static bool is_twin(const s1_import_job *job, const s1_import_row *row, size_t at)
{
    if (job->data_type == S1_DATA_OHLCV) {
        return true; /* of the same time already */
    }
    return has_ids(job, job->columns_seen) ? row->values[COLUMN_ID] == value_at(job, COLUMN_ID, at)
                                           : is_equal_row(job, row, at);
}

/* A row in order, after the duplicates' policy, to the job's buffer. */
static s1_rc merge_row(s1_import_job *job, const run_window *window, s1_err *err)
{
    s1_import_row row = {{0}, 0};
    for (size_t i = 0; i < job->column_count; i++) {
        row.values[i] = value_size(job, i) == 1 ? ((const uint8_t *)window->columns[i])[window->at]
                                                : ((const int64_t *)window->columns[i])[window->at];
    }
    const uint64_t line = window->lines[window->at];
    const bool is_new_time = job->count == 0 || value_at(job, 0, job->count - 1) != row.values[0];
    if (is_new_time) {
        if (job->count == job->capacity) {
            S1_TRY(err, hand_over(job, job->columns, 0, job->count, err));
            S1_TRY(err, report_stop(job, err));
            job->count = 0;
        }
        job->group_start = job->count;
    }
    const size_t group = job->count - job->group_start;
    const size_t first = group > GROUP_ROWS_MAX ? job->count - GROUP_ROWS_MAX : job->group_start;
    for (size_t i = first; i < job->count; i++) {
        if (!is_twin(job, &row, i)) {
            continue;
        }
        const bool may_stand_twice =
            job->data_type != S1_DATA_OHLCV && !has_ids(job, job->columns_seen);
        if (job->on_duplicate == S1_DUPLICATES_ERROR ||
            (!may_stand_twice && job->on_duplicate != S1_DUPLICATES_FIRST &&
             job->on_duplicate != S1_DUPLICATES_LAST)) {
            return raise_twice(job, line, job->lines[i], row.values[0], err);
        }
        job->summary.duplicates++;
        if (job->on_duplicate == S1_DUPLICATES_FIRST) {
            return S1_OK;
        }
        if (job->on_duplicate == S1_DUPLICATES_LAST) {
            job->count--;
        }
        break;
    }
    if (job->count == job->capacity) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "found over %zu rows of one time, expected fewer",
                        job->capacity);
    }
    for (size_t i = 0; i < job->column_count; i++) {
        put_value(job, i, job->count, row.values[i]);
    }
    job->lines[job->count++] = line;
    return S1_OK;
}

static s1_rc merge_windows(s1_import_job *job, merge *m, s1_err *err)
{
    for (;;) {
        run_window *const window = first_window(job, m);
        if (window == NULL) {
            return hand_over(job, job->columns, 0, job->count, err);
        }
        S1_TRY(err, merge_row(job, window, err));
        if (++window->at == window->count && window->next < window->run->rows) {
            S1_TRY(err, fill_window(job, window, m->rows_each, err));
        }
    }
}

static s1_rc merge_runs(s1_import_job *job, s1_err *err)
{
    merge m = {.windows = calloc(job->run_count, sizeof *m.windows),
               .rows_each = job->capacity_max / job->run_count / 2 + 1};
    s1_rc rc = m.windows != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "no memory to sort");
    for (; m.windows != NULL && m.count < job->run_count && rc == S1_OK; m.count++) {
        rc = window_init(job, &m.windows[m.count], &job->runs[m.count], m.rows_each)
                 ? fill_window(job, &m.windows[m.count], m.rows_each, err)
                 : S1_RAISE(err, S1_E_NO_MEMORY, "no memory to sort");
    }
    if (rc == S1_OK) {
        rc = merge_windows(job, &m, err);
    }
    for (size_t i = 0; i < m.count; i++) {
        window_done(&m.windows[i]);
    }
    free(m.windows);
    return rc;
}

/* All rows are in the buffer: sorted there, duplicates taken out where they stand. */
static s1_rc sort_in_place(s1_import_job *job, s1_err *err)
{
    S1_TRY(err, sort_buffer(job, err));
    run_window window = {.count = job->count, .lines = job->lines};
    memcpy(window.columns, job->columns, sizeof window.columns);
    job->count = 0;
    for (; window.at < window.count; window.at++) {
        S1_TRY(err, merge_row(job, &window, err)); /* writes at or before the row it read */
    }
    return hand_over(job, job->columns, 0, job->count, err);
}

s1_rc s1_import_finish_rows(s1_import_job *job, s1_err *err)
{
    if (job->sorts && job->run_count == 0) {
        return sort_in_place(job, err);
    }
    if (job->sorts) {
        if (job->count > 0) {
            S1_TRY(err, spill(job, err));
        }
        return merge_runs(job, err);
    }
    S1_TRY(err, put_in_order(job, err));
    S1_TRY(err, hand_over(job, job->columns, 0, job->count, err));
    job->count = 0;
    return job->run_count > 0 ? replay_runs(job, err) : S1_OK;
}

void s1_import_order_done(s1_import_job *job)
{
    s1_data_writer_abandon(job->writer);
    job->writer = NULL;
    s1_fs_drop(job->options->fs, job->scratch);
    job->scratch = NULL;
    for (size_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
        free(job->columns[i]);
    }
    free(job->lines);
    free(job->runs);
}
