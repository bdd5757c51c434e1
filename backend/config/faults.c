#include "backend/config/faults.h"

#include "backend/config/internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/json_writer.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 2048u

const char *s1_fault_class_name(int32_t fault_class)
{
    static const char *const names[] = {"",
#define X(name, text) text,
                                        S1_FAULT_CLASS_MAP(X)
#undef X
    };
    S1_ASSERT(fault_class > 0 && (size_t)fault_class < sizeof names / sizeof names[0]);
    return names[fault_class];
}

void s1_faults_init(s1_faults *faults, s1_arena *arena, uint32_t max)
{
    *faults = (s1_faults){.arena = arena, .max = max != 0 ? max : S1_FAULTS_MAX_DEFAULT};
}

/* The same place said to be wrong in the same way: two validators saw one fault. */
static bool is_known(const s1_faults *faults, const s1_fault *fault, s1_str path)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        const s1_fault *const known = &faults->items[i];
        if (known->fault_class == fault->fault_class && known->is_warning == fault->is_warning &&
            known->source.line == fault->source.line &&
            known->source.column == fault->source.column && s1_str_eq(known->path, path) &&
            s1_str_eq(known->source.file, fault->source.file) &&
            s1_str_eq(known->found, fault->found)) {
            return true;
        }
    }
    return false;
}

static void add(s1_faults *faults, const s1_fault *fault)
{
    const s1_str path =
        fault->path.ptr != NULL ? fault->path : s1_yaml_path(fault->source.node, faults->arena);
    if (is_known(faults, fault, path)) {
        return;
    }
    if (fault->is_warning) {
        faults->warnings++;
    } else {
        faults->errors++;
    }
    if (faults->count == faults->max) {
        return;
    }
    if (faults->count == faults->capacity) {
        const uint32_t capacity = faults->capacity == 0 ? 8 : faults->capacity * 2;
        s1_fault *const items = S1_CONFIG_ARRAY(faults->arena, s1_fault, capacity);
        if (faults->count != 0) {
            memcpy(items, faults->items, faults->count * sizeof *items);
        }
        faults->items = items;
        faults->capacity = capacity;
    }
    s1_fault *const kept = &faults->items[faults->count++];
    *kept = *fault;
    kept->path = s1_config_copy(faults->arena, path);
    kept->source.file = s1_config_copy(faults->arena, fault->source.file);
    kept->found = s1_config_copy(faults->arena, fault->found);
    kept->expected = s1_config_copy(faults->arena, fault->expected);
    kept->hint = s1_config_copy(faults->arena, fault->hint);
}

void s1_faults_add(s1_faults *faults, int32_t fault_class, const s1_source *source, s1_str path,
                   s1_str found, s1_str expected, s1_str hint)
{
    add(faults, &(s1_fault){fault_class, false, *source, path, found, expected, hint});
}

void s1_faults_warn(s1_faults *faults, int32_t fault_class, const s1_source *source, s1_str path,
                    s1_str found, s1_str expected, s1_str hint)
{
    add(faults, &(s1_fault){fault_class, true, *source, path, found, expected, hint});
}

/* The path of `field` of what `source` stands for. */
static s1_str field_path(s1_arena *arena, const s1_source *source, s1_str field)
{
    const s1_str path = s1_yaml_path(source->node, arena);
    if (field.len == 0 || path.len == 0) {
        return field.len == 0 ? path : field;
    }
    return s1_config_format(arena, "%.*s.%.*s", S1_STR_ARG(path), S1_STR_ARG(field));
}

void s1_faults_addf(s1_faults *faults, int32_t fault_class, const s1_source *source,
                    const char *field, s1_str found, const char *expected, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, expected);
    (void)vsnprintf(text, sizeof text, expected, args);
    va_end(args);
    const s1_str name = s1_str_of(field);
    const s1_source at = s1_source_field(source, name);
    s1_faults_add(faults, fault_class, &at, field_path(faults->arena, source, name), found,
                  s1_str_of(text), (s1_str){NULL, 0});
}

/* Terminals act on control characters; a message must not. */
static void append_clean(s1_strbuf *text, s1_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        const unsigned char c = (unsigned char)part.ptr[i];
        s1_strbuf_char(text, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

void s1_fault_print(const s1_fault *fault, s1_strbuf *ret_text)
{
    append_clean(ret_text,
                 fault->source.file.len != 0 ? fault->source.file : S1_STR("configuration"));
    if (fault->source.line != 0) {
        s1_strbuf_char(ret_text, ':');
        s1_strbuf_u64(ret_text, fault->source.line);
        s1_strbuf_char(ret_text, ':');
        s1_strbuf_u64(ret_text, fault->source.column);
    }
    s1_strbuf_str(ret_text, fault->is_warning ? S1_STR(": warning: ") : S1_STR(": error: "));
    if (fault->path.len != 0) {
        append_clean(ret_text, fault->path);
        s1_strbuf_lit(ret_text, ": ");
    }
    s1_strbuf_lit(ret_text, "found ");
    append_clean(ret_text, fault->found.len != 0 ? fault->found : S1_STR("nothing"));
    s1_strbuf_lit(ret_text, ", expected ");
    append_clean(ret_text, fault->expected);
    if (fault->hint.len != 0) {
        s1_strbuf_lit(ret_text, " (did you mean '");
        append_clean(ret_text, fault->hint);
        s1_strbuf_lit(ret_text, "'?)");
    }
}

static uint32_t dropped(const s1_faults *faults)
{
    return faults->errors + faults->warnings - faults->count;
}

void s1_faults_print(const s1_faults *faults, s1_strbuf *ret_text)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        s1_fault_print(&faults->items[i], ret_text);
        s1_strbuf_char(ret_text, '\n');
    }
    if (dropped(faults) != 0) {
        s1_strbuf_printf(ret_text, "and %u more\n", dropped(faults));
    }
}

void s1_faults_print_json(const s1_faults *faults, s1_strbuf *ret_text)
{
    s1_json_writer w;
    s1_json_init(&w, ret_text, 0);
    s1_json_array(&w);
    for (uint32_t i = 0; i < faults->count; i++) {
        const s1_fault *const fault = &faults->items[i];
        s1_json_object(&w);
        s1_json_key_lit(&w, "class");
        s1_json_cstr(&w, s1_fault_class_name(fault->fault_class));
        s1_json_key_lit(&w, "severity");
        s1_json_cstr(&w, fault->is_warning ? "warning" : "error");
        s1_json_key_lit(&w, "file");
        s1_json_str(&w, fault->source.file);
        s1_json_key_lit(&w, "line");
        s1_json_u64(&w, fault->source.line);
        s1_json_key_lit(&w, "column");
        s1_json_u64(&w, fault->source.column);
        s1_json_key_lit(&w, "path");
        s1_json_str(&w, fault->path);
        s1_json_key_lit(&w, "found");
        s1_json_str(&w, fault->found.len != 0 ? fault->found : S1_STR("nothing"));
        s1_json_key_lit(&w, "expected");
        s1_json_str(&w, fault->expected);
        s1_json_key_lit(&w, "hint");
        s1_json_str(&w, fault->hint);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
}

s1_rc s1_faults_check(const s1_faults *faults, s1_err *err)
{
    if (faults->errors == 0) {
        return S1_OK;
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 20);
    s1_faults_print(faults, &text);
    if (text.len > 0 && text.data[text.len - 1] == '\n') {
        s1_strbuf_truncate(&text, text.len - 1);
    }
    const s1_rc rc = S1_RAISE(err, S1_E_INVALID, "%s", s1_strbuf_cstr(&text));
    s1_strbuf_done(&text);
    return rc;
}
