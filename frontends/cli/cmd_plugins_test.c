#include "frontends/cli/cli.h"
#include "services/api/plugin_test.h"

static const char *state_text(int32_t state)
{
    return state == S1_PLUGIN_TEST_PASSED   ? "ok"
           : state == S1_PLUGIN_TEST_FAILED ? "failed"
                                            : "skipped";
}

static s1_rc print_json(s1_cli *cli, const s1_plugin_test_report *report, int exit_code,
                        s1_err *err)
{
    const s1_plugin_test_step *const steps = s1_plugin_test_steps(report);
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "plugin");
    s1_json_cstr(&w, s1_plugin_test_name(report));
    s1_json_key_lit(&w, "passed");
    s1_json_bool(&w, exit_code == S1_EXIT_OK);
    s1_json_key_lit(&w, "cause");
    s1_json_cstr(&w, s1_exit_name(exit_code));
    s1_json_key_lit(&w, "steps");
    s1_json_array(&w);
    for (size_t i = 0; i < S1_PLUGIN_TEST_STEPS; i++) {
        s1_json_object(&w);
        s1_json_key_lit(&w, "name");
        s1_json_cstr(&w, steps[i].name);
        s1_json_key_lit(&w, "state");
        s1_json_cstr(&w, state_text(steps[i].state));
        s1_json_key_lit(&w, "text");
        s1_json_cstr(&w, steps[i].text);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

/* The text of a step, indented; one line of it stands behind the step. */
static void print_step(const s1_cli *cli, const s1_plugin_test_step *step)
{
    const bool is_failed = step->state == S1_PLUGIN_TEST_FAILED;
    const enum s1_style style = is_failed                              ? S1_STYLE_BAD
                                : step->state == S1_PLUGIN_TEST_PASSED ? S1_STYLE_GOOD
                                                                       : S1_STYLE_BOLD;
    (void)fprintf(cli->out.out, "%s%-8s%s %s", s1_terminal_on(&cli->out, style),
                  state_text(step->state), s1_terminal_off(&cli->out), step->name);
    const bool is_one_line = strchr(step->text, '\n') == NULL;
    if (step->text[0] == '\0' || is_one_line) {
        (void)fprintf(cli->out.out, "%s%s\n", step->text[0] != '\0' ? ": " : "", step->text);
        return;
    }
    (void)fputc('\n', cli->out.out);
    s1_str rest = s1_str_of(step->text);
    s1_str line;
    for (bool is_done = false; s1_str_split(&rest, '\n', &line, &is_done);) {
        (void)fprintf(cli->out.out, "         %.*s\n", S1_STR_ARG(line));
    }
}

static int exit_of(int32_t cause)
{
    switch (cause) {
    case S1_PLUGIN_TEST_NONE:
        return S1_EXIT_OK;
    case S1_PLUGIN_TEST_NO_COMPILER:
        return S1_EXIT_NOT_FOUND;
    case S1_PLUGIN_TEST_DIFFERENT:
        return S1_EXIT_DIFFERENT;
    default:
        return S1_EXIT_PLUGIN;
    }
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const s1_plugin_test_options options = {.dir = args->positionals[0],
                                            .csv = s1_cli_text(args, "bars"),
                                            .params = s1_cli_text(args, "params"),
                                            .sdk_dir = s1_cli_text(args, "sdk")};
    s1_plugin_test_report *report = NULL;
    s1_rc rc = s1_api_plugin_test(&options, &report, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    const int exit_code = exit_of(s1_plugin_test_cause(report));
    if (cli->is_json) {
        rc = print_json(cli, report, exit_code, err);
    } else {
        const s1_plugin_test_step *const steps = s1_plugin_test_steps(report);
        for (size_t i = 0; i < S1_PLUGIN_TEST_STEPS; i++) {
            print_step(cli, &steps[i]);
        }
        (void)fprintf(cli->out.out, "%s: %s\n", s1_plugin_test_name(report),
                      exit_code == S1_EXIT_OK ? "passed" : "not passed");
    }
    s1_plugin_test_report_free(report);
    return rc == S1_OK ? exit_code : s1_exit_from_rc(rc);
}

static const s1_cli_option options[] = {
    {"bars", 'b', S1_CLI_TEXT, "FILE", "CSV of real bars for the gate instead of generated ones",
     NULL},
    {"params", 'p', S1_CLI_TEXT, "YAML", "parameters of the worker in the gate: '{period: 5}'",
     NULL},
    {"sdk", 0, S1_CLI_TEXT, "DIR", "with include/ and lib/, default those of this program", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"plugins test my_average", "the folder `plugins new` made"},
    {"plugins test . --bars EURUSD.csv --params '{period: 5}'", "on bars of your own"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_plugins_test = {
    .name = "plugins test",
    .summary = "Build a plugin, run its tests, and ask what every worker owes",
    .usage = "DIR",
    .detail = "Builds DIR/*.c and DIR/tests/*_test.c into DIR/build with CC (or cc, gcc, clang) "
              "and CFLAGS, opens the plugin as a run would, runs the tests, and sends the worker "
              "through the gate: it must run over bars without failing, say the same in a second "
              "run, and what it said up to a bar may not change when the history is cut or goes on "
              "otherwise. A folder without C files is taken as built. Exit code 5: it does not "
              "compile, is refused or fails; 7: there is no compiler; 9: a test failed, or a run "
              "said something else.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
