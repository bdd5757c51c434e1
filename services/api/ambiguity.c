#include "services/api/ambiguity.h"

#include "backend/utils/arena.h"
#include "backend/utils/fs.h"

#include <string.h>

#define ARENA_BYTES_MAX ((size_t)16 << 20)

const char *s1_resolution_name(int resolution)
{
    static const char *const names[S1_RESOLUTION_COUNT] = {"own", "worst", "best"};
    return names[resolution];
}

static s1_rc folder_of(const char *results_dir, int resolution, char path[static S1_PATH_MAX],
                       s1_err *err)
{
    size_t length = strlen(results_dir);
    while (length > 1 && results_dir[length - 1] == '/') {
        length--;
    }
    const int written = snprintf(path, S1_PATH_MAX, "%.*s-%s", (int)length, results_dir,
                                 s1_resolution_name(resolution));
    return written > 0 && (size_t)written < S1_PATH_MAX
               ? S1_OK
               : S1_RAISE(err, S1_E_RANGE, "%s: too long for a results folder", results_dir);
}

s1_rc s1_api_ambiguity_check(const char *results_dir, s1_err *err)
{
    for (int resolution = S1_RESOLUTION_WORST; resolution < S1_RESOLUTION_COUNT; resolution++) {
        char path[S1_PATH_MAX];
        S1_TRY(err, folder_of(results_dir, resolution, path, err));
        if (s1_fs_exists(s1_fs_real(), path)) {
            return S1_RAISE(err, S1_E_EXISTS,
                            "results folder '%s' is there already; name another or remove it",
                            path);
        }
    }
    return S1_OK;
}

/* The caller's overrides, and those of the resolution for every environment the links ran in. */
static s1_rc resolve(const s1_backtest_options *options, const s1_results_list *own, int resolution,
                     s1_arena *arena, s1_backtest_options *ret_options, s1_err *err)
{
    const size_t most = options->override_count + 2 * own->count;
    const char **const all = s1_arena_array(arena, const char *, most + 1);
    if (all == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu overrides", most);
    }
    size_t count = options->override_count;
    if (count > 0) {
        memcpy(all, options->overrides, count * sizeof *all);
    }
    for (size_t i = 0; i < own->count; i++) {
        const s1_results_view *const view = s1_results_view_borrow(own->items[i]);
        if (strcmp(view->ambiguity_rule, "close") == 0) {
            return S1_RAISE(err, S1_E_UNSUPPORTED,
                            "%s matches at the close alone: no bar of it is ambiguous", view->link);
        }
        if (strcmp(view->ambiguity_rule, "trades") == 0 ||
            strcmp(view->ambiguity_rule, "book") == 0) {
            return S1_RAISE(err, S1_E_UNSUPPORTED, "%s matches on %s: no bar of it is ambiguous",
                            view->link,
                            view->ambiguity_rule[0] == 'b' ? "an order book" : "trades");
        }
        const char *const values[] = {s1_resolution_name(resolution), "stop_inside"};
        const char *const keys[] = {"path", "entry_bar"};
        for (size_t k = 0; k < 2; k++) {
            char text[512];
            (void)snprintf(text, sizeof text, "environments.%s.simulation.matching.%s=%s",
                           view->environment, keys[k], values[k]);
            all[count] = s1_arena_copy_cstr(arena, s1_str_of(text));
            if (all[count] == NULL) {
                return S1_RAISE(err, S1_E_NO_MEMORY, "override");
            }
            count++;
        }
    }
    *ret_options = *options;
    ret_options->overrides = all;
    ret_options->override_count = count;
    ret_options->is_profiled = false;
    return S1_OK;
}

static s1_rc run_resolution(const s1_backtest_options *options, const s1_results_list *own,
                            int resolution, s1_results_list *ret_list, s1_err *err)
{
    s1_arena arena;
    char path[S1_PATH_MAX];
    s1_backtest_options changed;
    s1_backtest_outcome *outcome = NULL;
    S1_TRY(err, folder_of(options->results_dir, resolution, path, err));
    s1_arena_init(&arena, ARENA_BYTES_MAX, 0);
    s1_rc rc = resolve(options, own, resolution, &arena, &changed, err);
    if (rc == S1_OK) {
        changed.results_dir = path;
        rc = s1_api_backtest(&changed, &outcome, err);
    }
    s1_backtest_outcome_free(outcome);
    s1_arena_done(&arena);
    S1_TRY(err, rc);
    return s1_api_results_list(path, ret_list, err);
}

