/* Segments: what is read back, whatever a crash or a disk left of the file. */
#include "backend/data/recorder/segment.h"

#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000

static char folder[512], path[600];
static const s1_stream_key key = {
    .asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES, .source = {"kraken", 6}};

static int make_folder(void **state)
{
    const char *const parent = getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP") : "/tmp";
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/segment_XXXXXX", parent);
    (void)!mkdtemp(folder);
    (void)snprintf(path, sizeof path, "%s/1.seg", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return s1_fs_remove_tree(s1_fs_real(), folder, NULL) == S1_OK ? 0 : -1;
}

typedef struct seen {
    s1_stream_row rows[ROWS_MAX];
    size_t count;
} seen;

static s1_rc see(void *user, const s1_stream_row *rows, size_t count, s1_err *err)
{
    seen *const s = user;
    if (s->count + count > ROWS_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "more rows than were written");
    }
    memcpy(&s->rows[s->count], rows, count * sizeof *rows);
    s->count += count;
    return S1_OK;
}

static s1_stream_row make_row(int64_t number)
{
    s1_stream_row row = {.price_scale = 1, .qty_scale = 8};
    for (int i = 0; i < 6; i++) {
        row.columns[i] = number * 10 + i;
    }
    return row;
}

/* A segment with `count` rows in frames of `part`. */
static void write_segment(const s1_fs *fs, size_t count, size_t part)
{
    s1_segment_writer *writer;
    s1_stream_row rows[8192];
    assert_int_equal(s1_segment_create(fs, path, &key, 42, &writer, NULL), S1_OK);
    for (size_t at = 0; at < count; at += part) {
        const size_t n = part < count - at ? part : count - at;
        for (size_t i = 0; i < n; i++) {
            rows[i] = make_row((int64_t)(at + i));
        }
        assert_int_equal(s1_segment_append(writer, rows, n, NULL), S1_OK);
    }
    assert_int_equal(s1_segment_sync(writer, NULL), S1_OK);
    s1_segment_close(writer);
}

static s1_strbuf read_bytes(void)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1 << 24);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1 << 24, &text, NULL), S1_OK);
    return text;
}

