#include "backend/utils/uid.h"

#include "backend/utils/hash.h"

static const uint8_t hyphen_after[16] = {[3] = 1, [5] = 1, [7] = 1, [9] = 1};

/* 8 lower-case digits of 4 bytes, computed in one word: ids are most of a journal line. */
static void print_four(const uint8_t *bytes, char *out)
{
    uint64_t x = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 |
                 (uint64_t)bytes[3] << 48;
    x = ((x & 0x00f000f000f000f0ULL) >> 4) | ((x & 0x000f000f000f000fULL) << 8);
    const uint64_t is_letter = ((x + 0x0606060606060606ULL) >> 4) & 0x0101010101010101ULL;
    const uint64_t text = x + 0x3030303030303030ULL + is_letter * ('a' - '0' - 10);
    memcpy(out, &text, sizeof text); /* little-endian: the first digit is the lowest byte */
}

size_t s1_uid_print(s1_uid uid, char out[S1_UID_TEXT_MAX])
{
    char digits[16];
    print_four(uid.bytes, out);
    print_four(uid.bytes + 4, digits);
    print_four(uid.bytes + 8, digits + 8);
    print_four(uid.bytes + 12, out + 28);
    out[8] = '-';
    memcpy(out + 9, digits, 4);
    out[13] = '-';
    memcpy(out + 14, digits + 4, 4);
    out[18] = '-';
    memcpy(out + 19, digits + 8, 4);
    out[23] = '-';
    memcpy(out + 24, digits + 12, 4);
    out[S1_UID_TEXT_LENGTH] = '\0';
    return S1_UID_TEXT_LENGTH;
}

s1_rc s1_uid_parse(s1_str text, s1_uid *ret_uid, s1_err *err)
{
    if (text.len != S1_UID_TEXT_LENGTH) {
        return S1_RAISE(err, S1_E_INVALID,
                        "found an id of %zu characters, expected the 36 of a UUID", text.len);
    }
    s1_uid uid;
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (s1_hex_parse((s1_str){text.ptr + at, 2}, &uid.bytes[i], 1, NULL) != S1_OK) {
            return S1_RAISE(err, S1_E_INVALID,
                            "found id '%.*s', expected hex digits at character %zu",
                            S1_STR_ARG(text), at + 1);
        }
        at += 2;
        if (hyphen_after[i] != 0 && text.ptr[at++] != '-') {
            return S1_RAISE(err, S1_E_INVALID, "found id '%.*s', expected '-' at character %zu",
                            S1_STR_ARG(text), at);
        }
    }
    *ret_uid = uid;
    return S1_OK;
}

static s1_uid stamp(uint64_t high, uint64_t low, uint8_t version)
{
    s1_uid uid;
    for (size_t i = 0; i < 8; i++) {
        uid.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        uid.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    uid.bytes[6] = (uint8_t)((uid.bytes[6] & 0x0fu) | (unsigned)version << 4);
    uid.bytes[8] = (uint8_t)((uid.bytes[8] & 0x3fu) | 0x80u);
    return uid;
}

s1_uid s1_uid_derive_bytes(uint64_t seed, const void *bytes, size_t len)
{
    const uint64_t high = s1_hash64(bytes, len, seed);
    const uint64_t low = s1_hash64(bytes, len, ~seed ^ 0x9e3779b97f4a7c15ULL);
    return stamp(high, low, 8);
}

s1_uid s1_uid_derive(uint64_t seed, const uint64_t *parts, size_t count)
{
    return s1_uid_derive_bytes(seed, parts, count * sizeof *parts);
}

s1_uid s1_uid_v7(s1_nanos now, s1_rng *rng)
{
    const uint64_t milliseconds = now > 0 ? (uint64_t)now / 1000000u : 0;
    const uint64_t chance = s1_rng_u64(rng);
    return stamp(milliseconds << 16 | (chance & 0xffffu), s1_rng_u64(rng), 7);
}
