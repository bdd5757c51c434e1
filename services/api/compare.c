#include "services/api/compare.h"

#include "backend/analysis/json_diff.h"
#include "backend/config/config.h"
#include "backend/utils/arena.h"
#include "backend/utils/fs.h"
#include "backend/utils/json_memory.h"
#include "services/api/results_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX  ((size_t)64 << 20)
#define CONFIG_BYTES_MAX ((size_t)256 << 20)
#define JSON_BYTES_MAX   ((size_t)256 << 20)
#define PATH_BYTES_MAX   65536u
#define VALUE_CHARS_MAX  60u

struct s1_comparison {
    s1_arena arena;
    s1_comparison_view view;
    s1_compare_setting settings[S1_COMPARE_SETTINGS_MAX];
    const char **values[S1_COMPARE_SETTINGS_MAX]; /* those of settings, to be written */
    size_t count;
    size_t other; /* the run being compared with the first */
    bool is_short;
};

/* --- Configuration. ----------------------------------------------------------------------- */

json_t *s1_results_config_read(const char *results_dir)
{
    char dir[S1_PATH_MAX];
    s1_arena arena;
    s1_faults faults;
    s1_strbuf text;
    const s1_config *config = NULL;
    json_t *root = NULL;
    s1_arena_init(&arena, CONFIG_BYTES_MAX, 0);
    s1_faults_init(&faults, &arena, 0);
    s1_strbuf_init(&text, JSON_BYTES_MAX);
    if (s1_path_join(dir, sizeof dir, s1_str_of(results_dir), S1_STR("config"), NULL) == S1_OK) {
        const s1_config_options options = {.dir = dir, .target = "operation", .fs = s1_fs_real()};
        if (s1_config_load(&options, &arena, &faults, &config, NULL) == S1_OK &&
            faults.errors == 0) {
            s1_config_print_resolved_json(config, &text);
            root = json_loadb(text.data, text.len, 0, NULL);
        }
    }
    s1_strbuf_done(&text);
    s1_arena_done(&arena);
    return root;
}

/* A value as a cell of a table: text as it is, all else as JSON, what is long by its kind. */
static const char *print_value(s1_comparison *c, const json_t *value)
{
    char *const dump = value != NULL && !json_is_string(value)
                           ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY)
                           : NULL;
    const char *text = value == NULL                     ? "-"
                       : json_is_string(value)           ? json_string_value(value)
                       : dump == NULL                    ? ""
                       : strlen(dump) <= VALUE_CHARS_MAX ? dump
                       : json_is_object(value)           ? "{...}"
                                                         : "[...]";
    const char *const copy = s1_arena_copy_cstr(&c->arena, s1_str_of(text));
    s1_json_text_free(dump);
    c->is_short = c->is_short || copy == NULL;
    return copy != NULL ? copy : "";
}

/* The setting of a path, made where it is new; NULL where there is no room. */
static const char **setting_of(s1_comparison *c, s1_str path, const json_t *first)
{
    for (size_t i = 0; i < c->view.setting_count; i++) {
        if (s1_str_eq_cstr(path, c->settings[i].path)) {
            return c->values[i];
        }
    }
    if (c->view.setting_count == S1_COMPARE_SETTINGS_MAX) {
        c->view.settings_left_out++;
        return NULL;
    }
    const char *const name = s1_arena_copy_cstr(&c->arena, path);
    const char **const values = s1_arena_array(&c->arena, const char *, c->count);
    if (name == NULL || values == NULL) {
        c->is_short = true;
        return NULL;
    }
    const char *const same = print_value(c, first);
    for (size_t i = 0; i < c->count; i++) {
        values[i] = same;
    }
    const size_t at = c->view.setting_count++;
    c->settings[at] = (s1_compare_setting){name, values};
    c->values[at] = values;
    return values;
}

static void take_difference(void *user, s1_str path, const json_t *a, const json_t *b)
{
    s1_comparison *const c = user;
    const char **const values = setting_of(c, path, a);
    if (values != NULL) {
        values[c->other] = print_value(c, b);
    }
}

/* A copy of a blueprint under another name is compared with what it was copied from: of two runs of
 * one blueprint each the second's takes the name of the first's, and what only says the names (the
 * links) is left out. */
