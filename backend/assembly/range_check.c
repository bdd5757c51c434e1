#include "backend/assembly/range_check.h"

#include "backend/assembly/worker_builder.h"

#include <stdlib.h>
#include <string.h>

bool s1_worker_has_range(const s1_worker *worker)
{
    const s1_worker_plan *const plan = worker->plan;
    if (worker->ops->enrich_range == NULL || worker->type != S1_WORKER_CONTEXT ||
        worker->capabilities != 0 || worker->column_count == 0 || worker->condition_count > 0 ||
        worker->artefact_count > 0 || plan->artefacts_in.count > 0 || plan->feeds.count > 0 ||
        plan->models.count > 0) {
        return false;
    }
    for (uint32_t i = 0; i < worker->input_count; i++) {
        if (worker->inputs[i].column->stream != worker->stream_index) {
            return false;
        }
    }
    return true;
}

static s1_rc fill(const s1_worker *twin, uint64_t rows, s1_err *err)
{
    uint64_t first = 0;
    for (uint64_t count = 1; first < rows; count *= 2) {
        s1_err reason = S1_ERR_INIT;
        const uint64_t part = count < rows - first ? count : rows - first;
        if (twin->ops->enrich_range(twin->self, first, part, &reason) != S1_OK) {
            return S1_RAISE(err, S1_E_PLUGIN,
                            "plugin %.*s (worker %.*s): enrich_range(%llu, %llu) failed: %s",
                            S1_STR_ARG(twin->plugin_name), S1_STR_ARG(twin->instance_id),
                            (unsigned long long)first, (unsigned long long)part, reason.msg);
        }
        first += part;
    }
    return S1_OK;
}

/* A row that no range wrote is NaN, as it is bar by bar. */
static s1_range_difference compare_column(const s1_column_store *truth, s1_column_store *twin,
                                          uint64_t rows)
{
    s1_range_difference difference = {.column = NULL};
    s1_column_store_seal(twin);
    for (uint64_t row = rows; row-- > 0;) {
        const double *const expected = &truth->column.values[row];
        const double *const found = &twin->column.values[row];
        if (memcmp(expected, found, sizeof *found) != 0) {
            difference = (s1_range_difference){truth, row, difference.count + 1, *found, *expected};
        }
    }
    return difference;
}

s1_rc s1_range_compare(const s1_worker *worker, s1_range_difference *ret_differences,
                       uint64_t *ret_compared, s1_err *err)
{
    s1_worker *twin = NULL;
    const uint64_t rows = worker->columns[0]->column.written;
    S1_TRY(err, s1_worker_build_twin(worker, &twin, err));
    const s1_rc rc = fill(twin, rows, err);
    for (uint32_t i = 0; i < worker->column_count && rc == S1_OK; i++) {
        ret_differences[i] = compare_column(worker->columns[i], twin->columns[i], rows);
    }
    if (rc == S1_OK) {
        *ret_compared = rows * worker->column_count;
    }
    s1_worker_free(twin);
    return rc;
}

s1_rc s1_range_prove(const s1_worker *worker, s1_err *err)
{
    uint64_t compared;
    s1_range_difference *const found = calloc(worker->column_count, sizeof *found);
    if (found == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u columns", worker->column_count);
    }
    s1_rc rc = s1_range_compare(worker, found, &compared, err);
    for (uint32_t i = 0; i < worker->column_count && rc == S1_OK; i++) {
        if (found[i].column != NULL) {
            rc = S1_RAISE(err, S1_E_PLUGIN,
                          "plugin %.*s (worker %.*s): enrich_range differs from enrich: column "
                          "%.*s, row %llu: found %.17g, expected %.17g",
                          S1_STR_ARG(worker->plugin_name), S1_STR_ARG(worker->instance_id),
                          S1_STR_ARG(found[i].column->name), (unsigned long long)found[i].row,
                          found[i].found, found[i].expected);
        }
    }
    free(found);
    return rc;
}
