/* What is asked of a catalogue, and what is remembered in it. */
#include "backend/data/catalog/catalog_internal.h"
#include "s1mple/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OF_STREAM " source = ?1 AND asset_pair = ?2 AND data_type = ?3 AND timeframe_ns = ?4"

/* --- Datasets ----------------------------------------------------------------------------------
 */

#define DATASET_SQL                                                                                \
    "SELECT d.source, d.asset_pair, d.data_type, d.timeframe_ns, d.rows, d.bytes, d.first_ns, "    \
    "d.last_ns, d.price_scale, d.qty_scale, d.file_count, d.spacing_ns, d.session, d.gaps, "       \
    "d.missing, (SELECT count(*) FROM version v WHERE v.dataset_id = d.id), d.fingerprint, "       \
    "coalesce(q.at_ns, 0), coalesce(q.fingerprint <> d.fingerprint, 0), coalesce(q.errors, 0), "   \
    "coalesce(q.warnings, 0), coalesce(q.infos, 0) FROM dataset d LEFT JOIN quality_check q ON "   \
    "q.source = d.source AND q.asset_pair = d.asset_pair AND q.data_type = d.data_type AND "       \
    "q.timeframe_ns = d.timeframe_ns "

/* Steps to the next row of `statement`. False after the last one, and where *rc has failed: what a
 * row's reader makes of it, or the step itself. */
static bool next_row(s1_catalog *catalog, sqlite3_stmt *statement, s1_rc *rc, s1_err *err)
{
    bool has_row = false;
    if (*rc == S1_OK) {
        *rc = s1_catalog_step(catalog, statement, &has_row, err);
    }
    return *rc == S1_OK && has_row;
}

static uint64_t column_u64(sqlite3_stmt *statement, int at)
{
    return (uint64_t)sqlite3_column_int64(statement, at);
}

static uint32_t column_u32(sqlite3_stmt *statement, int at)
{
    return (uint32_t)sqlite3_column_int64(statement, at);
}

static s1_catalog_dataset column_dataset(sqlite3_stmt *s)
{
    s1_catalog_dataset dataset = {
        .key = s1_catalog_column_key(s, 0),
        .rows = column_u64(s, 4),
        .bytes = column_u64(s, 5),
        .first = sqlite3_column_int64(s, 6),
        .last = sqlite3_column_int64(s, 7),
        .price_scale = column_u32(s, 8),
        .qty_scale = column_u32(s, 9),
        .file_count = column_u32(s, 10),
        .spacing = sqlite3_column_int64(s, 11),
        .session = s1_catalog_column_cstr(s, 12),
        .gaps = column_u64(s, 13),
        .missing = column_u64(s, 14),
        .completeness = (double)NAN,
        .versions = column_u64(s, 15),
        .fingerprint = s1_catalog_column_cstr(s, 16),
        .checked_at = sqlite3_column_int64(s, 17),
        .is_check_old = sqlite3_column_int(s, 18) != 0,
        .errors = column_u64(s, 19),
        .warnings = column_u64(s, 20),
        .infos = column_u64(s, 21),
    };
    if (dataset.key.data_type == S1_DATA_OHLCV && dataset.rows > 0) {
        dataset.completeness = (double)dataset.rows / (double)(dataset.rows + dataset.missing);
    }
    return dataset;
}

s1_rc s1_catalog_visit_datasets(s1_catalog *catalog, s1_catalog_dataset_visitor visit, void *user,
                                s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   DATASET_SQL "ORDER BY d.asset_pair, d.data_type, "
                                               "d.timeframe_ns, d.source",
                                   &statement, err));
    s1_rc rc = S1_OK;
    while (next_row(catalog, statement, &rc, err)) {
        const s1_catalog_dataset dataset = column_dataset(statement);
        rc = visit(user, &dataset, err);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

s1_rc s1_catalog_find(s1_catalog *catalog, const s1_stream_key *key,
                      s1_catalog_dataset *ret_dataset, s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   DATASET_SQL "WHERE d.source = ?1 AND d.asset_pair = ?2 AND "
                                               "d.data_type = ?3 AND d.timeframe_ns = ?4",
                                   &statement, err));
    s1_catalog_bind_key(statement, key);
    bool has_row = false;
    s1_rc rc = s1_catalog_step(catalog, statement, &has_row, err);
    if (rc == S1_OK && !has_row) {
        char name[S1_STREAM_TEXT_MAX];
        rc = S1_RAISE(err, S1_E_NOT_FOUND, "catalogue of '%.150s': found no %s", catalog->archive,
                      s1_stream_key_format(key, name));
    }
    if (rc != S1_OK) {
        (void)sqlite3_finalize(statement);
        return rc;
    }
    *ret_dataset = column_dataset(statement);
    (void)sqlite3_finalize(catalog->held);
    catalog->held = statement;
    return S1_OK;
}

