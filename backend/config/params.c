#include "backend/config/params.h"

#include "backend/config/param_value.h"
#include "backend/utils/dtoa.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/timefmt.h"

#define EXPRESSION_MAX 256u
#define DEPTH_MAX      32u
#define NAME_MAX_BYTES 63u
#define NAMES_MAX      1024u

static const s1_str none = {NULL, 0};

static const s1_param *find_param(const s1_param *params, uint32_t count, s1_str name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (s1_str_eq(params[i].name, name)) {
            return &params[i];
        }
    }
    return NULL;
}

/* "fast, slow or signal", for messages. */
static s1_rc raise_unknown(const s1_param *params, uint32_t count, s1_str name, s1_err *err)
{
    s1_str names[64];
    const uint32_t shown = count < 64 ? count : 64;
    for (uint32_t i = 0; i < shown; i++) {
        names[i] = params[i].name;
    }
    const s1_str hint = s1_config_nearest(name, names, shown);
    return S1_RAISE(err, S1_E_INVALID, "a parameter, but '%.*s' is none%s%.*s%s", S1_STR_ARG(name),
                    hint.len != 0 ? " (did you mean '" : "", S1_STR_ARG(hint),
                    hint.len != 0 ? "'?)" : "");
}

/* --- Templates. --- */

static bool is_list(int32_t type)
{
    return s1_param_is_list(type);
}

/* A value as part of a column name. */
static s1_str name_part(s1_arena *arena, int32_t type, const void *item)
{
    char text[S1_TIME_TEXT_MAX + S1_DEC_TEXT_MAX];
    size_t len = 0;
    s1_value value;
    memcpy(&value, item, s1_value_size(s1_param_item_kind(type)));
    switch (s1_param_item_kind(type)) {
    case S1_KIND_INT:
        return s1_config_format(arena, "%lld", (long long)value.int_value);
    case S1_KIND_FLOAT:
        len = s1_double_print_compact(value.float_value, text);
        break;
    case S1_KIND_BOOL:
        return value.bool_value ? S1_STR("true") : S1_STR("false");
    case S1_KIND_DECIMAL:
        len = s1_dec_print(value.decimal, text);
        break;
    case S1_KIND_DURATION:
        len = value.nanos > 0 ? s1_timeframe_print(value.nanos, text) : 0;
        break;
    default:
        return value.text;
    }
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == '.' || text[i] == '-' || text[i] == '+' ? '_' : text[i];
    }
    return s1_config_copy(arena, (s1_str){text, len});
}

static bool is_column(s1_str text)
{
    const size_t at = s1_str_find_byte(text, '@', 0);
    if (at != S1_STR_NPOS) { /* "ETH/USD@1h.close" */
        const size_t dot = s1_str_find_byte(text, '.', at);
        if (dot == S1_STR_NPOS || at == 0) {
            return false;
        }
        text = s1_str_slice(text, dot + 1, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || s1_config_is_digit(c) ||
              c == '_')) {
            return false;
        }
    }
    return text.len != 0 && text.len <= NAME_MAX_BYTES;
}

/* One "{...}" of a template. */
typedef struct hole {
    size_t first, end; /* of the text, braces included */
    const s1_param *param;
    bool is_expanded; /* {p[]} */
} hole;

