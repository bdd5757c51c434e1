/* The file system seam: the real one, its helpers, and every helper with every call failing. */
#include "backend/utils/fs.h"

#include "tests/support/cmocka.h"
#include "tests/support/sim_fs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[512];

static const char *at(const char *name)
{
    static char paths[8][1024];
    static unsigned next;
    char *const path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static int make_root(void **state)
{
    (void)state;
    const char *const base = getenv("S1_TEST_TMP");
    (void)snprintf(root, sizeof root, "%s/fs_XXXXXX", base != NULL ? base : "/tmp");
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
    (void)state;
    return s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK;
}

static void assert_content(const char *path, const char *expected)
{
    s1_strbuf text;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&text, 1 << 20);
    if (s1_fs_read_all(s1_fs_real(), path, 1 << 20, &text, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_string_equal(s1_strbuf_cstr(&text), expected);
    s1_strbuf_done(&text);
}

static void test_read_and_write(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    s1_file *file;
    s1_fs_info info;
    size_t got;
    char buffer[32];
    const uint32_t flags = S1_FS_READ | S1_FS_WRITE | S1_FS_CREATE | S1_FS_EXCLUSIVE;
    assert_int_equal(s1_fs_open(fs, at("f"), flags, &file, NULL), S1_OK);
    assert_int_equal(s1_fs_write_all(fs, file, "hello world", 11, NULL), S1_OK);
    assert_int_equal(s1_fs_pwrite_all(fs, file, 6, "there", 5, NULL), S1_OK);
    assert_int_equal(s1_fs_pread(fs, file, 6, buffer, sizeof buffer, &got, NULL), S1_OK);
    assert_int_equal(got, 5);
    assert_memory_equal(buffer, "there", 5);
    assert_int_equal(s1_fs_truncate(fs, file, 8, NULL), S1_OK);
    assert_int_equal(s1_fs_fsync(fs, file, NULL), S1_OK);
    assert_int_equal(s1_fs_stat_file(fs, file, &info, NULL), S1_OK);
    assert_int_equal(info.size, 8);
    assert_int_equal(info.type, S1_FS_FILE);
    assert_true(info.modified > 1600000000LL * S1_NANOS_PER_SECOND);
    assert_int_equal(s1_fs_read(fs, file, buffer, 1, &got, NULL), S1_OK);
    assert_int_equal(got, 0); /* at the end */
    assert_int_equal(s1_fs_close(fs, file, NULL), S1_OK);
    assert_content(at("f"), "hello th");
    assert_int_equal(s1_fs_open(fs, at("f"), flags, &file, NULL), S1_E_EXISTS);
    assert_int_equal(
        s1_fs_open(fs, at("f"), S1_FS_WRITE | S1_FS_CREATE | S1_FS_APPEND, &file, NULL), S1_OK);
    assert_int_equal(s1_fs_write_all(fs, file, "ere", 3, NULL), S1_OK);
    assert_int_equal(s1_fs_close(fs, file, NULL), S1_OK);
    assert_content(at("f"), "hello there");
    assert_int_equal(
        s1_fs_open(fs, at("secret"), S1_FS_WRITE | S1_FS_CREATE | S1_FS_PRIVATE, &file, NULL),
        S1_OK);
    assert_int_equal(s1_fs_close(fs, file, NULL), S1_OK);
    assert_int_equal(s1_fs_stat(fs, at("secret"), &info, NULL), S1_OK);
    assert_int_equal(info.mode, 0600);
}

/* Writes and reads of every alignment mix in one stream. */
static void test_stream(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    const size_t size = 16 * (size_t)S1_FS_STREAM_ALIGN;
    char *const from = aligned_alloc(S1_FS_STREAM_ALIGN, size);
    char *const to = aligned_alloc(S1_FS_STREAM_ALIGN, size);
    assert_true(from != NULL && to != NULL);
    for (size_t i = 0; i < size; i++) {
        from[i] = (char)(i * 131 >> 3);
    }
    static const size_t cuts[] = {0, 8192, 8193, 12288, 20480, 20481, 28672, 65536};
    const uint32_t flags = S1_FS_READ | S1_FS_WRITE | S1_FS_CREATE | S1_FS_STREAM;
    s1_file *file;
    assert_int_equal(s1_fs_open(fs, at("stream"), flags, &file, NULL), S1_OK);
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof cuts[0]; i++) {
        const size_t length = cuts[i + 1] - cuts[i];
        assert_int_equal(s1_fs_pwrite_all(fs, file, cuts[i], from + cuts[i], length, NULL), S1_OK);
        for (size_t offset = 0; offset < 2; offset++) { /* aligned, and not */
            size_t done = 0, got = 1;
            while (done < cuts[i + 1] - offset && got > 0) {
                assert_int_equal(s1_fs_pread(fs, file, offset + done, to + done,
                                             cuts[i + 1] - offset - done, &got, NULL),
                                 S1_OK);
                done += got;
            }
            assert_int_equal(done, cuts[i + 1] - offset);
            assert_memory_equal(to, from + offset, done);
        }
    }
    assert_int_equal(s1_fs_close(fs, file, NULL), S1_OK);
    free(from);
    free(to);
}

static void test_errors_name_the_path(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    s1_file *file;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_open(fs, at("no/such"), S1_FS_READ, &file, &err), S1_E_NOT_FOUND);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_non_null(strstr(err.msg, "no/such': No such file or directory"));
    assert_int_equal(s1_fs_mkdir(fs, root, &err), S1_E_EXISTS);
    assert_int_equal(s1_fs_unlink(fs, at("missing"), &err), S1_E_NOT_FOUND);
    assert_int_equal(s1_fs_rename(fs, at("missing"), at("x"), &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "missing' to '"));
    s1_strbuf text;
    s1_strbuf_init(&text, 1000);
    assert_int_equal(s1_fs_read_all(fs, root, 1000, &text, &err), S1_E_IO);
    assert_int_equal(err.sys_errno, EISDIR);
    s1_strbuf_done(&text);
}

