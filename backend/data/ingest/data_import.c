#include "backend/data/ingest/data_import.h"

#include "backend/data/ingest/csv_profile.h"
#include "backend/data/ingest/csv_reader_internal.h"
#include "backend/data/ingest/csv_text_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST_CAPACITY 65536u
#define VALUE_COUNT         5u /* open, high, low, close, volume */
#define NAME_TEXT_MAX       64u

static const char *const field_names[S1_CSV_FIELD_COUNT] = {"time", "open",  "high",
                                                            "low",  "close", "volume"};

/* Prices share a scale, and so do volumes. */
enum scale_group { GROUP_PRICE = 0, GROUP_QTY = 1, GROUP_COUNT };

static const struct group_columns {
    const char *flag;
    size_t begin, end; /* value columns */
} groups[GROUP_COUNT] = {{"--price-scale", 0, 4}, {"--qty-scale", 4, 5}};

typedef struct import_job {
    const s1_data_import_options *options;
    const s1_csv_profile *profile;
    s1_csv_reader reader;
    size_t position[S1_CSV_FIELD_COUNT]; /* of the fields in a row */
    size_t field_count;                  /* of a row */
    bool may_end_with_comma;
    size_t rows_max;
    size_t count, capacity;
    s1_nanos *times;              /* owned */
    int64_t *values[VALUE_COUNT]; /* owned */
    bool is_fixed[GROUP_COUNT];
    uint32_t scale[GROUP_COUNT]; /* of what is in `values` now */
    uint64_t last_line;          /* of the last row kept */
    uint64_t bytes_reported;
    s1_data_import_summary summary;
} import_job;

/* One row, before it is kept. */
typedef struct import_row {
    s1_nanos time;
    int64_t values[VALUE_COUNT];
} import_row;

/* --- Options ---------------------------------------------------------------------------------- */

static s1_rc check_scale(const char *flag, int32_t scale, s1_err *err)
{
    if (scale != S1_SCALE_DETECT && (scale < 0 || scale > (int32_t)S1_SCALE_MAX)) {
        return S1_RAISE(err, S1_E_INVALID, "%s: found %d, expected 0..%u", flag, scale,
                        S1_SCALE_MAX);
    }
    return S1_OK;
}

static s1_rc check_options(const s1_data_import_options *options, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(&options->key, err));
    if (options->key.data_type != S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "data type: found %s, expected ohlcv (not in this "
                        "version)",
                        s1_data_type_name(options->key.data_type));
    }
    S1_TRY(err, check_scale(groups[GROUP_PRICE].flag, options->price_scale, err));
    S1_TRY(err, check_scale(groups[GROUP_QTY].flag, options->qty_scale, err));
    if (options->on_duplicate != 0 && options->on_duplicate != S1_IMPORT_ERROR &&
        options->on_duplicate != S1_IMPORT_LAST) {
        return S1_RAISE(err, S1_E_INVALID, "on duplicate: found %d, expected error or last",
                        options->on_duplicate);
    }
    if (options->on_bad_bar != 0 && options->on_bad_bar != S1_IMPORT_ERROR &&
        options->on_bad_bar != S1_IMPORT_DROP) {
        return S1_RAISE(err, S1_E_INVALID, "on bad bar: found %d, expected error or drop",
                        options->on_bad_bar);
    }
    return S1_OK;
}

/* --- Header ----------------------------------------------------------------------------------- */

/* Does a header's field bear one of the names? `name` is one, "{base}" in it stands for the pair's
 * base. */
static bool is_named(s1_str field, s1_str name, s1_str base)
{
    char text[NAME_TEXT_MAX];
    const size_t brace = s1_str_find(name, S1_STR("{base}"), 0);
    if (brace != S1_STR_NPOS) {
        const int len =
            snprintf(text, sizeof text, "%.*s%.*s", (int)brace, name.ptr, S1_STR_ARG(base));
        name = s1_str_make(text, (size_t)len);
    }
    return s1_str_eq_nocase(s1_str_trim(field), name);
}

