#include "services/api/data_list.h"

#include "s1mple/error.h"
#include "services/api/data_list_internal.h"
#include "services/api/data_open_internal.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 28)

struct s1_list_report {
    s1_arena arena;
    s1_list_entry *entries; /* owned */
    size_t count, capacity;
    const char *notice;
    const s1_list_options *options;
    s1_stream_key wanted;             /* where a kind is asked for */
    s1_catalog *catalog;              /* borrowed while it is filled */
    s1_instrument_sessions *sessions; /* owned */
};

s1_rc s1_list_entry_of(const s1_catalog_dataset *d, s1_arena *arena, s1_list_entry *ret_entry,
                       s1_err *err)
{
    char kind[S1_STREAM_KIND_MAX];
    const bool is_bars = d->key.data_type == S1_DATA_OHLCV;
    const s1_list_entry entry = {
        .source = s1_arena_copy_cstr(arena, d->key.source),
        .asset_pair = s1_arena_copy_cstr(arena, d->key.asset_pair),
        .data_type = s1_data_type_name(d->key.data_type),
        .timeframe =
            is_bars ? s1_arena_copy_cstr(arena, s1_str_of(s1_stream_kind(&d->key, kind))) : NULL,
        .rows = d->rows,
        .bytes = d->bytes,
        .files = d->file_count,
        .versions = d->versions,
        .first = d->first,
        .last = d->last,
        .price_scale = d->price_scale,
        .qty_scale = d->qty_scale,
        .session = s1_arena_copy_cstr(arena, s1_str_of(d->session)),
        .gaps = d->gaps,
        .missing = d->missing,
        .completeness = d->completeness,
        .checked_at = d->checked_at,
        .is_check_old = d->is_check_old,
        .errors = d->errors,
        .warnings = d->warnings,
        .infos = d->infos,
    };
    if (entry.source == NULL || entry.asset_pair == NULL || entry.session == NULL ||
        (is_bars && entry.timeframe == NULL)) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a list of datasets");
    }
    *ret_entry = entry;
    return S1_OK;
}

static s1_rc count_gap(void *user, const s1_catalog_gap *gap, s1_err *err)
{
    (void)err;
    s1_list_entry *const entry = user;
    entry->gaps++;
    entry->missing += gap->missing;
    return S1_OK;
}

s1_rc s1_list_entry_apply(s1_list_entry *entry, s1_catalog *catalog, const s1_stream_key *key,
                          const s1_instrument_sessions *sessions, s1_arena *arena, s1_err *err)
{
    s1_session session = {0};
    const char *hours = NULL;
    if (key->data_type != S1_DATA_OHLCV || !s1_instrument_sessions_has(sessions, key->asset_pair)) {
        return S1_OK;
    }
    S1_TRY(err, s1_instrument_sessions_add(sessions, key->asset_pair, NULL, &session, &hours, err));
    entry->session = s1_arena_copy_cstr(arena, s1_str_of(hours));
    entry->gaps = 0;
    entry->missing = 0;
    S1_TRY(err, s1_catalog_visit_gaps(catalog, key, S1_RANGE_ALL, &session, count_gap, entry, err));
    entry->completeness = (double)entry->rows / (double)(entry->rows + entry->missing);
    return entry->session != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "a session's name");
}

static s1_rc take(void *user, const s1_catalog_dataset *d, s1_err *err)
{
    s1_list_report *const report = user;
    const s1_list_options *const options = report->options;
    if ((options->asset_pair != NULL && !s1_str_eq_cstr(d->key.asset_pair, options->asset_pair)) ||
        (options->source != NULL && !s1_str_eq_cstr(d->key.source, options->source)) ||
        (options->kind != NULL && (d->key.data_type != report->wanted.data_type ||
                                   d->key.timeframe != report->wanted.timeframe))) {
        return S1_OK;
    }
    if (report->count == report->capacity) {
        const size_t capacity = report->capacity == 0 ? 64 : 2 * report->capacity;
        s1_list_entry *const entries = realloc(report->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu datasets", capacity);
        }
        report->entries = entries;
        report->capacity = capacity;
    }
    s1_list_entry *const entry = &report->entries[report->count];
    S1_TRY(err, s1_list_entry_of(d, &report->arena, entry, err));
    report->count++;
    return s1_list_entry_apply(entry, report->catalog, &d->key, report->sessions, &report->arena,
                               err);
}

static s1_rc fill(s1_list_report *report, s1_err *err)
{
    s1_open_archive archive;
    S1_TRY(err, s1_instrument_sessions_load(report->options->config_dir, &report->sessions, err));
    S1_TRY(err, s1_open_archive_begin(report->options->archive_dir, &archive, err));
    report->catalog = archive.catalog;
    s1_rc rc = s1_catalog_catch_up(archive.catalog, archive.persistor, NULL, err);
    if (rc == S1_OK) {
        rc = s1_catalog_visit_datasets(archive.catalog, take, report, err);
    }
    if (rc == S1_OK) {
        report->notice =
            s1_arena_copy_cstr(&report->arena, s1_str_of(s1_catalog_notice(archive.catalog)));
        rc = report->notice != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "a notice");
    }
    s1_open_archive_end(&archive);
    report->catalog = NULL;
    return rc;
}

s1_rc s1_api_data_list(const s1_list_options *options, s1_list_report **ret_report, s1_err *err)
{
    s1_list_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a list of datasets");
    }
    s1_arena_init(&report->arena, ARENA_BYTES_MAX, (size_t)1 << 16);
    report->options = options;
    s1_rc rc = options->kind != NULL
                   ? s1_stream_of(NULL, "A/B", options->kind, &report->wanted, err)
                   : S1_OK;
    if (rc == S1_OK) {
        rc = fill(report, err);
    }
    report->options = NULL;
    if (rc != S1_OK) {
        s1_list_report_free(report);
        return rc;
    }
    *ret_report = report;
    return S1_OK;
}

const s1_list_entry *s1_list_entries(const s1_list_report *report, size_t *ret_count)
{
    *ret_count = report->count;
    return report->entries;
}

const char *s1_list_notice(const s1_list_report *report)
{
    return report->notice;
}

void s1_list_report_free(s1_list_report *report)
{
    if (report != NULL) {
        free(report->entries);
        s1_instrument_sessions_free(report->sessions);
        s1_arena_done(&report->arena);
        free(report);
    }
}