static void test_read_limit(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    s1_strbuf text;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&text, 1 << 20);
    assert_int_equal(s1_fs_write_file(fs, at("ten"), S1_STR("0123456789"), NULL), S1_OK);
    s1_strbuf_lit(&text, "x");
    assert_int_equal(s1_fs_read_all(fs, at("ten"), 9, &text, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "has 10 bytes, at most 9"));
    assert_string_equal(s1_strbuf_cstr(&text), "x");
    assert_int_equal(s1_fs_read_all(fs, at("ten"), 10, &text, &err), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&text), "x0123456789");
    s1_strbuf_clear(&text);
    /* A file that does not tell its size. */
    assert_int_equal(s1_fs_read_all(fs, "/proc/self/status", 3, &text, &err), S1_E_DATA);
    assert_int_equal(s1_fs_read_all(fs, "/proc/self/status", 1 << 19, &text, &err), S1_OK);
    assert_true(s1_str_starts_with(s1_strbuf_view(&text), S1_STR("Name:")));
    s1_strbuf_done(&text);
    s1_strbuf_init(&text, 10); /* just large enough */
    assert_int_equal(s1_fs_read_all(fs, at("ten"), 1000, &text, &err), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&text), "0123456789");
    s1_strbuf_done(&text);
}

static void test_folders(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    assert_int_equal(s1_fs_mkdir_all(fs, at("a/b/c"), NULL), S1_OK);
    assert_int_equal(s1_fs_mkdir_all(fs, at("a/b/c"), NULL), S1_OK);
    assert_true(s1_fs_is_folder(fs, at("a/b/c")));
    static const char *const names[] = {"a/z", "a/B", "a/b1", "a/b/c/deep"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(s1_fs_write_file(fs, at(names[i]), S1_STR("1"), NULL), S1_OK);
    }
    s1_fs_list list;
    assert_int_equal(s1_fs_list_names(fs, at("a"), &list, NULL), S1_OK);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.names[0], "B");
    assert_string_equal(list.names[1], "b");
    assert_string_equal(list.names[2], "b1");
    assert_string_equal(list.names[3], "z");
    s1_fs_list_done(&list);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_mkdir_all(fs, at("a/z/under_a_file"), &err), S1_E_EXISTS);
    assert_non_null(strstr(err.msg, "a/z': File exists"));
    assert_int_equal(s1_fs_rmdir(fs, at("a"), &err), S1_E_EXISTS); /* not empty */
    /* Links are removed, what they point at stays. */
    assert_int_equal(s1_fs_mkdir_all(fs, at("kept"), NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(fs, at("kept/file"), S1_STR("1"), NULL), S1_OK);
    assert_int_equal(symlink(at("kept"), at("a/link")), 0);
    assert_int_equal(s1_fs_remove_tree(fs, at("a"), &err), S1_OK);
    assert_false(s1_fs_exists(fs, at("a")));
    assert_true(s1_fs_is_file(fs, at("kept/file")));
    assert_int_equal(s1_fs_remove_tree(fs, at("a"), &err), S1_OK); /* not there: fine */
}

