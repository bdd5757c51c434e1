#include "services/api/journal.h"

#include "backend/analysis/journal_index.h"
#include "backend/analysis/results_writer.h"
#include "backend/utils/hash.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "services/api/journal_open_internal.h"
#include "services/api/results.h"

#include <stdlib.h>

#define ID_PREFIX_MIN 4u

/* --- Opening. ----------------------------------------------------------------------------- */

/* The file of the journal of `path`. */
static s1_rc journal_file(const char *path, char file[static S1_PATH_MAX], s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    if (!s1_fs_is_folder(fs, path)) {
        return s1_journal_segment_path(path, 1, file, err);
    }
    S1_TRY(err, s1_path_join(file, S1_PATH_MAX, s1_str_of(path), s1_str_of(S1_RESULTS_JOURNAL_FILE),
                             err));
    if (s1_fs_is_file(fs, file)) {
        return S1_OK;
    }
    s1_results *results = NULL;
    S1_TRY(err, s1_api_results_open(path, NULL, &results, err));
    const s1_results_view *const view = s1_results_view_borrow(results);
    s1_rc rc = s1_path_join(file, S1_PATH_MAX, s1_str_of(view->dir),
                            s1_str_of(S1_RESULTS_JOURNAL_FILE), err);
    if (rc == S1_OK && !s1_fs_is_file(fs, file)) {
        rc = S1_RAISE(err, S1_E_NOT_FOUND, "%s keeps no journal (level %s)", view->dir,
                      view->journal_level);
    }
    s1_results_free(results);
    return rc;
}

s1_rc s1_api_journal_open(const char *path, s1_journal_reader **ret_reader, s1_err *err)
{
    char file[S1_PATH_MAX];
    S1_TRY(err, journal_file(path, file, err));
    return s1_journal_reader_open(s1_fs_real(), file, ret_reader, err);
}

/* Lower-case digits without dashes; false for what is no id. */
static bool digits_of(const char *id, char digits[static 33], size_t *ret_count)
{
    size_t count = 0;
    for (const char *at = id; *at != '\0'; at++) {
        const char c = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
        if (c == '-') {
            continue;
        }
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) || count == 32) {
            return false;
        }
        digits[count++] = c;
    }
    *ret_count = count;
    return count >= ID_PREFIX_MIN;
}

/* True if an entry stands at every place: an index may be older than a changed journal. */
static bool do_places_hold(s1_journal_reader *reader, const s1_journal_place *places, size_t count)
{
    s1_journal_reader_select(reader, places, count);
    for (size_t i = 0; i < count; i++) {
        const s1_journal_entry *entry = NULL;
        if (s1_journal_reader_next(reader, &entry, NULL) != S1_OK) {
            return false;
        }
    }
    s1_journal_reader_rewind(reader);
    return true;
}

/* Selects what the index knows. False: there is none that can be used. */
static bool select_id(s1_journal_reader *reader, const char *file, s1_str digits, bool is_story,
                      s1_journal_place **ret_places)
{
    s1_journal_index *index = NULL;
    s1_journal_place *places = NULL;
    size_t count = 0;
    size_t ids = 0;
    s1_rc rc = s1_journal_index_open(s1_fs_real(), file, reader, &index, NULL);
    if (rc == S1_OK) {
        rc = is_story ? s1_journal_index_story(index, reader, digits, &places, &count, &ids, NULL)
                      : s1_journal_index_find(index, digits, &places, &count, &ids, NULL);
    }
    s1_journal_index_free(index);
    if (rc != S1_OK) {
        s1_journal_index_drop(s1_fs_real(), file); /* made anew next time */
    }
    if (rc == S1_OK && places != NULL && do_places_hold(reader, places, count)) {
        *ret_places = places;
        return true;
    }
    if (places != NULL) {
        s1_journal_index_drop(s1_fs_real(), file);
    }
    free(places);
    s1_journal_reader_select(reader, NULL, 0);
    return false;
}

s1_rc s1_api_journal_open_id(const char *path, const char *id, bool is_story,
                             s1_journal_reader **ret_reader, s1_journal_place **ret_places,
                             s1_err *err)
{
    char file[S1_PATH_MAX];
    char digits[33];
    size_t count = 0;
    s1_journal_reader *reader = NULL;
    S1_TRY(err, journal_file(path, file, err));
    S1_TRY(err, s1_journal_reader_open(s1_fs_real(), file, &reader, err));
    *ret_places = NULL;
    if (id != NULL && s1_journal_reader_size(reader) >= S1_JOURNAL_INDEX_FROM &&
        digits_of(id, digits, &count)) {
        (void)select_id(reader, file, s1_str_make(digits, count), is_story, ret_places);
    }
    *ret_reader = reader;
    return S1_OK;
}

/* --- Filtering. --------------------------------------------------------------------------- */

typedef struct matcher {
    const s1_journal_filter *filter;
    s1_nanos from, to;
    char digits[33]; /* of the id, lower case without dashes */
    size_t digit_count;
} matcher;

static s1_rc matcher_id(matcher *m, const char *id, s1_err *err)
{
    return digits_of(id, m->digits, &m->digit_count)
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID, "id '%s': expected %u to 32 hexadecimal digits", id,
                          ID_PREFIX_MIN);
}