static void align(const json_t *first, json_t *other)
{
    json_t *const runs = json_object_get(other, "runs");
    json_t *const operation = json_object_get(other, "operation");
    const json_t *const first_runs = json_object_get(first, "runs");
    const json_t *const links =
        json_object_get(json_object_get(first, "operation"), "strategy_links");
    void *const at = json_object_iter(runs);
    const char *const name =
        json_object_iter_key(json_object_iter((json_t *)(uintptr_t)first_runs));
    if (json_object_size(runs) != 1 || json_object_size(first_runs) != 1 ||
        strcmp(json_object_iter_key(at), name) == 0) {
        return;
    }
    json_t *const run = json_incref(json_object_iter_value(at));
    bool is_whole = json_object_clear(runs) == 0 && json_object_set_new(runs, name, run) == 0;
    if (links != NULL) {
        is_whole = is_whole &&
                   json_object_set(operation, "strategy_links", (json_t *)(uintptr_t)links) == 0;
    }
    (void)is_whole; /* without memory it stays under its own name */
}

static void compare_configs(s1_comparison *c, s1_results *const *items)
{
    json_t *const first = s1_results_config_read(s1_results_view_borrow(items[0])->dir);
    s1_strbuf path;
    s1_strbuf_init(&path, PATH_BYTES_MAX);
    c->view.config_missing = first == NULL;
    for (c->other = 1; c->other < c->count; c->other++) {
        json_t *const other = s1_results_config_read(s1_results_view_borrow(items[c->other])->dir);
        if (other == NULL) {
            c->view.config_missing++;
        } else if (first != NULL) {
            align(first, other);
            s1_json_diff(first, other, &path, take_difference, c);
        }
        json_decref(other);
    }
    s1_strbuf_done(&path);
    json_decref(first);
}

/* --- Returns. ----------------------------------------------------------------------------- */

typedef struct returns {
    const s1_results_return *items;
    size_t count;
} returns;

/* Sums of two paired series, `x` the first run. */
typedef struct pair_sums {
    double n, mean_x, mean_y, xx, yy, xy; /* squares and products around the means */
} pair_sums;

static pair_sums pair(const returns *a, const returns *b)
{
    pair_sums sums = {0};
    for (int pass = 0; pass < 2; pass++) {
        size_t i = 0;
        size_t k = 0;
        while (i < a->count && k < b->count) {
            const s1_results_return *const x = &a->items[i];
            const s1_results_return *const y = &b->items[k];
            i += x->end <= y->end;
            k += y->end <= x->end;
            if (x->end != y->end) {
                continue;
            }
            if (pass == 0) {
                sums.n += 1.0;
                sums.mean_x += x->value;
                sums.mean_y += y->value;
            } else {
                const double dx = x->value - sums.mean_x;
                const double dy = y->value - sums.mean_y;
                sums.xx += dx * dx;
                sums.yy += dy * dy;
                sums.xy += dx * dy;
            }
        }
        if (pass == 0 && sums.n > 0.0) {
            sums.mean_x /= sums.n;
            sums.mean_y /= sums.n;
        }
    }
    return sums;
}

static double two_sided(double z)
{
    return erfc(fabs(z) / sqrt(2.0));
}

static double quotient(double a, double b)
{
    return b > 1e-15 ? a / b : (double)NAN;
}

/* `rate` is the risk-free rate of a period. */
static s1_compare_pair judge(const pair_sums *s, double periods, double rate)
{
    const double none = (double)NAN;
    s1_compare_pair out = {.pairs = (uint64_t)s->n,
                           .correlation = none,
                           .mean = none,
                           .mean_t = none,
                           .mean_p = none,
                           .sharpe = none,
                           .sharpe_z = none,
                           .sharpe_p = none};
    if (s->n < 3.0) {
        return out;
    }
    const double deviation_x = sqrt(s->xx / (s->n - 1.0));
    const double deviation_y = sqrt(s->yy / (s->n - 1.0));
    const double apart = s->mean_y - s->mean_x;
    const double spread = sqrt(fmax(0.0, s->xx + s->yy - 2.0 * s->xy) / (s->n - 1.0));
    const double sharpe_x = quotient(s->mean_x - rate, deviation_x);
    const double sharpe_y = quotient(s->mean_y - rate, deviation_y);
    const double rho = quotient(s->xy / (s->n - 1.0), deviation_x * deviation_y);
    const double variance = (2.0 * (1.0 - rho) + 0.5 * (sharpe_x * sharpe_x + sharpe_y * sharpe_y -
                                                        2.0 * sharpe_x * sharpe_y * rho * rho)) /
                            s->n;
    out.correlation = rho;
    out.mean = apart * periods;
    out.mean_t = quotient(apart, spread / sqrt(s->n));
    out.mean_p = two_sided(out.mean_t);
    out.sharpe = (sharpe_y - sharpe_x) * sqrt(periods);
    out.sharpe_z = quotient(sharpe_y - sharpe_x, sqrt(fmax(0.0, variance)));
    out.sharpe_p = two_sided(out.sharpe_z);
    return out;
}

