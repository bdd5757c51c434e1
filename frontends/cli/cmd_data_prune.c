#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_prune.h"

#include <inttypes.h>

static s1_rc print_report(s1_cli *cli, const char *archive, const s1_prune_report *report,
                          s1_err *err)
{
    if (!cli->is_json) {
        (void)fprintf(cli->out.out,
                      "%s: removed %" PRIu64 " former version%s of %" PRIu64
                      " dataset%s, up to %.2f MB\n",
                      archive, report->versions, report->versions == 1 ? "" : "s", report->datasets,
                      report->datasets == 1 ? "" : "s", (double)report->bytes / 1e6);
        return S1_OK;
    }
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"archive", archive});
    S1_PUT_NUMBERS(&w, {"datasets", report->datasets}, {"versions", report->versions},
                   {"bytes", report->bytes});
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const s1_prune_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = s1_cli_text(args, "pair"),
        .kind = s1_cli_text(args, "timeframe"),
        .source = s1_cli_text(args, "source"),
        .keep = s1_cli_number(args, "keep", 0),
    };
    if (request.archive_dir == NULL || s1_cli_text(args, "keep") == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID, "missing %s; see 's1mpletrader data prune --help'",
                       request.archive_dir == NULL ? "--archive DIR" : "--keep N");
        return S1_EXIT_USAGE;
    }
    s1_prune_report report;
    const s1_rc rc = s1_api_data_prune(&request, &report, err);
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    if (report.notice[0] != '\0') {
        (void)fprintf(cli->err.out, "warning: %s\n", report.notice);
    }
    return s1_exit_from_rc(print_report(cli, request.archive_dir, &report, err));
}

static const s1_cli_option options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {"keep", 0, S1_CLI_NUMBER, "N", "former versions of each dataset that stay, the newest", NULL},
    {"pair", 0, S1_CLI_TEXT, "P", "only of this pair, as BASE/QUOTE", NULL},
    {"timeframe", 't', S1_CLI_TEXT, "T",
     "only bars of this length (1m, 1h, 1d), or trades, quotes, book", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "only of this source; '' is the unnamed one", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data prune --archive data --keep 2", "what was replaced, but for the last two of each"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_prune = {
    .name = "data prune",
    .summary = "Remove former versions of datasets",
    .usage = "--archive DIR --keep N",
    .detail = "A dataset that was corrected keeps what it was, so that a run over that can be "
              "repeated. The data as it is now is never touched. A version shares the files that "
              "did not change: what is freed may be less than what is told.",
    .options = options,
    .examples = examples,
    .run = run,
};
