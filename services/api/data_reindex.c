#include "services/api/data_reindex.h"

#include "backend/utils/clock.h"
#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <stdio.h>

static s1_rc on_progress(void *user, uint64_t done, uint64_t total)
{
    const s1_reindex_options *const options = user;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

static s1_rc count(void *user, const s1_catalog_dataset *dataset, s1_err *err)
{
    (void)err;
    s1_reindex_report *const report = user;
    report->datasets++;
    report->files += dataset->file_count;
    report->rows += dataset->rows;
    report->bytes += dataset->bytes;
    return S1_OK;
}

s1_rc s1_api_data_reindex(const s1_reindex_options *options, s1_reindex_report *ret_report,
                          s1_err *err)
{
    const s1_nanos started = s1_clock_monotonic(s1_clock_real());
    s1_reindex_options callback = *options;
    s1_reindex_report report = {0};
    s1_open_archive archive;
    S1_TRY(err, s1_open_archive_begin(options->archive_dir, &archive, err));
    s1_rc rc =
        s1_catalog_reindex(archive.catalog, archive.persistor, on_progress, &callback, NULL, err);
    if (rc == S1_OK) {
        rc = s1_catalog_visit_datasets(archive.catalog, count, &report, err);
    }
    (void)snprintf(report.notice, sizeof report.notice, "%s", s1_catalog_notice(archive.catalog));
    s1_open_archive_end(&archive);
    if (rc == S1_OK) {
        report.seconds = (double)(s1_clock_monotonic(s1_clock_real()) - started) / 1e9;
        *ret_report = report;
    }
    return rc;
}