static s1_rc compare_returns(s1_comparison *c, s1_results *const *items, s1_err *err)
{
    s1_compare_pair *const pairs = s1_arena_array(&c->arena, s1_compare_pair, c->count);
    returns *const all = s1_arena_array(&c->arena, returns, c->count);
    if (pairs == NULL || all == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu runs", c->count);
    }
    c->view.has_returns = true;
    for (size_t i = 0; i < c->count; i++) {
        s1_err reason = S1_ERR_INIT;
        const s1_rc rc = s1_api_results_returns(items[i], &all[i].items, &all[i].count, &reason);
        if (rc == S1_E_NOT_FOUND) { /* the figures can be compared without */
            all[i] = (returns){NULL, 0};
            c->view.has_returns = false;
        } else if (rc != S1_OK) {
            return S1_RAISE(err, rc, "%s", reason.msg);
        }
    }
    const s1_results_view *const first = s1_results_view_borrow(items[0]);
    const double periods = first->periods_per_year;
    const double rate = pow(1.0 + first->risk_free_rate, 1.0 / periods) - 1.0;
    for (size_t i = 0; i < c->count; i++) {
        const pair_sums sums = pair(&all[0], &all[i]);
        pairs[i] = judge(&sums, periods, rate);
    }
    c->view.pairs = pairs;
    return S1_OK;
}

static bool is_same_data(s1_results *const *items, size_t count)
{
    static const char *const facts[] = {"start_time", "end_time", "bar_count"};
    const s1_results_view *const first = s1_results_view_borrow(items[0]);
    bool is_same = true;
    for (size_t i = 1; i < count; i++) {
        const s1_results_view *const other = s1_results_view_borrow(items[i]);
        is_same = is_same && strcmp(first->data_hash, other->data_hash) == 0;
        for (size_t k = 0; k < sizeof facts / sizeof facts[0]; k++) {
            const char *const a = s1_results_metric_find(first, facts[k])->text;
            const char *const b = s1_results_metric_find(other, facts[k])->text;
            is_same = is_same && a != NULL && b != NULL && strcmp(a, b) == 0;
        }
    }
    return is_same;
}

/* --- The comparison. ---------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    const s1_compare_setting *const x = a;
    const s1_compare_setting *const y = b;
    return strcmp(x->path, y->path);
}

s1_rc s1_api_compare(s1_results *const *items, size_t count, s1_comparison **ret_comparison,
                     s1_err *err)
{
    s1_comparison *const c = calloc(1, sizeof *c);
    if (c == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "comparison of %zu runs", count);
    }
    s1_arena_init(&c->arena, ARENA_BYTES_MAX, 0);
    c->count = count;
    c->view.settings = c->settings;
    c->view.is_same_data = is_same_data(items, count);
    const uint64_t before = s1_json_memory_failures();
    compare_configs(c, items);
    s1_rc rc = s1_json_memory_judge(before, compare_returns(c, items, err), err);
    if (rc == S1_OK && c->is_short) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "settings of %zu runs", count);
    }
    if (rc != S1_OK) {
        s1_comparison_free(c);
        return rc;
    }
    qsort(c->settings, c->view.setting_count, sizeof c->settings[0], by_path);
    *ret_comparison = c;
    return S1_OK;
}

void s1_comparison_free(s1_comparison *comparison)
{
    if (comparison != NULL) {
        s1_arena_done(&comparison->arena);
        free(comparison);
    }
}

const s1_comparison_view *s1_comparison_view_borrow(const s1_comparison *comparison)
{
    return &comparison->view;
}
