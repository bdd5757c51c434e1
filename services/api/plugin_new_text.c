/* The texts a new plugin's files are filled in with. */
#include "backend/config/params.h"
#include "backend/dtos/enums.h"
#include "services/api/plugin_new_internal.h"

#include <stdarg.h>

#define TEXT_BYTES_MAX ((size_t)1 << 18)

const char *s1_new_format(s1_plugin_spec *spec, const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *const copy = s1_arena_copy_cstr(&spec->arena, s1_str_of(text));
    return copy != NULL ? copy : "";
}

/* --- Columns. --------------------------------------------------------------------------------- */

static const s1_new_param *find_param(const s1_plugin_spec *spec, s1_str name)
{
    for (size_t i = 0; i < spec->param_count; i++) {
        if (s1_str_eq(spec->params[i].name, name)) {
            return &spec->params[i];
        }
    }
    return NULL;
}

/* What a parameter has where nobody gives it: its default, or something of its type. */
static s1_str value_of(s1_plugin_spec *spec, const s1_new_param *param)
{
    if (param->has_default) {
        return param->default_text;
    }
    switch (param->type) {
    case S1_PARAM_INT:
    case S1_PARAM_FLOAT:
    case S1_PARAM_DECIMAL:
    case S1_PARAM_INT_LIST:
    case S1_PARAM_FLOAT_LIST:
        return S1_STR("1");
    case S1_PARAM_BOOL:
        return S1_STR("true");
    case S1_PARAM_DURATION:
        return S1_STR("1h");
    case S1_PARAM_ENUM: {
        s1_str rest = param->values;
        s1_str first = rest;
        bool is_done = false;
        (void)s1_str_split(&rest, ',', &first, &is_done);
        return first;
    }
    default:
        return s1_str_of(s1_new_format(spec, "x"));
    }
}

