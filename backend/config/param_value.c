#include "backend/config/param_value.h"

static const s1_str none = {NULL, 0};

int32_t s1_param_item_kind(int32_t type)
{
    switch (type) {
    case S1_PARAM_INT:
    case S1_PARAM_INT_LIST:
        return S1_KIND_INT;
    case S1_PARAM_FLOAT:
    case S1_PARAM_FLOAT_LIST:
        return S1_KIND_FLOAT;
    case S1_PARAM_BOOL:
        return S1_KIND_BOOL;
    case S1_PARAM_DECIMAL:
        return S1_KIND_DECIMAL;
    case S1_PARAM_DURATION:
        return S1_KIND_DURATION;
    default:
        return S1_KIND_STRING;
    }
}

bool s1_param_is_list(int32_t type)
{
    return type == S1_PARAM_INT_LIST || type == S1_PARAM_FLOAT_LIST || type == S1_PARAM_STRING_LIST;
}

bool s1_param_is_ordered(int32_t type)
{
    const int32_t kind = s1_param_item_kind(type);
    return kind != S1_KIND_STRING && kind != S1_KIND_BOOL;
}

bool s1_param_parse_bound(const s1_manifest_param *param, const s1_yaml_node *node,
                          s1_value *ret_bound)
{
    return node != NULL && node->kind == S1_YAML_SCALAR && s1_param_is_ordered(param->type) &&
           s1_value_parse(s1_param_item_kind(param->type), NULL, node->text, ret_bound);
}

static bool is_in_range(const s1_manifest_param *param, const s1_value *value)
{
    s1_value bound;
    const int32_t kind = s1_param_item_kind(param->type);
    if (s1_param_parse_bound(param, param->min, &bound) &&
        s1_value_compare(kind, value, &bound) < 0) {
        return false;
    }
    return !s1_param_parse_bound(param, param->max, &bound) ||
           s1_value_compare(kind, value, &bound) <= 0;
}

static bool is_allowed(const s1_manifest_param *param, s1_str text)
{
    for (uint32_t i = 0; i < param->values.count; i++) {
        if (s1_str_eq(param->values.items[i], text)) {
            return true;
        }
    }
    return param->values.count == 0;
}

s1_str s1_param_expected(const s1_manifest_param *param, s1_arena *arena)
{
    const int32_t kind = s1_param_item_kind(param->type);
    const bool is_list = s1_param_is_list(param->type);
    const char *const prefix = is_list ? "a list, each " : "";
    if (param->values.count != 0) {
        return s1_config_format(
            arena, "%s%s", prefix,
            s1_config_join_names(arena, param->values.items, param->values.count).ptr);
    }
    s1_value unused;
    s1_schema_field field = {.kind = kind};
    if (s1_param_parse_bound(param, param->min, &unused)) {
        field.min = param->min->text.ptr;
    }
    if (s1_param_parse_bound(param, param->max, &unused)) {
        field.max = param->max->text.ptr;
    }
    return s1_config_format(arena, "%s%s", prefix, s1_schema_expected(&field, kind, arena).ptr);
}

static bool refuse(const s1_manifest_param *param, const s1_yaml_node *node, s1_arena *arena,
                   s1_faults *faults)
{
    const s1_source source = s1_yaml_source(node);
    const bool is_name = node->kind == S1_YAML_SCALAR && param->values.count != 0;
    s1_faults_add(faults, S1_FAULT_SCHEMA, &source, none, s1_yaml_show(node, arena),
                  s1_param_expected(param, arena),
                  is_name ? s1_config_nearest(node->text, param->values.items, param->values.count)
                          : none);
    return false;
}

static bool read_one(const s1_manifest_param *param, const s1_yaml_node *node, s1_arena *arena,
                     s1_faults *faults, s1_value *ret_value)
{
    const int32_t kind = s1_param_item_kind(param->type);
    if (node->kind != S1_YAML_SCALAR || !s1_value_parse(kind, NULL, node->text, ret_value) ||
        (s1_param_is_ordered(param->type) && !is_in_range(param, ret_value)) ||
        (kind == S1_KIND_STRING && !is_allowed(param, node->text))) {
        return refuse(param, node, arena, faults);
    }
    return true;
}

static bool read_list(const s1_manifest_param *param, const s1_yaml_node *node, s1_arena *arena,
                      s1_faults *faults, s1_param *ret_value)
{
    if (node->kind != S1_YAML_LIST || node->count > S1_PARAM_ITEMS_MAX) {
        return refuse(param, node, arena, faults);
    }
    const size_t size = s1_value_size(s1_param_item_kind(param->type));
    char *const items = s1_config_alloc(arena, size * (node->count + 1u));
    uint32_t count = 0;
    bool is_good = true;
    for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        s1_value value;
        if (read_one(param, child, arena, faults, &value)) {
            memcpy(items + size * count++, &value, size);
        } else {
            is_good = false;
        }
    }
    const s1_any_list list = {items, count, 0};
    memcpy(&ret_value->as, &list, sizeof list);
    return is_good;
}

bool s1_param_read(const s1_manifest_param *param, const s1_yaml_node *node, s1_arena *arena,
                   s1_faults *faults, s1_param *ret_value)
{
    s1_param result = {.name = param->name, .type = param->type};
    if (s1_param_is_list(param->type)) {
        if (!read_list(param, node, arena, faults, &result)) {
            return false;
        }
        *ret_value = result;
        return true;
    }
    s1_value value;
    if (!read_one(param, node, arena, faults, &value)) {
        return false;
    }
    memcpy(&result.as, &value, s1_value_size(s1_param_item_kind(param->type)));
    *ret_value = result;
    return true;
}
