/* The image reader: what it reads is what nm and readelf would say, what is wrong is named, and no
 * bytes whatever make it read outside them. */
#include "backend/assembly/plugin_image.h"

#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/plugin_compile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* One compiled sample, in heap memory of exactly its size so that ASan sees a read past it. */
typedef struct sample {
    char *bytes;
    size_t len;
} sample;

static char *folder;

static sample sample_of(const char *name, const char *flags)
{
    char source[512];
    char library[1024];
    (void)snprintf(source, sizeof source, "tests/negative/plugins/%s.c", name);
    (void)snprintf(library, sizeof library, "%s/%s.so", folder, name);
    s1_test_compile_plugin(source, library, flags);
    s1_strbuf text;
    s1_strbuf_init(&text, S1_PLUGIN_IMAGE_BYTES_MAX);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fs_read_all(s1_fs_real(), library, S1_PLUGIN_IMAGE_BYTES_MAX, &text, &err),
                     S1_OK);
    const sample made = {malloc(text.len), text.len};
    memcpy(made.bytes, text.data, text.len);
    s1_strbuf_done(&text);
    return made;
}

typedef struct reasons {
    char text[4096];
    size_t len;
} reasons;

static void put_reason(void *self, const char *reason)
{
    reasons *const all = self;
    if (all->len + strlen(reason) + 2 > sizeof all->text) {
        return;
    }
    all->len += (size_t)snprintf(all->text + all->len, sizeof all->text - all->len, "%s%s",
                                 all->len > 0 ? "\n" : "", reason);
}

static s1_plugin_image *read_image(const sample *from)
{
    s1_plugin_image *image = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_rc rc = s1_plugin_image_read((s1_str){from->bytes, from->len}, &image, &err);
    if (rc != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return image;
}

static bool has_text(const s1_str *items, uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].len == strlen(text) && memcmp(items[i].ptr, text, items[i].len) == 0) {
            return true;
        }
    }
    return false;
}

static void test_a_good_plugin(void **state)
{
    (void)state;
    const sample made = sample_of("sample", "");
    s1_plugin_image *const image = read_image(&made);
    assert_int_equal(image->machine, EM_X86_64);
    assert_int_equal(image->export_count, 1);
    assert_true(has_text(image->exports, image->export_count, "s1_plugin_entry"));
    assert_true(has_text(image->imports, image->import_count, "malloc"));
    assert_true(has_text(image->imports, image->import_count, "free"));
    assert_true(has_text(image->needed, image->needed_count, "libc.so.6"));
    assert_int_equal(image->has_ifunc, 0);
    reasons found = {.len = 0};
    const s1_refusals refusals = {&found, put_reason};
    assert_int_equal(s1_plugin_image_judge(image, &refusals), 0);
    assert_string_equal(found.text, "");
    s1_plugin_image_free(image);
    free(made.bytes);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *flags, *reason;
    } cases[] = {
        {"extra_export", "",
         "exports 'helper'; expected s1_plugin_entry alone (build with -fvisibility=hidden)"},
        {"imports_time", "", "imports 'time'; expected pure functions of libc and libm only"},
        {"imports_fopen", "", "imports 'fopen'; expected pure functions of libc and libm only"},
        {"no_entry", "", "does not export s1_plugin_entry"},
        {"ifunc", "", "has functions resolved at load (IFUNC); expected none"},
        {"sample", "-Wl,--no-as-needed -lresolv",
         "needs library 'libresolv.so.2'; expected libc and libm only"},
        {"sample", "-Wl,-rpath,/opt/elsewhere",
         "carries a library search path (RPATH, RUNPATH); expected none"},
        {"sample", "-Wl,-z,execstack", "asks for an executable stack; link with -z noexecstack"},
        {"sample", "-Wl,--auxiliary,libfoo.so.1", "names filter or audit libraries; expected none"},
#ifndef S1_SANITIZED
        {"constructor", "",
         "has 2 constructor(s) that run when it is opened; expected none but the compiler's"},
        {"constructor", "-nostartfiles",
         "has 1 constructor(s) that run when it is opened; expected none but the compiler's"},
#endif
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sample made = sample_of(cases[i].name, cases[i].flags);
        s1_plugin_image *const image = read_image(&made);
        reasons found = {.len = 0};
        const s1_refusals refusals = {&found, put_reason};
        assert_int_equal(s1_plugin_image_judge(image, &refusals), 1);
        assert_string_equal(found.text, cases[i].reason);
        s1_plugin_image_free(image);
        free(made.bytes);
    }
}

