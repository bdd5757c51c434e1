/* services/api/report.h - report.html: a run as one page to show to somebody.
 *
 * Self-contained: styles, script and figures stand in the file, and its content policy forbids it
 * the network. It depends on the run alone, and on those that --ambiguity left beside it: no host
 * time, no path; the same bytes every time.
 */
#ifndef S1_SERVICES_API_REPORT_H
#define S1_SERVICES_API_REPORT_H

#include "backend/utils/text.h"
#include "services/api/results.h"

#define S1_REPORT_FILE "report.html"

/* Appends the page, in the language of the run. Errors: S1_E_NOT_FOUND without equity.parquet or
 * DuckDB, S1_E_DATA for a damaged file, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_api_report_print(s1_results *results, s1_strbuf *out, s1_err *err);

/* Writes it to `path`, whole or not at all; NULL: report.html in the folder of the results. The
 * path that was written stands in `ret_path`, S1_PATH_MAX bytes, if that is not NULL. */
S1_WARN_UNUSED s1_rc s1_api_report_write(s1_results *results, const char *path, char *ret_path,
                                         s1_err *err);

#endif /* S1_SERVICES_API_REPORT_H */
