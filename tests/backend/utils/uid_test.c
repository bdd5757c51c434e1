#include "backend/utils/uid.h"

#include "backend/utils/ids.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

static void test_text(void **state)
{
    (void)state;
    static const char *const text = "01234567-89ab-cdef-fedc-ba9876543210";
    s1_uid uid;
    char printed[S1_UID_TEXT_MAX];
    assert_int_equal(s1_uid_parse(s1_str_of(text), &uid, NULL), S1_OK);
    assert_memory_equal(uid.bytes,
                        "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10", 16);
    assert_int_equal(s1_uid_print(uid, printed), 36);
    assert_string_equal(printed, text);
    s1_uid upper;
    assert_int_equal(s1_uid_parse(S1_STR("01234567-89AB-CDEF-FEDC-BA9876543210"), &upper, NULL),
                     S1_OK);
    assert_true(s1_uid_eq(uid, upper));
    s1_rng rng;
    s1_rng_init(&rng, 6);
    for (int i = 0; i < 100000; i++) {
        const s1_uid made = s1_uid_v7((s1_nanos)(s1_rng_u64(&rng) >> 2), &rng);
        assert_int_equal(s1_uid_print(made, printed), 36);
        assert_int_equal(s1_uid_parse((s1_str){printed, 36}, &upper, NULL), S1_OK);
        assert_true(s1_uid_eq(made, upper));
    }
}

static void test_refused_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0123456789abcdeffedcba9876543210",
                                      "01234567-89ab-cdef-fedc-ba987654321",
                                      "01234567-89ab-cdef-fedc-ba98765432100",
                                      "01234567089ab-cdef-fedc-ba9876543210",
                                      "0123456g-89ab-cdef-fedc-ba9876543210",
                                      "01234567-89ab-cdef-fedc-ba987654321 "};
    s1_uid uid = {{1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_uid_parse(s1_str_of(bad[i]), &uid, NULL), S1_E_INVALID);
    }
    assert_int_equal(uid.bytes[0], 1);
    s1_uid none = {{0}};
    assert_true(s1_uid_is_none(none));
    none.bytes[15] = 1;
    assert_false(s1_uid_is_none(none));
}

/* Pinned: journals of past runs hold these ids. */
static void test_derived_are_pinned(void **state)
{
    (void)state;
    const uint64_t parts[3] = {1, 2, 3};
    char text[S1_UID_TEXT_MAX];
    const s1_uid uid = s1_uid_derive(42, parts, 3);
    (void)s1_uid_print(uid, text);
    assert_string_equal(text, "abfc3fb4-43c5-8cd5-9bbe-c9c7b406116d");
    assert_int_equal(uid.bytes[6] >> 4, 8);
    assert_int_equal(uid.bytes[8] >> 6, 2);
    assert_false(s1_uid_eq(uid, s1_uid_derive(43, parts, 3)));
    assert_false(s1_uid_eq(uid, s1_uid_derive(42, parts, 2)));
}

static int compare_uids(const void *a, const void *b)
{
    return s1_uid_cmp(*(const s1_uid *)a, *(const s1_uid *)b);
}

static void assert_distinct(s1_uid *uids, size_t count)
{
    qsort(uids, count, sizeof *uids, compare_uids);
    for (size_t i = 1; i < count; i++) {
        assert_false(s1_uid_eq(uids[i - 1], uids[i]));
    }
}

enum { TICKS = 500, WORKERS = 70, PER_TICK = 3 };

static void test_derived_source(void **state)
{
    (void)state;
    static s1_uid uids[TICKS * WORKERS * PER_TICK];
    s1_derived_ids ids;
    size_t count = 0;
    s1_derived_ids_init(&ids, 1, S1_STR("ema@backtest"));
    const s1_id_source source = s1_derived_ids_source(&ids);
    for (uint64_t tick = 0; tick < TICKS; tick++) {
        s1_ids_begin_tick(&source, tick);
        for (uint32_t worker = 0; worker < WORKERS; worker++) { /* more than there are slots */
            uids[count++] = s1_ids_opportunity(&source, worker).uid;
            uids[count++] = s1_ids_opportunity(&source, worker).uid;
            uids[count++] = s1_ids_threat(&source, worker).uid;
        }
    }
    assert_distinct(uids, count);
}

/* What another worker makes does not rename mine; another seed or link does. */
static void test_derived_source_is_stable(void **state)
{
    (void)state;
    s1_derived_ids alone, busy, other_seed, other_link;
    s1_derived_ids_init(&alone, 1, S1_STR("a"));
    s1_derived_ids_init(&busy, 1, S1_STR("a"));
    s1_derived_ids_init(&other_seed, 2, S1_STR("a"));
    s1_derived_ids_init(&other_link, 1, S1_STR("b"));
    const s1_id_source x = s1_derived_ids_source(&alone), y = s1_derived_ids_source(&busy),
                       p = s1_derived_ids_source(&other_seed),
                       q = s1_derived_ids_source(&other_link);
    for (uint64_t tick = 0; tick < 10; tick++) {
        s1_ids_begin_tick(&x, tick);
        s1_ids_begin_tick(&y, tick);
        s1_ids_begin_tick(&p, tick);
        s1_ids_begin_tick(&q, tick);
        (void)s1_ids_opportunity(&y, 5);
        (void)s1_ids_threat(&y, 3);
        for (int i = 0; i < 3; i++) {
            const s1_uid mine = s1_ids_opportunity(&x, 3).uid;
            assert_true(s1_uid_eq(mine, s1_ids_opportunity(&y, 3).uid));
            assert_false(s1_uid_eq(mine, s1_ids_opportunity(&p, 3).uid));
            assert_false(s1_uid_eq(mine, s1_ids_opportunity(&q, 3).uid));
        }
    }
}

static void test_live_source_ascends(void **state)
{
    (void)state;
    static s1_uid uids[20000];
    s1_manual_clock manual;
    s1_rng rng;
    s1_live_ids ids;
    s1_manual_clock_init(&manual, 1700000000000LL * 1000000);
    s1_rng_init(&rng, 8);
    s1_live_ids_init(&ids, &manual.clock, &rng);
    const s1_id_source source = s1_live_ids_source(&ids);
    s1_ids_begin_tick(&source, 1);
    for (size_t i = 0; i < 20000; i++) { /* more per millisecond than the counter holds */
        if (i % 9000 == 8999) {
            s1_manual_clock_set(&manual, manual.wall_now - 50000000); /* the clock goes back */
        }
        uids[i] = s1_ids_order(&source, 0).uid;
        assert_int_equal(uids[i].bytes[6] >> 4, 7);
        assert_int_equal(uids[i].bytes[8] >> 6, 2);
        if (i > 0) {
            assert_true(s1_uid_cmp(uids[i - 1], uids[i]) < 0);
        }
    }
    uint64_t milliseconds = 0;
    for (size_t i = 0; i < 6; i++) {
        milliseconds = milliseconds << 8 | uids[0].bytes[i];
    }
    assert_true(milliseconds == 1700000000000ULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused_text),
        cmocka_unit_test(test_derived_are_pinned),
        cmocka_unit_test(test_derived_source),
        cmocka_unit_test(test_derived_source_is_stable),
        cmocka_unit_test(test_live_source_ascends),
    };
    return cmocka_run_group_tests_name("uid", tests, NULL, NULL);
}
