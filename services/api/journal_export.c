/* A journal as one JSON document, as CSV, and as Parquet. */
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "services/api/journal.h"
#include "services/api/journal_open_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 20) /* written at once */
#define LINE_MAX     ((size_t)1 << 20) /* of an entry, escaped */

enum { TYPE, LINK, WORKER, OPPORTUNITY, TRADE, THREAT, ORDER, SCHEDULED, DETAILS };
static const char *const names[S1_PARQUET_JOURNAL_TEXTS] = {
    "event_type", "strategy_link_id", "worker",       "opportunity_id", "trade_id",
    "threat_id",  "order_id",         "scheduled_id", "details"};

/* What the seeds show at the top of an entry; the details hold it, too. */
static const char *const shown[] = {"signal_type", "price",          "entry_price",
                                    "exit_price",  "closure_reason", "rejection_reason"};

typedef struct exporter {
    const s1_journal_export *options;
    s1_journal_reader *reader;
    uint64_t rows, written;
    s1_strbuf text; /* not yet given away */
    s1_file *file;
    char temp[S1_PATH_MAX];
    char ids[S1_JOURNAL_ID_COUNT][S1_UID_TEXT_MAX];
    s1_strbuf link, worker; /* without JSON's escapes */
} exporter;

/* --- One entry as texts. ------------------------------------------------------------------ */

/* What stands between quotes in JSON, without its escapes. */
static s1_rc plain(s1_str escaped, s1_strbuf *out, s1_err *err)
{
    s1_strbuf_clear(out);
    if (escaped.len == 0 || memchr(escaped.ptr, '\\', escaped.len) == NULL) {
        s1_strbuf_str(out, escaped);
        return s1_strbuf_check(out, err);
    }
    json_error_t fault;
    const uint64_t before = s1_json_memory_failures();
    json_t *const text =
        json_loadb(escaped.ptr - 1, escaped.len + 2, JSON_DECODE_ANY, &fault); /* its quotes */
    s1_rc rc = S1_OK;
    if (text != NULL) {
        s1_strbuf_bytes(out, json_string_value(text), json_string_length(text));
        rc = s1_strbuf_check(out, err);
    } else {
        rc = S1_RAISE(err, S1_E_DATA, "a name is no JSON text: %s", fault.text);
    }
    json_decref(text);
    return s1_json_memory_judge(before, rc, err);
}

static s1_rc next_row(void *self, s1_parquet_journal_row *ret_row, s1_err *err)
{
    exporter *const e = self;
    const s1_journal_entry *entry = NULL;
    S1_TRY(err, s1_journal_reader_next(e->reader, &entry, err));
    if (entry == NULL) {
        return S1_RAISE(err, S1_E_DATA, "the journal became shorter while it was read");
    }
    if (entry->link.len > 0) { /* of the first entry; the others are of the same run */
        S1_TRY(err, plain(entry->link, &e->link, err));
    }
    S1_TRY(err, plain(entry->worker, &e->worker, err));
    *ret_row = (s1_parquet_journal_row){.seq = entry->seq, .time = entry->time};
    ret_row->texts[TYPE] = entry->type;
    ret_row->texts[LINK] = s1_strbuf_view(&e->link);
    ret_row->texts[WORKER] = s1_strbuf_view(&e->worker);
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if ((entry->ids_present >> id & 1u) != 0) {
            ret_row->texts[OPPORTUNITY + id] =
                s1_str_make(e->ids[id], s1_uid_print(entry->ids[id], e->ids[id]));
        }
    }
    ret_row->texts[DETAILS] = entry->details;
    return S1_OK;
}

/* --- Writing. ----------------------------------------------------------------------------- */

static s1_rc flush(exporter *e, size_t keep_below, s1_err *err)
{
    if (e->text.len < keep_below || e->text.len == 0) {
        return S1_OK;
    }
    S1_TRY(err, s1_strbuf_check(&e->text, err));
    const s1_str bytes = s1_strbuf_view(&e->text);
    if (e->file != NULL) {
        S1_TRY(err, s1_fs_write_all(s1_fs_real(), e->file, bytes.ptr, bytes.len, err));
    } else {
        S1_TRY(err, e->options->write(e->options->user, bytes, err));
    }
    s1_strbuf_clear(&e->text);
    return S1_OK;
}

/* The members of `shown` that the details have. */
static s1_rc add_shown(exporter *e, s1_json_writer *w, s1_str details, s1_err *err)
{
    bool is_any = false;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        is_any = is_any || s1_str_find(details, s1_str_of(shown[i]), 0) != S1_STR_NPOS;
    }
    if (!is_any) {
        return S1_OK;
    }
    json_error_t fault;
    const uint64_t before = s1_json_memory_failures();
    json_t *const root = json_loadb(details.ptr, details.len, 0, &fault);
    const s1_rc rc =
        root != NULL ? S1_OK : S1_RAISE(err, S1_E_DATA, "details is no JSON: %s", fault.text);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const json_t *const value = json_object_get(root, shown[i]);
        char *const text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        if (text != NULL) {
            s1_json_key(w, s1_str_of(shown[i]));
            s1_json_raw(w, s1_str_of(text));
        }
        s1_json_text_free(text);
    }
    json_decref(root);
    (void)e;
    return s1_json_memory_judge(before, rc, err);
}

