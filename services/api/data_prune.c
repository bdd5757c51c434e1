#include "services/api/data_prune.h"

#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct prune {
    const s1_prune_options *options;
    s1_open_archive archive;
    s1_stream_key wanted;       /* where a kind is asked for */
    s1_stream_key_copy **items; /* owned: they do not move */
    size_t count;
    uint64_t seen, bytes; /* versions of one dataset, and of those that go */
    uint64_t all;
} prune;

static bool is_wanted(const prune *p, const s1_stream_key *key)
{
    const s1_prune_options *const o = p->options;
    return (o->asset_pair == NULL || s1_str_eq_cstr(key->asset_pair, o->asset_pair)) &&
           (o->source == NULL || s1_str_eq_cstr(key->source, o->source)) &&
           (o->kind == NULL ||
            (key->data_type == p->wanted.data_type && key->timeframe == p->wanted.timeframe));
}

static s1_rc take(void *user, const s1_stream_key *key, s1_err *err)
{
    prune *const p = user;
    if (!is_wanted(p, key)) {
        return S1_OK;
    }
    s1_stream_key_copy **const items = realloc(p->items, (p->count + 1) * sizeof *items);
    p->items = items != NULL ? items : p->items;
    s1_stream_key_copy *const copy = items != NULL ? malloc(sizeof *copy) : NULL;
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu datasets", p->count + 1);
    }
    s1_stream_key_copy_init(copy, key);
    p->items[p->count++] = copy;
    return S1_OK;
}

static s1_rc count_version(void *user, const s1_data_version *version, s1_err *err)
{
    (void)version;
    (void)err;
    ((prune *)user)->all++;
    return S1_OK;
}

static s1_rc add_bytes(void *user, const s1_data_version *version, s1_err *err)
{
    (void)err;
    prune *const p = user;
    p->bytes += p->seen++ + p->options->keep < p->all ? version->bytes : 0;
    return S1_OK;
}

static s1_rc prune_one(prune *p, const s1_stream_key *key, s1_prune_report *report, s1_err *err)
{
    s1_data_persistor *const persistor = p->archive.persistor;
    uint64_t removed = 0;
    p->all = p->seen = p->bytes = 0;
    S1_TRY(err, s1_data_list_versions(persistor, key, count_version, p, err));
    if (p->all <= p->options->keep) {
        return S1_OK;
    }
    S1_TRY(err, s1_data_list_versions(persistor, key, add_bytes, p, err));
    S1_TRY(err, s1_data_prune_versions(persistor, key, p->options->keep, &removed, err));
    report->datasets += removed > 0 ? 1 : 0;
    report->versions += removed;
    report->bytes += p->bytes;
    return s1_catalog_refresh_stream(p->archive.catalog, persistor, key, err);
}

static s1_rc prune_all(prune *p, s1_prune_report *report, s1_err *err)
{
    S1_TRY(err, s1_open_archive_begin(p->options->archive_dir, &p->archive, err));
    S1_TRY(err, s1_data_list_streams(p->archive.persistor, take, p, err));
    for (size_t i = 0; i < p->count; i++) {
        S1_TRY(err, prune_one(p, &p->items[i]->key, report, err));
    }
    (void)snprintf(report->notice, sizeof report->notice, "%s",
                   s1_catalog_notice(p->archive.catalog));
    return S1_OK;
}

s1_rc s1_api_data_prune(const s1_prune_options *options, s1_prune_report *ret_report, s1_err *err)
{
    prune p = {.options = options};
    s1_prune_report report = {0};
    if (options->kind != NULL) {
        S1_TRY(err, s1_stream_of(NULL, "A/B", options->kind, &p.wanted, err));
    }
    const s1_rc rc = prune_all(&p, &report, err);
    s1_open_archive_end(&p.archive);
    for (size_t i = 0; i < p.count; i++) {
        free(p.items[i]);
    }
    free(p.items);
    if (rc == S1_OK) {
        *ret_report = report;
    }
    return rc;
}