static bool is_keyword(s1_str text)
{
    static const char *const words[] = {
        "auto",    "break",  "case",     "char",   "const",    "continue", "default",
        "do",      "double", "else",     "enum",   "extern",   "float",    "for",
        "goto",    "if",     "inline",   "int",    "long",     "register", "restrict",
        "return",  "short",  "signed",   "sizeof", "static",   "struct",   "switch",
        "typedef", "union",  "unsigned", "void",   "volatile", "while",    "asm",
        "typeof",  "bool",   "true",     "false",  "linux",    "unix"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (s1_str_eq_cstr(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* A name of the letters C has: "ETH/USD@1h.close" -> "eth_usd_1h_close". */
static s1_str c_name(s1_plugin_spec *spec, s1_str text)
{
    char name[160];
    size_t length = 0;
    if (text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9') {
        name[length++] = 'c';
    }
    for (size_t i = 0; i < text.len && length + 2 < sizeof name; i++) {
        const char c = text.ptr[i];
        const char low = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        const bool is_kept = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
        if (is_kept || (length > 0 && name[length - 1] != '_')) {
            name[length++] = is_kept ? low : '_';
        }
    }
    while (length > 0 && name[length - 1] == '_') {
        length--;
    }
    const s1_str made = {name, length};
    return s1_str_of(s1_new_format(spec, "%s%.*s%s", length == 0 ? "column" : "", (int)length, name,
                                   is_keyword(made) ? "_" : ""));
}

/* A field no column of the list has yet. */
static s1_str field_of(s1_plugin_spec *spec, const s1_new_column *columns, size_t count,
                       s1_str text)
{
    const s1_str base = c_name(spec, text);
    s1_str field = base;
    for (size_t i = 0, number = 2; i < count; i++) {
        if (s1_str_eq(columns[i].field, field)) {
            field = s1_str_of(s1_new_format(spec, "%.*s_%zu", S1_STR_ARG(base), number++));
            i = (size_t)-1; /* from the start: the new one may be there too */
        }
    }
    return field;
}

/* The column's name with the defaults put in. */
static s1_rc expand(s1_plugin_spec *spec, s1_str text, s1_str *ret_name, s1_err *err)
{
    s1_strbuf name;
    s1_strbuf_init(&name, 1024);
    s1_rc rc = S1_OK;
    for (s1_str rest = text; rest.len > 0 && rc == S1_OK;) {
        const size_t open = s1_str_find_byte(rest, '{', 0);
        const size_t close = open == S1_STR_NPOS ? open : s1_str_find_byte(rest, '}', open);
        s1_strbuf_str(&name, s1_str_slice(rest, 0, open));
        if (open == S1_STR_NPOS) {
            break;
        }
        const s1_str key = s1_str_slice(rest, open + 1, close);
        const s1_new_param *const param = find_param(spec, key);
        if (close == S1_STR_NPOS || param == NULL ||
            (param->type != S1_PARAM_INT && param->type != S1_PARAM_STRING &&
             param->type != S1_PARAM_ENUM)) {
            rc = S1_RAISE(err, S1_E_INVALID,
                          "column '%.*s': expected in braces the name of a parameter given with "
                          "--param, an int, string or enum",
                          S1_STR_ARG(text));
        } else {
            s1_strbuf_str(&name, value_of(spec, param));
            rest = s1_str_slice(rest, close + 1, rest.len);
        }
    }
    if (rc == S1_OK) {
        *ret_name = s1_arena_copy_str(&spec->arena, s1_strbuf_view(&name));
    }
    s1_strbuf_done(&name);
    return rc;
}

static bool is_of_bar(s1_str name)
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (s1_str_eq_cstr(name, names[i])) {
            return true;
        }
    }
    return false;
}

static s1_rc add_column(s1_plugin_spec *spec, s1_new_column *columns, size_t *count, s1_str text,
                        s1_err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                             (c >= 'A' && c <= 'Z') || strchr("_{}/@.", c) != NULL;
        if (!is_word) {
            return S1_RAISE(err, S1_E_INVALID,
                            "column '%.*s': found '%c', expected letters, digits and _, or "
                            "PAIR@TIMEFRAME.column",
                            S1_STR_ARG(text), c);
        }
    }
    s1_new_column column = {.text = text};
    S1_TRY(err, expand(spec, text, &column.name, err));
    const size_t dot = s1_str_rfind_byte(text, '.');
    if (s1_str_find_byte(text, '@', 0) != S1_STR_NPOS) {
        column.stream = s1_str_slice(text, 0, dot);
        if (dot == S1_STR_NPOS || !is_of_bar(s1_str_slice(text, dot + 1, text.len))) {
            return S1_RAISE(err, S1_E_INVALID,
                            "column '%.*s': of another stream expected open, high, low, close or "
                            "volume",
                            S1_STR_ARG(text));
        }
    }
    column.field = field_of(spec, columns, *count, text);
    columns[(*count)++] = column;
    return S1_OK;
}

/* The stream beside the primary that columns are read of; empty if there is none. */
static s1_str other_stream(const s1_plugin_spec *spec)
{
    for (size_t i = 0; i < spec->input_count; i++) {
        if (spec->inputs[i].stream.len > 0) {
            return spec->inputs[i].stream;
        }
    }
    return (s1_str){"", 0};
}

s1_rc s1_new_columns_read(s1_plugin_spec *spec, const s1_plugin_new_request *request, s1_err *err)
{
    for (size_t i = 0; i < request->requires_count; i++) {
        S1_TRY(err, add_column(spec, spec->inputs, &spec->input_count,
                               s1_str_of(request->requires[i]), err));
    }
    for (size_t i = 0; i < request->provides_count; i++) {
        S1_TRY(err, add_column(spec, spec->outputs, &spec->output_count,
                               s1_str_of(request->provides[i]), err));
    }
    const bool looks_at_series = spec->type == S1_WORKER_CONTEXT ||
                                 spec->type == S1_WORKER_OPPORTUNITY ||
                                 spec->type == S1_WORKER_THREAT;
    if (looks_at_series && spec->input_count == 0) {
        S1_TRY(err, add_column(spec, spec->inputs, &spec->input_count, S1_STR("close"), err));
    }
    if (spec->type == S1_WORKER_CONTEXT && spec->output_count == 0) {
        S1_TRY(err, add_column(spec, spec->outputs, &spec->output_count, spec->name, err));
    }
    for (size_t i = 0; i < spec->input_count; i++) {
        const s1_str stream = spec->inputs[i].stream;
        const s1_str other = other_stream(spec);
        if (stream.len > 0 && !s1_str_eq(stream, other)) {
            return S1_RAISE(err, S1_E_INVALID,
                            "columns of '%.*s' and '%.*s': expected one other stream at most",
                            S1_STR_ARG(other), S1_STR_ARG(stream));
        }
    }
    return S1_OK;
}

/* --- C. --------------------------------------------------------------------------------------- */

/* X(type, field, binder function). */
#define PARAM_C_MAP(X)                                                                             \
    X(S1_PARAM_INT, "int64_t ", "int")                                                             \
    X(S1_PARAM_FLOAT, "double ", "float")                                                          \
    X(S1_PARAM_BOOL, "bool ", "bool")                                                              \
    X(S1_PARAM_STRING, "s1_str ", "text")                                                          \
    X(S1_PARAM_DECIMAL, "s1_dec ", "decimal")                                                      \
    X(S1_PARAM_DURATION, "s1_nanos ", "duration")                                                  \
    X(S1_PARAM_ENUM, "s1_str ", "text")                                                            \
    X(S1_PARAM_INT_LIST, "const int64_t *", "int_list")                                            \
    X(S1_PARAM_FLOAT_LIST, "const double *", "float_list")                                         \
    X(S1_PARAM_STRING_LIST, "const s1_str *", "text_list")

static const char *c_type(int32_t type)
{
    switch (type) {
#define X(value, field, function)                                                                  \
    case value:                                                                                    \
        return field;
        PARAM_C_MAP(X)
#undef X
    default:
        return "";
    }
}

static const char *c_function(int32_t type)
{
    switch (type) {
#define X(value, field, function)                                                                  \
    case value:                                                                                    \
        return function;
        PARAM_C_MAP(X)
#undef X
    default:
        return "";
    }
}

static bool is_list(int32_t type)
{
    return type == S1_PARAM_INT_LIST || type == S1_PARAM_FLOAT_LIST || type == S1_PARAM_STRING_LIST;
}

static void put_param_fields(s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->param_count; i++) {
        const s1_new_param *const param = &spec->params[i];
        const s1_str field = c_name(spec, param->name);
        if (is_list(param->type)) {
            s1_strbuf_printf(to,
                             "        struct {\n            %sitems;\n            size_t count;\n"
                             "        } %.*s;\n",
                             c_type(param->type), S1_STR_ARG(field));
        } else {
            s1_strbuf_printf(to, "        %s%.*s;%s\n", c_type(param->type), S1_STR_ARG(field),
                             param->type == S1_PARAM_DURATION ? " /* nanoseconds */" : "");
        }
    }
}

