#include "backend/data/export/data_export.h"

#include "backend/data/persistors/parquet_export.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 20) /* written at once */
#define ROW_BYTES    512u              /* room for any row */

typedef struct exporter {
    const s1_data_export_task *task;
    s1_market_reader *reader;
    s1_file *file;
    s1_strbuf text; /* not yet written */
    s1_data_export_result result;
    char partial[S1_PATH_MAX];
} exporter;

/* --- Cells ------------------------------------------------------------------------------------ */

static size_t put_digits(char *out, uint64_t value, size_t digits_min)
{
    char reversed[24];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count < digits_min) {
        reversed[count++] = '0';
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}

/* All digits of the scale: 1.50 stays 1.50. */
static size_t put_decimal(char *out, int64_t mantissa, uint32_t scale)
{
    const uint64_t magnitude = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    size_t length = 0;
    if (mantissa < 0) {
        out[length++] = '-';
    }
    length += put_digits(out + length, magnitude, (size_t)scale + 1);
    if (scale > 0) {
        memmove(out + length - scale + 1, out + length - scale, scale);
        out[length - scale] = '.';
        length++;
    }
    return length;
}

/* "2017-04-19T09:00:00Z", with .123, .123456 or .123456789 where there is a fraction. */
static size_t put_time(char *out, s1_nanos time)
{
    char text[S1_TIME_TEXT_MAX];
    size_t length = s1_time_print(time, text) - 1; /* without the Z */
    while (length > 19 && memcmp(text + length - 3, "000", 3) == 0) {
        length -= 3;
    }
    length -= length == 20 ? 1 : 0; /* the point */
    memcpy(out, text, length);
    out[length] = 'Z';
    return length + 1;
}

static const char *word(int32_t data_type, const char *column, uint8_t value)
{
    static const char *const trade_sides[] = {"?", "buy", "sell", "unknown"};
    static const char *const book_kinds[] = {"?", "snapshot", "update"};
    static const char *const book_sides[] = {"?", "bid", "ask"};
    if (data_type == S1_DATA_TRADES) {
        return trade_sides[value <= 3 ? value : 0];
    }
    return (strcmp(column, "kind") == 0 ? book_kinds : book_sides)[value <= 2 ? value : 0];
}

static size_t put_cell(char *out, int32_t data_type, const s1_market_column *column, uint32_t scale,
                       const void *values, size_t row)
{
    const int64_t *const numbers = values;
    switch (column->kind) {
    case S1_COLUMN_TIME:
        return put_time(out, numbers[row]);
    case S1_COLUMN_ENUM: {
        const char *const text = word(data_type, column->name, ((const uint8_t *)values)[row]);
        const size_t length = strlen(text);
        memcpy(out, text, length);
        return length;
    }
    case S1_COLUMN_INT64:
        return put_decimal(out, numbers[row], 0);
    default:
        return put_decimal(out, numbers[row], scale);
    }
}

/* --- CSV -------------------------------------------------------------------------------------- */

static s1_rc flush(exporter *e, s1_err *err)
{
    S1_TRY(err, s1_strbuf_check(&e->text, err));
    S1_TRY(err, s1_fs_write_all(e->task->fs, e->file, e->text.data, e->text.len, err));
    e->result.bytes += e->text.len;
    s1_strbuf_clear(&e->text);
    return S1_OK;
}

static void put_header(exporter *e)
{
    size_t count;
    const s1_market_column *const layout = s1_market_layout(e->task->key.data_type, &count);
    for (uint32_t i = 0; i < count; i++) {
        if ((e->reader->columns & 1u << i) != 0) {
            s1_strbuf_cstr_add(&e->text, i == 0 ? "" : ",");
            s1_strbuf_cstr_add(&e->text, layout[i].name);
        }
    }
    s1_strbuf_char(&e->text, '\n');
}

