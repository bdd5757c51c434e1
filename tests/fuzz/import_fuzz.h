/* tests/fuzz/import_fuzz.h - the importer on bytes: one file in memory, an archive in memory.
 *
 * Whatever the bytes are, an import ends with an error or with rows that the archive took: as many
 * as it says, in order. The same bytes give the same rows with a small buffer, which sends them
 * through runs, as with a large one. */
#ifndef S1_TESTS_FUZZ_IMPORT_FUZZ_H
#define S1_TESTS_FUZZ_IMPORT_FUZZ_H

#include "backend/data/ingest/data_import.h"
#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/assert.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_BYTES_MAX (1u << 14)
#define FUZZ_ROWS_MAX  4096u

/* --- A file system of one file, and of one that is written (the scratch file) ---------------- */

struct s1_file {
    uint8_t *bytes;
    size_t len, capacity, at;
    bool is_scratch;
};

typedef struct fuzz_fs {
    s1_fs table;
    const uint8_t *data;
    size_t size;
} fuzz_fs;

static s1_rc fuzz_open(void *self, const char *path, uint32_t flags, s1_file **ret_file,
                       s1_err *err)
{
    const fuzz_fs *const fs = self;
    const bool is_scratch = strcmp(path, "scratch") == 0;
    if ((flags & S1_FS_WRITE) != 0 && !is_scratch) {
        return S1_RAISE(err, S1_E_DENIED, "%s", path);
    }
    s1_file *const file = calloc(1, sizeof *file);
    S1_ASSERT(file != NULL);
    file->is_scratch = is_scratch;
    if (!is_scratch) {
        file->bytes = malloc(fs->size + 1);
        S1_ASSERT(file->bytes != NULL);
        memcpy(file->bytes, fs->data, fs->size);
        file->len = fs->size;
    }
    *ret_file = file;
    return S1_OK;
}

static s1_rc fuzz_close(void *self, s1_file *file, s1_err *err)
{
    (void)self;
    (void)err;
    free(file->bytes);
    free(file);
    return S1_OK;
}

static s1_rc fuzz_pread(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                        size_t *ret_len, s1_err *err)
{
    (void)self;
    (void)err;
    const size_t left = offset < file->len ? file->len - (size_t)offset : 0;
    *ret_len = left < len ? left : len;
    if (*ret_len > 0) {
        memcpy(to, file->bytes + offset, *ret_len);
    }
    return S1_OK;
}

static s1_rc fuzz_read(void *self, s1_file *file, void *to, size_t len, size_t *ret_len,
                       s1_err *err)
{
    /* Odd lengths, so that rows are cut anywhere. */
    const s1_rc rc = fuzz_pread(self, file, file->at, to, len < 977 ? len : 977, ret_len, err);
    file->at += *ret_len;
    return rc;
}

static s1_rc fuzz_pwrite(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                         size_t *ret_len, s1_err *err)
{
    (void)self;
    (void)err;
    const size_t end = (size_t)offset + len;
    if (end > file->capacity) {
        file->capacity = end * 2;
        file->bytes = realloc(file->bytes, file->capacity);
        S1_ASSERT(file->bytes != NULL);
    }
    memcpy(file->bytes + offset, from, len);
    file->len = end > file->len ? end : file->len;
    *ret_len = len;
    return S1_OK;
}

static s1_rc fuzz_stat_file(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    (void)self;
    (void)err;
    *ret_info = (s1_fs_info){.type = S1_FS_FILE, .size = file->len};
    return S1_OK;
}

static s1_rc fuzz_unlink(void *self, const char *path, s1_err *err)
{
    (void)self;
    (void)path;
    (void)err;
    return S1_OK;
}

static s1_rc fuzz_stat(void *self, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    (void)self;
    (void)ret_info;
    return S1_RAISE(err, S1_E_NOT_FOUND, "%s", path);
}

/* --- Imports ---------------------------------------------------------------------------------- */

typedef struct fuzz_result {
    s1_rc rc;
    s1_data_import_summary summary;
} fuzz_result;

static void check_stored(s1_data_persistor *archive, const s1_data_import_options *options,
                         const s1_data_import_summary *summary)
{
    s1_market_reader *reader;
    s1_market_batch batch = {0};
    uint64_t rows = 0;
    s1_nanos last = INT64_MIN;
    S1_ASSERT(s1_data_load(archive, &options->key, S1_RANGE_ALL, &reader, NULL) == S1_OK);
    do {
        S1_ASSERT(s1_market_reader_next(reader, &batch, NULL) == S1_OK);
        for (size_t i = 0; i < batch.count; i++) {
            const s1_nanos time = ((const s1_nanos *)batch.columns[0])[i];
            S1_ASSERT(options->key.data_type == S1_DATA_OHLCV ? time > last || rows + i == 0
                                                              : time >= last);
            last = time;
        }
        rows += batch.count;
    } while (batch.count > 0);
    s1_market_reader_close(reader);
    S1_ASSERT(rows == summary->rows);
}