/* Finds the next hole at or behind `from`; *ret_is_found false if there is none. */
static s1_rc next_hole(s1_str text, size_t from, const s1_param *params, uint32_t count,
                       hole *ret_hole, bool *ret_is_found, s1_err *err)
{
    const size_t open = s1_str_find_byte(text, '{', from);
    *ret_is_found = open != S1_STR_NPOS;
    if (open == S1_STR_NPOS) {
        return S1_OK;
    }
    const size_t close = s1_str_find_byte(text, '}', open);
    if (close == S1_STR_NPOS) {
        return S1_RAISE(err, S1_E_INVALID, "a '}' for every '{'");
    }
    s1_str name = s1_str_slice(text, open + 1, close);
    const bool is_expanded = s1_str_ends_with(name, S1_STR("[]"));
    if (is_expanded) {
        name = s1_str_slice(name, 0, name.len - 2);
    }
    const s1_param *const param = find_param(params, count, name);
    if (param == NULL) {
        return raise_unknown(params, count, name, err);
    }
    if (is_expanded != is_list(param->type)) {
        return S1_RAISE(err, S1_E_INVALID,
                        is_expanded ? "{%.*s} without [], because the parameter is no list"
                                    : "{%.*s[]}, because the parameter is a list",
                        S1_STR_ARG(name));
    }
    *ret_hole = (hole){open, close + 1, param, is_expanded};
    return S1_OK;
}

/* The template with `item` for the list hole and values for the others. */
static s1_rc fill(s1_str text, const s1_param *params, uint32_t count, const void *item,
                  s1_arena *arena, s1_str *ret_name, s1_err *err)
{
    s1_str name = {"", 0};
    size_t from = 0;
    for (;;) {
        hole h;
        bool is_found = false;
        S1_TRY(err, next_hole(text, from, params, count, &h, &is_found, err));
        const s1_str before = s1_str_slice(text, from, is_found ? h.first : text.len);
        const s1_str part = !is_found       ? (s1_str){"", 0}
                            : h.is_expanded ? name_part(arena, h.param->type, item)
                                            : name_part(arena, h.param->type, &h.param->as);
        name = s1_config_format(arena, "%.*s%.*s%.*s", S1_STR_ARG(name), S1_STR_ARG(before),
                                S1_STR_ARG(part));
        if (!is_found) {
            break;
        }
        from = h.end;
    }
    if (!is_column(name)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "names of letters, digits and '_', at most %u, but it gives '%.*s'",
                        NAME_MAX_BYTES, S1_STR_ARG(name));
    }
    *ret_name = name;
    return S1_OK;
}

s1_rc s1_template_expand(s1_str text, const s1_param *params, uint32_t count, s1_arena *arena,
                         s1_text_list *ret_names, s1_err *err)
{
    const s1_param *list = NULL;
    if (text.len > EXPRESSION_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "a template of at most %u bytes", EXPRESSION_MAX);
    }
    for (size_t from = 0;;) {
        hole h;
        bool is_found = false;
        S1_TRY(err, next_hole(text, from, params, count, &h, &is_found, err));
        if (!is_found) {
            break;
        }
        if (h.is_expanded && list != NULL) {
            return S1_RAISE(err, S1_E_INVALID, "one list in a template, not two");
        }
        list = h.is_expanded ? h.param : list;
        from = h.end;
    }
    s1_any_list items = {NULL, 1, 0};
    if (list != NULL) {
        memcpy(&items, &list->as, sizeof items);
    }
    const size_t size = list != NULL ? s1_value_size(s1_param_item_kind(list->type)) : 0;
    s1_str *const names = S1_CONFIG_ARRAY(arena, s1_str, items.count + 1u);
    for (uint32_t i = 0; i < items.count; i++) {
        const void *const item = list != NULL ? (const char *)items.items + size * i : NULL;
        S1_TRY(err, fill(text, params, count, item, arena, &names[i], err));
    }
    ret_names->items = names;
    ret_names->count = items.count;
    return S1_OK;
}

/* --- Expressions. --- */

typedef struct parser {
    s1_str text;
    size_t at;
    uint32_t depth;
    const s1_param *params;
    uint32_t count;
    s1_err *err;
} parser;

static s1_rc parse_sum(parser *p, int64_t *ret_value);