/* Index of the column of a field, or field_count. Names are tried in their order. */
static size_t find_column(const import_job *job, size_t field)
{
    const s1_str pair = job->options->key.asset_pair;
    const s1_str base = s1_str_slice(pair, 0, s1_str_find_byte(pair, '/', 0));
    s1_str rest = s1_str_of(job->profile->names[field]);
    s1_str name;
    for (bool is_done = false; s1_str_split(&rest, '|', &name, &is_done);) {
        for (size_t i = 0; i < job->reader.field_count; i++) {
            if (is_named(job->reader.fields[i], name, base)) {
                return i;
            }
        }
    }
    return job->reader.field_count;
}

/* Reads lines until one is the header: comment lines may stand before it. */
static s1_rc read_header(import_job *job, s1_err *err)
{
    s1_csv_reader *const reader = &job->reader;
    for (uint32_t comments = 0;; comments++) {
        bool has_line;
        S1_TRY(err, s1_csv_reader_next(reader, &has_line, err));
        if (!has_line) {
            return s1_csv_fault(reader, "header", reader->line, err, "a header line behind it");
        }
        if (comments >= job->profile->comment_lines_max ||
            find_column(job, S1_CSV_TIME) < reader->field_count) {
            break;
        }
    }
    for (size_t i = 0; i < S1_CSV_FIELD_COUNT; i++) {
        job->position[i] = find_column(job, i);
        if (job->position[i] == reader->field_count) {
            const char *names = job->profile->names[i];
            return s1_csv_fault(reader, "header", reader->line, err, "a column %s '%s'",
                                field_names[i], names[0] != '\0' ? names : "without a name");
        }
    }
    job->field_count = reader->field_count;
    return S1_OK;
}

/* --- Rows ------------------------------------------------------------------------------------- */

static s1_str field_of(const import_job *job, size_t field)
{
    return job->reader.fields[job->position[field]];
}

/* The unscaled number as people wrote it, for messages. */
static s1_str value_text(const import_job *job, size_t value)
{
    return field_of(job, value + 1);
}

/* Brings the columns of a group to a larger scale. */
static s1_rc raise_scale(import_job *job, enum scale_group group, uint32_t scale, s1_str field,
                         const char *name, s1_err *err)
{
    const int64_t factor = s1_csv_pow10(scale - job->scale[group]);
    for (size_t column = groups[group].begin; column < groups[group].end; column++) {
        int64_t *values = job->values[column];
        for (size_t i = 0; i < job->count; i++) {
            if (__builtin_mul_overflow(values[i], factor, &values[i]) ||
                values[i] > S1_MANTISSA_MAX) {
                return s1_csv_fault(&job->reader, name, field, err,
                                    "fewer decimals: with %u of them an earlier row has over 18 "
                                    "digits",
                                    scale);
            }
        }
    }
    job->scale[group] = scale;
    return S1_OK;
}

static enum scale_group group_of(size_t value)
{
    return value < groups[GROUP_PRICE].end ? GROUP_PRICE : GROUP_QTY;
}

/* Reads a value, and widens its column if it has more decimals than any before. */
static s1_rc parse_value(import_job *job, size_t value, s1_csv_decimal *ret_decimal, s1_err *err)
{
    const s1_str field = value_text(job, value);
    const char *name = field_names[value + 1];
    const enum scale_group group = group_of(value);
    const char *expected = s1_csv_decimal_parse(field, ret_decimal);
    if (expected != NULL) {
        return s1_csv_fault(&job->reader, name, field, err, "%s", expected);
    }
    if (ret_decimal->scale > job->scale[group]) {
        if (job->is_fixed[group]) {
            return s1_csv_fault(&job->reader, name, field, err, "at most %u decimals (%s)",
                                job->scale[group], groups[group].flag);
        }
        S1_TRY(err, raise_scale(job, group, ret_decimal->scale, field, name, err));
    }
    return S1_OK;
}

/* All values of a row, at the scales of their columns: these are known when all are read. */
static s1_rc parse_values(import_job *job, import_row *row, s1_err *err)
{
    s1_csv_decimal decimals[VALUE_COUNT];
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        S1_TRY(err, parse_value(job, i, &decimals[i], err));
    }
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        const uint32_t scale = job->scale[group_of(i)];
        int64_t mantissa;
        if (__builtin_mul_overflow(decimals[i].mantissa, s1_csv_pow10(scale - decimals[i].scale),
                                   &mantissa) ||
            mantissa > S1_MANTISSA_MAX || mantissa < -S1_MANTISSA_MAX) {
            return s1_csv_fault(&job->reader, field_names[i + 1], value_text(job, i), err,
                                "at most 18 digits at the %u decimals of its column", scale);
        }
        row->values[i] = mantissa;
    }
    return S1_OK;
}

