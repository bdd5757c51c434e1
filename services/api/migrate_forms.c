/* What of the old forms goes where in the new one. */
#include "backend/config/tables.h"
#include "services/api/migrate_internal.h"

#include <string.h>

#define ITEMS_MAX 256u

static s1_str lit(const char *text)
{
    return s1_str_of(text);
}

static const s1_yaml_node *get(const s1_yaml_node *map, const char *key)
{
    return s1_yaml_get(map, lit(key));
}

static bool is_text(const s1_yaml_node *node)
{
    return node != NULL && node->kind == S1_YAML_SCALAR && node->text.len > 0;
}

/* The keys both forms begin with. */
static s1_yaml_node *begin(s1_migration *m, const s1_yaml_node *root)
{
    s1_yaml_node *const out = s1_migrate_node(m, S1_YAML_MAP);
    const s1_yaml_node *name = get(root, "display_name");
    name = is_text(name) ? name : get(root, "name");
    const s1_yaml_node *const description = get(root, "description");
    s1_migrate_put(m, out, lit("schema_version"), s1_migrate_text(m, lit("1"), false));
    if (is_text(name)) {
        s1_migrate_map(m, name, out, lit("display_name"), "display_name");
    } else {
        s1_migrate_put(m, out, lit("display_name"), s1_migrate_text(m, m->id, true));
        s1_migrate_add(m, "display_name", "the old file has none: the name of the file");
    }
    if (description != NULL) {
        s1_migrate_map(m, description, out, lit("description"), "description");
    }
    return out;
}

/* --- portfolio.yaml -> operation.yaml. -------------------------------------------------------- */

/* The field of a key that this version reads; NULL for none, or one it refuses. */
static const s1_schema_field *field_of(const s1_schema *schema, const char *key)
{
    for (const s1_schema_field *field = schema != NULL ? schema->fields : NULL;
         field != NULL && field->name != NULL; field++) {
        if (strcmp(field->name, key) == 0) {
            return (field->flags & S1_FIELD_REFUSED) == 0 ? field : NULL;
        }
    }
    return NULL;
}

static const s1_schema *schema_of(const s1_schema *schema, const char *key)
{
    const s1_schema_field *const field = field_of(schema, key);
    return field != NULL ? field->schema : NULL;
}

/* The first portfolios had the one rule over all strategies at the top: a rule of the portfolio
 * now, where this version has such rules. */
static void map_top_drawdown(s1_migration *m, const s1_yaml_node *root, s1_yaml_node *risk)
{
    static const char *const rule = "max_total_drawdown_pct";
    const s1_yaml_node *const top = get(root, "max_drawdown_pct");
    const s1_schema *const rules =
        schema_of(schema_of(&s1_operation_schema, "risk_policy"), "portfolio_rules");
    const s1_yaml_node *const made = get(risk, "portfolio_rules");
    if (top == NULL || field_of(rules, rule) == NULL) {
        return;
    }
    if (made != NULL) {
        s1_migrate_tell(m, S1_MIGRATE_LEFT_OUT, top, "",
                        get(made, rule) != NULL
                            ? "portfolio_rules.max_total_drawdown_pct says it already"
                            : "portfolio_rules are there: it belongs to them as "
                              "max_total_drawdown_pct");
        return;
    }
    s1_yaml_node *const into = s1_migrate_node(m, S1_YAML_MAP);
    s1_migrate_map(m, top, into, lit(rule), "risk_policy.portfolio_rules.max_total_drawdown_pct");
    s1_migrate_put(m, risk, lit("portfolio_rules"), into);
}

/* "runs/mss_fvg_strategy.yaml" -> "mss_fvg_strategy" */
static s1_str blueprint_id(s1_str path)
{
    const s1_str base = s1_str_basename(path);
    return s1_str_ends_with(base, S1_STR(".yaml"))  ? s1_str_slice(base, 0, base.len - 5)
           : s1_str_ends_with(base, S1_STR(".yml")) ? s1_str_slice(base, 0, base.len - 4)
                                                    : base;
}

