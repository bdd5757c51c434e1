/* backend/analysis/json_diff.h - what differs between two JSON values, by path. */
#ifndef S1_BACKEND_ANALYSIS_JSON_DIFF_H
#define S1_BACKEND_ANALYSIS_JSON_DIFF_H

#include "backend/utils/text.h"

#include <jansson.h>

/* Called per difference: "workforce.opportunity_workers[ema_crossover].params.fast". NULL stands
 * for a value that is not there. The path is borrowed for the call. */
typedef void (*s1_json_difference_fn)(void *user, s1_str path, const json_t *a, const json_t *b);

/* Compares; either may be NULL. Members in the order of `a`, then what only `b` has. Items of
 * arrays of objects are matched by what names them (id, name, *_id, plugin), others by index.
 * `path` is where to start and scratch; it is as before when the call returns. */
void s1_json_diff(const json_t *a, const json_t *b, s1_strbuf *path, s1_json_difference_fn visit,
                  void *user);

#endif /* S1_BACKEND_ANALYSIS_JSON_DIFF_H */
