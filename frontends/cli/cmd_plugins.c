#include "frontends/cli/cli.h"
#include "services/api/plugins.h"

#include <string.h>

/* --- plugins list. ------------------------------------------------------------------------ */

static void json_plugin(s1_json_writer *w, const s1_plugin_info *info)
{
    s1_json_object(w);
#define FIELD(name)                                                                                \
    s1_json_key_lit(w, #name);                                                                     \
    s1_json_cstr(w, info->name);
    FIELD(name)
    FIELD(display_name)
    FIELD(type)
    FIELD(subtype)
    FIELD(version)
    FIELD(author)
    FIELD(description)
    FIELD(dir)
    FIELD(requires_columns)
    FIELD(uses_columns)
    FIELD(provides_columns)
    FIELD(requires_context)
    FIELD(feeds)
    FIELD(models)
    FIELD(capabilities)
    FIELD(lookback)
    FIELD(fault)
#undef FIELD
    s1_json_key_lit(w, "parameters");
    s1_json_array(w);
    for (size_t i = 0; i < info->parameter_count; i++) {
        const s1_plugin_parameter *const parameter = &info->parameters[i];
        s1_json_object(w);
        s1_json_key_lit(w, "name");
        s1_json_cstr(w, parameter->name);
        s1_json_key_lit(w, "type");
        s1_json_cstr(w, parameter->type);
        s1_json_key_lit(w, "default");
        s1_json_cstr(w, parameter->default_text);
        s1_json_key_lit(w, "range");
        s1_json_cstr(w, parameter->range);
        s1_json_key_lit(w, "description");
        s1_json_cstr(w, parameter->description);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_object_end(w);
}

static s1_rc list(s1_cli *cli, const s1_plugin_catalog *catalog, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "plugin"},
        {.title = "type"},
        {.title = "subtype", .is_optional = true},
        {.title = "version", .is_optional = true},
        {.title = "state"},
        {.title = "what it does", .is_flexible = true},
    };
    size_t count = 0;
    const s1_plugin_info *const items = s1_plugin_catalog_items(catalog, &count);
    if (cli->is_json) {
        s1_strbuf text;
        s1_json_writer w;
        s1_cli_json_begin(&text, &w);
        s1_json_array(&w);
        for (size_t i = 0; i < count; i++) {
            json_plugin(&w, &items[i]);
        }
        s1_json_array_end(&w);
        return s1_cli_json_end(cli, &text, err);
    }
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        char type[32];
        (void)snprintf(type, sizeof type, "%.*s", (int)strcspn(items[i].type, "_"), items[i].type);
        is_whole = s1_table_add(table, items[i].name) && s1_table_add(table, type) &&
                   s1_table_add(table, items[i].subtype) && s1_table_add(table, items[i].version) &&
                   s1_table_add(table, items[i].fault == NULL ? "ok" : "refused") &&
                   s1_table_add(table, items[i].description);
    }
    S1_TRY(err, s1_cli_table_end(cli, table, is_whole, err));
    for (size_t i = 0; i < count; i++) {
        if (items[i].fault != NULL) {
            (void)fprintf(cli->err.out, "%srefused:%s %s\n",
                          s1_terminal_on(&cli->err, S1_STYLE_BAD), s1_terminal_off(&cli->err),
                          items[i].fault);
        }
    }
    return S1_OK;
}

