#include "backend/data/models/lightgbm.h"

#include "backend/utils/late_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PREDICT_NORMAL 0
#define TYPE_FLOAT64   1
#define ALL_ITERATIONS (-1)
#define PARAMETERS     "num_threads=1 predict_disable_shape_check=false"
#define MESSAGE_MAX    300

/* X(name, parameters): the functions used, of LightGBM's c_api.h. Each but the first two returns 0,
 * or -1 with a text in GetLastError. */
#define SYMBOL_MAP(X)                                                                              \
    X(BoosterLoadModelFromString, (const char *text, int *ret_iterations, void **ret_booster))     \
    X(BoosterFree, (void *booster))                                                                \
    X(BoosterGetNumFeature, (void *booster, int *ret_count))                                       \
    X(BoosterGetNumClasses, (void *booster, int *ret_count))                                       \
    X(BoosterPredictForMatSingleRowFastInit,                                                       \
      (void *booster, int predict_type, int first, int count, int data_type, int32_t columns,      \
       const char *parameters, void **ret_fast))                                                   \
    X(BoosterPredictForMatSingleRowFast,                                                           \
      (void *fast, const void *row, int64_t *ret_count, double *ret_scores))                       \
    X(FastConfigFree, (void *fast))                                                                \
    X(RegisterLogCallback, (void (*callback)(const char *)))

typedef struct lightgbm_api {
    const char *(*GetLastError)(void);
#define X(name, parameters) int(*name) parameters;
    SYMBOL_MAP(X)
#undef X
} lightgbm_api;