/* --- Coverage ----------------------------------------------------------------------------------
 */

/* Blocks end with their file: those that follow each other are told as one. */
typedef struct joiner {
    s1_coverage_visitor visit;
    void *user;
    s1_nanos spacing;
    s1_data_coverage block; /* trade_count 0: none begun */
} joiner;

static s1_rc join(joiner *j, const s1_data_coverage *block, s1_err *err)
{
    if (j->block.trade_count > 0 && block->start_time - j->block.end_time <= j->spacing) {
        j->block.end_time = block->end_time;
        j->block.trade_count += block->trade_count;
        return S1_OK;
    }
    if (j->block.trade_count > 0) {
        S1_TRY(err, j->visit(j->user, &j->block, err));
    }
    j->block = *block;
    return S1_OK;
}

static s1_rc join_rows(s1_catalog *catalog, sqlite3_stmt *statement, joiner *j, s1_err *err)
{
    s1_rc rc = S1_OK;
    while (next_row(catalog, statement, &rc, err)) {
        const s1_data_coverage block = {
            .start_time = sqlite3_column_int64(statement, 0),
            .end_time = sqlite3_column_int64(statement, 1),
            .trade_count = column_u64(statement, 2),
        };
        rc = join(j, &block, err);
    }
    return rc == S1_OK && j->block.trade_count > 0 ? j->visit(j->user, &j->block, err) : rc;
}

