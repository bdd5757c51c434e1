#include "backend/data/ingest/data_import.h"

#include "backend/data/ingest/import_internal.h"
#include "backend/utils/hash.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES (1u << 18)

static s1_nanos now_of(const s1_data_import_options *options)
{
    return options->clock != NULL ? s1_clock_monotonic(options->clock) : 0;
}

static double seconds_since(const s1_data_import_options *options, s1_nanos start)
{
    return (double)(now_of(options) - start) / (double)S1_NANOS_PER_SECOND;
}

/* --- The file's own hash ---------------------------------------------------------------------- */

static s1_rc hash_bytes(const s1_data_import_options *options, s1_file *file, s1_sha256 *hash,
                        char *bytes, s1_err *err)
{
    for (size_t got = 1; got > 0;) {
        S1_TRY(err, s1_fs_read(options->fs, file, bytes, HASH_BYTES, &got, err));
        s1_sha256_update(hash, bytes, got);
    }
    return S1_OK;
}

/* The file is read once before: its hash goes into what is written. */
static s1_rc hash_file(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    s1_file *file = NULL;
    s1_sha256 *hash = NULL;
    char *const bytes = malloc(HASH_BYTES);
    s1_rc rc = bytes != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a block");
    if (rc == S1_OK) {
        rc = s1_sha256_new(&hash, err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_open(options->fs, options->file, S1_FS_READ, &file, err);
    }
    s1_fs_info info = {0};
    if (rc == S1_OK) {
        rc = s1_fs_stat_file(options->fs, file, &info, err);
    }
    if (rc == S1_OK && info.type != S1_FS_FILE) {
        rc = S1_RAISE(err, S1_E_INVALID, "'%.200s': found no file there, expected a file of data",
                      options->file);
    }
    if (rc == S1_OK) {
        rc = hash_bytes(options, file, hash, bytes, err);
    }
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_finish(hash, digest);
        s1_hex_print(digest, sizeof digest, job->summary.sha256);
    }
    s1_fs_drop(options->fs, file);
    s1_sha256_free(hash);
    free(bytes);
    return rc;
}

/* --- Rows ------------------------------------------------------------------------------------- */

/* Bytes of the file that are done: of a packed one, those it was unpacked from. */
static uint64_t bytes_done(const s1_import_job *job)
{
    const s1_row_reader *const reader = &job->reader;
    return s1_byte_source_is_packed(reader->source) ? s1_byte_source_done(reader->source)
                                                    : reader->bytes_done;
}

static s1_rc report(s1_import_job *job, s1_err *err)
{
    const s1_row_reader *const reader = &job->reader;
    job->bytes_reported = reader->bytes_done;
    if (job->options->progress == NULL) {
        return S1_OK;
    }
    const s1_rc rc = job->options->progress(job->options->progress_user, bytes_done(job),
                                            s1_byte_source_total(reader->source), job->rows_taken);
    return rc == S1_OK
               ? S1_OK
               : S1_RAISE(err, rc, "import of '%.200s' stopped at line %llu; nothing stored",
                          reader->path, (unsigned long long)reader->line_number);
}

/* Lines without anything between rows: something is missing there. */
static s1_rc reject_blank(s1_import_job *job, s1_err *err)
{
    s1_row_reader *const reader = &job->reader;
    s1_err fault = S1_ERR_INIT;
    const s1_rc rc =
        S1_RAISE(&fault, S1_E_DATA, "%.200s:%llu:1: row: found an empty line, expected a row",
                 reader->path, (unsigned long long)reader->blank_line);
    (void)rc;
    return s1_import_reject(job, reader->blank_line, (s1_str){"", 0}, &fault, err);
}

/* The current row, from fields to the buffer; a bad one is kept aside. */
static s1_rc take_row(s1_import_job *job, bool is_split, s1_err *err)
{
    s1_import_row row;
    s1_err fault = S1_ERR_INIT;
    bool is_left_out = false;
    s1_rc rc = is_split ? S1_OK : s1_row_reader_split(&job->reader, &fault);
    if (rc == S1_OK) {
        rc = s1_import_read_row(job, &row, &fault);
    }
    if (rc == S1_OK) {
        rc = s1_import_check_order(job, &row, &is_left_out, &fault);
    }
    if (rc != S1_OK) {
        return s1_import_reject(job, job->reader.line_number, job->reader.line, &fault, err);
    }
    if (++job->rows_taken >
        (job->options->rows_max != 0 ? job->options->rows_max : (uint64_t)S1_IMPORT_ROWS_MAX)) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%.200s:%llu:1: row: found over %llu rows, expected fewer",
                        job->reader.path, (unsigned long long)job->reader.line_number,
                        (unsigned long long)job->rows_taken - 1);
    }
    if (is_left_out) {
        job->summary.duplicates++;
        return S1_OK;
    }
    return s1_import_keep_row(job, &row, err);
}

