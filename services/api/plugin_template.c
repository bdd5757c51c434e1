#include "backend/utils/assert.h"
#include "services/api/plugin_template_internal.h"

#define DEPTH_MAX 8u

void s1_template_word(s1_template_scope *scope, const char *word)
{
    S1_ASSERT(scope->word_count < S1_TEMPLATE_WORDS_MAX);
    scope->words[scope->word_count++] = word;
}

void s1_template_set(s1_template_scope *scope, const char *key, s1_str text)
{
    S1_ASSERT(scope->value_count < S1_TEMPLATE_VALUES_MAX);
    scope->values[scope->value_count++] = (s1_template_value){key, text};
}

static bool has_word(const s1_template_scope *scope, s1_str word)
{
    for (size_t i = 0; i < scope->word_count; i++) {
        if (s1_str_eq_cstr(word, scope->words[i])) {
            return true;
        }
    }
    return false;
}

static bool has_any(const s1_template_scope *scope, s1_str words)
{
    s1_str word;
    for (bool is_done = false; s1_str_split(&words, '|', &word, &is_done);) {
        if (has_word(scope, word)) {
            return true;
        }
    }
    return false;
}

static const s1_template_value *find_value(const s1_template_scope *scope, s1_str key)
{
    for (size_t i = 0; i < scope->value_count; i++) {
        if (s1_str_eq_cstr(key, scope->values[i].key)) {
            return &scope->values[i];
        }
    }
    return NULL;
}

static s1_rc render_line(s1_str line, const s1_template_scope *scope, s1_strbuf *to, s1_err *err)
{
    const s1_str whole = line;
    const size_t before = to->len;
    for (;;) {
        const size_t at = s1_str_find(line, S1_STR("@{"), 0);
        if (at == S1_STR_NPOS) {
            s1_strbuf_str(to, line);
            break;
        }
        const size_t end = s1_str_find_byte(line, '}', at);
        if (end == S1_STR_NPOS) {
            return S1_RAISE(err, S1_E_DATA, "found '%.*s', expected @{key}", S1_STR_ARG(line));
        }
        const s1_str key = s1_str_slice(line, at + 2, end);
        const s1_template_value *const value = find_value(scope, key);
        if (value == NULL) {
            return S1_RAISE(err, S1_E_DATA, "no value for '%.*s'", S1_STR_ARG(key));
        }
        s1_strbuf_str(to, s1_str_slice(line, 0, at));
        s1_strbuf_str(to, value->text);
        line = s1_str_slice(line, end + 1, line.len);
    }
    const bool is_one_key = s1_str_starts_with(s1_str_trim(whole), S1_STR("@{")) &&
                            s1_str_find_byte(whole, '}', 0) == whole.len - 1;
    if (is_one_key && s1_str_trim((s1_str){to->data + before, to->len - before}).len == 0) {
        s1_strbuf_truncate(to, before);
    } else if (to->len == 0 || to->data[to->len - 1] != '\n' || whole.len == 0) {
        s1_strbuf_char(to, '\n');
    }
    return S1_OK;
}

typedef struct branch {
    bool is_kept, was_kept, is_outer_kept;
} branch;

/* Takes a directive; false if the line is none. */
static bool take_directive(s1_str line, const s1_template_scope *scope, branch *stack,
                           size_t *depth, bool *ret_is_sound)
{
    const bool is_kept = *depth == 0 || stack[*depth - 1].is_kept;
    if (s1_str_starts_with(line, S1_STR("@if "))) {
        *ret_is_sound = *depth < DEPTH_MAX;
        if (*ret_is_sound) {
            const bool holds = is_kept && has_any(scope, s1_str_slice(line, 4, line.len));
            stack[(*depth)++] = (branch){holds, holds, is_kept};
        }
        return true;
    }
    if (s1_str_eq_cstr(line, "@else")) {
        *ret_is_sound = *depth > 0;
        if (*ret_is_sound) {
            branch *const top = &stack[*depth - 1];
            top->is_kept = top->is_outer_kept && !top->was_kept;
        }
        return true;
    }
    if (s1_str_eq_cstr(line, "@end")) {
        *ret_is_sound = *depth > 0;
        *depth -= *ret_is_sound ? 1 : 0;
        return true;
    }
    return false;
}

s1_rc s1_template_render(const char *name, s1_str text, const s1_template_scope *scope,
                         s1_strbuf *ret_text, s1_err *err)
{
    branch stack[DEPTH_MAX];
    size_t depth = 0;
    s1_str line;
    if (s1_str_ends_with(text, S1_STR("\n"))) {
        text.len--;
    }
    for (bool is_done = false; s1_str_split(&text, '\n', &line, &is_done);) {
        bool is_sound = true;
        if (take_directive(line, scope, stack, &depth, &is_sound)) {
            if (!is_sound) {
                return S1_RAISE(err, S1_E_DATA, "%s: '%.*s' has no place", name, S1_STR_ARG(line));
            }
        } else if (depth == 0 || stack[depth - 1].is_kept) {
            S1_TRY(err, render_line(line, scope, ret_text, err));
        }
    }
    if (depth != 0) {
        return S1_RAISE(err, S1_E_DATA, "%s: %zu @if without @end", name, depth);
    }
    return S1_OK;
}