static void map_link(s1_migration *m, const s1_yaml_node *strategy, s1_yaml_node *links)
{
    static const char *const names[] = {"strategy_blueprint_path", "strategy_blueprint_id",
                                        "strategy", "blueprint"};
    static const char *const same[] = {"id", "execution_environment_id", "is_active", NULL};
    s1_yaml_node *const link = s1_migrate_node(m, S1_YAML_MAP);
    const char *const path = s1_migrate_format(m, "strategy_links[%u]", links->count);
    s1_migrate_put(m, links, (s1_str){NULL, 0}, link);
    if (strategy->kind == S1_YAML_SCALAR) {
        s1_migrate_put(m, link, lit("strategy_blueprint_id"),
                       s1_migrate_text(m, blueprint_id(strategy->text), false));
        s1_migrate_tell(m, S1_MIGRATE_MAPPED, strategy,
                        s1_migrate_format(m, "%s.strategy_blueprint_id", path), "");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const s1_yaml_node *const name = get(strategy, names[i]);
        if (is_text(name) && get(link, "strategy_blueprint_id") == NULL) {
            s1_migrate_put(m, link, lit("strategy_blueprint_id"),
                           s1_migrate_text(m, blueprint_id(name->text), name->is_quoted));
            s1_migrate_tell(m, S1_MIGRATE_MAPPED, name,
                            s1_migrate_format(m, "%s.strategy_blueprint_id", path),
                            i == 0 ? "a blueprint's id is the name of its file in runs/" : "");
        }
    }
    for (const char *const *key = same; *key != NULL; key++) {
        const s1_yaml_node *const node = get(strategy, *key);
        if (node != NULL) {
            s1_migrate_map(m, node, link, lit(*key), s1_migrate_format(m, "%s.%s", path, *key));
        }
    }
}

s1_yaml_node *s1_migrate_portfolio(s1_migration *m, const s1_yaml_node *root)
{
    const s1_yaml_node *const strategies = get(root, "strategies");
    const s1_yaml_node *const risk = get(root, "risk_policy");
    s1_yaml_node *const out = begin(m, root);
    s1_yaml_node *const links = s1_migrate_node(m, S1_YAML_LIST);
    if (out == NULL || links == NULL) {
        return NULL;
    }
    s1_migrate_put(m, out, lit("strategy_links"), links);
    for (const s1_yaml_node *node = strategies->first; node != NULL; node = node->next) {
        map_link(m, node, links);
    }
    s1_yaml_node *const made = s1_migrate_node(m, S1_YAML_MAP);
    if (risk != NULL && risk->kind == S1_YAML_MAP) {
        s1_migrate_known(m, risk, schema_of(&s1_operation_schema, "risk_policy"), made,
                         "risk_policy");
    }
    map_top_drawdown(m, root, made);
    if (made != NULL && made->count > 0) {
        s1_migrate_put(m, out, lit("risk_policy"), made);
    }
    return out;
}

/* --- V2 run blueprint -> runs/NAME.yaml. ------------------------------------------------------ */

/* X(slot, path in the workforce, worker type). */
#define SLOT_MAP(X)                                                                                \
    X(SLOT_CONTEXT, "context_workers", S1_WORKER_CONTEXT)                                          \
    X(SLOT_OPPORTUNITY, "opportunity_workers", S1_WORKER_OPPORTUNITY)                              \
    X(SLOT_THREAT, "threat_workers", S1_WORKER_THREAT)                                             \
    X(SLOT_ENTRY, "planning_workers.entry_planning", S1_WORKER_PLANNING)                           \
    X(SLOT_EXIT, "planning_workers.exit_planning", S1_WORKER_PLANNING)                             \
    X(SLOT_SIZE, "planning_workers.size_planning", S1_WORKER_PLANNING)                             \
    X(SLOT_ROUTING, "planning_workers.order_routing", S1_WORKER_PLANNING)                          \
    X(SLOT_INITIATION, "execution_workers.trade_initiation", S1_WORKER_EXECUTION)                  \
    X(SLOT_POSITION, "execution_workers.position_management", S1_WORKER_EXECUTION)                 \
    X(SLOT_SAFETY, "execution_workers.risk_safety", S1_WORKER_EXECUTION)                           \
    X(SLOT_OPERATIONAL, "execution_workers.operational", S1_WORKER_EXECUTION)
enum slot {
    SLOT_NONE = -1,
#define X(slot, path, type) slot,
    SLOT_MAP(X)
#undef X
        SLOT_COUNT
};

static const char *slot_path(int slot)
{
    static const char *const paths[] = {
#define X(slot, path, type) path,
        SLOT_MAP(X)
#undef X
    };
    return paths[slot];
}

/* What V2 called a place of a worker: phases of the taskboard, keys and subtypes of the four
 * categories. */
