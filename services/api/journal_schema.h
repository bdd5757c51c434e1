/* services/api/journal_schema.h - the JSON Schema of the journal, from the table of its kinds. */
#ifndef S1_SERVICES_API_JOURNAL_SCHEMA_H
#define S1_SERVICES_API_JOURNAL_SCHEMA_H

#include "s1mple/base.h"

/* The JSON Schema (draft 2020-12) of an entry of `kind`, on the heap; free() it.
 * NULL: an object with the schema of every kind by its name. Errors: S1_E_INVALID naming the
 * nearest kind, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_api_journal_schema(const char *kind, char **ret_text, s1_err *err);

#endif /* S1_SERVICES_API_JOURNAL_SCHEMA_H */
