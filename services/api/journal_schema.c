#include "services/api/journal_schema.h"

#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdlib.h>

#define SCHEMA_BYTES_MAX ((size_t)1 << 20)

static s1_rc refuse(const char *kind, s1_err *err)
{
    s1_str names[S1_JOURNAL_KIND_COUNT];
    size_t count = 0;
    for (int32_t i = 1; i < S1_JOURNAL_KIND_COUNT; i++) {
        names[count++] = s1_str_of(s1_journal_kind_name(i));
    }
    const ptrdiff_t nearest = s1_str_nearest(s1_str_of(kind), names, count);
    return S1_RAISE(err, S1_E_INVALID, "found '%.64s', expected a kind of journal entry%s%s%s",
                    kind, nearest >= 0 ? " (did you mean " : "",
                    nearest >= 0 ? names[nearest].ptr : "", nearest >= 0 ? "?)" : "");
}

static s1_rc add(int32_t kind, s1_strbuf *out, s1_err *err)
{
    char *schema;
    S1_TRY(err, s1_journal_kind_schema(kind, &schema, err));
    s1_strbuf_cstr_add(out, schema);
    free(schema);
    return S1_OK;
}

static s1_rc add_all(s1_strbuf *out, s1_err *err)
{
    for (int32_t i = 1; i < S1_JOURNAL_KIND_COUNT; i++) {
        s1_strbuf_printf(out, "%s\"%s\":", i == 1 ? "{" : ",\n", s1_journal_kind_name(i));
        S1_TRY(err, add(i, out, err));
    }
    s1_strbuf_char(out, '}');
    return S1_OK;
}

s1_rc s1_api_journal_schema(const char *kind, char **ret_text, s1_err *err)
{
    const int32_t number = kind != NULL ? s1_journal_kind_parse(s1_str_of(kind)) : 0;
    if (kind != NULL && number == S1_JOURNAL_KIND_INVALID) {
        return refuse(kind, err);
    }
    s1_strbuf text;
    s1_strbuf_init(&text, SCHEMA_BYTES_MAX);
    s1_rc rc = kind != NULL ? add(number, &text, err) : add_all(&text, err);
    if (rc == S1_OK) {
        rc = s1_strbuf_check(&text, err);
    }
    char *const taken = rc == S1_OK ? s1_strbuf_take(&text) : NULL;
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    if (taken == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a schema");
    }
    *ret_text = taken;
    return S1_OK;
}