static const struct {
    const char *name;
    int slot;
    const char *why;
} phases[] = {
    {"regime_filter", SLOT_CONTEXT,
     "a filter is a context worker now: it writes what it sees, and whoever detects asks for it"},
    {"structural_context", SLOT_CONTEXT, ""},
    {"regime_context", SLOT_CONTEXT, ""},
    {"signal_generator", SLOT_OPPORTUNITY, ""},
    {"signal_generation", SLOT_OPPORTUNITY, ""},
    {"signal_refiner", SLOT_OPPORTUNITY,
     "there are no refiners now: as an opportunity worker it adds signals, it takes none away"},
    {"signal_refinement", SLOT_OPPORTUNITY,
     "there are no refiners now: as an opportunity worker it adds signals, it takes none away"},
    {"entry_planner", SLOT_ENTRY, ""},
    {"entry_planning", SLOT_ENTRY, ""},
    {"exit_planner", SLOT_EXIT, ""},
    {"exit_planning", SLOT_EXIT, ""},
    {"size_planner", SLOT_SIZE, ""},
    {"size_planning", SLOT_SIZE, ""},
    {"order_router", SLOT_ROUTING, ""},
    {"order_routing", SLOT_ROUTING, ""},
    {"critical_event_detector", SLOT_THREAT, ""},
    {"trade_initiation", SLOT_INITIATION, ""},
    {"position_management", SLOT_POSITION, ""},
    {"risk_safety", SLOT_SAFETY, ""},
    {"operational", SLOT_OPERATIONAL, ""},
};

typedef struct workforce {
    s1_migration *m;
    s1_yaml_node *lists[SLOT_COUNT];
    s1_str names[ITEMS_MAX]; /* instance ids so far */
    size_t name_count;
} workforce;

static int slot_of_type(int32_t type)
{
    switch (type) {
    case S1_WORKER_CONTEXT:
        return SLOT_CONTEXT;
    case S1_WORKER_OPPORTUNITY:
        return SLOT_OPPORTUNITY;
    case S1_WORKER_THREAT:
        return SLOT_THREAT;
    default:
        return SLOT_NONE;
    }
}

/* The place a V2 phase, or a subtype of today, stands for. */
static int slot_of_name(s1_str name, const char **ret_why)
{
    int32_t subtype = 0;
    *ret_why = "";
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (s1_str_eq_nocase(name, lit(phases[i].name))) {
            *ret_why = phases[i].why;
            return phases[i].slot;
        }
    }
    return s1_enum_parse(s1_subtype_names, name, &subtype)
               ? slot_of_type(s1_subtype_worker_type(subtype))
               : SLOT_NONE;
}

/* What the plugin itself says it is. */
static int slot_of_plugin(const s1_migration *m, s1_str plugin)
{
    const s1_plugin *const found =
        m->registry != NULL ? s1_plugin_registry_find(m->registry, plugin) : NULL;
    const char *why;
    if (found == NULL || found->manifest == NULL) {
        return SLOT_NONE;
    }
    const int slot = slot_of_type(found->manifest->identification.type);
    return slot != SLOT_NONE
               ? slot
               : slot_of_name(
                     lit(s1_enum_text(s1_subtype_names, found->manifest->identification.subtype)),
                     &why);
}

/* Appends an item with this plugin; an id of its own where the name is taken. */
static s1_yaml_node *add_item(workforce *w, int slot, s1_str plugin, const char **ret_path)
{
    s1_migration *const m = w->m;
    s1_yaml_node *const item = s1_migrate_node(m, S1_YAML_MAP);
    uint32_t uses = 0;
    if (w->lists[slot] == NULL) {
        w->lists[slot] = s1_migrate_node(m, S1_YAML_LIST);
    }
    if (w->lists[slot] == NULL || item == NULL || w->name_count == ITEMS_MAX) {
        m->has_failed = true;
        return NULL;
    }
    *ret_path = s1_migrate_format(m, "workforce.%s[%u]", slot_path(slot), w->lists[slot]->count);
    s1_migrate_put(m, w->lists[slot], (s1_str){NULL, 0}, item);
    s1_migrate_put(m, item, lit("plugin"), s1_migrate_text(m, plugin, false));
    for (size_t i = 0; i < w->name_count; i++) {
        uses += s1_str_eq(w->names[i], plugin);
    }
    w->names[w->name_count++] = plugin;
    if (uses > 0) {
        const char *const id = s1_migrate_format(m, "%.*s_%u", S1_STR_ARG(plugin), uses + 1);
        s1_migrate_put(m, item, lit("id"), s1_migrate_text(m, lit(id), false));
        s1_migrate_add(m, s1_migrate_format(m, "%s.id", *ret_path),
                       "the plugin works in several places: each needs a name");
    }
    return item;
}

