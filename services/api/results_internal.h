/* services/api/results_internal.h - the files behind opened results, for other pages of this
 * folder. */
#ifndef S1_SERVICES_API_RESULTS_INTERNAL_H
#define S1_SERVICES_API_RESULTS_INTERNAL_H

#include "services/api/results.h"

#include <jansson.h>

/* run.json and result_metrics.json as read; borrowed. */
const json_t *s1_results_run_borrow(const s1_results *results);
const json_t *s1_results_metrics_borrow(const s1_results *results);

/* The configuration a run recorded, resolved, as one JSON object: "environments", "runs", ... The
 * caller's reference; NULL where it cannot be read. */
json_t *s1_results_config_read(const char *results_dir);

#endif /* S1_SERVICES_API_RESULTS_INTERNAL_H */