static void put_fields(const s1_new_column *columns, size_t count, const char *type, s1_strbuf *to)
{
    for (size_t i = 0; i < count; i++) {
        s1_strbuf_printf(to, "        %s%.*s;\n", type, S1_STR_ARG(columns[i].field));
    }
}

/* Resolves a column whose name holds parameters. */
static void put_named(s1_plugin_spec *spec, const s1_new_column *column, const char *function,
                      const char *group, s1_strbuf *to)
{
    s1_str rest = column->text;
    s1_strbuf arguments;
    s1_strbuf_init(&arguments, TEXT_BYTES_MAX);
    s1_strbuf_cstr_add(to, "    {\n        char name[256];\n"
                           "        const int length = snprintf(name, sizeof name, \"");
    while (rest.len > 0) {
        const size_t open = s1_str_find_byte(rest, '{', 0);
        s1_strbuf_str(to, s1_str_slice(rest, 0, open));
        if (open == S1_STR_NPOS) {
            break;
        }
        const size_t close = s1_str_find_byte(rest, '}', open);
        const s1_str key = s1_str_slice(rest, open + 1, close);
        const s1_str field = c_name(spec, key);
        const s1_new_param *const param = find_param(spec, key);
        const bool is_int = param != NULL && param->type == S1_PARAM_INT;
        s1_strbuf_cstr_add(to, is_int ? "%lld" : "%.*s");
        s1_strbuf_printf(&arguments,
                         is_int ? ", (long long)me->params.%.*s" : ", S1_STR_ARG(me->params.%.*s)",
                         S1_STR_ARG(field));
        rest = s1_str_slice(rest, close + 1, rest.len);
    }
    s1_strbuf_printf(to,
                     "\"%s);\n        if (length < 0 || (size_t)length >= sizeof name) {\n"
                     "            return S1_RAISE(err, S1_E_INVALID, \"%.*s: a column's name is "
                     "too long\");\n        }\n"
                     "        S1_TRY(err, binder->%s(b, (s1_str){name, (size_t)length}, "
                     "&me->%s.%.*s, err));\n    }\n",
                     s1_strbuf_cstr(&arguments), S1_STR_ARG(spec->name), function, group,
                     S1_STR_ARG(column->field));
    s1_strbuf_done(&arguments);
}