/* {params: {...}} or the parameters themselves. */
static const s1_yaml_node *params_in(const s1_yaml_node *node)
{
    const s1_yaml_node *const inner = get(node, "params");
    return inner != NULL ? inner : node;
}

static void put_params(s1_migration *m, s1_yaml_node *item, const s1_yaml_node *params,
                       const char *path)
{
    const char *const to = s1_migrate_format(m, "%s.params", path);
    if (params->count > 0 && params->kind == S1_YAML_MAP) {
        s1_migrate_map(m, params, item, lit("params"), to);
    } else {
        s1_migrate_tell(m, S1_MIGRATE_MAPPED, params, path, "no parameters");
    }
}

/* --- The taskboard. --- */

static void map_task(workforce *w, const s1_yaml_node *task, int slot, const char *why,
                     const s1_yaml_node *parameters)
{
    const char *path = "";
    const s1_yaml_node *const name = task->kind == S1_YAML_MAP ? get(task, "plugin") : task;
    if (!is_text(name)) {
        s1_migrate_tell(w->m, S1_MIGRATE_LEFT_OUT, task, "", "expected the name of a plugin");
        return;
    }
    s1_yaml_node *const item = add_item(w, slot, name->text, &path);
    s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, name, path, why);
    const s1_yaml_node *const set = s1_yaml_get(parameters, name->text);
    if (item != NULL && set != NULL) {
        put_params(w->m, item, params_in(set), path);
    }
}

static void map_taskboard(workforce *w, const s1_yaml_node *root)
{
    const s1_yaml_node *const board = get(root, "taskboard");
    const s1_yaml_node *const parameters = get(root, "workforce");
    for (const s1_yaml_node *phase = board->first; phase != NULL; phase = phase->next) {
        const char *why;
        const int slot = slot_of_name(phase->key, &why);
        if (slot == SLOT_NONE) {
            s1_migrate_tell(w->m, S1_MIGRATE_LEFT_OUT, phase, "",
                            "no phase of V2 that is known here");
            continue;
        }
        if (phase->kind == S1_YAML_SCALAR) {
            map_task(w, phase, slot, why, parameters);
        }
        for (const s1_yaml_node *task = phase->first; task != NULL; task = task->next) {
            map_task(w, task, slot, why, parameters);
        }
        if (phase->count == 0 && phase->kind != S1_YAML_SCALAR) {
            s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, phase,
                            s1_migrate_format(w->m, "workforce.%s", slot_path(slot)), "empty");
        }
    }
    for (const s1_yaml_node *set = parameters != NULL ? parameters->first : NULL; set != NULL;
         set = set->next) {
        bool is_placed = false;
        for (size_t i = 0; i < w->name_count; i++) {
            is_placed |= s1_str_eq(w->names[i], set->key);
        }
        if (!is_placed) {
            s1_migrate_tell(w->m, S1_MIGRATE_LEFT_OUT, set, "",
                            "the taskboard has the plugin in no phase: it never worked");
        }
    }
}

/* --- The four categories. --- */

static const s1_yaml_node *plugin_in(const s1_yaml_node *item)
{
    static const char *const keys[] = {"plugin", "plugin_name", "name"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const s1_yaml_node *const node = get(item, keys[i]);
        if (is_text(node)) {
            return node;
        }
    }
    return NULL;
}

/* Where an item goes: by what it says, by what the plugin says, else as its category does. */
static int choose_slot(const workforce *w, const s1_yaml_node *item, s1_str plugin, int fallback,
                       const char **ret_why)
{
    static const char *const keys[] = {"phase", "subtype", "role", "type"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const s1_yaml_node *const said = get(item, keys[i]);
        const int slot = is_text(said) ? slot_of_name(said->text, ret_why) : SLOT_NONE;
        if (slot != SLOT_NONE) {
            return slot;
        }
    }
    const int slot = slot_of_plugin(w->m, plugin);
    if (slot != SLOT_NONE) {
        *ret_why = "where the plugin's manifest says it belongs";
        return slot;
    }
    *ret_why = fallback == SLOT_OPPORTUNITY
                   ? "neither its subtype nor a plugin of this name tells: look whether it plans"
               : fallback == SLOT_INITIATION
                   ? "neither its subtype nor a plugin of this name tells: look whether it sends"
                   : "";
    return fallback;
}