static struct {
    pthread_mutex_t lock;
    bool is_open;
    lightgbm_api api; /* constant once open */
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct lightgbm_model {
    s1_model view; /* first: what plugins are handed */
    const lightgbm_api *api;
    void *booster, *fast;
} lightgbm_model;

/* --- The library. ------------------------------------------------------------------------- */

static s1_rc find_library(char ret_path[static S1_PATH_MAX], s1_err *err)
{
    static const char *const beside[] = {"lib",
                                         "../lib",
                                         "../lib/s1mpletrader",
                                         "../.deps/lightgbm/lib",
                                         "../../.deps/lightgbm/lib",
                                         "../../../.deps/lightgbm/lib"};
    const s1_late_library late = {.what = "LightGBM",
                                  .file = "lib_lightgbm.so",
                                  .variable = "S1_LIGHTGBM",
                                  .advice = "tools/setup.sh model",
                                  .beside = beside,
                                  .beside_count = sizeof beside / sizeof beside[0]};
    return s1_late_library_find(&late, ret_path, err);
}

/* What the library would print; what fails is in GetLastError. */
static void be_silent(const char *message)
{
    (void)message;
}

/* Under the lock. */
static s1_rc open_library(s1_err *err)
{
    char path[S1_PATH_MAX];
    lightgbm_api api;
    S1_TRY(err, find_library(path, err));
    void *const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        return S1_RAISE(err, S1_E_IO, "LightGBM library: %.300s", dlerror());
    }
    bool has_all = s1_late_library_bind(handle, "LGBM_GetLastError", &api.GetLastError);
    const char *missing = "LGBM_GetLastError";
#define X(name, parameters)                                                                        \
    if (has_all && !s1_late_library_bind(handle, "LGBM_" #name, &api.name)) {                      \
        has_all = false;                                                                           \
        missing = "LGBM_" #name;                                                                   \
    }
    SYMBOL_MAP(X)
#undef X
    if (!has_all) {
        (void)dlclose(handle);
        return S1_RAISE(err, S1_E_ABI, "LightGBM library '%.200s': it has no %s", path, missing);
    }
    (void)api.RegisterLogCallback(be_silent);
    library.api = api;
    library.is_open = true;
    return S1_OK;
}

static s1_rc take_api(const lightgbm_api **ret_api, s1_err *err)
{
    (void)pthread_mutex_lock(&library.lock);
    const s1_rc rc = library.is_open ? S1_OK : open_library(err);
    (void)pthread_mutex_unlock(&library.lock);
    *ret_api = &library.api;
    return rc;
}

/* --- Models. ------------------------------------------------------------------------------ */

static s1_rc model_predict(void *self, const double *features, double *ret_scores, s1_err *err)
{
    const lightgbm_model *const model = self;
    int64_t count = 0;
    if (model->api->BoosterPredictForMatSingleRowFast(model->fast, features, &count, ret_scores) !=
        0) {
        return S1_RAISE(err, S1_E_PLUGIN, "LightGBM: %.*s", MESSAGE_MAX,
                        model->api->GetLastError());
    }
    return S1_OK;
}

static s1_rc look_at(lightgbm_model *model, s1_err *err)
{
    const lightgbm_api *const api = model->api;
    int features = 0;
    int scores = 0;
    if (api->BoosterGetNumFeature(model->booster, &features) != 0 ||
        api->BoosterGetNumClasses(model->booster, &scores) != 0) {
        return S1_RAISE(err, S1_E_DATA, "LightGBM: %.*s", MESSAGE_MAX, api->GetLastError());
    }
    if (features < 1 || (uint32_t)features > S1_MODEL_FEATURES_MAX || scores < 1 ||
        (uint32_t)scores > S1_MODEL_SCORES_MAX) {
        return S1_RAISE(err, S1_E_RANGE,
                        "a model of %d features and %d scores, expected 1 to %u and 1 to %u",
                        features, scores, S1_MODEL_FEATURES_MAX, S1_MODEL_SCORES_MAX);
    }
    model->view.feature_count = (uint32_t)features;
    model->view.score_count = (uint32_t)scores;
    if (api->BoosterPredictForMatSingleRowFastInit(model->booster, PREDICT_NORMAL, 0,
                                                   ALL_ITERATIONS, TYPE_FLOAT64, features,
                                                   PARAMETERS, &model->fast) != 0) {
        return S1_RAISE(err, S1_E_DATA, "LightGBM: %.*s", MESSAGE_MAX, api->GetLastError());
    }
    return S1_OK;
}

s1_rc s1_lightgbm_new(s1_str text, s1_model **ret_model, s1_err *err)
{
    static const char head[] = "tree\n";
    const lightgbm_api *api;
    if (text.len < sizeof head || memcmp(text.ptr, head, sizeof head - 1) != 0) {
        return S1_RAISE(err, S1_E_DATA,
                        "found no LightGBM model, expected the text of Booster.save_model, which "
                        "begins with 'tree'");
    }
    S1_TRY(err, take_api(&api, err));
    char *const copy = s1_str_dup(text); /* the library wants an end */
    lightgbm_model *const model = calloc(1, sizeof *model);
    s1_rc rc = S1_OK;
    if (copy == NULL || model == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "a model of %zu bytes", text.len);
        goto out;
    }
    model->view = (s1_model){.size = sizeof model->view, .self = model, .predict = model_predict};
    model->api = api;
    int iterations = 0;
    if (api->BoosterLoadModelFromString(copy, &iterations, &model->booster) != 0) {
        model->booster = NULL;
        rc = S1_RAISE(err, S1_E_DATA, "LightGBM: %.*s", MESSAGE_MAX, api->GetLastError());
        goto out;
    }
    S1_TRY_GOTO(err, rc, out, look_at(model, err));
    *ret_model = &model->view;
out:
    free(copy);
    if (rc != S1_OK && model != NULL) {
        s1_lightgbm_free(&model->view);
    }
    return rc;
}

void s1_lightgbm_free(s1_model *model)
{
    if (model == NULL) {
        return;
    }
    lightgbm_model *const own = model->self;
    if (own->fast != NULL) {
        (void)own->api->FastConfigFree(own->fast);
    }
    if (own->booster != NULL) {
        (void)own->api->BoosterFree(own->booster);
    }
    free(own);
}