static void put_binds(s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->param_count; i++) {
        const s1_new_param *const param = &spec->params[i];
        const s1_str field = c_name(spec, param->name);
        s1_strbuf_printf(to, "    S1_TRY(err, binder->param_%s(b, S1_STR(\"%.*s\"), ",
                         c_function(param->type), S1_STR_ARG(param->name));
        if (is_list(param->type)) {
            s1_strbuf_printf(to, "&me->params.%.*s.items,\n                &me->params.%.*s.count",
                             S1_STR_ARG(field), S1_STR_ARG(field));
        } else {
            s1_strbuf_printf(to, "&me->params.%.*s", S1_STR_ARG(field));
        }
        s1_strbuf_cstr_add(to, ", err));\n");
    }
    const s1_new_column *const lists[] = {spec->inputs, spec->outputs};
    const size_t counts[] = {spec->input_count, spec->output_count};
    static const char *const functions[] = {"series", "column"};
    static const char *const groups[] = {"in", "out"};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            const s1_new_column *const column = &lists[k][i];
            if (s1_str_find_byte(column->text, '{', 0) != S1_STR_NPOS) {
                put_named(spec, column, functions[k], groups[k], to);
            } else {
                s1_strbuf_printf(
                    to, "    S1_TRY(err, binder->%s(b, S1_STR(\"%.*s\"), &me->%s.%.*s, err));\n",
                    functions[k], S1_STR_ARG(column->text), groups[k], S1_STR_ARG(column->field));
            }
        }
    }
}

static void put_puts(const s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->output_count; i++) {
        s1_strbuf_printf(to, "    s1_column_put(me->out.%.*s, value);\n",
                         S1_STR_ARG(spec->outputs[i].field));
    }
}

static void put_feeds(const s1_plugin_spec *spec, bool is_declared, s1_strbuf *to)
{
    bool has_other_bar = false;
    for (size_t i = 0; i < spec->input_count; i++) {
        const s1_new_column *const column = &spec->inputs[i];
        bool is_known = is_of_bar(column->name) || column->stream.len > 0;
        for (size_t k = 0; k < i; k++) {
            is_known |= s1_str_eq(spec->inputs[k].name, column->name);
        }
        if (!is_known) {
            s1_strbuf_printf(to,
                             is_declared ? "    s1_harness_feed(h, \"%.*s\");\n"
                                         : "    s1_harness_set(h, \"%.*s\", close);\n",
                             S1_STR_ARG(column->name));
        }
        if (!is_declared && column->stream.len > 0 && !has_other_bar) {
            has_other_bar = true;
            s1_strbuf_cstr_add(to,
                               "    s1_harness_bar_of(h, 1, close, close, close, close, close);\n");
        }
    }
}

static void put_expectations(const s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->output_count; i++) {
        s1_strbuf_printf(to,
                         "        S1_EXPECT_SAME(s1_harness_value(h, \"%.*s\", 0), closes[i]);\n",
                         S1_STR_ARG(spec->outputs[i].name));
    }
}