static char peek(parser *p)
{
    while (p->at < p->text.len && p->text.ptr[p->at] == ' ') {
        p->at++;
    }
    return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static bool take(parser *p, char c)
{
    if (peek(p) != c) {
        return false;
    }
    p->at++;
    return true;
}

static s1_rc raise_syntax(parser *p, const char *expected)
{
    const char found = peek(p);
    return found != '\0' ? S1_RAISE(p->err, S1_E_INVALID, "%s at character %zu, not '%c'", expected,
                                    p->at + 1, found)
                         : S1_RAISE(p->err, S1_E_INVALID, "%s at the end", expected);
}

static s1_rc raise_overflow(parser *p)
{
    return S1_RAISE(p->err, S1_E_RANGE, "an expression whose values fit 64 bits");
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || s1_config_is_digit(c);
}

static s1_str take_name(parser *p)
{
    const size_t first = p->at;
    while (p->at < p->text.len && is_name_char(p->text.ptr[p->at])) {
        p->at++;
    }
    return s1_str_slice(p->text, first, p->at);
}

/* What max and min have seen so far. */
typedef struct extreme {
    bool is_max, has_value;
    int64_t value;
} extreme;

static void add_value(extreme *e, int64_t value)
{
    if (!e->has_value || (e->is_max ? value > e->value : value < e->value)) {
        e->value = value;
    }
    e->has_value = true;
}

/* An argument that is nothing but the name of a list stands for its items. */
static const s1_param *take_list_argument(parser *p)
{
    const size_t start = p->at;
    const char c = peek(p);
    if (is_name_char(c) && !s1_config_is_digit(c)) {
        const s1_param *const param = find_param(p->params, p->count, take_name(p));
        const char next = peek(p);
        if (param != NULL && param->type == S1_PARAM_INT_LIST &&
            (next == ',' || next == ')' || next == '\0')) {
            return param;
        }
    }
    p->at = start;
    return NULL;
}

static s1_rc parse_call(parser *p, bool is_max, int64_t *ret_value)
{
    extreme e = {.is_max = is_max};
    do {
        const s1_param *const list = take_list_argument(p);
        if (list != NULL) {
            for (uint32_t i = 0; i < list->as.ints.count; i++) {
                add_value(&e, list->as.ints.items[i]);
            }
            continue;
        }
        int64_t value;
        S1_TRY(p->err, parse_sum(p, &value));
        add_value(&e, value);
    } while (take(p, ','));
    if (!take(p, ')')) {
        return raise_syntax(p, "')'");
    }
    *ret_value = e.has_value ? e.value : 0; /* of an empty list */
    return S1_OK;
}

static s1_rc parse_name(parser *p, int64_t *ret_value)
{
    const s1_str name = take_name(p);
    const bool is_max = s1_str_eq_cstr(name, "max");
    if ((is_max || s1_str_eq_cstr(name, "min")) && take(p, '(')) {
        return parse_call(p, is_max, ret_value);
    }
    const s1_param *const param = find_param(p->params, p->count, name);
    if (param == NULL) {
        return raise_unknown(p->params, p->count, name, p->err);
    }
    if (param->type == S1_PARAM_INT_LIST) {
        return S1_RAISE(p->err, S1_E_INVALID, "the list '%.*s' inside max() or min()",
                        S1_STR_ARG(name));
    }
    if (param->type != S1_PARAM_INT) {
        return S1_RAISE(p->err, S1_E_INVALID, "int and int_list parameters, but '%.*s' is a %s",
                        S1_STR_ARG(name), s1_enum_text(s1_param_type_names, param->type));
    }
    *ret_value = param->as.int_value;
    return S1_OK;
}

static s1_rc parse_number(parser *p, int64_t *ret_value)
{
    int64_t value = 0;
    while (p->at < p->text.len && s1_config_is_digit(p->text.ptr[p->at])) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, p->text.ptr[p->at] - '0', &value)) {
            return raise_overflow(p);
        }
        p->at++;
    }
    *ret_value = value;
    return S1_OK;
}