static s1_rc check_field_count(const import_job *job, s1_err *err)
{
    const s1_csv_reader *reader = &job->reader;
    if (reader->field_count == job->field_count ||
        (job->may_end_with_comma && reader->field_count == job->field_count + 1 &&
         reader->fields[job->field_count].len == 0)) {
        return S1_OK;
    }
    char found[32];
    (void)snprintf(found, sizeof found, "%zu fields", reader->field_count);
    return s1_csv_fault(reader, "row", s1_str_of(found), err, "%zu fields", job->field_count);
}

/* A time on the grid. Bars longer than a day start where their venue's week does. */
static s1_rc parse_time(const import_job *job, s1_nanos *ret_time, s1_err *err)
{
    const s1_str field = field_of(job, S1_CSV_TIME);
    const char *expected = s1_csv_time_parse(field, job->profile->time_form, ret_time);
    if (expected != NULL) {
        return s1_csv_fault(&job->reader, "time", field, err, "%s", expected);
    }
    const s1_nanos timeframe = job->options->key.timeframe;
    const s1_nanos grid = timeframe < S1_NANOS_PER_DAY ? timeframe : S1_NANOS_PER_DAY;
    if (*ret_time % grid != 0) {
        char text[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_timeframe_print(grid, text);
        return s1_csv_fault(&job->reader, "time", field, err, "a multiple of %s", text);
    }
    return S1_OK;
}

/* Prices that cannot be. */
static s1_rc check_prices(const import_job *job, const import_row *row, s1_err *err)
{
    enum { OPEN, HIGH, LOW, CLOSE };
    const s1_csv_reader *reader = &job->reader;
    const s1_str low = value_text(job, LOW);
    const s1_str high = value_text(job, HIGH);
    for (size_t i = OPEN; i <= CLOSE; i++) {
        if (row->values[i] <= 0) {
            return s1_csv_fault(reader, field_names[i + 1], value_text(job, i), err, "above 0");
        }
    }
    if (row->values[HIGH] < row->values[LOW]) {
        return s1_csv_fault(reader, "high", high, err, "at or above the low '%.*s'",
                            S1_STR_ARG(low));
    }
    for (size_t i = OPEN; i <= CLOSE; i += CLOSE - OPEN) {
        if (row->values[i] < row->values[LOW] || row->values[i] > row->values[HIGH]) {
            return s1_csv_fault(reader, field_names[i + 1], value_text(job, i), err,
                                "within low '%.*s' and high '%.*s'", S1_STR_ARG(low),
                                S1_STR_ARG(high));
        }
    }
    return S1_OK;
}

/* Is the row behind the last one, in the order of the file? `ret_is_same`: at the same time. */
static s1_rc check_order(const import_job *job, s1_nanos time, bool *ret_is_same, s1_err *err)
{
    *ret_is_same = false;
    if (job->count == 0) {
        return S1_OK;
    }
    const s1_nanos last = job->times[job->count - 1];
    const bool is_rising = job->profile->order == S1_CSV_RISING;
    if (time == last && job->options->on_duplicate == S1_IMPORT_LAST) {
        *ret_is_same = true;
        return S1_OK;
    }
    if (is_rising ? time > last : time < last) {
        return S1_OK;
    }
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(last, text);
    return s1_csv_fault(&job->reader, "time", field_of(job, S1_CSV_TIME), err,
                        "%s than %s of line %llu%s", is_rising ? "later" : "earlier", text,
                        (unsigned long long)job->last_line, time == last ? " (a duplicate)" : "");
}

static s1_rc grow(import_job *job, s1_err *err)
{
    if (job->count >= job->rows_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%.200s:%llu:1: row: found over %zu rows, expected fewer", job->reader.path,
                        (unsigned long long)job->reader.line_number, job->rows_max);
    }
    size_t capacity = job->capacity == 0 ? ROWS_FIRST_CAPACITY : job->capacity * 2;
    capacity = capacity < job->rows_max ? capacity : job->rows_max;
    s1_nanos *times = realloc(job->times, capacity * sizeof *times);
    bool is_grown = times != NULL;
    job->times = is_grown ? times : job->times;
    for (size_t i = 0; i < VALUE_COUNT && is_grown; i++) {
        int64_t *values = realloc(job->values[i], capacity * sizeof *values);
        is_grown = values != NULL;
        job->values[i] = is_grown ? values : job->values[i];
    }
    if (!is_grown) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows", capacity);
    }
    job->capacity = capacity;
    return S1_OK;
}