/* --- YAML and Markdown. ------------------------------------------------------------------------
 */

static void put_quoted(s1_str text, s1_strbuf *to)
{
    s1_strbuf_char(to, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            s1_strbuf_char(to, '\\');
        }
        s1_strbuf_char(to, text.ptr[i]);
    }
    s1_strbuf_char(to, '"');
}

static bool is_plain(int32_t type)
{
    return type == S1_PARAM_INT || type == S1_PARAM_FLOAT || type == S1_PARAM_BOOL ||
           type == S1_PARAM_INT_LIST || type == S1_PARAM_FLOAT_LIST;
}

/* A value as a manifest or a blueprint has it. */
static void put_value(int32_t type, s1_str text, s1_strbuf *to)
{
    s1_str part;
    bool is_first = true;
    if (!is_list(type)) {
        if (is_plain(type)) {
            s1_strbuf_str(to, text);
        } else {
            put_quoted(text, to);
        }
        return;
    }
    s1_strbuf_char(to, '[');
    for (bool is_done = false; text.len > 0 && s1_str_split(&text, ',', &part, &is_done);) {
        s1_strbuf_cstr_add(to, is_first ? "" : ", ");
        if (is_plain(type)) {
            s1_strbuf_str(to, s1_str_trim(part));
        } else {
            put_quoted(s1_str_trim(part), to);
        }
        is_first = false;
    }
    s1_strbuf_char(to, ']');
}

static void put_parameters(const s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->param_count; i++) {
        const s1_new_param *const param = &spec->params[i];
        s1_strbuf_printf(to, "  %.*s:\n    type: %s\n", S1_STR_ARG(param->name),
                         s1_enum_text(s1_param_type_names, param->type));
        if (param->values.len > 0) {
            s1_strbuf_cstr_add(to, "    values: ");
            put_value(S1_PARAM_STRING_LIST, param->values, to);
            s1_strbuf_char(to, '\n');
        }
        if (param->has_default) {
            s1_strbuf_cstr_add(to, "    default: ");
            put_value(param->type, param->default_text, to);
            s1_strbuf_char(to, '\n');
        }
        s1_strbuf_printf(to, "    description: \"%.*s: what it means, in one sentence.\"\n",
                         S1_STR_ARG(param->name));
    }
}

static void put_rows(const s1_plugin_spec *spec, s1_strbuf *to)
{
    for (size_t i = 0; i < spec->param_count; i++) {
        const s1_new_param *const param = &spec->params[i];
        s1_strbuf_printf(to, "| `%.*s` | %s, %s%.*s%s | what it means, in one sentence |\n",
                         S1_STR_ARG(param->name), s1_enum_text(s1_param_type_names, param->type),
                         param->has_default ? "`" : "", S1_STR_ARG(param->default_text),
                         param->has_default ? "`" : "required");
    }
}

static void put_columns(const s1_new_column *columns, size_t count, bool is_yaml, s1_strbuf *to)
{
    for (size_t i = 0; i < count; i++) {
        s1_strbuf_cstr_add(to, i > 0 ? ", " : "");
        if (is_yaml) {
            put_quoted(columns[i].text, to);
        } else {
            s1_strbuf_printf(to, "`%.*s`", S1_STR_ARG(columns[i].text));
        }
    }
}

/* The required parameters as "{period: 1}"; false if there are none. */
static bool put_params(s1_plugin_spec *spec, s1_strbuf *to)
{
    size_t count = 0;
    for (size_t i = 0; i < spec->param_count; i++) {
        const s1_new_param *const param = &spec->params[i];
        if (!param->has_default) {
            s1_strbuf_printf(to, "%s%.*s: ", count++ == 0 ? "{" : ", ", S1_STR_ARG(param->name));
            put_value(param->type, value_of(spec, param), to);
        }
    }
    s1_strbuf_cstr_add(to, count > 0 ? "}" : "");
    return count > 0;
}

