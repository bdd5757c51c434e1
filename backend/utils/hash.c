#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_*: see s1_sha256 */

#include "backend/utils/hash.h"

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

/* --- CRC-32C ------------------------------------------------------------------------------- */

#define CRC32C_POLYNOMIAL 0x82f63b78u /* reflected */

static uint32_t crc32c_byte(uint32_t crc)
{
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ (CRC32C_POLYNOMIAL & (0u - (crc & 1u)));
    }
    return crc;
}

uint32_t s1_crc32c_software(uint32_t crc, const void *bytes, size_t len)
{
    const uint8_t *const at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc = crc32c_byte((crc ^ at[i]) & 0xffu) ^ (crc >> 8);
    }
    return ~crc;
}

#ifdef __x86_64__
static inline uint64_t load_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *at,
                                                                  size_t len)
{
    uint64_t state = ~crc;
    while (len >= 8) {
        state = _mm_crc32_u64(state, load_word(at));
        at += 8;
        len -= 8;
    }
    uint32_t rest = (uint32_t)state;
    while (len > 0) {
        rest = _mm_crc32_u8(rest, *at);
        at++;
        len--;
    }
    return ~rest;
}

/* The instruction takes three cycles and one may start in each: three lanes side by side, then put
 * together. A state with n bytes behind it is that state times x^8n; the instruction itself
 * multiplies by x^32, and a product of two reflected 32-bit numbers comes out times x. */
#define LANES      3u
#define LANE_WORDS 32u /* of 8 bytes, at most */

/* [j] is x^(64 (j + 1) - 33) modulo the polynomial, reflected. */
static const uint32_t crc32c_powers[2 * LANE_WORDS] = {
    0x00000001u, 0x493c7d27u, 0xf20c0dfeu, 0xba4fc28eu, 0x3da6d0cbu, 0xddc0152bu, 0x1c291d04u,
    0x9e4addf8u, 0x740eef02u, 0x39d3b296u, 0x083a6eecu, 0x0715ce53u, 0xc49f4f67u, 0x47db8317u,
    0x2ad91c30u, 0x0d3b6092u, 0x6992cea2u, 0xc96cfdc0u, 0x7e908048u, 0x878a92a7u, 0x1b3d8f29u,
    0xdaece73eu, 0xf1d0f55eu, 0xab7aff2au, 0xa87ab8a8u, 0x2162d385u, 0x8462d800u, 0x83348832u,
    0x71d111a8u, 0x299847d5u, 0xffd852c6u, 0xb9e02b86u, 0xdcb17aa4u, 0x18b33a4eu, 0xf37c5aeeu,
    0xb6dd949bu, 0x6051d5a2u, 0x78d9ccb7u, 0x18b0d4ffu, 0xbac2fd7bu, 0x21f3d99cu, 0xa60ce07bu,
    0x8f158014u, 0xce7f39f4u, 0xa00457f7u, 0x61d82e56u, 0x8d6d2c43u, 0xd270f1a2u, 0x00ac29cfu,
    0xc619809du, 0xe9adf796u, 0x2b3cac5du, 0x96638b34u, 0x65863b64u, 0xe0e9f351u, 0x1b03397fu,
    0x9af01f2du, 0xebb883bdu, 0x2cff42cfu, 0xb3e32c28u, 0x88f25a3au, 0x064f7f26u, 0x4e36f0b0u,
    0xdd7e3b0cu,
};

/* The state once `words` more words of zeros have gone in. */
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t crc32c_behind(uint64_t state,
                                                                              size_t words)
{
    const __m128i product = _mm_clmulepi64_si128(
        _mm_cvtsi64_si128((long long)state), _mm_cvtsi32_si128((int)crc32c_powers[words - 1]), 0);
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc32c_lanes(uint32_t crc,
                                                                      const uint8_t *at, size_t len)
{
    uint32_t state = ~crc;
    while (len >= LANES * 4u * 8u) { /* shorter lanes cost more than they save */
        const size_t most = len / (LANES * 8u);
        const size_t words = most < LANE_WORDS ? most : LANE_WORDS;
        uint64_t first = state;
        uint64_t second = 0;
        uint64_t third = 0;
        for (size_t i = 0; i < words; i++) {
            first = _mm_crc32_u64(first, load_word(at + 8 * i));
            second = _mm_crc32_u64(second, load_word(at + 8 * (words + i)));
            third = _mm_crc32_u64(third, load_word(at + 8 * (2 * words + i)));
        }
        state = crc32c_behind(first, 2 * words) ^ crc32c_behind(second, words) ^ (uint32_t)third;
        at += LANES * 8u * words;
        len -= LANES * 8u * words;
    }
    return crc32c_hardware(~state, at, len);
}
#endif

uint32_t s1_crc32c(uint32_t crc, const void *bytes, size_t len)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.2")) {
        return crc32c_lanes(crc, bytes, len);
    }
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_hardware(crc, bytes, len);
    }