/* The keys of an item that are the same now; where it was put by, and what remains. */
static void map_item_keys(workforce *w, const s1_yaml_node *item, s1_yaml_node *to, int slot,
                          const char *path)
{
    static const char *const same[] = {"id",        "stream",       "triggers",
                                       "publishes", "requires_all", "event_config"};
    s1_migration *const m = w->m;
    for (const s1_yaml_node *node = item->first; node != NULL; node = node->next) {
        int32_t subtype = 0;
        bool is_same = false;
        for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
            is_same |= s1_str_eq_cstr(node->key, same[i]);
        }
        const char *const node_path = s1_migrate_format(m, "%s.%.*s", path, S1_STR_ARG(node->key));
        if (is_same && get(to, s1_migrate_format(m, "%.*s", S1_STR_ARG(node->key))) == NULL) {
            s1_migrate_map(m, node, to, node->key, node_path);
        } else if (s1_str_eq_cstr(node->key, "params") || s1_str_eq_cstr(node->key, "parameters")) {
            put_params(m, to, node, path);
        } else if (s1_str_eq_cstr(node->key, "subtype") && is_text(node) &&
                   s1_enum_parse(s1_subtype_names, node->text, &subtype)) {
            s1_migrate_map(m, node, to, node->key, node_path);
        } else if (s1_str_eq_cstr(node->key, "phase") || s1_str_eq_cstr(node->key, "subtype") ||
                   s1_str_eq_cstr(node->key, "role") || s1_str_eq_cstr(node->key, "type")) {
            s1_migrate_tell(m, S1_MIGRATE_MAPPED, node,
                            s1_migrate_format(m, "workforce.%s", slot_path(slot)),
                            "its place says it now");
        }
    }
}

static void map_item(workforce *w, const s1_yaml_node *item, int fallback, bool is_placed)
{
    const char *path = "";
    const char *why = "";
    const bool is_keyed = item->key.len > 0 && plugin_in(item) == NULL; /* name: {...} */
    const s1_yaml_node *const name = item->kind == S1_YAML_MAP ? plugin_in(item) : item;
    const s1_str plugin = is_keyed ? item->key : is_text(name) ? name->text : (s1_str){NULL, 0};
    if (plugin.len == 0) {
        s1_migrate_tell(w->m, S1_MIGRATE_LEFT_OUT, item, "", "expected the name of a plugin");
        return;
    }
    const int slot = is_placed ? fallback : choose_slot(w, item, plugin, fallback, &why);
    s1_yaml_node *const to = add_item(w, slot, plugin, &path);
    if (to == NULL) {
        return;
    }
    if (item->kind != S1_YAML_MAP || item->count == 0) {
        s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, item, path, why);
        return;
    }
    if (name != NULL) {
        s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, name, path, why);
    } else {
        s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, NULL, path, why);
        w->m->entries[w->m->entry_count - 1].line = item->key_line;
        w->m->entries[w->m->entry_count - 1].from =
            s1_migrate_format(w->m, "%.*s", S1_STR_ARG(s1_yaml_path(item, w->m->arena)));
    }
    map_item_keys(w, item, to, slot, path);
}

static void map_category(workforce *w, const s1_yaml_node *category, int fallback)
{
    for (const s1_yaml_node *child = category->first; child != NULL; child = child->next) {
        const char *why;
        const int slot = child->key.len > 0 ? slot_of_name(child->key, &why) : SLOT_NONE;
        if (slot == SLOT_NONE || child->kind != S1_YAML_LIST) {
            map_item(w, child, fallback, false);
            continue;
        }
        for (const s1_yaml_node *item = child->first; item != NULL; item = item->next) {
            map_item(w, item, slot, true);
        }
        if (child->count == 0) {
            s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, child,
                            s1_migrate_format(w->m, "workforce.%s", slot_path(slot)), "empty");
        }
    }
    if (category->count == 0) {
        s1_migrate_tell(w->m, S1_MIGRATE_MAPPED, category, "workforce", "empty");
    }
}

