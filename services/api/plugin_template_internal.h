/* services/api/plugin_template_internal.h - the files of share/plugin_template/, and the little
 * language they are written in.
 *
 * Lines: "@if WORD|WORD" keeps what follows where one of the words is set, "@else", "@end"; they
 * nest. Within a line "@{key}" is the value of a key; a line that is one key of several lines keeps
 * them, a line that is one key without a value goes.
 */
#ifndef S1_SERVICES_API_PLUGIN_TEMPLATE_INTERNAL_H
#define S1_SERVICES_API_PLUGIN_TEMPLATE_INTERNAL_H

#include "backend/utils/text.h"

typedef struct s1_template_file {
    const char *name; /* "worker.c.in" */
    const unsigned char *bytes;
    size_t len;
} s1_template_file;

extern const s1_template_file s1_template_files[]; /* ends with a NULL name */

#define S1_TEMPLATE_WORDS_MAX  48u
#define S1_TEMPLATE_VALUES_MAX 48u

typedef struct s1_template_value {
    const char *key;
    s1_str text; /* borrowed */
} s1_template_value;

typedef struct s1_template_scope {
    const char *words[S1_TEMPLATE_WORDS_MAX];
    size_t word_count;
    s1_template_value values[S1_TEMPLATE_VALUES_MAX];
    size_t value_count;
} s1_template_scope;

void s1_template_word(s1_template_scope *scope, const char *word);
void s1_template_set(s1_template_scope *scope, const char *key, s1_str text);

/* Appends the rendered text. Errors: S1_E_DATA for a template that is not well formed or names a
 * key nobody set; `name` is told. */
S1_WARN_UNUSED s1_rc s1_template_render(const char *name, s1_str text,
                                        const s1_template_scope *scope, s1_strbuf *ret_text,
                                        s1_err *err);

#endif /* S1_SERVICES_API_PLUGIN_TEMPLATE_INTERNAL_H */