static s1_rc matcher_init(matcher *m, const s1_journal_filter *filter, s1_err *err)
{
    *m = (matcher){.filter = filter, .from = INT64_MIN, .to = INT64_MAX};
    if (filter->from != NULL) {
        S1_TRY(err, s1_time_parse(s1_str_of(filter->from), &m->from, err));
    }
    if (filter->to != NULL) {
        S1_TRY(err, s1_time_parse(s1_str_of(filter->to), &m->to, err));
    }
    if (filter->id != NULL) {
        S1_TRY(err, matcher_id(m, filter->id, err));
    }
    s1_str rest = s1_str_of(filter->types);
    s1_str part;
    for (bool is_done = filter->types == NULL; s1_str_split(&rest, ',', &part, &is_done);) {
        bool is_known = false;
        for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
            is_known = is_known ||
                       s1_str_starts_with(s1_str_of(s1_journal_kind_name(kind)), s1_str_trim(part));
        }
        if (!is_known) {
            return S1_RAISE(err, S1_E_INVALID, "no kind of entry starts with '%.*s'",
                            S1_STR_ARG(part));
        }
    }
    return S1_OK;
}

static bool type_fits(const matcher *m, s1_str type)
{
    s1_str rest = s1_str_of(m->filter->types);
    s1_str part;
    for (bool is_done = false; s1_str_split(&rest, ',', &part, &is_done);) {
        if (s1_str_starts_with(type, s1_str_trim(part))) {
            return true;
        }
    }
    return false;
}

static bool id_fits(const matcher *m, const s1_journal_entry *entry)
{
    for (int32_t kind = 0; kind < S1_JOURNAL_ID_COUNT; kind++) {
        if ((entry->ids_present >> kind & 1u) == 0) {
            continue;
        }
        char digits[2 * sizeof entry->ids[kind].bytes + 1];
        s1_hex_print(entry->ids[kind].bytes, sizeof entry->ids[kind].bytes, digits);
        if (strncmp(digits, m->digits, m->digit_count) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const matcher *m, const s1_journal_entry *entry)
{
    return entry->time >= m->from && entry->time < m->to &&
           (m->filter->types == NULL || type_fits(m, entry->type)) &&
           (m->filter->id == NULL || id_fits(m, entry));
}

/* --- Walking. ----------------------------------------------------------------------------- */

static s1_str id_text(const s1_journal_entry *entry, int32_t kind, char buffer[S1_UID_TEXT_MAX])
{
    if ((entry->ids_present >> kind & 1u) == 0) {
        return (s1_str){NULL, 0};
    }
    return s1_str_make(buffer, s1_uid_print(entry->ids[kind], buffer));
}

static s1_rc show(const s1_journal_entry *entry, s1_journal_view_fn fn, void *user, s1_err *err)
{
    char ids[4][S1_UID_TEXT_MAX];
    const s1_journal_view view = {
        .seq = entry->seq,
        .time = entry->time,
        .time_text = entry->time_text,
        .type = entry->type,
        .worker = entry->worker,
        .opportunity_id = id_text(entry, S1_JOURNAL_ID_OPPORTUNITY, ids[0]),
        .trade_id = id_text(entry, S1_JOURNAL_ID_TRADE, ids[1]),
        .threat_id = id_text(entry, S1_JOURNAL_ID_THREAT, ids[2]),
        .order_id = id_text(entry, S1_JOURNAL_ID_ORDER, ids[3]),
        .details = entry->details,
        .line = entry->line,
    };
    return fn(user, &view, err);
}

s1_rc s1_api_journal_walk(const char *path, const s1_journal_filter *filter, s1_journal_view_fn fn,
                          void *user, s1_err *err)
{
    matcher m;
    S1_TRY(err, matcher_init(&m, filter, err));
    s1_journal_reader *reader = NULL;
    s1_journal_place *places = NULL;
    S1_TRY(err, s1_api_journal_open_id(path, filter->id, false, &reader, &places, err));
    uint64_t shown = 0;
    s1_rc rc = S1_OK;
    while (rc == S1_OK && (filter->limit == 0 || shown < filter->limit)) {
        const s1_journal_entry *entry = NULL;
        rc = s1_journal_reader_next(reader, &entry, err);
        if (rc != S1_OK || entry == NULL) {
            break;
        }
        if (fits(&m, entry)) {
            rc = show(entry, fn, user, err);
            shown++;
        }
    }
    s1_journal_reader_free(reader);
    free(places);
    return rc;
}

/* --- Verifying. --------------------------------------------------------------------------- */

s1_rc s1_api_journal_verify(const char *path, s1_journal_report *ret_report, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    s1_journal_verdict verdict = {0};
    s1_journal_report report = {0};
    S1_TRY(err, s1_api_journal_open(path, &reader, err));
    const s1_rc rc = s1_journal_verify(reader, &verdict, err);
    s1_journal_reader_free(reader);
    S1_TRY(err, rc);
    if (verdict.fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "%s: %s", path, verdict.reason);
    }
    report.entries = verdict.entries;
    report.blocks = verdict.blocks;
    report.torn_bytes = verdict.torn_bytes;
    s1_hex_print(verdict.head, sizeof verdict.head, report.head);
    if (s1_fs_is_folder(s1_fs_real(), path)) {
        s1_results *results = NULL;
        S1_TRY(err, s1_api_results_open(path, NULL, &results, err));
        (void)snprintf(report.stated, sizeof report.stated, "%s",
                       s1_results_view_borrow(results)->journal_head);
        s1_results_free(results);
        if (strcmp(report.stated, report.head) != 0) {
            return S1_RAISE(err, S1_E_DATA, "%s: found journal head %s, expected %s (run.json)",
                            path, report.head, report.stated);
        }
    }
    *ret_report = report;
    return S1_OK;
}
