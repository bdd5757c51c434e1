#include "services/operators/data_query_service.h"

#include "backend/utils/text.h"

#include <stdlib.h>

struct s1_data_query_service {
    s1_catalog *catalog;
};

s1_rc s1_data_query_service_new(const s1_fs *fs, const char *archive_dir,
                                s1_data_persistor *archive, s1_data_query_service **ret_service,
                                s1_err *err)
{
    s1_data_query_service *const service = calloc(1, sizeof *service);
    if (service == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a service");
    }
    s1_rc rc = s1_catalog_open(fs, archive_dir, &service->catalog, err);
    if (rc == S1_OK) {
        rc = s1_catalog_sync(service->catalog, archive, NULL, err);
    }
    if (rc != S1_OK) {
        s1_data_query_service_free(service);
        return rc;
    }
    *ret_service = service;
    return S1_OK;
}

void s1_data_query_service_free(s1_data_query_service *service)
{
    if (service != NULL) {
        s1_catalog_close(service->catalog);
        free(service);
    }
}

/* --- Pairs -------------------------------------------------------------------------------- */

/* Datasets come ordered by pair: those of one are taken together until the next begins. */
typedef struct pairs_walk {
    const s1_pairs_query *query;
    s1_query_pair_visitor visit;
    void *user;
    s1_query_pair pair; /* streams 0: none yet */
    char name[S1_PAIR_TEXT_MAX + 1];
} pairs_walk;

static s1_rc give_pair(pairs_walk *walk, s1_err *err)
{
    if (walk->pair.streams == 0) {
        return S1_OK;
    }
    walk->pair.asset_pair = s1_str_of(walk->name);
    const s1_rc rc = walk->visit(walk->user, &walk->pair, err);
    walk->pair = (s1_query_pair){0};
    return rc;
}

static s1_rc on_dataset(void *user, const s1_catalog_dataset *d, s1_err *err)
{
    pairs_walk *const walk = user;
    const s1_pairs_query *const query = walk->query;
    if ((query->data_type != 0 && query->data_type != d->key.data_type) ||
        (query->source.ptr != NULL && !s1_str_eq(query->source, d->key.source))) {
        return S1_OK;
    }
    if (!s1_str_eq_cstr(d->key.asset_pair, walk->name)) {
        S1_TRY(err, give_pair(walk, err));
        (void)snprintf(walk->name, sizeof walk->name, "%.*s", S1_STR_ARG(d->key.asset_pair));
    }
    s1_query_pair *const pair = &walk->pair;
    pair->first = pair->streams == 0 || d->first < pair->first ? d->first : pair->first;
    pair->last = pair->streams == 0 || d->last > pair->last ? d->last : pair->last;
    pair->rows += d->rows;
    pair->bytes += d->bytes;
    pair->streams++;
    return S1_OK;
}

s1_rc s1_data_get_pairs(s1_data_query_service *service, const s1_pairs_query *query,
                        s1_query_pair_visitor visit, void *user, s1_err *err)
{
    pairs_walk walk = {.query = query, .visit = visit, .user = user};
    S1_TRY(err, s1_catalog_visit_datasets(service->catalog, on_dataset, &walk, err));
    return give_pair(&walk, err);
}

/* --- Coverage and range ------------------------------------------------------------------- */

s1_rc s1_data_get_coverage(s1_data_query_service *service, const s1_stream_key *key,
                           s1_time_range range, s1_coverage_visitor visit, void *user, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    return s1_catalog_visit_coverage(service->catalog, key, range, visit, user, err);
}

s1_rc s1_data_get_range(s1_data_query_service *service, const s1_stream_key *key,
                        s1_query_range *ret_range, s1_err *err)
{
    s1_catalog_dataset dataset;
    S1_TRY(err, s1_stream_key_check(key, err));
    S1_TRY(err, s1_catalog_find(service->catalog, key, &dataset, err));
    *ret_range = (s1_query_range){.first = dataset.first,
                                  .last = dataset.last,
                                  .rows = dataset.rows,
                                  .gaps = dataset.gaps,
                                  .completeness = dataset.completeness};
    return S1_OK;
}