static void put_blueprint(s1_plugin_spec *spec, s1_str params, s1_strbuf *to)
{
    const bool is_phased = spec->type == S1_WORKER_PLANNING || spec->type == S1_WORKER_EXECUTION;
    const char *triggers = "";
    if (spec->type == S1_WORKER_EXECUTION) {
        triggers = spec->subtype == S1_SUBTYPE_TRADE_INITIATION ? ", triggers: [on_plan_approved]"
                   : spec->subtype == S1_SUBTYPE_RISK_SAFETY    ? ", triggers: [on_threat_detected]"
                   : spec->subtype == S1_SUBTYPE_OPERATIONAL    ? ", triggers: [on_position_closed]"
                                                                : ", triggers: [on_context_ready]";
    }
    s1_strbuf_printf(to, "workforce:\n  %ss:\n", s1_enum_text(s1_worker_type_names, spec->type));
    if (is_phased) {
        s1_strbuf_printf(to, "    %s:\n", s1_enum_text(s1_subtype_names, spec->subtype));
    }
    s1_strbuf_printf(to, "%s    - { plugin: %.*s%s%s%.*s }\n", is_phased ? "  " : "",
                     S1_STR_ARG(spec->name), triggers, params.len > 0 ? ", params: " : "",
                     S1_STR_ARG(params));
}

/* --- The scope. --------------------------------------------------------------------------------
 */

typedef struct text_maker {
    s1_plugin_spec *spec;
    s1_template_scope *scope;
    s1_strbuf text;
    bool has_failed;
} text_maker;

/* What was written into `text` becomes the value of a key. */
static void keep(text_maker *m, const char *key)
{
    const s1_str view = s1_strbuf_view(&m->text);
    s1_str copy = {"", 0};
    if (view.len > 0) {
        copy = s1_arena_copy_str(&m->spec->arena, view);
    }
    m->has_failed |= m->text.has_failed || copy.ptr == NULL;
    s1_template_set(m->scope, key, copy);
    s1_strbuf_clear(&m->text);
}

static void set_words(const s1_plugin_spec *spec, bool needs_params, s1_template_scope *scope)
{
    static const char *const types[] = {"",       "context",  "opportunity",
                                        "threat", "planning", "execution"};
    s1_template_word(scope, types[spec->type]);
    s1_template_word(scope, s1_enum_text(s1_subtype_names, spec->subtype));
    const struct {
        bool is_set;
        const char *word;
    } words[] = {
        {spec->has_state, "state"},
        {spec->has_events, "events"},
        {spec->has_journaling, "journaling"},
        {spec->param_count > 0, "params"},
        {needs_params, "needs_params"},
        {spec->input_count > 0, "inputs"},
        {spec->input_count > 0, "requires"},
        {spec->output_count > 0, "provides"},
        {spec->param_count + spec->input_count + spec->output_count > 0 || spec->has_events,
         "binds"},
        {other_stream(spec).len > 0, "second_stream"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].is_set) {
            s1_template_word(scope, words[i].word);
        }
    }
}

/* "my_detector" -> "My detector", "MY_DETECTOR", "MyDetectorNoted". */
static void set_names(text_maker *m)
{
    const s1_str name = m->spec->name;
    bool is_start = true;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool is_letter = c >= 'a' && c <= 'z';
        s1_strbuf_char(&m->text, i == 0 && is_letter ? (char)(c - 'a' + 'A') : c == '_' ? ' ' : c);
    }
    keep(m, "display_name");
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        s1_strbuf_char(&m->text, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
    keep(m, "NAME");
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (c != '_') {
            s1_strbuf_char(&m->text, is_start && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
        }
        is_start = c == '_';
    }
    s1_strbuf_cstr_add(&m->text, "Noted");
    keep(m, "event");
}