static s1_rc parse_factor(parser *p, int64_t *ret_value)
{
    const char c = peek(p);
    s1_rc rc;
    if (++p->depth > DEPTH_MAX) {
        return S1_RAISE(p->err, S1_E_INVALID, "at most %u levels of parentheses", DEPTH_MAX);
    }
    if (s1_config_is_digit(c)) {
        rc = parse_number(p, ret_value);
    } else if (is_name_char(c)) {
        rc = parse_name(p, ret_value);
    } else if (take(p, '(')) {
        rc = parse_sum(p, ret_value);
        if (rc == S1_OK && !take(p, ')')) {
            rc = raise_syntax(p, "')'");
        }
    } else if (take(p, '-')) {
        int64_t value = 0;
        rc = parse_factor(p, &value);
        if (rc == S1_OK && __builtin_sub_overflow((int64_t)0, value, ret_value)) {
            rc = raise_overflow(p);
        }
    } else {
        rc = raise_syntax(p, "a number, a parameter, max(), min() or '('");
    }
    p->depth--;
    return rc;
}

/* Rounds up: a part of a bar is a bar. */
static s1_rc divide(parser *p, int64_t a, int64_t b, int64_t *ret_value)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) {
        return S1_RAISE(p->err, S1_E_RANGE, "a division that is not by zero");
    }
    const int64_t quotient = a / b;
    *ret_value = quotient + (a % b != 0 && (a % b < 0) == (b < 0));
    return S1_OK;
}

static s1_rc parse_product(parser *p, int64_t *ret_value)
{
    int64_t value;
    S1_TRY(p->err, parse_factor(p, &value));
    for (;;) {
        int64_t right;
        if (take(p, '*')) {
            S1_TRY(p->err, parse_factor(p, &right));
            if (__builtin_mul_overflow(value, right, &value)) {
                return raise_overflow(p);
            }
        } else if (take(p, '/')) {
            S1_TRY(p->err, parse_factor(p, &right));
            S1_TRY(p->err, divide(p, value, right, &value));
        } else {
            *ret_value = value;
            return S1_OK;
        }
    }
}

static s1_rc parse_sum(parser *p, int64_t *ret_value)
{
    int64_t value;
    S1_TRY(p->err, parse_product(p, &value));
    for (;;) {
        int64_t right;
        const char c = peek(p);
        if (c != '+' && c != '-') {
            *ret_value = value;
            return S1_OK;
        }
        p->at++;
        S1_TRY(p->err, parse_product(p, &right));
        if (c == '+' ? __builtin_add_overflow(value, right, &value)
                     : __builtin_sub_overflow(value, right, &value)) {
            return raise_overflow(p);
        }
    }
}

s1_rc s1_expression_evaluate(s1_str text, const s1_param *params, uint32_t count,
                             int64_t *ret_value, s1_err *err)
{
    if (text.len > EXPRESSION_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "an expression of at most %u bytes", EXPRESSION_MAX);
    }
    parser p = {.text = text, .params = params, .count = count, .err = err};
    int64_t value;
    S1_TRY(err, parse_sum(&p, &value));
    if (peek(&p) != '\0' || p.at < text.len) {
        return raise_syntax(&p, "an operator or the end");
    }
    *ret_value = value;
    return S1_OK;
}

/* --- Resolving a worker item. --- */

typedef struct resolver {
    const s1_worker_item *item;
    const s1_manifest *manifest;
    s1_arena *arena;
    s1_faults *faults;
    s1_worker_plan *plan;
    s1_param *params;
} resolver;

static s1_source params_source(const resolver *r)
{
    return r->item->params != NULL ? s1_yaml_source(r->item->params) : r->item->source;
}

static void resolve_param(const resolver *r, const s1_manifest_param *param, s1_param *ret_value)
{
    const s1_yaml_node *const given =
        r->item->params != NULL ? s1_yaml_get(r->item->params, param->name) : NULL;
    *ret_value = (s1_param){.name = param->name, .type = param->type, .is_default = given == NULL};
    if (given != NULL) {
        (void)s1_param_read(param, given, r->arena, r->faults, ret_value);
    } else if (param->default_value != NULL) {
        (void)s1_param_read(param, param->default_value, r->arena, r->faults, ret_value);
        ret_value->is_default = true;
    } else {
        const s1_source at = params_source(r);
        const s1_str path = s1_yaml_path(r->item->source.node, r->arena);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at,
                      s1_config_format(r->arena, "%.*s%sparams.%.*s", S1_STR_ARG(path),
                                       path.len != 0 ? "." : "", S1_STR_ARG(param->name)),
                      none, s1_param_expected(param, r->arena), none);
    }
}

