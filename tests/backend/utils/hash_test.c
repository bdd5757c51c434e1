#include "backend/utils/hash.h"

#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void test_crc32c(void **state)
{
    (void)state;
    assert_int_equal(s1_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(s1_crc32c_software(0, "123456789", 9), 0xe3069283);
    assert_int_equal(s1_crc32c(0, "", 0), 0);
    static const uint8_t zeros[32] = {0};
    assert_int_equal(s1_crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
    uint8_t bytes[2000];
    s1_rng rng;
    s1_rng_init(&rng, 3);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)s1_rng_u64(&rng);
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        const uint32_t whole = s1_crc32c(0, bytes, len);
        assert_int_equal(whole, s1_crc32c_software(0, bytes, len));
        const size_t cut = len / 3;
        assert_int_equal(whole, s1_crc32c(s1_crc32c(0, bytes, cut), bytes + cut, len - cut));
    }
}

static void assert_digest(const uint8_t *digest, const char *expected)
{
    char text[S1_SHA256_HEX];
    s1_hex_print(digest, S1_SHA256_BYTES, text);
    assert_string_equal(text, expected);
}

static void test_sha256(void **state)
{
    (void)state;
    static const char *const of_nothing =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    static const char *const of_abc =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t digest[S1_SHA256_BYTES];
    s1_sha256_of(NULL, 0, digest);
    assert_digest(digest, of_nothing);
    s1_sha256_of("abc", 3, digest);
    assert_digest(digest, of_abc);
    s1_sha256 *hash;
    assert_int_equal(s1_sha256_new(&hash, NULL), S1_OK);
    for (int round = 0; round < 3; round++) { /* finish leaves it ready again */
        s1_sha256_update(hash, "a", 1);
        s1_sha256_update(hash, NULL, 0);
        s1_sha256_update(hash, "bc", 2);
        s1_sha256_finish(hash, digest);
        assert_digest(digest, of_abc);
    }
    s1_sha256_finish(hash, digest);
    assert_digest(digest, of_nothing);
    s1_sha256_free(hash);
    s1_sha256_free(NULL);
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[3] = {9, 9, 9};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_hex_parse(S1_STR("00fFa1"), bytes, 3, &err), S1_OK);
    assert_memory_equal(bytes, "\x00\xff\xa1", 3);
    assert_int_equal(s1_hex_parse(S1_STR("00f"), bytes, 3, &err), S1_E_INVALID);
    assert_int_equal(s1_hex_parse(S1_STR("00fg00"), bytes, 3, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "0x67 at 3"));
    assert_memory_equal(bytes, "\x00\xff\xa1", 3);
}

/* Pinned: derived ids and seeds depend on it, so it may never change. */
static void test_hash64_is_pinned(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    uint64_t all = 0;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        all = s1_hash_mix(all ^ s1_hash64(bytes, len, len * 7));
    }
    assert_true(s1_hash64(NULL, 0, 0) == s1_hash64("", 0, 0));
    assert_true(all == 0xb4b3285da435c1c5ULL);
}

/* One flipped input bit changes about half of the output bits. */
static void test_hash64_spreads(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 4);
    for (size_t len = 1; len < 70; len++) {
        uint8_t bytes[70];
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)s1_rng_u64(&rng);
        }
        const uint64_t before = s1_hash64(bytes, len, 1);
        int changed = 0;
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            const uint64_t after = s1_hash64(bytes, len, 1);
            assert_true(after != before);
            changed += __builtin_popcountll(before ^ after);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        const double mean = (double)changed / (double)(len * 8);
        assert_true(mean > 26.0 && mean < 38.0);
        assert_true(s1_hash64(bytes, len, 2) != before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_hash64_is_pinned),
        cmocka_unit_test(test_hash64_spreads),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
