#include "frontends/cli/cli.h"
#include "services/api/config.h"

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *const dir = args->positionals[0];
    uint32_t count = 0;
    const s1_rc rc = s1_api_config_init(dir, &count, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    if (!cli->is_json) {
        (void)fprintf(cli->out.out,
                      "%u files written to %s\n\nNext:\n  s1mpletrader validate --config %s\n",
                      count, dir, dir);
        return S1_EXIT_OK;
    }
    s1_strbuf text;
    s1_json_writer writer;
    s1_cli_json_begin(&text, &writer);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "config");
    s1_json_cstr(&writer, dir);
    s1_json_key_lit(&writer, "files");
    s1_json_u64(&writer, count);
    s1_json_object_end(&writer);
    return s1_exit_from_rc(s1_cli_json_end(cli, &text, err));
}

static const s1_cli_example examples[] = {
    {"init config", "a configuration of your own in ./config, where commands look for it"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_init = {
    .name = "init",
    .summary = "Write a configuration tree to own",
    .usage = "DIR",
    .detail = "Copies the default tree, every file with its comments. Nothing that exists is "
              "overwritten.",
    .positionals_min = 1,
    .positionals_max = 1,
    .examples = examples,
    .run = run,
};