static void test_publish_folder(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_mkdir_all(fs, at("run.partial/sub"), NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(fs, at("run.partial/sub/f"), S1_STR("1"), NULL), S1_OK);
    assert_int_equal(s1_fs_mkdir_all(fs, at("taken"), NULL), S1_OK);
    assert_int_equal(s1_fs_publish_folder(fs, at("run.partial"), at("taken"), &err), S1_E_EXISTS);
    assert_int_equal(s1_fs_publish_folder(fs, at("run.partial"), at("run"), &err), S1_OK);
    assert_content(at("run/sub/f"), "1");
    assert_false(s1_fs_exists(fs, at("run.partial")));
}

static void test_join(void **state)
{
    (void)state;
    char path[8];
    assert_int_equal(s1_path_join(path, sizeof path, S1_STR("a"), S1_STR("b"), NULL), S1_OK);
    assert_string_equal(path, "a/b");
    assert_int_equal(s1_path_join(path, sizeof path, S1_STR("a/"), S1_STR("b"), NULL), S1_OK);
    assert_string_equal(path, "a/b");
    assert_int_equal(s1_path_join(path, sizeof path, S1_STR(""), S1_STR("b"), NULL), S1_OK);
    assert_string_equal(path, "b");
    assert_int_equal(s1_path_join(path, sizeof path, S1_STR("/"), S1_STR(""), NULL), S1_OK);
    assert_string_equal(path, "/");
    assert_int_equal(s1_path_join(path, sizeof path, S1_STR("abcd"), S1_STR("efg"), NULL),
                     S1_E_RANGE);
    assert_string_equal(path, "/");
}

static void test_lock(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    s1_file *file, *other;
    const uint32_t flags = S1_FS_READ | S1_FS_WRITE | S1_FS_CREATE;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_open(fs, at("lock"), flags, &file, NULL), S1_OK);
    assert_int_equal(s1_fs_open(fs, at("lock"), flags, &other, NULL), S1_OK);
    assert_int_equal(s1_fs_lock(fs, file, NULL), S1_OK);
    assert_int_equal(s1_fs_lock(fs, other, &err), S1_E_DENIED);
    assert_non_null(strstr(err.msg, "another process has it"));
    assert_int_equal(s1_fs_close(fs, file, NULL), S1_OK);
    assert_int_equal(s1_fs_lock(fs, other, NULL), S1_OK);
    s1_fs_drop(fs, other);
    s1_fs_drop(fs, NULL);
}

/* --- Faults -------------------------------------------------------------------------------- */

/* Fails call 1, 2, 3 ... of a replace until it succeeds: the old content or the new, never other.
 */
static void test_replace_with_every_fault(void **state)
{
    (void)state;
    const s1_str new_content = S1_STR("the new state, a little longer");
    for (int permanent = 0; permanent < 2; permanent++) {
        uint64_t number = 1;
        for (;; number++) {
            s1_fault_fs fault;
            s1_err err = S1_ERR_INIT;
            assert_int_equal(s1_fs_write_file(s1_fs_real(), at("state"), S1_STR("old"), NULL),
                             S1_OK);
            s1_fault_fs_init(&fault, s1_fs_real());
            fault.write_at_once = 7;
            s1_fault_fs_fail(&fault, -1, number, EIO, permanent != 0);
            const s1_rc rc = s1_fs_replace(&fault.table, at("state"), new_content, &err);
            if (fault.failures == 0) {
                assert_int_equal(rc, S1_OK);
                break;
            }
            s1_strbuf text;
            s1_strbuf_init(&text, 1000);
            assert_int_equal(s1_fs_read_all(s1_fs_real(), at("state"), 1000, &text, NULL), S1_OK);
            const bool is_new = s1_str_eq(s1_strbuf_view(&text), new_content);
            assert_true(is_new || s1_str_eq_cstr(s1_strbuf_view(&text), "old"));
            s1_strbuf_done(&text);
            if (rc != S1_OK) {
                assert_int_equal(err.sys_errno, EIO);
                assert_non_null(strstr(err.msg, "injected fault"));
            } else {
                assert_true(is_new); /* only a folder's close may fail unnoticed */
            }
            if (permanent == 0) {
                assert_false(s1_fs_exists(s1_fs_real(), at("state.tmp")) && rc != S1_OK);
            }
        }
        assert_true(number > 10);
        assert_content(at("state"), "the new state, a little longer");
        (void)unlink(at("state.tmp"));
    }
}