static void report_unknown_params(const resolver *r)
{
    if (r->item->params == NULL) {
        return;
    }
    const uint32_t count = r->manifest->parameters.count;
    s1_str *const names = S1_CONFIG_ARRAY(r->arena, s1_str, count + 1u);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = r->manifest->parameters.items[i].name;
    }
    for (const s1_yaml_node *n = r->item->params->first; n != NULL; n = n->next) {
        if (s1_manifest_find_param(r->manifest, n->key, NULL) != NULL) {
            continue;
        }
        const s1_source at = {n->file, n->key_line, n->key_column, n};
        const s1_str known = s1_config_join_names(r->arena, names, count);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at, none,
                      s1_config_format(r->arena, "an unknown parameter of %.*s",
                                       S1_STR_ARG(r->manifest->identification.name)),
                      count != 0 ? known : S1_STR("none"), s1_config_nearest(n->key, names, count));
    }
}

static void expand_into(const resolver *r, const s1_text_list *templates, s1_str *names,
                        uint32_t *count)
{
    for (uint32_t i = 0; i < templates->count; i++) {
        s1_text_list more = {NULL, 0, 0};
        s1_err err = S1_ERR_INIT;
        if (s1_template_expand(templates->items[i], r->params, r->plan->params.count, r->arena,
                               &more, &err) != S1_OK ||
            more.count > NAMES_MAX - *count) {
            const s1_source at = params_source(r);
            s1_faults_add(r->faults, S1_FAULT_DEPENDENCY, &at, none,
                          s1_config_format(r->arena, "'%.*s' of %.*s",
                                           S1_STR_ARG(templates->items[i]),
                                           S1_STR_ARG(r->manifest->identification.name)),
                          err.msg[0] != '\0' ? s1_str_of(err.msg) : S1_STR("fewer columns"), none);
            continue;
        }
        for (uint32_t k = 0; k < more.count; k++) {
            names[(*count)++] = more.items[k];
        }
    }
}

/* `more` may be NULL. */
static void expand(const resolver *r, const s1_text_list *templates, const s1_text_list *more,
                   s1_text_list *ret_names)
{
    s1_str *const names = S1_CONFIG_ARRAY(r->arena, s1_str, NAMES_MAX);
    uint32_t count = 0;
    expand_into(r, templates, names, &count);
    if (more != NULL) {
        expand_into(r, more, names, &count);
    }
    ret_names->items = names;
    ret_names->count = count;
}

/* The case of the manifest's variants these parameters are, or NULL. */
static const s1_manifest_variant *find_variant(const resolver *r)
{
    const s1_param *const by =
        find_param(r->params, r->plan->params.count, r->manifest->variants.by);
    return by != NULL && by->type == S1_PARAM_ENUM
               ? s1_manifest_find_variant(r->manifest, by->as.text)
               : NULL;
}

static void check_identity(const resolver *r)
{
    const struct s1_manifest_identification *const id = &r->manifest->identification;
    const s1_worker_item *const item = r->item;
    if (id->type != item->worker_type) {
        s1_faults_addf(r->faults, S1_FAULT_DEPENDENCY, &item->source, "plugin",
                       s1_config_format(r->arena, "'%.*s', a %s", S1_STR_ARG(item->plugin),
                                        s1_enum_text(s1_worker_type_names, id->type)),
                       "a %s", s1_enum_text(s1_worker_type_names, item->worker_type));
    } else if (item->subtype != 0 && item->subtype != id->subtype) {
        const bool is_written = s1_yaml_get(item->source.node, S1_STR("subtype")) != NULL;
        s1_faults_addf(
            r->faults, S1_FAULT_DEPENDENCY, &item->source, is_written ? "subtype" : "plugin",
            is_written
                ? s1_config_format(r->arena, "'%s'", s1_enum_text(s1_subtype_names, item->subtype))
                : s1_config_format(r->arena, "'%.*s', of subtype %s", S1_STR_ARG(item->plugin),
                                   s1_enum_text(s1_subtype_names, id->subtype)),
            is_written ? "%s, as the manifest says" : "a plugin of subtype %s",
            s1_enum_text(s1_subtype_names, is_written ? id->subtype : item->subtype));
    }
}

