#include "frontends/cli/cli.h"
#include "services/api/migrate.h"

static s1_rc print_json(s1_cli *cli, const s1_migrate_file *files, size_t count, bool is_complete,
                        s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "complete");
    s1_json_bool(&w, is_complete);
    s1_json_key_lit(&w, "files");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        s1_json_object(&w);
        s1_json_key_lit(&w, "from");
        s1_json_cstr(&w, files[i].from);
        s1_json_key_lit(&w, "to");
        s1_json_cstr(&w, files[i].to);
        s1_json_key_lit(&w, "form");
        s1_json_cstr(&w, files[i].form);
        s1_json_key_lit(&w, "entries");
        s1_json_array(&w);
        for (size_t k = 0; k < files[i].entry_count; k++) {
            const s1_migrate_entry *const entry = &files[i].entries[k];
            s1_json_object(&w);
            s1_json_key_lit(&w, "what");
            s1_json_cstr(&w, s1_migrate_what_text(entry->what));
            s1_json_key_lit(&w, "line");
            s1_json_u64(&w, entry->line);
            s1_json_key_lit(&w, "from");
            s1_json_cstr(&w, entry->from);
            s1_json_key_lit(&w, "to");
            s1_json_cstr(&w, entry->to);
            s1_json_key_lit(&w, "why");
            s1_json_cstr(&w, entry->why);
            s1_json_object_end(&w);
        }
        s1_json_array_end(&w);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_rc print_file(s1_cli *cli, const s1_migrate_file *file, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "line", .is_right = true},   {.title = "what"},
        {.title = "in the old file"},          {.title = "in the new one"},
        {.title = "why", .is_flexible = true},
    };
    (void)fprintf(cli->out.out, "%s%s%s, %s\n  -> %s\n\n", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                  file->from, s1_terminal_off(&cli->out), file->form, file->to);
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < file->entry_count && is_whole; i++) {
        const s1_migrate_entry *const entry = &file->entries[i];
        char line[16] = "";
        if (entry->line > 0) {
            (void)snprintf(line, sizeof line, "%u", entry->line);
        }
        is_whole = s1_table_add(table, line) &&
                   s1_table_add(table, s1_migrate_what_text(entry->what)) &&
                   s1_table_add(table, entry->from) && s1_table_add(table, entry->to) &&
                   s1_table_add(table, entry->why);
    }
    S1_TRY(err, s1_cli_table_end(cli, table, is_whole, err));
    (void)fprintf(cli->out.out, "\n%zu left out, %zu faults\n\n", file->left_out_count,
                  file->fault_count);
    return S1_OK;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *const output = s1_cli_text(args, "output");
    const s1_migrate_options options = {.files = args->positionals,
                                        .file_count = args->positional_count,
                                        .output_dir = output != NULL ? output : "migrated",
                                        .plugins_dir = s1_cli_text(args, "plugins")};
    s1_migrate_report *report = NULL;
    size_t count = 0;
    s1_rc rc = s1_api_migrate(&options, &report, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    const s1_migrate_file *const files = s1_migrate_files(report, &count);
    bool is_complete = true;
    for (size_t i = 0; i < count; i++) {
        is_complete &= files[i].left_out_count == 0 && files[i].fault_count == 0;
    }
    if (cli->is_json) {
        rc = print_json(cli, files, count, is_complete, err);
    }
    for (size_t i = 0; i < count && !cli->is_json && rc == S1_OK; i++) {
        rc = print_file(cli, &files[i], err);
    }
    s1_migrate_report_free(report);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    return is_complete ? S1_EXIT_OK : S1_EXIT_CONFIGURATION;
}

static const s1_cli_option options[] = {
    {"output", 'o', S1_CLI_TEXT, "DIR", "gets operation.yaml and runs/NAME.yaml, default migrated",
     NULL},
    {"plugins", 'p', S1_CLI_TEXT, "DIR",
     "plugins the blueprints are checked with, default beside the program", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"migrate portfolio.yaml runs/mss_fvg.yaml --output config-v3",
     "a portfolio and a run blueprint of V2"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_migrate = {
    .name = "migrate",
    .summary = "Write configuration files of before in the form of this version",
    .usage = "FILE...",
    .detail =
        "portfolio.yaml (strategies) becomes operation.yaml; a V2 run blueprint (taskboard, "
        "or analysis_workers and monitor_workers) becomes runs/NAME.yaml with the five "
        "categories. The report has a line for everything the old file says: where it went, "
        "or why it has no place; that also stands as a comment in the new file. Its form, its "
        "plugins and their parameters are checked as a run would; `validate` checks the tree "
        "it comes into. Nothing that exists is overwritten, and all files are written or "
        "none. Exit code 3: written, but something was left out or is not valid yet.",
    .positionals_min = 1,
    .positionals_max = S1_CLI_POSITIONALS_MAX,
    .options = options,
    .examples = examples,
    .run = run,
};
