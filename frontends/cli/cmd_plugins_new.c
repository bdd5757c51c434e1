#include "frontends/cli/cli.h"
#include "services/api/plugin_new.h"

static s1_rc print_json(s1_cli *cli, const s1_plugin_new_result *result, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "dir");
    s1_json_cstr(&w, result->dir);
    s1_json_key_lit(&w, "files");
    s1_json_array(&w);
    for (size_t i = 0; i < result->file_count; i++) {
        s1_json_cstr(&w, result->files[i]);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_plugin_new_result *result)
{
    for (size_t i = 0; i < result->file_count; i++) {
        (void)fprintf(cli->out.out, "  %s/%s\n", result->dir, result->files[i]);
    }
    (void)fprintf(cli->out.out, "\nNext:\n  s1mpletrader plugins test %s\n", result->dir);
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *capabilities[S1_CLI_LIST_MAX];
    const char *params[S1_CLI_LIST_MAX];
    const char *requires[S1_CLI_LIST_MAX];
    const char *provides[S1_CLI_LIST_MAX];
    const s1_plugin_new_request request = {
        .name = args->positionals[0],
        .type = s1_cli_text(args, "type"),
        .subtype = s1_cli_text(args, "subtype"),
        .description = s1_cli_text(args, "description"),
        .author = s1_cli_text(args, "author"),
        .output_dir = s1_cli_text(args, "output"),
        .capabilities = capabilities,
        .capability_count = s1_cli_list(args, "capability", capabilities),
        .params = params,
        .param_count = s1_cli_list(args, "param", params),
        .requires = requires,
        .requires_count = s1_cli_list(args, "requires", requires),
        .provides = provides,
        .provides_count = s1_cli_list(args, "provides", provides),
    };
    if (request.type == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "missing --type T; see 's1mpletrader plugins new --help'");
        return S1_EXIT_USAGE;
    }
    s1_plugin_new_result result;
    const s1_rc rc = s1_api_plugin_new(&request, &result, err);
    if (rc != S1_OK) {
        /* What was asked for on the command line and is not possible is usage. */
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    if (cli->is_json) {
        return s1_exit_from_rc(print_json(cli, &result, err));
    }
    print_text(cli, &result);
    return S1_EXIT_OK;
}

static const s1_cli_option options[] = {
    {"type", 't', S1_CLI_TEXT, "T", "what kind of worker it is",
     "context|opportunity|threat|planning|execution"},
    {"subtype", 's', S1_CLI_TEXT, "S", "of that type; the first of them if left out", NULL},
    {"capability", 'c', S1_CLI_LIST, "C", "what it may do beyond its work",
     "state|events|journaling"},
    {"param", 'p', S1_CLI_LIST, "P",
     "a parameter: name:type[=default]; type int, float, bool, string, decimal, duration, "
     "int_list, "
     "float_list, string_list, or enum with its values, mode:enum:fast,slow=fast",
     NULL},
    {"requires", 'r', S1_CLI_LIST, "COLUMN", "a column it reads: close, atr_{period}", NULL},
    {"provides", 0, S1_CLI_LIST, "COLUMN", "a column it writes (context workers)", NULL},
    {"output", 'o', S1_CLI_TEXT, "DIR", "where the folder NAME is made, default here", NULL},
    {"description", 'd', S1_CLI_TEXT, "TEXT", "one sentence: what it does", NULL},
    {"author", 'a', S1_CLI_TEXT, "TEXT", "who makes it", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"plugins new my_average --type context --subtype indicator_calculation --param period:int=20 "
     "--requires close --provides my_average_{period}",
     "a column of your own"},
    {"plugins new my_exit --type execution --subtype position_management --capability state",
     "a worker that remembers"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_plugins_new = {
    .name = "plugins new",
    .summary = "Write a new plugin that builds and passes its tests",
    .usage = "NAME --type T [--subtype S]",
    .detail = "Makes the folder NAME with manifest.yaml, worker.c, README.md, tests and files for "
              "make and CMake, whole or not at all; a folder that is there is left alone. It needs "
              "the installed headers and nothing else. docs/plugin-guide.md goes on from there.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