static void check_publishes(const resolver *r)
{
    const struct s1_manifest_events *const events = &r->manifest->capabilities.events;
    for (uint32_t i = 0; i < r->item->publishes.count; i++) {
        const s1_worker_publication *const p = &r->item->publishes.items[i];
        s1_str *const names = S1_CONFIG_ARRAY(r->arena, s1_str, events->publishes.count + 1u);
        bool is_known = false;
        for (uint32_t k = 0; k < events->publishes.count; k++) {
            names[k] = events->publishes.items[k].as_event;
            is_known = is_known || s1_str_eq(names[k], p->event);
        }
        if (!is_known) {
            const s1_source at = s1_source_field(&p->source, S1_STR("event"));
            s1_faults_add(r->faults, S1_FAULT_EVENT_CHAIN, &at, none,
                          s1_config_format(r->arena, "'%.*s'", S1_STR_ARG(p->event)),
                          S1_STR("an event the manifest publishes"),
                          s1_config_nearest(p->event, names, events->publishes.count));
        }
    }
}

/* The fields of one feed, each template expanded. */
static void expand_feed(const resolver *r, const s1_manifest_feed *feed, s1_feed_plan *ret_plan)
{
    s1_feed_plan_field *const fields = S1_CONFIG_ARRAY(r->arena, s1_feed_plan_field, NAMES_MAX);
    uint32_t count = 0;
    for (uint32_t i = 0; i < feed->fields.count; i++) {
        const s1_manifest_feed_field *const field = &feed->fields.items[i];
        s1_text_list names = {NULL, 0, 0};
        expand(r, &(s1_text_list){.items = &field->name, .count = 1}, NULL, &names);
        for (uint32_t k = 0; k < names.count && count < NAMES_MAX; k++) {
            fields[count++] = (s1_feed_plan_field){names.items[k], field->type, field->optional};
        }
    }
    ret_plan->fields.items = fields;
    ret_plan->fields.count = count;
}

static const s1_worker_feed *feed_given(const s1_worker_item *item, s1_str name)
{
    for (uint32_t i = 0; i < item->feeds.count; i++) {
        if (s1_str_eq(item->feeds.items[i].name, name)) {
            return &item->feeds.items[i];
        }
    }
    return NULL;
}

static void report_unknown_feeds(const resolver *r)
{
    const struct s1_manifest_dependencies *const d = &r->manifest->dependencies;
    s1_str *const names = S1_CONFIG_ARRAY(r->arena, s1_str, d->feeds.count + 1u);
    for (uint32_t i = 0; i < d->feeds.count; i++) {
        names[i] = d->feeds.items[i].name;
    }
    for (uint32_t i = 0; i < r->item->feeds.count; i++) {
        const s1_worker_feed *const given = &r->item->feeds.items[i];
        bool is_known = false;
        for (uint32_t k = 0; k < d->feeds.count; k++) {
            is_known = is_known || s1_str_eq(names[k], given->name);
        }
        if (!is_known) {
            s1_faults_add(r->faults, S1_FAULT_SCHEMA, &given->source, none,
                          s1_config_format(r->arena, "an unknown feed of %.*s",
                                           S1_STR_ARG(r->manifest->identification.name)),
                          d->feeds.count != 0
                              ? s1_config_join_names(r->arena, names, d->feeds.count)
                              : S1_STR("none"),
                          s1_config_nearest(given->name, names, d->feeds.count));
        }
    }
}

