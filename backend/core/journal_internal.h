/* backend/core/journal_internal.h - what the journal's writer and reader share about its lines. */
#ifndef S1_BACKEND_CORE_JOURNAL_INTERNAL_H
#define S1_BACKEND_CORE_JOURNAL_INTERNAL_H

#include "s1mple/base.h"

#include <jansson.h>

#define S1_JOURNAL_TIME_LENGTH 30u  /* 2026-01-02T03:04:05.000000000Z */
#define S1_JOURNAL_SEAL_MAX    192u /* bytes of a seal, newline included */

/* ,"crc":"xxxxxxxx"} */
#define S1_JOURNAL_CRC_LENGTH 18u

/* Parses a line or its details, whole numbers above int64 as reals (a seed may be uint64); NULL if
 * that is no JSON, with the reason in `ret_fault` (may be NULL). json_decref it. */
json_t *s1_journal_json_load(s1_str text, json_error_t *ret_fault);

#endif /* S1_BACKEND_CORE_JOURNAL_INTERNAL_H */