#endif
    return s1_crc32c_software(crc, bytes, len);
}

/* --- SHA-256 ------------------------------------------------------------------------------- */

/* OpenSSL's own SHA-256, not the EVP one: EVP allocates at every EVP_DigestInit_ex, and the journal
 * seals blocks on the tick path, where nothing may allocate. Same code underneath. */
struct s1_sha256 {
    SHA256_CTX context;
};

s1_rc s1_sha256_new(s1_sha256 **ret_hash, s1_err *err)
{
    s1_sha256 *const hash = calloc(1, sizeof *hash);
    if (hash == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "sha256: no memory");
    }
    const int is_ready = SHA256_Init(&hash->context);
    S1_ASSERT(is_ready == 1);
    *ret_hash = hash;
    return S1_OK;
}

void s1_sha256_free(s1_sha256 *hash)
{
    free(hash);
}

void s1_sha256_update(s1_sha256 *hash, const void *bytes, size_t len)
{
    if (len > 0) {
        const int is_done = SHA256_Update(&hash->context, bytes, len);
        S1_ASSERT(is_done == 1);
    }
}

void s1_sha256_finish(s1_sha256 *hash, uint8_t ret_digest[S1_SHA256_BYTES])
{
    const int is_done = SHA256_Final(ret_digest, &hash->context);
    S1_ASSERT(is_done == 1);
    const int is_ready = SHA256_Init(&hash->context);
    S1_ASSERT(is_ready == 1);
}

void s1_sha256_of(const void *bytes, size_t len, uint8_t ret_digest[S1_SHA256_BYTES])
{
    static const uint8_t nothing = 0;
    const int is_done =
        EVP_Digest(len > 0 ? bytes : &nothing, len, ret_digest, NULL, EVP_sha256(), NULL);
    S1_ASSERT(is_done == 1);
}

void s1_hex_print(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15u];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

s1_rc s1_hex_parse(s1_str text, uint8_t *ret_bytes, size_t len, s1_err *err)
{
    if (text.len != 2 * len) {
        return S1_RAISE(err, S1_E_INVALID, "found %zu characters, expected %zu hex digits",
                        text.len, 2 * len);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (hex_digit(text.ptr[i]) < 0) {
            return S1_RAISE(err, S1_E_INVALID, "found byte 0x%02x at %zu, expected a hex digit",
                            (unsigned)(unsigned char)text.ptr[i], i);
        }
    }
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(hex_digit(text.ptr[2 * i]) << 4 | hex_digit(text.ptr[2 * i + 1]));
    }
    return S1_OK;
}

/* --- 64-bit hash --------------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 u128;

static uint64_t fold(uint64_t a, uint64_t b)
{
    const u128 product = (u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* In the manner of wyhash: one 64x64 multiplication per 16 bytes. */
uint64_t s1_hash64(const void *bytes, size_t len, uint64_t seed)
{
    const uint64_t k0 = 0xa0761d6478bd642fULL, k1 = 0xe7037ed1a0b428dbULL;
    const uint8_t *at = bytes;
    size_t left = len;
    uint64_t state = seed ^ fold(seed ^ k0, k1);
    while (left > 16) {
        state = fold(load64(at) ^ k1, load64(at + 8) ^ state);
        at += 16;
        left -= 16;
    }
    uint8_t tail[16] = {0};
    if (left > 0) {
        memcpy(tail, at, left);
    }
    state = fold(load64(tail) ^ k1, load64(tail + 8) ^ state);
    return s1_hash_mix(fold(state ^ k0, (uint64_t)len ^ k1));
}