s1_rc s1_api_ambiguity(const s1_backtest_options *options, s1_ambiguity_band *ret_band, s1_err *err)
{
    s1_ambiguity_band band = {0};
    s1_results_list *const runs = band.runs;
    S1_TRY(err, s1_api_results_list(options->results_dir, &runs[S1_RESOLUTION_OWN], err));
    s1_rc rc = S1_OK;
    for (int i = S1_RESOLUTION_WORST; i < S1_RESOLUTION_COUNT && rc == S1_OK; i++) {
        rc = run_resolution(options, &runs[S1_RESOLUTION_OWN], i, &runs[i], err);
        if (rc == S1_OK && runs[i].count != runs[S1_RESOLUTION_OWN].count) {
            rc = S1_RAISE(err, S1_E_DATA, "%s: found %zu runs, expected the %zu of the run itself",
                          s1_resolution_name(i), runs[i].count, runs[S1_RESOLUTION_OWN].count);
        }
    }
    if (rc != S1_OK) {
        s1_api_ambiguity_done(&band);
        return rc;
    }
    *ret_band = band;
    return S1_OK;
}

/* DIR-worst, or for the link of an operation DIR-worst/LINK; false where neither is there. */
static bool find_beside(const char *dir, int resolution, char path[static S1_PATH_MAX])
{
    if (folder_of(dir, resolution, path, NULL) == S1_OK && s1_fs_is_folder(s1_fs_real(), path)) {
        return true;
    }
    char parent[S1_PATH_MAX], beside[S1_PATH_MAX];
    const s1_str above = s1_str_dirname(s1_str_of(dir));
    if (above.len == 0 || above.len >= sizeof parent) {
        return false;
    }
    (void)snprintf(parent, sizeof parent, "%.*s", S1_STR_ARG(above));
    return folder_of(parent, resolution, beside, NULL) == S1_OK &&
           s1_path_join(path, S1_PATH_MAX, s1_str_of(beside), s1_str_basename(s1_str_of(dir)),
                        NULL) == S1_OK &&
           s1_fs_is_folder(s1_fs_real(), path);
}

/* Is it the same run, but for what an ambiguous bar decides? */
static bool is_of(const s1_results_view *own, const s1_results_view *other, int resolution)
{
    const char *const pairs[][2] = {{own->data_hash, other->data_hash},
                                    {own->binary_hash, other->binary_hash},
                                    {own->seed, other->seed},
                                    {own->link, other->link},
                                    {own->environment, other->environment},
                                    {own->asset_pair, other->asset_pair},
                                    {own->timeframe, other->timeframe},
                                    {s1_resolution_name(resolution), other->ambiguity_rule}};
    bool is_same = true;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        is_same = is_same && strcmp(pairs[i][0], pairs[i][1]) == 0;
    }
    static const char *const facts[] = {"start_time", "end_time", "bar_count", "initial_capital"};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0] && is_same; i++) {
        const char *const a = s1_results_metric_find(own, facts[i])->text;
        const char *const b = s1_results_metric_find(other, facts[i])->text;
        is_same = a != NULL && b != NULL && strcmp(a, b) == 0;
    }
    return is_same;
}

s1_rc s1_api_ambiguity_beside(const s1_results *own, int resolution, s1_results **ret_results,
                              s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_results *found = NULL;
    if (find_beside(s1_results_view_borrow(own)->dir, resolution, path)) {
        S1_TRY(err, s1_api_results_open(path, NULL, &found, err));
        if (!is_of(s1_results_view_borrow(own), s1_results_view_borrow(found), resolution)) {
            s1_results_free(found);
            found = NULL;
        }
    }
    *ret_results = found;
    return S1_OK;
}

void s1_api_ambiguity_done(s1_ambiguity_band *band)
{
    for (size_t i = 0; i < S1_RESOLUTION_COUNT; i++) {
        s1_results_list_free(&band->runs[i]);
    }
}
