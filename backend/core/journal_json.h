/* backend/core/journal_json.h - JSON that somebody else wrote, checked before it is kept. */
#ifndef S1_BACKEND_CORE_JOURNAL_JSON_H
#define S1_BACKEND_CORE_JOURNAL_JSON_H

#include "s1mple/base.h"

#define S1_JOURNAL_JSON_DEPTH_MAX 64u

/* Checks that `text` is one JSON value (RFC 8259, UTF-8, depth <= S1_JOURNAL_JSON_DEPTH_MAX, no
 * number that int64, uint64 or double could not hold) and, if `ret_compact` is not NULL, copies it
 * there without blanks between tokens; that takes text.len bytes at most. Returns the length
 * without blanks, 0 if it is not JSON. Allocates nothing. */
size_t s1_journal_json_compact(s1_str text, char *ret_compact);

#endif /* S1_BACKEND_CORE_JOURNAL_JSON_H */