static void resolve_feeds(const resolver *r)
{
    const struct s1_manifest_dependencies *const d = &r->manifest->dependencies;
    s1_feed_plan *const plans = S1_CONFIG_ARRAY(r->arena, s1_feed_plan, d->feeds.count + 1u);
    for (uint32_t i = 0; i < d->feeds.count; i++) {
        const s1_manifest_feed *const feed = &d->feeds.items[i];
        const s1_worker_feed *const given = feed_given(r->item, feed->name);
        plans[i] = (s1_feed_plan){.name = feed->name,
                                  .source = given != NULL ? given->source : r->item->source,
                                  .feed = given != NULL ? given->feed : none};
        expand_feed(r, feed, &plans[i]);
        if (given == NULL && !feed->optional) {
            s1_faults_addf(r->faults, S1_FAULT_DEPENDENCY, &r->item->source, "feeds", none,
                           "%.*s: an id of the blueprint's feeds, which %.*s reads",
                           S1_STR_ARG(feed->name), S1_STR_ARG(r->manifest->identification.name));
        }
    }
    r->plan->feeds.items = plans;
    r->plan->feeds.count = d->feeds.count;
}

static void report_unknown_models(const resolver *r)
{
    const struct s1_manifest_dependencies *const d = &r->manifest->dependencies;
    s1_str *const names = S1_CONFIG_ARRAY(r->arena, s1_str, d->models.count + 1u);
    for (uint32_t i = 0; i < d->models.count; i++) {
        names[i] = d->models.items[i].name;
    }
    for (uint32_t i = 0; i < r->item->models.count; i++) {
        const s1_worker_model *const given = &r->item->models.items[i];
        bool is_known = false;
        for (uint32_t k = 0; k < d->models.count; k++) {
            is_known = is_known || s1_str_eq(names[k], given->name);
        }
        if (!is_known) {
            s1_faults_add(r->faults, S1_FAULT_SCHEMA, &given->source, none,
                          s1_config_format(r->arena, "an unknown model of %.*s",
                                           S1_STR_ARG(r->manifest->identification.name)),
                          d->models.count != 0
                              ? s1_config_join_names(r->arena, names, d->models.count)
                              : S1_STR("none"),
                          s1_config_nearest(given->name, names, d->models.count));
        }
    }
}

static void resolve_models(const resolver *r)
{
    const struct s1_manifest_dependencies *const d = &r->manifest->dependencies;
    s1_model_plan *const plans = S1_CONFIG_ARRAY(r->arena, s1_model_plan, d->models.count + 1u);
    for (uint32_t i = 0; i < d->models.count; i++) {
        const s1_manifest_model *const model = &d->models.items[i];
        plans[i].name = model->name;
        for (uint32_t k = 0; k < r->item->models.count; k++) {
            if (s1_str_eq(r->item->models.items[k].name, model->name)) {
                plans[i].model = r->item->models.items[k].model;
            }
        }
        if (plans[i].model.len == 0 && !model->optional) {
            s1_faults_addf(r->faults, S1_FAULT_DEPENDENCY, &r->item->source, "models", none,
                           "%.*s: an id of the blueprint's models, which %.*s uses",
                           S1_STR_ARG(model->name), S1_STR_ARG(r->manifest->identification.name));
        }
    }
    r->plan->models.items = plans;
    r->plan->models.count = d->models.count;
}

static void resolve_lookback(const resolver *r)
{
    int64_t value = 1;
    s1_err err = S1_ERR_INIT;
    const s1_manifest_variant *const variant = find_variant(r);
    const s1_str lookback =
        variant != NULL && variant->lookback.len != 0 ? variant->lookback : r->manifest->lookback;
    r->plan->lookback = 1;
    if (s1_expression_evaluate(lookback, r->params, r->plan->params.count, &value, &err) != S1_OK) {
        const s1_source at = params_source(r);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at, none,
                      s1_config_format(r->arena, "lookback '%.*s' of %.*s", S1_STR_ARG(lookback),
                                       S1_STR_ARG(r->manifest->identification.name)),
                      s1_str_of(err.msg), none);
        return;
    }
    r->plan->lookback = value > 1 ? (uint64_t)value : 1;
}

