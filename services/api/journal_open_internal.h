/* services/api/journal_open_internal.h - where the journal of a results folder is; this folder
 * only. */
#ifndef S1_SERVICES_API_JOURNAL_OPEN_INTERNAL_H
#define S1_SERVICES_API_JOURNAL_OPEN_INTERNAL_H

#include "backend/core/journal_reader.h"

/* Opens the journal of `path`: a journal file, a results folder, or the folder of an operation with
 * one run in it. Free with s1_journal_reader_free. Errors: S1_E_NOT_FOUND, saying so when the run
 * kept none, S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_api_journal_open(const char *path, s1_journal_reader **ret_reader, s1_err *err);

/* As s1_api_journal_open, but in a long journal the reader gives only the entries that the index
 * knows for `id` (digits, maybe abbreviated): those that carry it, or with `is_story` all that
 * explaining it takes. Without an index, or for an id the index cannot decide on, it gives every
 * entry. *ret_places is to be freed after the reader. */
S1_WARN_UNUSED
s1_rc s1_api_journal_open_id(const char *path, const char *id, bool is_story,
                             s1_journal_reader **ret_reader, s1_journal_place **ret_places,
                             s1_err *err);

#endif /* S1_SERVICES_API_JOURNAL_OPEN_INTERNAL_H */