static int run_list(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_plugin_catalog *catalog = NULL;
    s1_rc rc = s1_api_plugins(s1_cli_text(args, "plugins"), &catalog, err);
    if (rc == S1_OK) {
        rc = list(cli, catalog, err);
    }
    s1_plugin_catalog_free(catalog);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option plugin_options[] = {
    {"plugins", 'p', S1_CLI_TEXT, "DIR", "plugin folder, default beside the program", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example list_examples[] = {
    {"plugins list", "what there is to build a strategy from"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_plugins_list = {
    .name = "plugins list",
    .summary = "List the plugins, and why one may not be used",
    .usage = "",
    .options = plugin_options,
    .examples = list_examples,
    .run = run_list,
};

/* --- plugins show. ------------------------------------------------------------------------ */

static void print_fact(const s1_cli *cli, const char *label, const char *text)
{
    if (text[0] != '\0') {
        (void)fprintf(cli->out.out, "  %-14s", label);
        s1_cli_print_wrapped(cli->out.out, text, 16, 16, cli->out.columns);
    }
}

static s1_rc show(s1_cli *cli, const s1_plugin_info *info, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "parameter"},
        {.title = "type"},
        {.title = "default"},
        {.title = "range", .is_flexible = true},
        {.title = "what it means", .is_flexible = true},
    };
    (void)fprintf(cli->out.out, "%s%s%s %s, %s, %s\n", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                  info->name, s1_terminal_off(&cli->out), info->version, info->type, info->subtype);
    print_fact(cli, "does", info->description);
    print_fact(cli, "requires", info->requires_columns);
    print_fact(cli, "uses", info->uses_columns);
    print_fact(cli, "provides", info->provides_columns);
    print_fact(cli, "needs data", info->requires_context);
    print_fact(cli, "feeds", info->feeds);
    print_fact(cli, "models", info->models);
    print_fact(cli, "capabilities", info->capabilities);
    print_fact(cli, "lookback", info->lookback);
    print_fact(cli, "author", info->author);
    print_fact(cli, "folder", info->dir);
    if (info->fault != NULL) {
        print_fact(cli, "refused", info->fault);
    }
    if (info->parameter_count == 0) {
        return S1_OK;
    }
    (void)fputc('\n', cli->out.out);
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < info->parameter_count && is_whole; i++) {
        const s1_plugin_parameter *const parameter = &info->parameters[i];
        is_whole = s1_table_add(table, parameter->name) && s1_table_add(table, parameter->type) &&
                   s1_table_add(table, parameter->default_text[0] != '\0' ? parameter->default_text
                                                                          : "required") &&
                   s1_table_add(table, parameter->range) &&
                   s1_table_add(table, parameter->description);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc show_named(s1_cli *cli, const s1_plugin_catalog *catalog, const char *name,
                        s1_err *err)
{
    size_t count = 0;
    const s1_plugin_info *const items = s1_plugin_catalog_items(catalog, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i].name, name) != 0) {
            continue;
        }
        if (!cli->is_json) {
            return show(cli, &items[i], err);
        }
        s1_strbuf text;
        s1_json_writer w;
        s1_cli_json_begin(&text, &w);
        json_plugin(&w, &items[i]);
        return s1_cli_json_end(cli, &text, err);
    }
    const char *const near = s1_plugin_catalog_nearest(catalog, name);
    return S1_RAISE(err, S1_E_NOT_FOUND, "no plugin '%s' in %s%s%s%s", name,
                    s1_plugin_catalog_root(catalog), near != NULL ? ", did you mean '" : "",
                    near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int run_show(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_plugin_catalog *catalog = NULL;
    s1_rc rc = s1_api_plugins(s1_cli_text(args, "plugins"), &catalog, err);
    if (rc == S1_OK) {
        rc = show_named(cli, catalog, args->positionals[0], err);
    }
    s1_plugin_catalog_free(catalog);
    return s1_exit_from_rc(rc);
}

static const s1_cli_example show_examples[] = {
    {"plugins show ema_detector", "its columns and parameters"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_plugins_show = {
    .name = "plugins show",
    .summary = "Show a plugin's columns, capabilities and parameters",
    .usage = "NAME",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = plugin_options,
    .examples = show_examples,
    .run = run_show,
};

/* --- plugins check. ----------------------------------------------------------------------- */

static bool is_wanted(const s1_cli_args *args, const char *name)
{
    for (uint32_t i = 0; i < args->positional_count; i++) {
        if (strcmp(args->positionals[i], name) == 0) {
            return true;
        }
    }
    return args->positional_count == 0;
}

static void check_one(s1_cli *cli, s1_plugin_catalog *catalog, const char *name, s1_json_writer *w,
                      size_t *failures)
{
    s1_err reason = S1_ERR_INIT;
    const bool is_sound = s1_api_plugin_load(catalog, name, &reason) == S1_OK;
    *failures += !is_sound;
    if (cli->is_json) {
        s1_json_object(w);
        s1_json_key_lit(w, "name");
        s1_json_cstr(w, name);
        s1_json_key_lit(w, "sound");
        s1_json_bool(w, is_sound);
        s1_json_key_lit(w, "reason");
        s1_json_cstr(w, is_sound ? NULL : reason.msg);
        s1_json_object_end(w);
        return;
    }
    (void)fprintf(cli->out.out, "%s%-8s%s %s%s%s\n",
                  s1_terminal_on(&cli->out, is_sound ? S1_STYLE_GOOD : S1_STYLE_BAD),
                  is_sound ? "ok" : "refused", s1_terminal_off(&cli->out), name,
                  is_sound ? "" : ": ", is_sound ? "" : reason.msg);
}

static s1_rc check(s1_cli *cli, const s1_cli_args *args, s1_plugin_catalog *catalog, s1_err *err)
{
    size_t count = 0;
    size_t failures = 0;
    const s1_plugin_info *const items = s1_plugin_catalog_items(catalog, &count);
    for (uint32_t i = 0; i < args->positional_count; i++) {
        s1_err unknown = S1_ERR_INIT;
        if (s1_api_plugin_load(catalog, args->positionals[i], &unknown) == S1_E_NOT_FOUND) {
            return S1_RAISE(err, S1_E_NOT_FOUND, "%s", unknown.msg);
        }
    }
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(args, items[i].name)) {
            check_one(cli, catalog, items[i].name, &w, &failures);
        }
    }
    s1_json_array_end(&w);
    s1_rc rc = S1_OK;
    if (cli->is_json) {
        rc = s1_cli_json_end(cli, &text, err);
    } else {
        s1_strbuf_done(&text);
    }
    S1_TRY(err, rc);
    return failures == 0 ? S1_OK
                         : S1_RAISE(err, S1_E_PLUGIN, "%zu %s refused", failures,
                                    failures == 1 ? "plugin was" : "plugins were");
}

static int run_check(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_plugin_catalog *catalog = NULL;
    s1_rc rc = s1_api_plugins(s1_cli_text(args, "plugins"), &catalog, err);
    if (rc == S1_OK) {
        rc = check(cli, args, catalog, err);
    }
    s1_plugin_catalog_free(catalog);
    return s1_exit_from_rc(rc);
}

static const s1_cli_example check_examples[] = {
    {"plugins check", "every plugin: symbols, interface, manifest"},
    {"plugins check my_detector --plugins ./plugins", "one of your own"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_plugins_check = {
    .name = "plugins check",
    .summary = "Open plugins and compare them with their manifests",
    .usage = "[NAME...]",
    .detail = "The image is read before it is opened: a plugin exports one symbol and imports only "
              "from the allow-list; version, type and capabilities are what its manifest says.",
    .positionals_max = 8,
    .options = plugin_options,
    .examples = check_examples,
    .run = run_check,
};