static fuzz_result fuzz_import_once(const s1_data_import_options *asked)
{
    s1_data_import_options options = *asked;
    fuzz_result result = {0};
    s1_err err = S1_ERR_INIT;
    S1_ASSERT(s1_memory_persistor_new(&options.archive, NULL) == S1_OK);
    result.rc = s1_data_import(&options, &result.summary, &err);
    S1_ASSERT(result.rc == S1_OK || err.code == result.rc);
    if (result.rc == S1_OK) {
        check_stored(options.archive, &options, &result.summary);
    } else {
        s1_archive_info info;
        S1_ASSERT(s1_data_get_info(options.archive, &options.key, &info, NULL) == S1_E_NOT_FOUND);
    }
    s1_data_persistor_free(options.archive);
    return result;
}

/* Three bytes choose how the rest is read; `profiles` are those to choose from. */
static void fuzz_import(const uint8_t *data, size_t size, const char *name,
                        const char *const *profiles, size_t profile_count)
{
    static const int32_t types[] = {S1_DATA_OHLCV, S1_DATA_OHLCV, S1_DATA_TRADES, S1_DATA_QUOTES};
    if (size < 3 || size > FUZZ_BYTES_MAX) {
        return;
    }
    fuzz_fs fs = {.data = data + 3, .size = size - 3};
    fs.table = (s1_fs){.self = &fs,
                       .open = fuzz_open,
                       .close = fuzz_close,
                       .read = fuzz_read,
                       .pread = fuzz_pread,
                       .pwrite = fuzz_pwrite,
                       .stat_file = fuzz_stat_file,
                       .unlink = fuzz_unlink,
                       .stat = fuzz_stat};
    static const int32_t recorded[] = {S1_DATA_BOOK, S1_DATA_BOOK, S1_DATA_TRADES, S1_DATA_QUOTES};
    const bool is_recording = strcmp(profiles[data[0] % profile_count], "binance-ws") == 0;
    const int32_t type = is_recording ? recorded[data[1] & 3] : types[data[1] & 3];
    s1_data_import_options options = {
        .fs = &fs.table,
        .file = name,
        .profile = s1_str_of(profiles[data[0] % profile_count]),
        .key = {.asset_pair = S1_STR("BTC/EUR"),
                .timeframe = type == S1_DATA_OHLCV ? S1_NANOS_PER_MINUTE : 0,
                .data_type = type},
        .bar_length = type == S1_DATA_QUOTES ? S1_NANOS_PER_MINUTE : 0,
        .on_duplicate = (data[1] >> 2) % 5,
        .on_disorder = (data[1] >> 5) & 1 ? S1_DISORDER_SORT : 0,
        .map = (data[1] & 0x40) != 0 ? S1_STR("time=0,open=1,high=2,low=3,close=4,volume=5")
                                     : (s1_str){NULL, 0},
        .price_scale = (data[2] & 0x0f) == 0x0f ? 4 : S1_SCALE_DETECT,
        .qty_scale = (data[2] & 0x0f) == 0x0f ? 4 : S1_SCALE_DETECT,
        .rounds_quantity = (data[2] & 0x0f) == 0x0f,
        .max_rejects = data[2] >> 4,
        .ignores_name = true,
        .scratch_path = "scratch",
        .rows_max = FUZZ_ROWS_MAX};
    const fuzz_result large = fuzz_import_once(&options);
    options.buffer_rows = 3;
    const fuzz_result small = fuzz_import_once(&options);
    /* A buffer that ends among rows of one time cannot know all of them, and later rows may lack a
     * column that was stored: then the two may differ. */
    if (type == S1_DATA_OHLCV && large.rc == S1_OK && small.rc == S1_OK &&
        small.summary.columns == large.summary.columns) {
        S1_ASSERT(large.summary.rows == small.summary.rows);
        S1_ASSERT(large.summary.first == small.summary.first);
        S1_ASSERT(large.summary.last == small.summary.last);
        S1_ASSERT(large.summary.price_scale == small.summary.price_scale);
        S1_ASSERT(large.summary.qty_scale == small.summary.qty_scale);
    }
}

#endif /* S1_TESTS_FUZZ_IMPORT_FUZZ_H */