static s1_rc put_rows(exporter *e, const s1_market_batch *batch, s1_err *err)
{
    const int32_t data_type = e->task->key.data_type;
    size_t count;
    const s1_market_column *const layout = s1_market_layout(data_type, &count);
    for (size_t row = 0; row < batch->count; row++) {
        char *const line = s1_strbuf_reserve(&e->text, ROW_BYTES);
        if (line == NULL) {
            return s1_strbuf_check(&e->text, err);
        }
        size_t length = 0;
        for (uint32_t i = 0; i < count; i++) {
            if ((e->reader->columns & 1u << i) == 0) {
                continue;
            }
            if (i > 0) {
                line[length++] = ',';
            }
            length += put_cell(line + length, data_type, &layout[i],
                               s1_market_scale(&e->reader->scales, layout[i].kind),
                               batch->columns[i], row);
        }
        line[length++] = '\n';
        s1_strbuf_commit(&e->text, length);
        if (e->text.len > BUFFER_BYTES - ROW_BYTES) {
            S1_TRY(err, flush(e, err));
        }
    }
    return S1_OK;
}

/* Rows that went out, of either format. */
static s1_rc count_rows(void *user, const s1_market_batch *batch)
{
    exporter *const e = user;
    const s1_nanos *const times = batch->columns[0];
    if (e->result.rows == 0) {
        e->result.first = times[0];
    }
    e->result.last = times[batch->count - 1];
    e->result.rows += batch->count;
    return e->task->progress != NULL
               ? e->task->progress(e->task->user, e->result.rows, e->reader->rows_total)
               : S1_OK;
}

static s1_rc write_csv(exporter *e, s1_err *err)
{
    put_header(e);
    for (;;) {
        s1_market_batch batch;
        S1_TRY(err, s1_market_reader_next(e->reader, &batch, err));
        if (batch.count == 0) {
            break;
        }
        S1_TRY(err, put_rows(e, &batch, err));
        S1_TRY(err, count_rows(e, &batch));
    }
    S1_TRY(err, flush(e, err));
    return s1_fs_fsync(e->task->fs, e->file, err);
}

static s1_rc export_csv(exporter *e, s1_err *err)
{
    const s1_fs *const fs = e->task->fs;
    if ((size_t)snprintf(e->partial, sizeof e->partial, "%s.partial", e->task->path) >=
        sizeof e->partial) {
        return S1_RAISE(err, S1_E_RANGE, "path '%.200s...': found over %u bytes", e->task->path,
                        S1_PATH_MAX);
    }
    S1_TRY(err,
           s1_fs_open(fs, e->partial, S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &e->file, err));
    s1_strbuf_init(&e->text, 2 * BUFFER_BYTES);
    s1_rc rc = write_csv(e, err);
    s1_strbuf_done(&e->text);
    if (rc == S1_OK) {
        rc = s1_fs_close(fs, e->file, err);
    } else {
        s1_fs_drop(fs, e->file);
    }
    if (rc == S1_OK) {
        rc = s1_fs_rename(fs, e->partial, e->task->path, err);
    }
    if (rc != S1_OK) {
        (void)!s1_fs_unlink(fs, e->partial, NULL); /* the first error is told */
        return rc;
    }
    return s1_fs_fsync_parent(fs, e->task->path, err);
}

/* --- Both ------------------------------------------------------------------------------------- */

static s1_rc export_parquet(exporter *e, s1_err *err)
{
    const s1_data_export_task *const task = e->task;
    s1_fs_info info;
    S1_TRY(err, s1_parquet_export(task->duckdb, task->fs, task->path, &task->key, e->reader,
                                  count_rows, e, err));
    S1_TRY(err, s1_fs_stat(task->fs, task->path, &info, err));
    e->result.bytes = info.size;
    return S1_OK;
}

s1_rc s1_data_export(const s1_data_export_task *task, s1_data_export_result *ret_result,
                     s1_err *err)
{
    exporter e = {.task = task};
    if (task->format != S1_DATA_EXPORT_CSV && task->format != S1_DATA_EXPORT_PARQUET) {
        return S1_RAISE(err, S1_E_INVALID, "format: found %d, expected an s1_data_export_format",
                        task->format);
    }
    S1_TRY(err, s1_data_load(task->archive, &task->key, task->range, &e.reader, err));
    e.result.scales = e.reader->scales;
    e.result.columns = e.reader->columns;
    const s1_rc rc =
        task->format == S1_DATA_EXPORT_CSV ? export_csv(&e, err) : export_parquet(&e, err);
    s1_market_reader_close(e.reader);
    if (rc == S1_OK) {
        *ret_result = e.result;
    }
    return rc;
}
