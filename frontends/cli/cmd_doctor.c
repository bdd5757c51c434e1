#include "frontends/cli/cli.h"
#include "services/api/doctor.h"

static const char *state_name(int32_t state)
{
    return state == S1_DOCTOR_OK ? "ok" : state == S1_DOCTOR_WARNING ? "warning" : "fault";
}

static s1_rc print_json(s1_cli *cli, const s1_doctor_report *report, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    s1_json_key_lit(&w, "faults");
    s1_json_u64(&w, report->fault_count);
    s1_json_key_lit(&w, "checks");
    s1_json_array(&w);
    for (size_t i = 0; i < report->count; i++) {
        s1_json_object(&w);
        s1_json_key_lit(&w, "name");
        s1_json_cstr(&w, report->checks[i].name);
        s1_json_key_lit(&w, "state");
        s1_json_cstr(&w, state_name(report->checks[i].state));
        s1_json_key_lit(&w, "found");
        s1_json_cstr(&w, report->checks[i].found);
        s1_json_key_lit(&w, "advice");
        s1_json_cstr(&w, report->checks[i].advice);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static void print_text(const s1_cli *cli, const s1_doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const s1_doctor_check *const check = &report->checks[i];
        const enum s1_style style = check->state == S1_DOCTOR_OK        ? S1_STYLE_GOOD
                                    : check->state == S1_DOCTOR_WARNING ? S1_STYLE_WARN
                                                                        : S1_STYLE_BAD;
        (void)fprintf(cli->out.out, "%s%-8s%s %-14s", s1_terminal_on(&cli->out, style),
                      state_name(check->state), s1_terminal_off(&cli->out), check->name);
        s1_cli_print_wrapped(cli->out.out, check->found, 23, 23, cli->out.columns);
        if (check->advice[0] != '\0') {
            (void)fprintf(cli->out.out, "%23s", "");
            s1_cli_print_wrapped(cli->out.out, check->advice, 23, 23, cli->out.columns);
        }
    }
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_doctor_report report;
    s1_api_doctor(&(s1_doctor_options){.config_dir = s1_cli_text(args, "config"),
                                       .plugins_dir = s1_cli_text(args, "plugins"),
                                       .write_dir = s1_cli_text(args, "results")},
                  &report);
    if (!cli->is_json) {
        print_text(cli, &report);
    } else if (print_json(cli, &report, err) != S1_OK) {
        return S1_EXIT_INTERNAL;
    }
    return report.fault_count > 0 ? S1_EXIT_UNFIT : S1_EXIT_OK;
}

static const s1_cli_option options[] = {
    {"config", 'c', S1_CLI_TEXT, "DIR", "configuration folder, default config", NULL},
    {"plugins", 'p', S1_CLI_TEXT, "DIR", "plugin folder, default beside the program", NULL},
    {"results", 'r', S1_CLI_TEXT, "DIR", "folder to try writing in, default here", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"doctor", "is everything there that a backtest needs?"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_doctor = {
    .name = "doctor",
    .summary = "Check this machine: DuckDB, plugins, configuration, disk, CPU, clock",
    .usage = "",
    .options = options,
    .examples = examples,
    .run = run,
};