/* The spacing of a dataset; 0: there is none. */
static s1_rc spacing_of(s1_catalog *catalog, int64_t dataset, s1_nanos *ret_spacing, s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    S1_TRY(err, s1_catalog_prepare(catalog, "SELECT spacing_ns FROM dataset WHERE id = ?1",
                                   &statement, err));
    (void)sqlite3_bind_int64(statement, 1, dataset);
    const s1_rc rc = s1_catalog_step(catalog, statement, &has_row, err);
    if (rc == S1_OK) {
        *ret_spacing = has_row ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

#define BLOCKS_FROM                                                                                \
    "SELECT start_ns, end_ns, rows FROM block WHERE dataset_id = ?1 AND start_ns >= "              \
    "coalesce((SELECT max(start_ns) FROM block WHERE dataset_id = ?1 AND start_ns <= ?2), ?2) "    \
    "AND "
#define BLOCKS_ORDER " ORDER BY start_ns, file_id"

/* The blocks that begin from the last one at or before `from` on; up to the first at or behind
 * `to`, with it or not. */
static s1_rc visit_blocks(s1_catalog *catalog, const s1_stream_key *key, s1_time_range range,
                          bool with_next, joiner *j, s1_err *err)
{
    int64_t dataset = 0;
    S1_TRY(err, s1_catalog_dataset_id(catalog, key, &dataset, err));
    if (dataset == 0 || range.from >= range.to) {
        return S1_OK;
    }
    S1_TRY(err, spacing_of(catalog, dataset, &j->spacing, err));
    sqlite3_stmt *statement = NULL;
    S1_TRY(err,
           s1_catalog_prepare(catalog,
                              with_next ? BLOCKS_FROM
                                  "start_ns <= coalesce((SELECT min(start_ns) FROM block WHERE "
                                  "dataset_id = ?1 AND start_ns >= ?3), ?3)" BLOCKS_ORDER
                                        : BLOCKS_FROM "start_ns < ?3" BLOCKS_ORDER,
                              &statement, err));
    (void)sqlite3_bind_int64(statement, 1, dataset);
    (void)sqlite3_bind_int64(statement, 2, range.from);
    (void)sqlite3_bind_int64(statement, 3, range.to);
    const s1_rc rc = join_rows(catalog, statement, j, err);
    (void)sqlite3_finalize(statement);
    return rc;
}

typedef struct coverage_walk {
    s1_nanos from;
    s1_coverage_visitor visit;
    void *user;
} coverage_walk;

static s1_rc take_coverage(void *user, const s1_data_coverage *block, s1_err *err)
{
    const coverage_walk *const walk = user;
    return block->end_time >= walk->from ? walk->visit(walk->user, block, err) : S1_OK;
}

s1_rc s1_catalog_visit_coverage(s1_catalog *catalog, const s1_stream_key *key, s1_time_range range,
                                s1_coverage_visitor visit, void *user, s1_err *err)
{
    coverage_walk walk = {range.from, visit, user};
    joiner j = {.visit = take_coverage, .user = &walk};
    return visit_blocks(catalog, key, range, false, &j, err);
}

/* --- Gaps ---------------------------------------------------------------------------------------
 */

typedef struct gap_walk {
    s1_time_range range;
    s1_nanos timeframe; /* 0: no bars */
    const s1_session *session;
    s1_catalog_gap_visitor visit;
    void *user;
    bool has_block;
    s1_nanos last; /* of the block before */
} gap_walk;

static s1_rc take_gap(void *user, const s1_data_coverage *block, s1_err *err)
{
    gap_walk *const walk = user;
    s1_catalog_gap gap = {.after = walk->last,
                          .before = block->start_time,
                          .first = walk->last,
                          .last = block->start_time};
    const bool is_gap = walk->has_block;
    walk->has_block = true;
    walk->last = block->end_time;
    if (is_gap && walk->timeframe > 0) {
        const s1_open_slots slots =
            s1_session_open_slots(walk->session, gap.after, gap.before, walk->timeframe);
        gap.first = slots.first;
        gap.last = slots.last;
        gap.missing = slots.count;
        return slots.count > 0 && gap.last >= walk->range.from && gap.first < walk->range.to
                   ? walk->visit(walk->user, &gap, err)
                   : S1_OK;
    }
    return is_gap && gap.before > walk->range.from && gap.after < walk->range.to
               ? walk->visit(walk->user, &gap, err)
               : S1_OK;
}

s1_rc s1_catalog_visit_gaps(s1_catalog *catalog, const s1_stream_key *key, s1_time_range range,
                            const s1_session *session, s1_catalog_gap_visitor visit, void *user,
                            s1_err *err)
{
    s1_session usual = {0};
    S1_TRY(err, s1_session_add_named(&usual, s1_str_of(s1_session_name_for(key->asset_pair)), err));
    gap_walk walk = {.range = range,
                     .timeframe = key->data_type == S1_DATA_OHLCV ? key->timeframe : 0,
                     .session = session != NULL ? session : &usual,
                     .visit = visit,
                     .user = user};
    joiner j = {.visit = take_gap, .user = &walk};
    return visit_blocks(catalog, key, range, true, &j, err);
}

static s1_rc count_gap(void *user, const s1_catalog_gap *gap, s1_err *err)
{
    (void)err;
    s1_catalog_holes *const holes = user;
    holes->gaps++;
    holes->missing += gap->missing;
    return S1_OK;
}

s1_rc s1_catalog_count_holes(s1_catalog *catalog, const s1_stream_key *key, s1_catalog_holes *ret,
                             s1_err *err)
{
    s1_catalog_holes holes = {0};
    S1_TRY(err, s1_catalog_visit_gaps(catalog, key, S1_RANGE_ALL, NULL, count_gap, &holes, err));
    *ret = holes;
    return S1_OK;
}

/* --- Files and imports --------------------------------------------------------------------------
 */

s1_rc s1_catalog_visit_files(s1_catalog *catalog, const s1_stream_key *key,
                             s1_catalog_file_visitor visit, void *user, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "SELECT path, rows, bytes, first_ns, last_ns, price_scale, "
                                   "qty_scale, sha256 FROM file WHERE dataset_id = (SELECT id FROM "
                                   "dataset WHERE" OF_STREAM ") ORDER BY first_ns, path",
                                   &s, err));
    s1_catalog_bind_key(s, key);
    s1_rc rc = S1_OK;
    while (next_row(catalog, s, &rc, err)) {
        const s1_catalog_file file = {.path = s1_catalog_column_cstr(s, 0),
                                      .rows = column_u64(s, 1),
                                      .bytes = column_u64(s, 2),
                                      .first = sqlite3_column_int64(s, 3),
                                      .last = sqlite3_column_int64(s, 4),
                                      .price_scale = column_u32(s, 5),
                                      .qty_scale = column_u32(s, 6),
                                      .sha256 = s1_catalog_column_cstr(s, 7)};
        rc = visit(user, &file, err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

static s1_rc insert_import(s1_catalog *catalog, const s1_stream_key *key,
                           const s1_catalog_import *import, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(
                    catalog,
                    "INSERT INTO import(source, asset_pair, data_type, timeframe_ns, at_ns, who, "
                    "file, sha256, profile, rows, rejects, replaced) VALUES(?1, ?2, ?3, ?4, ?5, "
                    "?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                    &s, err));
    s1_catalog_bind_key(s, key);
    (void)sqlite3_bind_int64(s, 5, import->at);
    s1_catalog_bind_text(s, 6, import->who);
    s1_catalog_bind_text(s, 7, import->file);
    s1_catalog_bind_text(s, 8, import->sha256);
    s1_catalog_bind_text(s, 9, import->profile);
    (void)sqlite3_bind_int64(s, 10, (int64_t)import->rows);
    (void)sqlite3_bind_int64(s, 11, (int64_t)import->rejects);
    (void)sqlite3_bind_int64(s, 12, (int64_t)import->replaced);
    const s1_rc rc = s1_catalog_do(catalog, s, err);
    (void)sqlite3_finalize(s);
    return rc;
}

/* "import" of "import", "fetch" of "fetch kraken". */
static s1_str first_word(s1_str who)
{
    const size_t end = s1_str_find_byte(who, ' ', 0);
    return s1_str_slice(who, 0, end == S1_STR_NPOS ? who.len : end);
}

/* The same work: of the same file, or, where there is none, by the same. ?5 the hash, ?6 the word.
 */
#define SAME_IMPORT                                                                                \
    OF_STREAM " AND (sha256 = ?5 AND ?5 <> '' OR ?5 = '' AND (who = ?6 OR who LIKE ?6 || ' %'))"

static s1_rc prepare_same(s1_catalog *catalog, const char *sql, const s1_stream_key *key,
                          const s1_catalog_import *import, sqlite3_stmt **ret_statement,
                          s1_err *err)
{
    S1_TRY(err, s1_catalog_prepare(catalog, sql, ret_statement, err));
    s1_catalog_bind_key(*ret_statement, key);
    s1_catalog_bind_text(*ret_statement, 5, import->sha256);
    s1_catalog_bind_text(*ret_statement, 6, first_word(import->who));
    return S1_OK;
}

/* What is known now takes the place of what the provenance told. */
static s1_rc add_import(s1_catalog *catalog, const s1_stream_key *key,
                        const s1_catalog_import *import, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, prepare_same(catalog, "DELETE FROM import WHERE at_ns = 0 AND" SAME_IMPORT, key,
                             import, &s, err));
    const s1_rc rc = s1_catalog_do(catalog, s, err);
    (void)sqlite3_finalize(s);
    return rc == S1_OK ? insert_import(catalog, key, import, err) : rc;
}

s1_rc s1_catalog_add_import(s1_catalog *catalog, const s1_stream_key *key,
                            const s1_catalog_import *import, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    S1_TRY(err, s1_catalog_begin(catalog, err));
    return s1_catalog_end(catalog, add_import(catalog, key, import, err), err);
}

/* What stands behind a word of a line, to the next word; "" without it. */
static s1_str part_of(s1_str line, s1_str word)
{
    const size_t at = s1_str_find(line, word, 0);
    if (at == S1_STR_NPOS) {
        return S1_STR("");
    }
    const size_t from = at + word.len;
    const size_t end = s1_str_find_byte(line, ' ', from);
    return s1_str_slice(line, from, end == S1_STR_NPOS ? line.len : end);
}

s1_rc s1_catalog_recover_import(s1_catalog *catalog, const s1_stream_key *key, s1_str line,
                                uint64_t rows, s1_err *err)
{
    /* "import:my file.csv sha256:... profile:kraken": a name may have blanks */
    const size_t colon = s1_str_find_byte(line, ':', 0);
    if (colon == S1_STR_NPOS) {
        return S1_OK;
    }
    size_t end = s1_str_find(line, S1_STR(" sha256:"), colon);
    end = end != S1_STR_NPOS ? end : s1_str_find_byte(line, ' ', colon);
    const s1_catalog_import import = {
        .who = s1_str_slice(line, 0, colon),
        .file = s1_str_slice(line, colon + 1, end == S1_STR_NPOS ? line.len : end),
        .sha256 = part_of(line, S1_STR(" sha256:")),
        .profile = part_of(line, S1_STR(" profile:")),
        .rows = rows};
    sqlite3_stmt *s = NULL;
    bool is_known = false;
    S1_TRY(err, prepare_same(catalog, "SELECT 1 FROM import WHERE at_ns <> 0 AND" SAME_IMPORT, key,
                             &import, &s, err));
    s1_rc rc = s1_catalog_step(catalog, s, &is_known, err);
    (void)sqlite3_finalize(s);
    if (rc != S1_OK || is_known) {
        return rc;
    }
    /* Of several files of one import the rows are added up. */
    S1_TRY(err, prepare_same(catalog,
                             "UPDATE import SET rows = rows + ?7 WHERE at_ns = 0 AND" SAME_IMPORT,
                             key, &import, &s, err));
    (void)sqlite3_bind_int64(s, 7, (int64_t)rows);
    rc = s1_catalog_do(catalog, s, err);
    const bool is_there = rc == S1_OK && sqlite3_changes(catalog->db) > 0;
    (void)sqlite3_finalize(s);
    return rc != S1_OK || is_there ? rc : insert_import(catalog, key, &import, err);
}

s1_rc s1_catalog_visit_imports(s1_catalog *catalog, const s1_stream_key *key,
                               s1_catalog_import_visitor visit, void *user, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "SELECT at_ns, who, file, sha256, profile, rows, rejects, "
                                   "replaced FROM import WHERE" OF_STREAM " ORDER BY id",
                                   &s, err));
    s1_catalog_bind_key(s, key);
    s1_rc rc = S1_OK;
    while (next_row(catalog, s, &rc, err)) {
        const s1_catalog_import import = {.at = sqlite3_column_int64(s, 0),
                                          .who = s1_catalog_column_str(s, 1),
                                          .file = s1_catalog_column_str(s, 2),
                                          .sha256 = s1_catalog_column_str(s, 3),
                                          .profile = s1_catalog_column_str(s, 4),
                                          .rows = column_u64(s, 5),
                                          .rejects = column_u64(s, 6),
                                          .replaced = column_u64(s, 7)};
        rc = visit(user, &import, err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

s1_rc s1_catalog_visit_versions(s1_catalog *catalog, const s1_stream_key *key,
                                s1_version_visitor visit, void *user, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "SELECT content_hash, rows, bytes, first_ns, last_ns, "
                                   "replaced_ns FROM version WHERE dataset_id = (SELECT id FROM "
                                   "dataset WHERE" OF_STREAM ") ORDER BY position",
                                   &s, err));
    s1_catalog_bind_key(s, key);
    s1_rc rc = S1_OK;
    while (next_row(catalog, s, &rc, err)) {
        const s1_data_version version = {.content_hash = s1_catalog_column_cstr(s, 0),
                                         .rows = column_u64(s, 1),
                                         .bytes = column_u64(s, 2),
                                         .first = sqlite3_column_int64(s, 3),
                                         .last = sqlite3_column_int64(s, 4),
                                         .replaced_at = sqlite3_column_int64(s, 5)};
        rc = visit(user, &version, err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

/* --- Findings -----------------------------------------------------------------------------------
 */

static uint64_t count_severity(const s1_quality_report *report, int32_t severity)
{
    uint64_t count = 0;
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        count += s1_quality_kind_severity(kind) == severity ? report->counts[kind].findings : 0;
    }
    return count;
}

static s1_rc add_check(s1_catalog *catalog, const s1_stream_key *key, const s1_catalog_check *check,
                       int64_t *ret_id, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(
                    catalog,
                    "INSERT INTO quality_check(source, asset_pair, data_type, timeframe_ns, at_ns, "
                    "fingerprint, session, options, errors, warnings, infos) SELECT source, "
                    "asset_pair, data_type, timeframe_ns, ?5, fingerprint, ?6, ?7, ?8, ?9, ?10 "
                    "FROM dataset WHERE" OF_STREAM,
                    &s, err));
    s1_catalog_bind_key(s, key);
    (void)sqlite3_bind_int64(s, 5, check->at);
    s1_catalog_bind_text(s, 6, check->session);
    s1_catalog_bind_text(s, 7, check->options);
    (void)sqlite3_bind_int64(s, 8, (int64_t)count_severity(check->report, S1_QUALITY_ERROR));
    (void)sqlite3_bind_int64(s, 9, (int64_t)count_severity(check->report, S1_QUALITY_WARNING));
    (void)sqlite3_bind_int64(s, 10, (int64_t)count_severity(check->report, S1_QUALITY_INFO));
    const s1_rc rc = s1_catalog_do(catalog, s, err);
    (void)sqlite3_finalize(s);
    if (rc == S1_OK) {
        *ret_id = sqlite3_last_insert_rowid(catalog->db);
    }
    return rc;
}

static s1_rc add_findings(s1_catalog *catalog, int64_t check, const s1_quality_report *report,
                          s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "INSERT INTO finding VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                                   "?10)",
                                   &s, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; rc == S1_OK && i < report->finding_count; i++) {
        const s1_quality_finding *const finding = &report->findings[i];
        (void)sqlite3_bind_int64(s, 1, check);
        (void)sqlite3_bind_int64(s, 2, (int64_t)i);
        s1_catalog_bind_text(s, 3, s1_str_of(s1_quality_kind_name(finding->kind)));
        s1_catalog_bind_text(s, 4, s1_str_of(s1_quality_severity_name(finding->severity)));
        (void)sqlite3_bind_int64(s, 5, finding->first);
        (void)sqlite3_bind_int64(s, 6, finding->last);
        (void)sqlite3_bind_int64(s, 7, (int64_t)finding->row);
        (void)sqlite3_bind_int64(s, 8, (int64_t)finding->rows);
        s1_catalog_bind_text(s, 9, s1_str_of(finding->found));
        s1_catalog_bind_text(s, 10, s1_str_of(finding->expected));
        rc = s1_catalog_do(catalog, s, err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

/* Runs SQL on one stream. */
static s1_rc run_of(s1_catalog *catalog, const char *sql, const s1_stream_key *key, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog, sql, &s, err));
    s1_catalog_bind_key(s, key);
    const s1_rc rc = s1_catalog_do(catalog, s, err);
    (void)sqlite3_finalize(s);
    return rc;
}

s1_rc s1_catalog_forget_recovered(s1_catalog *catalog, const s1_stream_key *key, s1_err *err)
{
    return run_of(catalog, "DELETE FROM import WHERE at_ns = 0 AND" OF_STREAM, key, err);
}

static s1_rc replace_findings(s1_catalog *catalog, const s1_stream_key *key,
                              const s1_catalog_check *check, s1_err *err)
{
    int64_t dataset = 0, id = 0;
    char name[S1_STREAM_TEXT_MAX];
    S1_TRY(err, s1_catalog_dataset_id(catalog, key, &dataset, err));
    if (dataset == 0) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "catalogue of '%.150s': found no %s", catalog->archive,
                        s1_stream_key_format(key, name));
    }
    S1_TRY(err, run_of(catalog,
                       "DELETE FROM finding WHERE check_id = (SELECT id FROM quality_check "
                       "WHERE" OF_STREAM ")",
                       key, err));
    S1_TRY(err, run_of(catalog, "DELETE FROM quality_check WHERE" OF_STREAM, key, err));
    S1_TRY(err, add_check(catalog, key, check, &id, err));
    return add_findings(catalog, id, check->report, err);
}

