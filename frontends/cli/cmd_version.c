#include "frontends/cli/cli.h"
#include "services/api/version.h"

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    (void)args;
    const s1_version_info *const info = s1_api_version();
    if (!cli->is_json) {
        (void)fprintf(cli->out.out, "s1mpletrader %s (%s, %s), plugin ABI %u.%u\n", info->version,
                      info->build, info->compiler, info->abi_major, info->abi_minor);
        return S1_EXIT_OK;
    }
    s1_strbuf text;
    s1_json_writer writer;
    s1_cli_json_begin(&text, &writer);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "version");
    s1_json_cstr(&writer, info->version);
    s1_json_key_lit(&writer, "build");
    s1_json_cstr(&writer, info->build);
    s1_json_key_lit(&writer, "compiler");
    s1_json_cstr(&writer, info->compiler);
    s1_json_key_lit(&writer, "abi_major");
    s1_json_u64(&writer, info->abi_major);
    s1_json_key_lit(&writer, "abi_minor");
    s1_json_u64(&writer, info->abi_minor);
    s1_json_object_end(&writer);
    return s1_exit_from_rc(s1_cli_json_end(cli, &text, err));
}

static const s1_cli_example examples[] = {
    {"version --json", "what to put into a bug report"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_version = {
    .name = "version",
    .summary = "Show version, build and plugin interface",
    .usage = "",
    .examples = examples,
    .run = run,
};