static s1_rc keep_row(import_job *job, const import_row *row, bool is_same, s1_err *err)
{
    if (is_same) {
        job->count--; /* this line replaces the one before */
        job->summary.duplicates++;
    } else if (job->count == job->capacity) {
        S1_TRY(err, grow(job, err));
    }
    job->times[job->count] = row->time;
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        job->values[i][job->count] = row->values[i];
    }
    job->count++;
    job->last_line = job->reader.line_number;
    return S1_OK;
}

static s1_rc take_row(import_job *job, s1_err *err)
{
    import_row row;
    bool is_same;
    S1_TRY(err, check_field_count(job, err));
    S1_TRY(err, parse_time(job, &row.time, err));
    S1_TRY(err, check_order(job, row.time, &is_same, err));
    S1_TRY(err, parse_values(job, &row, err));
    if (row.values[VALUE_COUNT - 1] < 0) {
        return s1_csv_fault(&job->reader, "volume", value_text(job, VALUE_COUNT - 1), err,
                            "at or above 0");
    }
    const bool drops = job->options->on_bad_bar == S1_IMPORT_DROP;
    const s1_rc prices = check_prices(job, &row, drops ? NULL : err);
    if (prices != S1_OK && drops) {
        job->summary.dropped++;
        if (job->summary.dropped_line == 0) {
            job->summary.dropped_line = job->reader.line_number;
        }
        return S1_OK;
    }
    S1_TRY(err, prices);
    return keep_row(job, &row, is_same, err);
}

static s1_rc report(import_job *job, s1_err *err)
{
    const s1_csv_reader *reader = &job->reader;
    job->bytes_reported = reader->bytes_done;
    if (job->options->progress == NULL) {
        return S1_OK;
    }
    const s1_rc rc = job->options->progress(job->options->progress_user, reader->bytes_done,
                                            reader->bytes_total, job->count);
    return rc == S1_OK
               ? S1_OK
               : S1_RAISE(err, rc, "import of '%.200s' stopped at line %llu; nothing stored",
                          reader->path, (unsigned long long)reader->line_number);
}

static s1_rc read_rows(import_job *job, s1_err *err)
{
    s1_csv_reader *const reader = &job->reader;
    for (;;) {
        bool has_line;
        S1_TRY(err, s1_csv_reader_next(reader, &has_line, err));
        if (!has_line) {
            break;
        }
        S1_TRY(err, take_row(job, err));
        if (reader->bytes_done - job->bytes_reported >= S1_IMPORT_PROGRESS_STEP) {
            S1_TRY(err, report(job, err));
        }
    }
    if (job->count == 0) {
        return S1_RAISE(err, S1_E_DATA, "%.200s:%llu:1: rows: found none%s, expected at least one",
                        reader->path, (unsigned long long)reader->line_number + 1,
                        job->summary.dropped > 0 ? " that is good" : "");
    }
    return report(job, err);
}

static s1_rc read_file(import_job *job, s1_err *err)
{
    if (job->profile->has_header) {
        S1_TRY(err, read_header(job, err));
    } else {
        for (size_t i = 0; i < S1_CSV_FIELD_COUNT; i++) {
            job->position[i] = job->profile->position[i];
        }
        job->field_count = job->profile->column_count;
        job->may_end_with_comma = true;
    }
    S1_TRY(err, read_rows(job, err));
    return S1_OK;
}

/* --- The whole -------------------------------------------------------------------------------- */

static void reverse(int64_t *values, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const int64_t value = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = value;
    }
}