static void map_categories(workforce *w, const s1_yaml_node *root)
{
    static const struct {
        const char *name;
        int fallback;
    } categories[] = {
        {"context_workers", SLOT_CONTEXT},         {"analysis_workers", SLOT_OPPORTUNITY},
        {"opportunity_workers", SLOT_OPPORTUNITY}, {"monitor_workers", SLOT_THREAT},
        {"threat_workers", SLOT_THREAT},           {"planning_workers", SLOT_ENTRY},
        {"execution_workers", SLOT_INITIATION},
    };
    const s1_yaml_node *const old = get(root, "workforce");
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        const s1_yaml_node *const category = get(old, categories[i].name);
        if (category != NULL) {
            map_category(w, category, categories[i].fallback);
        }
    }
}

/* --- All of it. --- */

static void map_data(s1_migration *m, const s1_yaml_node *data, s1_yaml_node *out)
{
    static const struct {
        const char *from, *to;
    } keys[] = {{"trading_pair", "asset_pair"},
                {"asset_pair", "asset_pair"},
                {"timeframe", "timeframe"},
                {"data_type", "data_type"}};
    if (data == NULL) {
        s1_migrate_add(m, "", "no data: the environment's only source is taken");
        return;
    }
    if (data->kind == S1_YAML_LIST) {
        s1_migrate_map(m, data, out, lit("data"), "data");
        return;
    }
    s1_yaml_node *const list = s1_migrate_node(m, S1_YAML_LIST);
    s1_yaml_node *const need = s1_migrate_node(m, S1_YAML_MAP);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const s1_yaml_node *const node = get(data, keys[i].from);
        if (node != NULL) {
            s1_migrate_map(m, node, need, lit(keys[i].to),
                           s1_migrate_format(m, "data[0].%s", keys[i].to));
        }
    }
    s1_migrate_put(m, list, (s1_str){NULL, 0}, need);
    s1_migrate_put(m, out, lit("data"), list);
}

static void put_workforce(workforce *w, s1_yaml_node *out)
{
    s1_migration *const m = w->m;
    s1_yaml_node *const made = s1_migrate_node(m, S1_YAML_MAP);
    s1_yaml_node *group = NULL;
    s1_migrate_put(m, out, lit("workforce"), made);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const s1_str path = lit(slot_path(slot));
        const size_t dot = s1_str_find_byte(path, '.', 0);
        if (w->lists[slot] == NULL) {
            continue;
        }
        if (dot == S1_STR_NPOS) {
            s1_migrate_put(m, made, path, w->lists[slot]);
            continue;
        }
        const s1_str key = s1_str_slice(path, 0, dot);
        if (group == NULL || !s1_str_eq(group->key, key)) {
            group = s1_migrate_node(m, S1_YAML_MAP);
            s1_migrate_put(m, made, key, group);
        }
        s1_migrate_put(m, group, s1_str_slice(path, dot + 1, path.len), w->lists[slot]);
    }
}

/* V2 sent what was planned by itself; here a worker does. */
static void add_executor(workforce *w)
{
    const char *path = "";
    if (w->lists[SLOT_INITIATION] != NULL) {
        return;
    }
    s1_yaml_node *const item = add_item(w, SLOT_INITIATION, S1_STR("default_plan_executor"), &path);
    s1_yaml_node *const triggers = s1_migrate_node(w->m, S1_YAML_LIST);
    s1_migrate_put(w->m, triggers, (s1_str){NULL, 0},
                   s1_migrate_text(w->m, lit("on_plan_approved"), false));
    s1_migrate_put(w->m, item, lit("triggers"), triggers);
    s1_migrate_add(w->m, path, "V2 sent orders by itself, here a worker does");
}

s1_yaml_node *s1_migrate_blueprint(s1_migration *m, const s1_yaml_node *root)
{
    workforce w = {.m = m};
    static const char *const same[] = {"operator_overrides", "journal", "recording"};
    const s1_yaml_node *const version = get(root, "version");
    s1_yaml_node *const out = begin(m, root);
    if (is_text(version) && s1_is_semver(version->text)) {
        s1_migrate_map(m, version, out, lit("version"), "version");
    } else {
        s1_migrate_put(m, out, lit("version"), s1_migrate_text(m, lit("1.0.0"), false));
        s1_migrate_add(m, "version", "the old file has none of the form x.y.z");
    }
    map_data(m, get(root, "data"), out);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (get(root, same[i]) != NULL) {
            s1_migrate_map(m, get(root, same[i]), out, lit(same[i]), same[i]);
        }
    }
    if (get(root, "taskboard") != NULL) {
        map_taskboard(&w, root);
    } else {
        map_categories(&w, root);
    }
    add_executor(&w);
    put_workforce(&w, out);
    return out;
}
