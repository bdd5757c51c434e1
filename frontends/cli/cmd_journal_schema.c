#include "frontends/cli/cli.h"
#include "services/api/journal_schema.h"

#include <stdlib.h>

static int run_schema(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    char *text;
    const char *const kind = args->positional_count > 0 ? args->positionals[0] : NULL;
    const s1_rc rc = s1_api_journal_schema(kind, &text, err);
    if (rc != S1_OK) {
        /* A kind that does not exist was given on the command line. */
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    (void)fprintf(cli->out.out, "%s\n", text);
    free(text);
    return S1_EXIT_OK;
}

static const s1_cli_example schema_examples[] = {
    {"journal schema TRADE_CLOSED", "what an entry of this kind holds"},
    {"journal schema > journal.schema.json", "every kind, by name"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_journal_schema = {
    .name = "journal schema",
    .summary = "Print the JSON Schema of journal entries",
    .usage = "[KIND]",
    .detail = "Draft 2020-12. Without KIND an object with the schema of every kind.",
    .positionals_max = 1,
    .examples = schema_examples,
    .run = run_schema,
};
