#include "backend/data/persistors/parquet_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>

const char *s1_parquet_archive(const s1_data_persistor *persistor)
{
    return s1_parquet_options_of(persistor)->archive;
}

s1_rc s1_parquet_stream_folder(const s1_data_persistor *persistor, const s1_stream_key *key,
                               char ret_path[static S1_PATH_MAX], s1_err *err)
{
    return s1_archive_stream_path(s1_parquet_options_of(persistor)->archive, key, ret_path, err);
}

s1_rc s1_parquet_visit_files(s1_data_persistor *persistor, const s1_stream_key *key,
                             s1_parquet_file_visitor visit, void *user, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    s1_archive_files files;
    S1_TRY(err, s1_archive_files_load(s1_parquet_options_of(persistor), key, &files, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; rc == S1_OK && i < files.count; i++) {
        const s1_archive_file *const file = &files.items[i];
        rc = visit(user,
                   &(s1_parquet_file){.path = file->path,
                                      .rows = file->rows,
                                      .bytes = file->bytes,
                                      .first = file->first,
                                      .last = file->last,
                                      .price_scale = file->price_scale,
                                      .qty_scale = file->qty_scale},
                   err);
    }
    s1_archive_files_done(&files);
    return rc;
}

s1_rc s1_parquet_visit_blocks(s1_data_persistor *persistor, const s1_stream_key *key,
                              const s1_parquet_file *file, s1_nanos spacing_max,
                              s1_coverage_visitor visit, void *user, s1_err *err)
{
    s1_archive_files files = {.items = calloc(1, sizeof *files.items), .count = 1, .capacity = 1};
    if (files.items == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a file");
    }
    files.items[0] = (s1_archive_file){.rows = file->rows,
                                       .bytes = file->bytes,
                                       .first = file->first,
                                       .last = file->last,
                                       .price_scale = file->price_scale,
                                       .qty_scale = file->qty_scale};
    (void)snprintf(files.items[0].path, sizeof files.items[0].path, "%s", file->path);
    s1_archive_cursor cursor;
    S1_TRY(err, s1_archive_cursor_open(s1_parquet_options_of(persistor)->duckdb, key, &files,
                                       S1_RANGE_ALL, 1, (s1_archive_scales){0}, &cursor, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK && rows > 0) {
            rc = s1_coverage_walk_add(&walk, cursor.columns[0], rows, err);
        }
    }
    s1_archive_cursor_close(&cursor);
    return rc == S1_OK ? s1_coverage_walk_end(&walk, err) : rc;
}