s1_rc s1_catalog_put_findings(s1_catalog *catalog, const s1_stream_key *key,
                              const s1_catalog_check *check, s1_err *err)
{
    S1_TRY(err, s1_catalog_begin(catalog, err));
    return s1_catalog_end(catalog, replace_findings(catalog, key, check, err), err);
}

static int32_t kind_of(s1_str name)
{
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        if (s1_str_eq_cstr(name, s1_quality_kind_name(kind))) {
            return kind;
        }
    }
    return S1_QUALITY_KINDS; /* of another version: named "?" */
}

s1_rc s1_catalog_visit_findings(s1_catalog *catalog, const s1_stream_key *key,
                                s1_catalog_finding_visitor visit, void *user, s1_err *err)
{
    sqlite3_stmt *s = NULL;
    S1_TRY(err,
           s1_catalog_prepare(
               catalog,
               "SELECT kind, first_ns, last_ns, row, rows, found, expected FROM finding WHERE "
               "check_id = (SELECT id FROM quality_check WHERE" OF_STREAM ") ORDER BY position",
               &s, err));
    s1_catalog_bind_key(s, key);
    s1_rc rc = S1_OK;
    while (next_row(catalog, s, &rc, err)) {
        const int32_t kind = kind_of(s1_catalog_column_str(s, 0));
        s1_quality_finding finding = {.kind = kind,
                                      .severity = s1_quality_kind_severity(kind),
                                      .first = sqlite3_column_int64(s, 1),
                                      .last = sqlite3_column_int64(s, 2),
                                      .row = column_u64(s, 3),
                                      .rows = column_u64(s, 4)};
        (void)snprintf(finding.found, sizeof finding.found, "%s", s1_catalog_column_cstr(s, 5));
        (void)snprintf(finding.expected, sizeof finding.expected, "%s",
                       s1_catalog_column_cstr(s, 6));
        rc = visit(user, &finding, err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}
