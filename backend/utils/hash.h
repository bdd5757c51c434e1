/* backend/utils/hash.h - checksums and digests. */
#ifndef S1_UTILS_HASH_H
#define S1_UTILS_HASH_H

#include "s1mple/base.h"

/* CRC-32C (Castagnoli). Streaming: start with 0 and hand the previous result back in;
 * s1_crc32c(0, "123456789", 9) == 0xe3069283. In hardware where SSE4.2 is there. */
uint32_t s1_crc32c(uint32_t crc, const void *bytes, size_t len);
/* The table version, for machines without SSE4.2 and for tests. */
uint32_t s1_crc32c_software(uint32_t crc, const void *bytes, size_t len);

#define S1_SHA256_BYTES 32u
#define S1_SHA256_HEX   65u /* text with NUL */

typedef struct s1_sha256 s1_sha256;

/* An incremental SHA-256, ready for bytes. Reusable: s1_sha256_finish leaves it ready again, and
 * neither update nor finish allocates. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_sha256_new(s1_sha256 **ret_hash, s1_err *err);
void s1_sha256_free(s1_sha256 *hash); /* accepts NULL */
void s1_sha256_update(s1_sha256 *hash, const void *bytes, size_t len);
/* Writes the digest of all bytes since new or the last finish. */
void s1_sha256_finish(s1_sha256 *hash, uint8_t ret_digest[S1_SHA256_BYTES]);

/* All at once. */
void s1_sha256_of(const void *bytes, size_t len, uint8_t ret_digest[S1_SHA256_BYTES]);

/* 2 * len lower-case digits and a NUL. */
void s1_hex_print(const uint8_t *bytes, size_t len, char *out);
/* Exactly 2 * len digits of either case. Errors: S1_E_INVALID. */
S1_WARN_UNUSED s1_rc s1_hex_parse(s1_str text, uint8_t *ret_bytes, size_t len, s1_err *err);

/* A fast 64-bit hash for tables and derived seeds: the same on every machine and in every version,
 * not for adversaries. */
uint64_t s1_hash64(const void *bytes, size_t len, uint64_t seed);

/* Mixes 64 bits so that every input bit reaches every output bit; a bijection. */
static inline uint64_t s1_hash_mix(uint64_t value)
{
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebULL;
    value ^= value >> 31;
    return value;
}

#endif /* S1_UTILS_HASH_H */