static s1_segment_info parse(s1_str bytes, seen *s)
{
    s1_segment_info info;
    s1_err err = S1_ERR_INIT;
    s->count = 0;
    if (s1_segment_parse(bytes, "test", see, s, &info, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return info;
}

static int fresh(void **state)
{
    *state = calloc(1, sizeof(seen));
    return s1_fs_remove_tree(s1_fs_real(), path, NULL) == S1_OK && *state != NULL ? 0 : -1;
}

static int done(void **state)
{
    free(*state);
    return 0;
}

static void test_all_rows_come_back(void **state)
{
    seen *const s = *state;
    s1_segment_info info;
    write_segment(s1_fs_real(), 10000, 7000); /* more than a frame holds */
    assert_int_equal(s1_segment_read(s1_fs_real(), path, see, s, &info, NULL), S1_OK);
    assert_int_equal(info.rows, 10000);
    assert_int_equal(info.rows_damaged, 0);
    assert_int_equal(info.bytes_torn, 0);
    assert_int_equal(info.created, 42);
    assert_string_equal(info.asset_pair, "BTC/USD");
    assert_string_equal(info.source, "kraken");
    assert_int_equal(info.data_type, S1_DATA_TRADES);
    for (size_t i = 0; i < s->count; i++) {
        const s1_stream_row row = make_row((int64_t)i);
        assert_memory_equal(&s->rows[i], &row, sizeof row);
    }
}

static void test_cut_anywhere(void **state)
{
    seen *const s = *state;
    write_segment(s1_fs_real(), 20, 5);
    s1_strbuf bytes = read_bytes();
    const size_t frame = 24 + 5 * sizeof(s1_stream_row);
    for (size_t length = 0; length <= bytes.len; length++) {
        const s1_segment_info info = parse(s1_str_make(bytes.data, length), s);
        const size_t whole = length < 128 ? 0 : (length - 128) / frame;
        assert_int_equal(info.rows, whole * 5);
        assert_int_equal(s->count, whole * 5);
        assert_int_equal(info.bytes_torn, length < 128 ? length : length - 128 - whole * frame);
        assert_int_equal(info.rows_damaged, 0);
    }
    s1_strbuf_done(&bytes);
}

static void test_every_flipped_byte_is_found(void **state)
{
    seen *const s = *state;
    write_segment(s1_fs_real(), 15, 5);
    s1_strbuf bytes = read_bytes();
    const size_t frame = 24 + 5 * sizeof(s1_stream_row);
    for (size_t at = 128; at < bytes.len; at++) {
        bytes.data[at] = (char)(bytes.data[at] ^ 0x10);
        const s1_segment_info info = parse(s1_strbuf_view(&bytes), s);
        const size_t hit = (at - 128) / frame;
        assert_int_equal(info.rows, 10);
        assert_int_equal(info.rows_damaged, hit == 2 ? 0 : 5);
        assert_int_equal(info.bytes_torn, hit == 2 ? frame : 0);
        for (size_t i = 0; i < s->count; i++) {
            assert_true(s->rows[i].columns[0] / 10 / 5 != (int64_t)hit);
        }
        bytes.data[at] = (char)(bytes.data[at] ^ 0x10);
    }
    s1_strbuf_done(&bytes);
}

static void test_a_damaged_header_costs_no_frame(void **state)
{
    seen *const s = *state;
    write_segment(s1_fs_real(), 10, 5);
    s1_strbuf bytes = read_bytes();
    for (size_t at = 0; at < 128; at++) {
        bytes.data[at] = (char)(bytes.data[at] ^ 1);
        const s1_segment_info info = parse(s1_strbuf_view(&bytes), s);
        assert_true(info.is_header_damaged);
        assert_int_equal(info.rows, 10);
        assert_string_equal(info.asset_pair, "");
        bytes.data[at] = (char)(bytes.data[at] ^ 1);
    }
    assert_false(parse(s1_strbuf_view(&bytes), s).is_header_damaged);
    memset(bytes.data, 0, bytes.len); /* nothing of it was ever written */
    const s1_segment_info info = parse(s1_strbuf_view(&bytes), s);
    assert_true(info.is_header_damaged);
    assert_int_equal(info.rows, 0);
    s1_strbuf_done(&bytes);
}

static void test_exists(void **state)
{
    s1_segment_writer *writer;
    (void)state;
    write_segment(s1_fs_real(), 1, 1);
    assert_int_equal(s1_segment_create(s1_fs_real(), path, &key, 0, &writer, NULL), S1_E_EXISTS);
}

static void test_a_writer_that_failed_takes_nothing_more(void **state)
{
    static const int32_t ops[] = {S1_FS_OP_WRITE, S1_FS_OP_FSYNC};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        s1_fault_fs fault;
        s1_segment_writer *writer;
        s1_err err = S1_ERR_INIT;
        const s1_stream_row row = make_row(1);
        s1_fault_fs_init(&fault, s1_fs_real());
        assert_int_equal(s1_fs_remove_tree(s1_fs_real(), path, NULL), S1_OK);
        assert_int_equal(s1_segment_create(&fault.table, path, &key, 0, &writer, NULL), S1_OK);
        s1_fault_fs_fail(&fault, ops[i], 1, EIO, false);
        const s1_rc rc = s1_segment_append(writer, &row, 1, &err);
        assert_int_equal(ops[i] == S1_FS_OP_WRITE ? rc : s1_segment_sync(writer, &err), S1_E_IO);
        assert_int_equal(s1_segment_sync(writer, &err), S1_E_STORAGE);
        assert_int_equal(s1_segment_append(writer, &row, 1, &err), S1_E_STORAGE);
        s1_segment_close(writer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_rows_come_back, fresh, done),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, fresh, done),
        cmocka_unit_test_setup_teardown(test_every_flipped_byte_is_found, fresh, done),
        cmocka_unit_test_setup_teardown(test_a_damaged_header_costs_no_frame, fresh, done),
        cmocka_unit_test_setup_teardown(test_exists, fresh, done),
        cmocka_unit_test_setup_teardown(test_a_writer_that_failed_takes_nothing_more, fresh, done),
    };
    return cmocka_run_group_tests_name("backend/data/recorder/segment", tests, make_folder,
                                       remove_folder);
}