static s1_rc write_json_entry(exporter *e, const s1_parquet_journal_row *row, s1_err *err)
{
    s1_json_writer w;
    s1_strbuf_cstr_add(&e->text, e->written == 0 ? "\n" : ",\n");
    s1_json_init(&w, &e->text, 0);
    s1_json_object(&w);
    s1_json_key_lit(&w, "timestamp");
    s1_json_time(&w, row->time);
    for (size_t i = TYPE; i < DETAILS; i++) {
        if (i != LINK && row->texts[i].len > 0) {
            s1_json_key(&w, s1_str_of(names[i]));
            s1_json_str(&w, row->texts[i]);
        }
    }
    s1_json_key_lit(&w, "seq");
    s1_json_u64(&w, row->seq);
    S1_TRY(err, add_shown(e, &w, row->texts[DETAILS], err));
    s1_json_key_lit(&w, "details");
    s1_json_raw(&w, row->texts[DETAILS]);
    s1_json_object_end(&w);
    return S1_OK;
}

static void write_csv_entry(exporter *e, const s1_parquet_journal_row *row)
{
    char time[S1_TIME_TEXT_MAX];
    s1_strbuf_printf(&e->text, "%llu,", (unsigned long long)row->seq);
    s1_strbuf_bytes(&e->text, time, s1_time_print(row->time, time));
    for (size_t i = 0; i < S1_PARQUET_JOURNAL_TEXTS; i++) {
        s1_strbuf_char(&e->text, ',');
        s1_strbuf_csv(&e->text, row->texts[i]);
    }
    s1_strbuf_char(&e->text, '\n');
}

static void write_head(exporter *e, s1_str link)
{
    if (e->options->format == S1_EXPORT_JSON) {
        s1_json_writer w;
        s1_strbuf_lit(&e->text, "{\"strategy_link_id\": ");
        s1_json_init(&w, &e->text, 0);
        s1_json_str(&w, link);
        s1_strbuf_lit(&e->text, ", \"journal_entries\": [");
        return;
    }
    s1_strbuf_lit(&e->text, "seq,timestamp");
    for (size_t i = 0; i < S1_PARQUET_JOURNAL_TEXTS; i++) {
        s1_strbuf_char(&e->text, ',');
        s1_strbuf_cstr_add(&e->text, names[i]);
    }
    s1_strbuf_char(&e->text, '\n');
}

static s1_rc write_rows(exporter *e, s1_err *err)
{
    s1_parquet_journal_row row;
    const bool is_json = e->options->format == S1_EXPORT_JSON;
    for (; e->written < e->rows; e->written++) {
        S1_TRY(err, next_row(e, &row, err));
        if (e->written == 0) {
            write_head(e, row.texts[LINK]);
        }
        if (is_json) {
            S1_TRY(err, write_json_entry(e, &row, err));
        } else {
            write_csv_entry(e, &row);
        }
        S1_TRY(err, flush(e, BUFFER_BYTES, err));
    }
    if (e->rows == 0) {
        write_head(e, S1_STR(""));
    }
    if (is_json) {
        s1_strbuf_lit(&e->text, "\n]}\n");
    }
    return flush(e, 0, err);
}

/* Into OUT.tmp, which then takes the place of OUT. */
static s1_rc write_file(exporter *e, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    s1_rc rc = S1_OK;
    if (e->options->format == S1_EXPORT_PARQUET) {
        s1_duckdb *duckdb = NULL;
        const s1_parquet_journal journal = {e->rows, names, e, next_row};
        S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
        rc = s1_parquet_write_journal(duckdb, fs, e->temp, &journal, err);
        s1_duckdb_free(duckdb);
    } else {
        S1_TRY(err,
               s1_fs_open(fs, e->temp, S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &e->file, err));
        rc = write_rows(e, err);
        if (rc == S1_OK) {
            rc = s1_fs_fsync(fs, e->file, err);
        }
        s1_fs_drop(fs, e->file);
        e->file = NULL;
    }
    if (rc == S1_OK) {
        rc = s1_fs_rename(fs, e->temp, e->options->out, err);
    }
    if (rc != S1_OK) {
        (void)!s1_fs_unlink(fs, e->temp, NULL);
        return rc;
    }
    return s1_fs_fsync_parent(fs, e->options->out, err);
}

static s1_rc export_all(exporter *e, s1_err *err)
{
    const s1_journal_export *const options = e->options;
    s1_journal_verdict verdict = {0};
    S1_TRY(err, s1_api_journal_open(options->path, &e->reader, err));
    S1_TRY(err, s1_journal_verify(e->reader, &verdict, err));
    if (verdict.fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "%s: %s", options->path, verdict.reason);
    }
    e->rows = verdict.entries; /* sealed ones: what a crash may still take back is left out */
    if (options->out == NULL) {
        return options->format == S1_EXPORT_PARQUET
                   ? S1_RAISE(err, S1_E_INVALID, "Parquet goes to a file: expected --out FILE")
                   : write_rows(e, err);
    }
    const int length = snprintf(e->temp, sizeof e->temp, "%s.tmp", options->out);
    if (length < 0 || (size_t)length >= sizeof e->temp) {
        return S1_RAISE(err, S1_E_RANGE, "%s: the path is too long", options->out);
    }
    return write_file(e, err);
}

s1_rc s1_api_journal_export(const s1_journal_export *options, uint64_t *ret_entries, s1_err *err)
{
    exporter *const e = calloc(1, sizeof *e);
    if (e == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an export");
    }
    e->options = options;
    s1_strbuf_init(&e->text, BUFFER_BYTES + LINE_MAX);
    s1_strbuf_init(&e->link, S1_JOURNAL_LINE_BYTES_MAX);
    s1_strbuf_init(&e->worker, S1_JOURNAL_LINE_BYTES_MAX);
    const s1_rc rc = export_all(e, err);
    if (rc == S1_OK) {
        *ret_entries = e->rows;
    }
    s1_journal_reader_free(e->reader);
    s1_strbuf_done(&e->text);
    s1_strbuf_done(&e->link);
    s1_strbuf_done(&e->worker);
    free(e);
    return rc;
}