static void put_in_order(import_job *job)
{
    if (job->profile->order == S1_CSV_FALLING) {
        reverse(job->times, job->count);
        for (size_t i = 0; i < VALUE_COUNT; i++) {
            reverse(job->values[i], job->count);
        }
    }
}

/* Gaps, zero volumes, first and last of the rows in order. */
static void summarise(import_job *job)
{
    s1_data_import_summary *const summary = &job->summary;
    const s1_nanos timeframe = job->options->key.timeframe;
    for (size_t i = 0; i < job->count; i++) {
        summary->zero_volume_bars += job->values[VALUE_COUNT - 1][i] == 0 ? 1 : 0;
        if (i == 0 || job->times[i] - job->times[i - 1] <= timeframe) {
            continue;
        }
        const uint64_t missing = (uint64_t)((job->times[i] - job->times[i - 1] - 1) / timeframe);
        summary->gaps++;
        summary->missing_bars += missing;
        if (missing > summary->largest_gap_bars) {
            summary->largest_gap_bars = missing;
            summary->largest_gap_after = job->times[i - 1];
        }
    }
    summary->rows = job->count;
    summary->first = job->times[0];
    summary->last = job->times[job->count - 1];
    summary->bytes = job->reader.bytes_done;
    summary->price_scale = job->scale[GROUP_PRICE];
    summary->qty_scale = job->scale[GROUP_QTY];
    summary->ends_without_newline = job->reader.ends_without_newline;
}

static s1_rc store(import_job *job, s1_err *err)
{
    const s1_bar_batch batch = {.count = job->count,
                                .open_time = job->times,
                                .open = job->values[0],
                                .high = job->values[1],
                                .low = job->values[2],
                                .close = job->values[3],
                                .volume = job->values[4]};
    const s1_save_options save = {.price_scale = job->scale[GROUP_PRICE],
                                  .qty_scale = job->scale[GROUP_QTY],
                                  .overlap = job->options->overlap != 0 ? job->options->overlap
                                                                        : S1_OVERLAP_REPLACE};
    s1_save_result result = {0};
    S1_TRY(err, s1_data_save_ohlcv(job->options->archive, &job->options->key, &batch, &save,
                                   &result, err));
    job->summary.rows_replaced = result.rows_replaced;
    return S1_OK;
}

static void job_done(import_job *job)
{
    s1_csv_reader_close(&job->reader);
    free(job->times);
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        free(job->values[i]);
    }
}

static s1_nanos now_of(const s1_data_import_options *options)
{
    return options->clock != NULL ? s1_clock_monotonic(options->clock) : 0;
}

static double seconds_since(const s1_data_import_options *options, s1_nanos start)
{
    return (double)(now_of(options) - start) / (double)S1_NANOS_PER_SECOND;
}

s1_rc s1_data_import(const s1_data_import_options *options, s1_data_import_summary *ret_summary,
                     s1_err *err)
{
    import_job job = {.options = options};
    const s1_nanos start = now_of(options);
    S1_TRY(err, check_options(options, err));
    S1_TRY(err, s1_csv_profile_find(options->profile, &job.profile, err));
    job.rows_max = options->rows_max != 0 ? options->rows_max : S1_IMPORT_ROWS_MAX;
    job.is_fixed[GROUP_PRICE] = options->price_scale != S1_SCALE_DETECT;
    job.is_fixed[GROUP_QTY] = options->qty_scale != S1_SCALE_DETECT;
    job.scale[GROUP_PRICE] = job.is_fixed[GROUP_PRICE] ? (uint32_t)options->price_scale : 0;
    job.scale[GROUP_QTY] = job.is_fixed[GROUP_QTY] ? (uint32_t)options->qty_scale : 0;
    S1_TRY(err, s1_csv_reader_open(&job.reader, options->fs, options->file, err));
    s1_rc rc = read_file(&job, err);
    if (rc == S1_OK) {
        put_in_order(&job);
        summarise(&job);
        job.summary.seconds_reading = seconds_since(options, start);
        rc = store(&job, err);
    }
    job_done(&job);
    if (rc == S1_OK) {
        job.summary.seconds = seconds_since(options, start);
        *ret_summary = job.summary;
    }
    return rc;
}
