/* backend/core/journal_internal.h - what the journal's writer and reader share about its lines. */
#ifndef S1_BACKEND_CORE_JOURNAL_INTERNAL_H
#define S1_BACKEND_CORE_JOURNAL_INTERNAL_H

#include "s1mple/base.h"

#include <jansson.h>

#define S1_JOURNAL_TIME_LENGTH 30u  /* 2026-01-02T03:04:05.000000000Z */
#define S1_JOURNAL_SEAL_MAX    192u /* bytes of a seal, newline included */
#define S1_JOURNAL_DEPTH_MAX   64u  /* nesting of details */

/* ,"crc":"xxxxxxxx"} */
#define S1_JOURNAL_CRC_LENGTH 18u

/* Checks that `text` is one JSON value (RFC 8259, UTF-8, depth <= S1_JOURNAL_DEPTH_MAX, no number
 * that int64, uint64 or double could not hold) and, if
 * `ret_compact` is not NULL, copies it there without blanks between tokens; that takes text.len
 * bytes at most. Returns the length without blanks, 0 if it is not JSON. */
size_t s1_journal_json_compact(s1_str text, char *ret_compact);

/* Parses a line or its details, whole numbers above int64 as reals (a seed may be uint64); NULL if
 * that is no JSON, with the reason in `ret_fault` (may be NULL). json_decref it. */
json_t *s1_journal_json_load(s1_str text, json_error_t *ret_fault);

#endif /* S1_BACKEND_CORE_JOURNAL_INTERNAL_H */
