/* backend/config/param_value.h - one parameter's value, checked against its manifest. Not for
 * others. */
#ifndef S1_BACKEND_CONFIG_PARAM_VALUE_H
#define S1_BACKEND_CONFIG_PARAM_VALUE_H

#include "backend/config/internal.h"
#include "backend/config/params.h"

#define S1_PARAM_ITEMS_MAX 256u

/* The kind of a parameter's value, or of its items. */
int32_t s1_param_item_kind(int32_t type);
bool s1_param_is_list(int32_t type);
/* Has it bounds? */
bool s1_param_is_ordered(int32_t type);
bool s1_param_parse_bound(const s1_manifest_param *param, const s1_yaml_node *node,
                          s1_value *ret_bound);

/* Reads a value as `param` wants it; false after a fault at the node. */
bool s1_param_read(const s1_manifest_param *param, const s1_yaml_node *node, s1_arena *arena,
                   s1_faults *faults, s1_param *ret_value);

/* "an integer from 1 to 100000", "long, short or both". */
s1_str s1_param_expected(const s1_manifest_param *param, s1_arena *arena);

#endif /* S1_BACKEND_CONFIG_PARAM_VALUE_H */