static void test_both_hash_tables(void **state)
{
    (void)state;
    static const char *const styles[] = {"-Wl,--hash-style=sysv", "-Wl,--hash-style=gnu",
                                         "-Wl,--hash-style=both"};
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        const sample made = sample_of("extra_export", styles[i]);
        s1_plugin_image *const image = read_image(&made);
        assert_int_equal(image->export_count, 2);
        assert_true(has_text(image->exports, 2, "helper"));
        assert_true(has_text(image->imports, image->import_count, "malloc"));
        s1_plugin_image_free(image);
        free(made.bytes);
    }
}

static void test_what_is_no_shared_object(void **state)
{
    (void)state;
    sample made = sample_of("sample", "");
    s1_plugin_image *image = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_image_read(S1_STR("#!/bin/sh\n"), &image, &err), S1_E_DATA);
    assert_string_equal(err.msg, "not an ELF file");
    assert_int_equal(s1_plugin_image_read((s1_str){NULL, 0}, &image, &err), S1_E_DATA);
    assert_string_equal(err.msg, "not an ELF file");

    const s1_str bytes = {made.bytes, made.len};
    made.bytes[EI_CLASS] = ELFCLASS32;
    assert_int_equal(s1_plugin_image_read(bytes, &image, &err), S1_E_DATA);
    assert_string_equal(err.msg, "not a 64-bit little-endian ELF file");
    made.bytes[EI_CLASS] = ELFCLASS64;

    made.bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
    assert_int_equal(s1_plugin_image_read(bytes, &image, &err), S1_E_DATA);
    assert_string_equal(err.msg, "ELF type 2, expected a shared object (3)");
    made.bytes[offsetof(Elf64_Ehdr, e_type)] = ET_DYN;
    assert_null(image);

    made.bytes[offsetof(Elf64_Ehdr, e_machine)] = (char)EM_AARCH64;
    image = read_image(&made);
    reasons found = {.len = 0};
    const s1_refusals refusals = {&found, put_reason};
    assert_int_equal(s1_plugin_image_judge(image, &refusals), 1);
    assert_string_equal(found.text, "is built for ELF machine 183, expected 62 (x86-64)");
    s1_plugin_image_free(image);
    free(made.bytes);
}

/* Cut at every length: an error or a smaller image, never a read outside. */
static void test_every_truncation(void **state)
{
    (void)state;
    const sample made = sample_of("sample", "");
    uint32_t errors = 0;
    for (size_t len = 0; len < made.len; len += len < 4096 ? 1 : 37) {
        char *const cut = malloc(len > 0 ? len : 1);
        memcpy(cut, made.bytes, len);
        s1_plugin_image *image = NULL;
        s1_err err = S1_ERR_INIT;
        if (s1_plugin_image_read((s1_str){cut, len}, &image, &err) != S1_OK) {
            assert_true(err.code == S1_E_DATA);
            assert_true(err.msg[0] != '\0');
            errors++;
        }
        s1_plugin_image_free(image);
        free(cut);
    }
    assert_true(errors > 100);
    free(made.bytes);
}

/* Bytes overwritten at random, in the headers above all. */
static void test_random_damage(void **state)
{
    (void)state;
    const sample made = sample_of("sample", "");
    uint64_t random = 88172645463325252u;
    char *const damaged = malloc(made.len);
    uint32_t read = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(damaged, made.bytes, made.len);
        for (int k = 0; k < 1 + i % 4; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            const size_t span = i % 2 == 0 ? 1024 : made.len;
            damaged[random % span] = (char)(random >> 32);
        }
        s1_plugin_image *image = NULL;
        reasons found = {.len = 0};
        const s1_refusals refusals = {&found, put_reason};
        if (s1_plugin_image_read((s1_str){damaged, made.len}, &image, NULL) == S1_OK) {
            (void)s1_plugin_image_judge(image, &refusals);
            read++;
        }
        s1_plugin_image_free(image);
    }
    assert_true(read > 1000 && read < 20000);
    free(damaged);
    free(made.bytes);
}

static int set_up(void **state)
{
    (void)state;
    folder = s1_test_folder();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), folder, NULL);
    free(folder);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_plugin),    cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_both_hash_tables), cmocka_unit_test(test_what_is_no_shared_object),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests_name("backend/assembly/plugin_image", tests, set_up, tear_down);
}