static s1_rc read_rows(s1_import_job *job, s1_err *err)
{
    s1_row_reader *const reader = &job->reader;
    if (job->has_first_row) {
        S1_TRY(err, take_row(job, true, err));
    }
    for (;;) {
        bool has_row;
        bool is_stopped;
        const uint64_t bytes_left =
            S1_IMPORT_PROGRESS_STEP - (reader->bytes_done - job->bytes_reported);
        S1_TRY(err, s1_import_take_plain_rows(job, bytes_left, &is_stopped, err));
        if (!is_stopped) {
            S1_TRY(err, report(job, err));
            continue;
        }
        S1_TRY(err, s1_row_reader_next(reader, &has_row, err));
        if (!has_row) {
            break;
        }
        if (reader->blank_line > 0) {
            S1_TRY(err, reject_blank(job, err));
        }
        S1_TRY(err, take_row(job, false, err));
        if (reader->bytes_done - job->bytes_reported >= S1_IMPORT_PROGRESS_STEP) {
            S1_TRY(err, report(job, err));
        }
    }
    if (job->rows_taken == 0) {
        return S1_RAISE(err, S1_E_DATA, "%.200s:%llu:1: rows: found none%s, expected at least one",
                        reader->path, (unsigned long long)reader->line_number + 1,
                        job->summary.rejects > 0 ? " that is good" : "");
    }
    S1_TRY(err, s1_import_finish_rows(job, err));
    return report(job, err);
}

/* --- The whole -------------------------------------------------------------------------------- */

static s1_rc commit(s1_import_job *job, s1_err *err)
{
    s1_data_import_summary *const summary = &job->summary;
    s1_data_writer *const writer = job->writer;
    s1_save_result result = {0};
    job->writer = NULL;
    if (writer == NULL) {
        return S1_OK;
    }
    S1_TRY(err, s1_data_writer_commit(writer, &result, err));
    summary->rows_replaced = result.rows_replaced;
    summary->is_unchanged = result.is_unchanged;
    memcpy(summary->content_hash, result.content_hash, sizeof summary->content_hash);
    return S1_OK;
}

static s1_rc import_file(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    const s1_nanos start = now_of(options);
    S1_TRY(err, hash_file(job, err));
    job->summary.seconds_hashing = seconds_since(options, start);
    S1_TRY(err, s1_import_open(job, err));
    s1_rc rc = read_rows(job, err);
    if (rc == S1_OK) {
        rc = s1_import_check_rejects(job, err);
    }
    job->summary.seconds_reading = seconds_since(options, start) - job->summary.seconds_hashing;
    if (rc == S1_OK || options->keeps_rejects) {
        s1_err *const told = rc == S1_OK ? err : NULL; /* the first fault is told */
        const s1_rc published = s1_import_rejects_publish(job, told);
        rc = rc == S1_OK ? published : rc;
    }
    if (rc == S1_OK) {
        rc = commit(job, err);
    }
    return rc;
}

s1_rc s1_data_import(const s1_data_import_options *options, s1_data_import_summary *ret_summary,
                     s1_err *err)
{
    const s1_nanos start = now_of(options);
    s1_import_job *const job = calloc(1, sizeof *job);
    if (job == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for an import");
    }
    job->options = options;
    s1_rc rc = s1_import_prepare(job, err);
    if (rc == S1_OK) {
        rc = import_file(job, err);
    }
    if (rc == S1_OK) {
        s1_data_import_summary *const summary = &job->summary;
        summary->bytes = job->reader.bytes_done;
        /* What was packed has a checksum: nothing is cut off. */
        summary->ends_without_newline =
            job->reader.ends_without_newline && !s1_byte_source_is_packed(job->reader.source);
        summary->price_scale = job->scale[S1_GROUP_PRICE];
        summary->qty_scale = job->scale[S1_GROUP_QTY];
        summary->vwap_scale = job->scale[S1_GROUP_VWAP];
        const s1_recording_counts counts = s1_row_reader_counts(&job->reader);
        summary->messages = counts.messages;
        summary->snapshots = counts.snapshots;
        summary->old_messages = counts.old;
        summary->message_gaps = counts.gaps;
        summary->seconds = seconds_since(options, start);
        *ret_summary = *summary;
    }
    s1_import_order_done(job);
    s1_import_rejects_done(job);
    s1_row_reader_close(&job->reader);
    s1_time_zone_free(job->zone);
    free(job);
    return rc;
}
