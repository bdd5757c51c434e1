#include "backend/data/persistors/archive_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define PROVENANCE_BYTES_MAX (16u << 20)

const char *s1_parquet_archive(const s1_data_persistor *persistor)
{
    return s1_parquet_options_of(persistor)->archive;
}

s1_rc s1_parquet_stream_folder(const s1_data_persistor *persistor, const s1_stream_key *key,
                               char ret_path[static S1_PATH_MAX], s1_err *err)
{
    s1_archive_place place;
    S1_TRY(err, s1_archive_place_init(&place, s1_parquet_options_of(persistor), key, err));
    memcpy(ret_path, place.root, sizeof place.root);
    return S1_OK;
}

s1_rc s1_parquet_visit_files(s1_data_persistor *persistor, const s1_stream_key *key,
                             s1_parquet_file_visitor visit, void *user, s1_err *err)
{
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, s1_parquet_place(persistor, key, &place, err));
    S1_TRY(err, s1_archive_files_load(&place, &files, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; rc == S1_OK && i < files.count; i++) {
        const s1_archive_file *const file = &files.items[i];
        rc = visit(user,
                   &(s1_parquet_file){.path = file->path,
                                      .rows = file->rows,
                                      .bytes = file->bytes,
                                      .first = file->first,
                                      .last = file->last,
                                      .price_scale = file->scales.price,
                                      .qty_scale = file->scales.qty},
                   err);
    }
    s1_archive_files_done(&files);
    return rc;
}

s1_rc s1_parquet_visit_blocks(s1_data_persistor *persistor, const s1_stream_key *key,
                              const s1_parquet_file *file, s1_nanos spacing_max,
                              s1_coverage_visitor visit, void *user, s1_err *err)
{
    s1_archive_place place;
    s1_archive_files files = {0};
    s1_archive_file one = {.columns = 1,
                           .rows = file->rows,
                           .bytes = file->bytes,
                           .first = file->first,
                           .last = file->last};
    s1_fs_info info = {0};
    S1_TRY(err, s1_parquet_place(persistor, key, &place, err));
    S1_TRY(err, s1_fs_stat(place.fs, file->path, &info, err));
    one.inode = info.inode;
    one.modified = info.modified;
    (void)snprintf(one.path, sizeof one.path, "%s", file->path);
    S1_TRY(err, s1_archive_files_add(&files, &one, err));
    s1_archive_cursor cursor;
    S1_TRY(err, s1_archive_cursor_open(&place, &files, S1_RANGE_ALL, 1, (s1_market_scales){0},
                                       &cursor, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK && rows > 0) {
            rc = s1_coverage_walk_add(&walk, cursor.values[0], rows, err);
        }
    }
    s1_archive_cursor_close(&cursor);
    return rc == S1_OK ? s1_coverage_walk_end(&walk, err) : rc;
}

s1_rc s1_parquet_visit_provenance(s1_data_persistor *persistor, const s1_stream_key *key,
                                  const s1_parquet_file *file, s1_parquet_line_visitor visit,
                                  void *user, s1_err *err)
{
    s1_archive_place place;
    s1_archive_file one = {0};
    s1_strbuf lines;
    S1_TRY(err, s1_parquet_place(persistor, key, &place, err));
    (void)snprintf(one.path, sizeof one.path, "%s", file->path);
    s1_strbuf_init(&lines, PROVENANCE_BYTES_MAX);
    s1_rc rc = s1_archive_add_provenance(&place, &one, &lines, err);
    rc = rc == S1_OK ? s1_strbuf_check(&lines, err) : rc;
    s1_str rest = s1_strbuf_view(&lines), line;
    for (bool is_done = false; rc == S1_OK && s1_str_split(&rest, '\n', &line, &is_done);) {
        rc = line.len > 0 ? visit(user, line, err) : S1_OK;
    }
    s1_strbuf_done(&lines);
    return rc;
}

/* One question for all files: each costs a query otherwise. */
s1_rc s1_parquet_visit_provenances(s1_data_persistor *persistor, const s1_stream_key *key,
                                   s1_parquet_provenance_visitor visit, void *user, s1_err *err)
{
    static const char what[] = "read the provenance";
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, s1_parquet_place(persistor, key, &place, err));
    S1_TRY(err, s1_archive_files_load(&place, &files, err));
    s1_strbuf sql;
    s1_duckdb_stream stream = {0};
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT file_name::VARCHAR, decode(value) FROM parquet_kv_metadata([");
    for (size_t i = 0; i < files.count; i++) {
        s1_strbuf_cstr_add(&sql, i == 0 ? "" : ", ");
        s1_sql_add_quoted(&sql, files.items[i].path);
    }
    s1_strbuf_lit(&sql, "]) WHERE decode(key) = 'provenance'");
    s1_rc rc = s1_strbuf_check(&sql, err);
    size_t rows = files.count; /* no files: nothing to ask */
    if (rc == S1_OK && rows > 0) {
        rc = s1_duckdb_stream_open(place.duckdb, s1_strbuf_cstr(&sql), what, &stream, err);
    }
    while (rc == S1_OK && rows > 0) {
        rc = s1_duckdb_stream_next(&stream, what, &rows, err);
        for (size_t i = 0; rc == S1_OK && i < rows; i++) {
            rc = visit(user, s1_duckdb_stream_text(&stream, 0, i),
                       s1_duckdb_stream_text(&stream, 1, i), err);
        }
    }
    s1_duckdb_stream_close(&stream);
    s1_strbuf_done(&sql);
    s1_archive_files_done(&files);
    return rc;
}
