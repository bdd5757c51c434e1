#include "backend/config/internal.h"
#include "backend/config/tables.h"

#define RESOLVED_BYTES_MAX (64u << 20)
#define FILE_BYTES_MAX     (8u << 20)

/* The operation that was run: the links as they were resolved, with the limits they had. */
static s1_yaml_node *operation_tree(const s1_config *config, s1_arena *arena)
{
    s1_operation_config operation = {.schema_version = 1};
    const bool has_one = config->operations.count != 0;
    operation.display_name =
        has_one ? config->operations.items[0]->display_name : S1_STR("Resolved operation");
    operation.description = has_one ? config->operations.items[0]->description : (s1_str){NULL, 0};
    const uint32_t count = config->links.count;
    s1_strategy_link_config *const links =
        S1_CONFIG_ARRAY(arena, s1_strategy_link_config, count + 1u);
    s1_strategy_rules *const rules = S1_CONFIG_ARRAY(arena, s1_strategy_rules, count + 1u);
    uint32_t rule_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const s1_link *const link = &config->links.items[i];
        links[i] =
            (s1_strategy_link_config){.id = link->id,
                                      .strategy_blueprint_id = link->blueprint->blueprint_id,
                                      .execution_environment_id = link->environment->environment_id,
                                      .is_active = true};
        if (link->rules != NULL) {
            rules[rule_count] = *link->rules;
            rules[rule_count++].strategy = link->id;
        }
    }
    operation.strategy_links.items = links;
    operation.strategy_links.count = count;
    /* A link no operation names is under nobody's rules. */
    const s1_operation_config *const ruling =
        config->links.count > 0 ? config->links.items[0].operation : NULL;
    if (ruling != NULL) {
        operation.capital.items = ruling->capital.items;
        operation.capital.count = ruling->capital.count;
        operation.risk_policy = ruling->risk_policy;
    }
    operation.risk_policy.strategy_rules.items = rules;
    operation.risk_policy.strategy_rules.count = rule_count;
    return s1_schema_tree(&s1_operation_schema, &operation, arena);
}

static bool is_linked(const s1_config *config, const s1_blueprint *run)
{
    for (uint32_t i = 0; i < config->links.count; i++) {
        if (config->links.items[i].blueprint == run) {
            return true;
        }
    }
    return config->links.count == 0;
}

static s1_rc visit_tree(const s1_yaml_node *tree, s1_str name, s1_config_file_visitor visit,
                        void *user, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    s1_yaml_print(tree, &text);
    s1_rc rc = s1_strbuf_check(&text, err);
    if (rc == S1_OK) {
        rc = visit(user, name, s1_strbuf_view(&text), err);
    }
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc visit_all(const s1_config *config, s1_arena *arena, s1_config_file_visitor visit,
                       void *user, s1_err *err)
{
#define X(member, file, table, is_required)                                                        \
    S1_TRY(err, visit_tree(s1_schema_tree(&table, &config->member, arena), S1_STR(file), visit,    \
                           user, err));
    S1_CONFIG_FILE_MAP(X)
#undef X
    S1_TRY(err,
           visit_tree(operation_tree(config, arena), S1_STR("operation.yaml"), visit, user, err));
    for (uint32_t i = 0; i < config->blueprints.count; i++) {
        const s1_blueprint *const run = config->blueprints.items[i];
        if (is_linked(config, run)) {
            S1_TRY(err, visit_tree(s1_schema_tree(&s1_blueprint_schema, run, arena),
                                   s1_config_format(arena, "runs/%.*s.yaml",
                                                    S1_STR_ARG(run->blueprint_id)),
                                   visit, user, err));
        }
    }
    return S1_OK;
}

s1_rc s1_config_print_resolved(const s1_config *config, s1_config_file_visitor visit, void *user,
                               s1_err *err)
{
    s1_arena arena;
    s1_arena_init(&arena, RESOLVED_BYTES_MAX, 0);
    const s1_rc rc = visit_all(config, &arena, visit, user, err);
    s1_arena_done(&arena);
    return rc;
}

void s1_config_print_resolved_json(const s1_config *config, s1_strbuf *ret_text)
{
    s1_arena arena;
    s1_arena_init(&arena, RESOLVED_BYTES_MAX, 0);
    s1_yaml_node *const all = s1_yaml_make_map(&arena);
#define X(member, file, table, is_required)                                                        \
    s1_yaml_put(all, S1_STR(#member), s1_schema_tree(&table, &config->member, &arena));
    S1_CONFIG_FILE_MAP(X)
#undef X
    s1_yaml_put(all, S1_STR("operation"), operation_tree(config, &arena));
    s1_yaml_node *const runs = s1_yaml_make_map(&arena);
    for (uint32_t i = 0; i < config->blueprints.count; i++) {
        const s1_blueprint *const run = config->blueprints.items[i];
        if (is_linked(config, run)) {
            s1_yaml_put(runs, run->blueprint_id, s1_schema_tree(&s1_blueprint_schema, run, &arena));
        }
    }
    s1_yaml_put(all, S1_STR("runs"), runs);
    s1_yaml_print_json(all, ret_text);
    s1_arena_done(&arena);
}

void s1_config_print_docs(s1_strbuf *ret_text)
{
    s1_strbuf_cstr_add(
        ret_text,
        "# Configuration\n\n"
        "<!-- Written by the program from its schema tables; a test compares the two. -->\n\n"
        "A configuration is a folder of YAML files; `s1mpletrader init DIR` writes one to own. "
        "`s1mpletrader validate` reports every fault at once, each with file, line and column, "
        "what was found, what was expected, and the nearest name.\n\n"
        "- A file may leave out what has a default. An unknown key is an error, and so is a key "
        "written twice.\n"
        "- `${NAME}` in a value is replaced by the environment variable; one that is not set is an "
        "error. `$${` stands for a plain `${`.\n"
        "- Relative paths start at the folder that holds the configuration folder.\n"
        "- `--set PATH=VALUE` overrides one value: the name of the file without `.yaml`, then the "
        "keys, with items of a list in brackets, by index or name: "
        "`--set environments.backtest_eurusd_1h.simulation.fill_rule=same_close`, "
        "`--set runs.demo.workforce.context_workers[ema_detector].params.periods=[12,26]`. The "
        "blueprint "
        "that is run needs no `runs.NAME`: `--set workforce...`.\n"
        "- Decimals (money, prices, quantities, fractions) are read exactly as written. "
        "`_pct` is percent, `_rate` and fees are fractions.\n"
        "- Durations are whole numbers with ms, s, m, h, d or w; times are ISO 8601, UTC unless "
        "they say otherwise.\n"
        "- A file has at most 1 MiB, 32 levels, 50000 values and 1024 keys in a map. Aliases count "
        "where they stand.\n\n");
    s1_schema_print_doc(&s1_index_schema, "index.yaml", ret_text);
#define X(member, file, table, is_required) s1_schema_print_doc(&table, file, ret_text);
    S1_CONFIG_FILE_MAP(X)
#undef X
    s1_schema_print_doc(&s1_operation_schema, "operation.yaml", ret_text);
    s1_schema_print_doc(&s1_blueprint_schema, "runs/&lt;strategy&gt;.yaml", ret_text);
    s1_manifest_print_docs(ret_text);
}