static void test_full_disk(void **state)
{
    (void)state;
    s1_fault_fs fault;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_write_file(s1_fs_real(), at("full"), S1_STR("old"), NULL), S1_OK);
    s1_fault_fs_init(&fault, s1_fs_real());
    fault.write_limit = 5;
    assert_int_equal(s1_fs_replace(&fault.table, at("full"), S1_STR("0123456789"), &err), S1_E_IO);
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_int_equal(fault.bytes_written, 5);
    assert_content(at("full"), "old");
    assert_false(s1_fs_exists(s1_fs_real(), at("full.tmp")));
    assert_int_equal(fault.failures, 1);

    s1_fault_fs_init(&fault, s1_fs_real()); /* what is removed makes room for as much */
    fault.unlink_gives_room = true;
    fault.write_limit = 4;
    assert_int_equal(s1_fs_write_file(&fault.table, at("a"), S1_STR("1234"), NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(&fault.table, at("b"), S1_STR("1"), NULL), S1_E_IO);
    assert_int_equal(s1_fs_unlink(&fault.table, at("a"), NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(&fault.table, at("b"), S1_STR("56789"), NULL), S1_E_IO);
    assert_content(at("b"), "5678");
}

static void test_fault_of_one_operation(void **state)
{
    (void)state;
    s1_fault_fs fault;
    s1_file *file;
    s1_err err = S1_ERR_INIT;
    s1_fault_fs_init(&fault, s1_fs_real());
    s1_fault_fs_fail(&fault, S1_FS_OP_WRITE, 2, ENOSPC, false);
    assert_int_equal(s1_fs_open(&fault.table, at("w"), S1_FS_WRITE | S1_FS_CREATE, &file, NULL),
                     S1_OK);
    assert_int_equal(s1_fs_write_all(&fault.table, file, "a", 1, &err), S1_OK);
    assert_int_equal(s1_fs_write_all(&fault.table, file, "b", 1, &err), S1_E_IO);
    assert_non_null(strstr(err.msg, "write, call 2: No space left on device"));
    assert_int_equal(s1_fs_write_all(&fault.table, file, "c", 1, &err), S1_OK);
    s1_fault_fs_fail(&fault, S1_FS_OP_CLOSE, 1, EIO, true);
    assert_int_equal(s1_fs_close(&fault.table, file, &err), S1_E_IO); /* and released */
    assert_int_equal(fault.calls_of[S1_FS_OP_WRITE], 3);
    assert_int_equal(fault.calls, 5);
    assert_int_equal(fault.failures, 2);
    assert_content(at("w"), "ac");
}

/* Every other helper: whichever call fails, it says so or has done its work, and leaks nothing. */
static void test_helpers_with_every_fault(void **state)
{
    (void)state;
    const s1_fs *const fs = s1_fs_real();
    for (int which = 0; which < 5; which++) {
        for (uint64_t number = 1; number < 100; number++) {
            assert_int_equal(s1_fs_remove_tree(fs, at("t"), NULL), S1_OK);
            assert_int_equal(s1_fs_remove_tree(fs, at("t2"), NULL), S1_OK);
            assert_int_equal(s1_fs_mkdir_all(fs, at("t/x/y"), NULL), S1_OK);
            assert_int_equal(s1_fs_write_file(fs, at("t/x/f"), S1_STR("data"), NULL), S1_OK);
            s1_fault_fs fault;
            s1_err err = S1_ERR_INIT;
            s1_fault_fs_init(&fault, fs);
            s1_fault_fs_fail(&fault, -1, number, EIO, false);
            s1_strbuf text;
            s1_strbuf_init(&text, 1000);
            s1_rc rc = S1_OK;
            bool is_done = false;
            switch (which) {
            case 0:
                rc = s1_fs_read_all(&fault.table, at("t/x/f"), 1000, &text, &err);
                is_done = s1_str_eq_cstr(s1_strbuf_view(&text), "data");
                break;
            case 1:
                rc = s1_fs_publish_folder(&fault.table, at("t"), at("t2"), &err);
                is_done = s1_fs_is_file(fs, at("t2/x/f"));
                break;
            case 2:
                rc = s1_fs_mkdir_all(&fault.table, at("t/n/m/o"), &err);
                is_done = s1_fs_is_folder(fs, at("t/n/m/o"));
                break;
            case 3:
                rc = s1_fs_remove_tree(&fault.table, at("t"), &err);
                is_done = !s1_fs_exists(fs, at("t"));
                break;
            default:
                rc = s1_fs_write_file(&fault.table, at("t/x/f"), S1_STR("more"), &err);
                is_done = rc == S1_OK;
                break;
            }
            s1_strbuf_done(&text);
            assert_true(rc != S1_OK || is_done);
            if (rc != S1_OK) {
                assert_int_equal(err.sys_errno, EIO);
            }
            if (fault.failures == 0) {
                assert_int_equal(rc, S1_OK);
                assert_true(number > 2);
                break;
            }
        }
    }
}

/* Names that change places, and second names, on any file system. */
static void exchange_and_link(const s1_fs *fs, const char *a, const char *b, const char *c)
{
    char a_file[1100], b_file[1100], linked[1100];
    s1_fs_info info, other;
    s1_err err = S1_ERR_INIT;
    (void)snprintf(a_file, sizeof a_file, "%s/file", a);
    (void)snprintf(b_file, sizeof b_file, "%s/file", b);
    (void)snprintf(linked, sizeof linked, "%s/linked", b);
    assert_int_equal(s1_fs_mkdir(fs, a, NULL), S1_OK);
    assert_int_equal(s1_fs_exchange(fs, a, b, &err), S1_E_NOT_FOUND);
    assert_int_equal(s1_fs_mkdir(fs, b, NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(fs, a_file, S1_STR("one"), NULL), S1_OK);
    assert_int_equal(s1_fs_write_file(fs, b_file, S1_STR("three"), NULL), S1_OK);
    assert_int_equal(s1_fs_exchange(fs, a, b, NULL), S1_OK);
    assert_int_equal(s1_fs_stat(fs, a_file, &info, NULL), S1_OK);
    assert_int_equal(info.size, 5);
    assert_int_equal(s1_fs_stat(fs, b_file, &info, NULL), S1_OK);
    assert_int_equal(info.size, 3);
    assert_int_equal(s1_fs_exchange(fs, a_file, c, NULL), S1_E_NOT_FOUND);
    /* A link is the file itself, and outlives its first name. */
    assert_int_equal(s1_fs_link(fs, b_file, linked, NULL), S1_OK);
    assert_int_equal(s1_fs_link(fs, b_file, linked, &err), S1_E_EXISTS);
    assert_int_equal(s1_fs_link(fs, c, a_file, NULL), S1_E_NOT_FOUND);
    assert_int_equal(s1_fs_stat(fs, linked, &other, NULL), S1_OK);
    assert_int_equal(other.inode, info.inode);
    assert_int_equal(s1_fs_unlink(fs, b_file, NULL), S1_OK);
    assert_int_equal(s1_fs_stat(fs, linked, &other, NULL), S1_OK);
    assert_int_equal(other.size, 3);
    assert_int_equal(s1_fs_fsync_folder(fs, b, NULL), S1_OK);
    assert_int_equal(s1_fs_fsync_folder(fs, c, NULL), S1_E_NOT_FOUND);
}

static void test_exchange_and_link(void **state)
{
    (void)state;
    exchange_and_link(s1_fs_real(), at("ex_a"), at("ex_b"), at("ex_c"));
    s1_sim_fs *const sim = s1_sim_fs_new();
    exchange_and_link(s1_sim_fs_table(sim), "a", "b", "c");
    s1_sim_fs_free(sim);
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    static const int32_t ops[] = {S1_FS_OP_EXCHANGE, S1_FS_OP_LINK};
    for (size_t i = 0; i < 2; i++) {
        s1_err err = S1_ERR_INIT;
        s1_fault_fs_fail(&fault, ops[i], 1, EIO, false);
        assert_int_equal(i == 0 ? s1_fs_exchange(&fault.table, at("ex_a"), at("ex_b"), &err)
                                : s1_fs_link(&fault.table, at("ex_b/linked"), at("ex_a/x"), &err),
                         S1_E_IO);
        assert_string_equal(err.msg, i == 0 ? "injected fault: exchange, call 1: Input/output error"
                                            : "injected fault: link, call 1: Input/output error");
        assert_int_equal(fault.calls_of[ops[i]], 1);
    }
    assert_false(s1_fs_exists(s1_fs_real(), at("ex_a/x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_write),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_errors_name_the_path),
        cmocka_unit_test(test_read_limit),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_publish_folder),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_replace_with_every_fault),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_fault_of_one_operation),
        cmocka_unit_test(test_helpers_with_every_fault),
        cmocka_unit_test(test_exchange_and_link),
    };
    return cmocka_run_group_tests_name("fs", tests, make_root, remove_root);
}