void s1_worker_plan_resolve(const s1_worker_item *item, const s1_manifest *manifest,
                            s1_arena *arena, s1_faults *faults, const s1_worker_plan **ret_plan)
{
    s1_worker_plan *const plan = S1_CONFIG_NEW(arena, s1_worker_plan);
    const uint32_t count = manifest->parameters.count;
    resolver r = {item,   manifest, arena,
                  faults, plan,     S1_CONFIG_ARRAY(arena, s1_param, count + 1u)};
    plan->item = item;
    plan->manifest = manifest;
    plan->params.items = r.params;
    plan->params.count = count;
    const uint32_t errors = faults->errors;
    check_identity(&r);
    for (uint32_t i = 0; i < count; i++) {
        resolve_param(&r, &manifest->parameters.items[i], &r.params[i]);
    }
    report_unknown_params(&r);
    check_publishes(&r);
    report_unknown_feeds(&r);
    report_unknown_models(&r);
    if (faults->errors == errors) {
        const s1_manifest_variant *const variant = find_variant(&r);
        expand(&r, &manifest->dependencies.requires, variant != NULL ? &variant->requires : NULL,
               &plan->requires);
        expand(&r, &manifest->dependencies.uses, NULL, &plan->uses);
        expand(&r, &manifest->dependencies.provides, variant != NULL ? &variant->provides : NULL,
               &plan->provides);
        expand(&r, &manifest->artefacts.requires, NULL, &plan->artefacts_in);
        expand(&r, &manifest->artefacts.provides, NULL, &plan->artefacts_out);
        resolve_feeds(&r);
        resolve_models(&r);
    }
    resolve_lookback(&r);
    *ret_plan = plan;
}

const s1_param *s1_worker_plan_param(const s1_worker_plan *plan, s1_str name)
{
    return find_param(plan->params.items, plan->params.count, name);
}

static void print_value(s1_json_writer *w, int32_t kind, const void *item)
{
    s1_value value;
    memcpy(&value, item, s1_value_size(kind));
    char text[S1_TIMEFRAME_TEXT_MAX];
    switch (kind) {
    case S1_KIND_INT:
        s1_json_i64(w, value.int_value);
        break;
    case S1_KIND_FLOAT:
        s1_json_double(w, value.float_value);
        break;
    case S1_KIND_BOOL:
        s1_json_bool(w, value.bool_value);
        break;
    case S1_KIND_DECIMAL:
        s1_json_dec(w, value.decimal);
        break;
    case S1_KIND_DURATION:
        s1_json_str(w, value.nanos == 0 ? S1_STR("0s")
                                        : (s1_str){text, s1_timeframe_print(value.nanos, text)});
        break;
    default:
        s1_json_str(w, value.text);
        break;
    }
}

void s1_params_print_json(const s1_worker_plan *plan, s1_strbuf *ret_text)
{
    s1_json_writer w;
    s1_json_init(&w, ret_text, 0);
    s1_json_object(&w);
    for (uint32_t i = 0; i < plan->params.count; i++) {
        const s1_param *const param = &plan->params.items[i];
        const int32_t kind = s1_param_item_kind(param->type);
        s1_json_key(&w, param->name);
        if (!is_list(param->type)) {
            print_value(&w, kind, &param->as);
            continue;
        }
        s1_any_list list;
        memcpy(&list, &param->as, sizeof list);
        s1_json_array(&w);
        for (uint32_t k = 0; k < list.count; k++) {
            print_value(&w, kind, (const char *)list.items + s1_value_size(kind) * k);
        }
        s1_json_array_end(&w);
    }
    s1_json_object_end(&w);
}