static void set_fixed(s1_plugin_spec *spec, s1_template_scope *scope)
{
    static const char *const members[] = {"", "enrich", "detect", "assess", "plan", "execute"};
    static const char *const types[] = {"",       "CONTEXT",  "OPPORTUNITY",
                                        "THREAT", "PLANNING", "EXECUTION"};
    const struct {
        const char *key, *text;
    } values[] = {
        {"version", "0.1.0"},
        {"description", spec->description},
        {"type", s1_enum_text(s1_worker_type_names, spec->type)},
        {"subtype", s1_enum_text(s1_subtype_names, spec->subtype)},
        {"TYPE", types[spec->type]},
        {"member", members[spec->type]},
        {"function", spec->type == S1_WORKER_PLANNING ? "make_plan" : members[spec->type]},
        {"type_words",
         s1_new_format(spec, "%.*s worker",
                       (int)strcspn(s1_enum_text(s1_worker_type_names, spec->type), "_"),
                       s1_enum_text(s1_worker_type_names, spec->type))},
        {"refusal", spec->subtype == S1_SUBTYPE_ENTRY_PLANNING ? "PRICE_MISSING" : "ENTRY_MISSING"},
        {"capability_mask",
         s1_new_format(spec, "%s%s%s%s%s%s", spec->has_state ? "S1_CAP_STATE" : "",
                       spec->has_state && spec->has_events ? " | " : "",
                       spec->has_events ? "S1_CAP_EVENTS" : "",
                       (spec->has_state || spec->has_events) && spec->has_journaling ? " | " : "",
                       spec->has_journaling ? "S1_CAP_JOURNAL" : "",
                       spec->has_state || spec->has_events || spec->has_journaling ? "" : "0")},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        s1_template_set(scope, values[i].key, s1_str_of(values[i].text));
    }
    const s1_new_column none = {.field = {"", 0}};
    const s1_new_column *const first = spec->input_count > 0 ? &spec->inputs[0] : &none;
    s1_template_set(scope, "name", spec->name);
    s1_template_set(scope, "first_input", first->field);
    s1_template_set(scope, "second_stream", other_stream(spec));
}

s1_rc s1_new_scope(s1_plugin_spec *spec, s1_template_scope *scope, s1_err *err)
{
    text_maker m = {.spec = spec, .scope = scope};
    s1_strbuf *const text = &m.text;
    s1_strbuf_init(text, TEXT_BYTES_MAX);
    set_fixed(spec, scope);
    set_names(&m);
    const bool needs_params = put_params(spec, text);
    const char *const params = s1_new_format(spec, "%s", s1_strbuf_cstr(text));
    s1_strbuf_clear(text);
    set_words(spec, needs_params, scope);
    put_quoted(s1_str_of(params), text);
    keep(&m, "test_params");
    put_blueprint(spec, s1_str_of(params), text);
    keep(&m, "blueprint");
    put_quoted(s1_str_of(spec->description), text);
    keep(&m, "description_yaml");
    put_quoted(s1_str_of(spec->author), text);
    keep(&m, "author_yaml");
    put_param_fields(spec, text);
    keep(&m, "param_fields");
    put_fields(spec->inputs, spec->input_count, "const s1_series *", text);
    keep(&m, "input_fields");
    put_fields(spec->outputs, spec->output_count, "s1_column *", text);
    keep(&m, "output_fields");
    put_binds(spec, text);
    keep(&m, "binds");
    put_puts(spec, text);
    keep(&m, "puts");
    put_feeds(spec, true, text);
    keep(&m, "feeds");
    put_feeds(spec, false, text);
    keep(&m, "sets");
    put_expectations(spec, text);
    keep(&m, "column_expectations");
    put_parameters(spec, text);
    keep(&m, "parameters");
    put_rows(spec, text);
    keep(&m, "parameter_rows");
    put_columns(spec->inputs, spec->input_count, true, text);
    keep(&m, "requires");
    put_columns(spec->outputs, spec->output_count, true, text);
    keep(&m, "provides");
    put_columns(spec->inputs, spec->input_count, false, text);
    keep(&m, "requires_words");
    put_columns(spec->outputs, spec->output_count, false, text);
    keep(&m, "provides_words");
    s1_strbuf_done(text);
    return m.has_failed ? S1_RAISE(err, S1_E_NO_MEMORY, "the texts of a new plugin") : S1_OK;
}
