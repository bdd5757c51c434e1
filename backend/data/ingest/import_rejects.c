/* Bad rows kept aside: a text file, one row a line: line number, tab, reason, tab, the row as it
 * stood. It has its name only once the import is done. */
#include "backend/data/ingest/import_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)4 << 20)
#define FLUSH_BYTES    ((size_t)1 << 16)

static s1_rc flush(s1_import_rejects *rejects, s1_err *err)
{
    S1_TRY(err, s1_strbuf_check(&rejects->text, err));
    S1_TRY(err,
           s1_fs_write_all(rejects->fs, rejects->file, rejects->text.data, rejects->text.len, err));
    s1_strbuf_clear(&rejects->text);
    return S1_OK;
}

static s1_rc open_rejects(s1_import_job *job, s1_err *err)
{
    s1_import_rejects *const rejects = &job->rejects;
    const s1_data_import_options *const options = job->options;
    const int len =
        snprintf(rejects->partial, sizeof rejects->partial, "%s.partial", options->rejects_path);
    if (len < 0 || (size_t)len >= sizeof rejects->partial) {
        return S1_RAISE(err, S1_E_RANGE, "path '%.200s...': found over %u bytes",
                        options->rejects_path, S1_PATH_MAX);
    }
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s",
                   S1_STR_ARG(s1_str_dirname(s1_str_of(options->rejects_path))));
    S1_TRY(err, s1_fs_mkdir_all(options->fs, folder, err));
    S1_TRY(err, s1_fs_open(options->fs, rejects->partial,
                           S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &rejects->file, err));
    rejects->fs = options->fs;
    s1_strbuf_init(&rejects->text, TEXT_BYTES_MAX);
    s1_strbuf_lit(&rejects->text, "line\treason\trow\n");
    return S1_OK;
}

/* What was wrong, without the file's name. */
static s1_str reason_of(const s1_import_job *job, const s1_err *fault)
{
    const s1_str path = s1_str_slice(s1_str_of(job->options->file), 0, 200);
    s1_str reason = s1_str_of(fault->msg);
    if (s1_str_starts_with(reason, path)) {
        reason = s1_str_slice(reason, path.len + 1, reason.len);
    }
    return reason;
}

static s1_rc write_reject(s1_import_job *job, uint64_t line, s1_str row, s1_str reason, s1_err *err)
{
    s1_import_rejects *const rejects = &job->rejects;
    if (rejects->file == NULL) {
        S1_TRY(err, open_rejects(job, err));
    }
    s1_strbuf *const text = &rejects->text;
    s1_strbuf_u64(text, line);
    s1_strbuf_char(text, '\t');
    for (size_t i = 0; i < reason.len; i++) {
        const char c = reason.ptr[i];
        s1_strbuf_char(text, c == '\t' || c == '\n' || c == '\r' ? ' ' : c);
    }
    s1_strbuf_char(text, '\t');
    for (size_t i = 0; i < row.len; i++) { /* a JSON row may stand on several lines */
        s1_strbuf_char(text, row.ptr[i] == '\n' || row.ptr[i] == '\r' ? ' ' : row.ptr[i]);
    }
    s1_strbuf_char(text, '\n');
    return text->len >= FLUSH_BYTES ? flush(rejects, err) : s1_strbuf_check(text, err);
}

s1_rc s1_import_reject(s1_import_job *job, uint64_t line, s1_str row, const s1_err *fault,
                       s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    s1_data_import_summary *const summary = &job->summary;
    if (options->max_rejects == 0 && options->max_rejects_ppm == 0) {
        return S1_RAISE(err, fault->code, "%s", fault->msg);
    }
    const s1_str reason = reason_of(job, fault);
    if (summary->rejects++ == 0) {
        summary->first_reject_line = line;
        (void)snprintf(summary->first_reject, sizeof summary->first_reject, "%.*s",
                       S1_STR_ARG(s1_str_slice(reason, 0, sizeof summary->first_reject - 1)));
    }
    if (options->rejects_path != NULL) {
        S1_TRY(err, write_reject(job, line, row, reason, err));
    }
    if (options->max_rejects_ppm == 0 && summary->rejects > options->max_rejects) {
        return S1_RAISE(err, S1_E_DATA,
                        "%.200s: found over %llu bad rows, expected at most that many "
                        "(--max-rejects); the first: %.*s",
                        options->file, (unsigned long long)options->max_rejects,
                        (int)S1_IMPORT_REASON_MAX, summary->first_reject);
    }
    return S1_OK;
}

s1_rc s1_import_check_rejects(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    const uint64_t rejects = job->summary.rejects;
    const uint64_t rows = job->rows_taken + rejects;
    __extension__ typedef unsigned __int128 wide;
    if (options->max_rejects_ppm != 0 &&
        (wide)rejects * 1000000 > (wide)rows * options->max_rejects_ppm) {
        return S1_RAISE(err, S1_E_DATA,
                        "%.200s: found %llu bad rows of %llu, expected at most %u.%04u %% "
                        "(--max-rejects); the first: %s",
                        options->file, (unsigned long long)rejects, (unsigned long long)rows,
                        options->max_rejects_ppm / 10000, options->max_rejects_ppm % 10000,
                        job->summary.first_reject);
    }
    return S1_OK;
}

s1_rc s1_import_rejects_publish(s1_import_job *job, s1_err *err)
{
    s1_import_rejects *const rejects = &job->rejects;
    if (rejects->file == NULL) {
        return S1_OK;
    }
    s1_rc rc = flush(rejects, err);
    if (rc == S1_OK) {
        rc = s1_fs_fsync(rejects->fs, rejects->file, err);
    }
    s1_file *const file = rejects->file;
    rejects->file = NULL;
    if (rc == S1_OK) {
        rc = s1_fs_close(rejects->fs, file, err);
    } else {
        s1_fs_drop(rejects->fs, file);
    }
    if (rc == S1_OK) {
        rc = s1_fs_rename(rejects->fs, rejects->partial, job->options->rejects_path, err);
    }
    if (rc == S1_OK) {
        rejects->partial[0] = '\0';
        rc = s1_fs_fsync_parent(rejects->fs, job->options->rejects_path, err);
    }
    return rc;
}

void s1_import_rejects_done(s1_import_job *job)
{
    s1_import_rejects *const rejects = &job->rejects;
    if (rejects->file != NULL) {
        s1_fs_drop(rejects->fs, rejects->file);
    }
    if (rejects->fs != NULL && rejects->partial[0] != '\0') {
        const s1_rc ignored = s1_fs_unlink(rejects->fs, rejects->partial, NULL);
        (void)ignored; /* the next import of the file empties it */
    }
    s1_strbuf_done(&rejects->text);
}
