#include "frontends/cli/cli.h"
#include "services/api/validate.h"

static s1_rc print_json(s1_cli *cli, const s1_validation *validation, s1_err *err)
{
    size_t count = 0;
    const s1_validation_fault *const faults = s1_validation_faults(validation, &count);
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "valid");
    s1_json_bool(&w, s1_validation_error_count(validation) == 0);
    s1_json_key_lit(&w, "errors");
    s1_json_u64(&w, s1_validation_error_count(validation));
    s1_json_key_lit(&w, "warnings");
    s1_json_u64(&w, s1_validation_warning_count(validation));
    s1_json_key_lit(&w, "files");
    s1_json_u64(&w, s1_validation_file_count(validation));
    s1_json_key_lit(&w, "faults");
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        const s1_validation_fault *const fault = &faults[i];
        s1_json_object(&w);
        s1_json_key_lit(&w, "class");
        s1_json_cstr(&w, fault->code);
        s1_json_key_lit(&w, "severity");
        s1_json_cstr(&w, fault->is_warning ? "warning" : "error");
        s1_json_key_lit(&w, "file");
        s1_json_cstr(&w, fault->file);
        s1_json_key_lit(&w, "line");
        s1_json_u64(&w, fault->line);
        s1_json_key_lit(&w, "column");
        s1_json_u64(&w, fault->column);
        s1_json_key_lit(&w, "path");
        s1_json_cstr(&w, fault->path);
        s1_json_key_lit(&w, "found");
        s1_json_cstr(&w, fault->found);
        s1_json_key_lit(&w, "expected");
        s1_json_cstr(&w, fault->expected);
        s1_json_key_lit(&w, "hint");
        s1_json_cstr(&w, fault->hint);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

int s1_cli_print_validation(s1_cli *cli, const s1_validation *validation, s1_err *err)
{
    const size_t errors = s1_validation_error_count(validation);
    const int exit_code = errors > 0 ? S1_EXIT_CONFIGURATION : S1_EXIT_OK;
    if (cli->is_json) {
        const s1_rc rc = print_json(cli, validation, err);
        return rc == S1_OK ? exit_code : s1_exit_from_rc(rc);
    }
    size_t count = 0;
    const s1_validation_fault *const faults = s1_validation_faults(validation, &count);
    for (size_t i = 0; i < count; i++) {
        const enum s1_style style = faults[i].is_warning ? S1_STYLE_WARN : S1_STYLE_BAD;
        (void)fprintf(cli->err.out, "%s%s%s\n", s1_terminal_on(&cli->err, style), faults[i].text,
                      s1_terminal_off(&cli->err));
    }
    if (errors > count) {
        (void)fprintf(cli->err.out, "and %zu more\n", errors - count);
    }
    if (errors > 0) {
        (void)S1_RAISE(err, S1_E_INVALID, "the configuration has %zu %s", errors,
                       errors == 1 ? "fault" : "faults");
    }
    return exit_code;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_validation *validation = NULL;
    const s1_rc rc = s1_api_validate(&(s1_validate_options){.config_dir = s1_cli_config_dir(args),
                                                            .target = args->positionals[0],
                                                            .overrides = args->lists,
                                                            .override_count = args->list_count},
                                     &validation, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    const int exit_code = s1_cli_print_validation(cli, validation, err);
    if (exit_code == S1_EXIT_OK && !cli->is_json) {
        (void)fprintf(cli->out.out, "%sOK%s: %zu files, %zu warnings\n",
                      s1_terminal_on(&cli->out, S1_STYLE_GOOD), s1_terminal_off(&cli->out),
                      s1_validation_file_count(validation),
                      s1_validation_warning_count(validation));
    }
    s1_validation_free(validation);
    return exit_code;
}

static const s1_cli_option options[] = {
    {"config", 'c', S1_CLI_TEXT, "DIR", "configuration folder, default config", NULL},
    {"set", 's', S1_CLI_LIST, "PATH=VALUE", "change one value for this run", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"validate", "everything below ./config"},
    {"validate demo --set environments.demo.simulation.fill_rule=same_close",
     "one blueprint, with a value changed"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_validate = {
    .name = "validate",
    .summary = "Check a configuration and show every fault at once",
    .usage = "[BLUEPRINT|OPERATION]",
    .detail = "Each fault is shown as file:line:column with the path, what was found and what was "
              "expected. Nothing is run.",
    .positionals_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
