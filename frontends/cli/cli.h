/* frontends/cli/cli.h - one invocation of the program: where it prints, and its commands. */
#ifndef S1_FRONTENDS_CLI_CLI_H
#define S1_FRONTENDS_CLI_CLI_H

#include "backend/utils/json_writer.h"
#include "frontends/cli/exit_code.h"
#include "frontends/cli/options.h"
#include "frontends/cli/terminal.h"

#include <stdatomic.h>

typedef struct s1_cli {
    s1_terminal out; /* stdout: what was asked for */
    s1_terminal err; /* stderr: progress, warnings, errors */
    bool is_json, is_verbose;
    const char *config_dir; /* of the command; its language is that of errors. NULL: "config" */
} s1_cli;

/* Runs the command of argv and returns the exit code of the process. */
int s1_cli_main(int argc, char *const argv[]);

/* All commands in the order of the help; NULL-terminated. */
extern const s1_cli_command *const s1_cli_commands[];

/* The command the first words name, and how many words that took; NULL for none. */
const s1_cli_command *s1_cli_find_command(int count, const char *const words[], int *ret_words);

extern const s1_cli_command s1_cmd_init, s1_cmd_validate, s1_cmd_data_import, s1_cmd_backtest,
    s1_cmd_plugins_list, s1_cmd_plugins_show, s1_cmd_plugins_check, s1_cmd_results_list,
    s1_cmd_results_show, s1_cmd_results_compare, s1_cmd_results_report, s1_cmd_journal_show,
    s1_cmd_journal_verify, s1_cmd_journal_schema, s1_cmd_explain, s1_cmd_explain_diff,
    s1_cmd_doctor, s1_cmd_version, s1_cmd_replay, s1_cmd_results_check, s1_cmd_journal_export,
    s1_cmd_plugins_new, s1_cmd_plugins_test, s1_cmd_completion, s1_cmd_migrate, s1_cmd_data_check,
    s1_cmd_data_list, s1_cmd_data_export, s1_cmd_data_resample, s1_cmd_data_reindex,
    s1_cmd_data_show, s1_cmd_data_prune, s1_cmd_data_fetch, s1_cmd_data_record, s1_cmd_lookahead,
    s1_cmd_warmup;

/* --- For commands. ------------------------------------------------------------------------ */

/* Starts a JSON document for stdout. */
void s1_cli_json_begin(s1_strbuf *text, s1_json_writer *writer);
/* Prints it with a newline and frees it. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_cli_json_end(s1_cli *cli, s1_strbuf *text, s1_err *err);

/* Prints a table and frees it; `is_whole` false (a cell found no memory) is an error. */
S1_WARN_UNUSED s1_rc s1_cli_table_end(s1_cli *cli, s1_table *table, bool is_whole, s1_err *err);

/* Progress on stderr. */
s1_progress s1_cli_progress(const s1_cli *cli, const char *unit);
/* Host time, for progress only. */
s1_nanos s1_cli_now(void);

/* What shows how far a command is, and hears of ctrl-C on the way. */
typedef struct s1_cli_watch {
    s1_progress progress;
    const char *verb; /* "import"; borrowed */
    atomic_bool is_stopping;
} s1_cli_watch;
s1_cli_watch s1_cli_watch_of(const s1_cli *cli, const char *verb, const char *unit);
/* For the on_progress of services/api, with the watch as its `user`. */
void s1_cli_watch_progress(void *user, uint64_t done, uint64_t total);

/* The configuration folder: --config or "config". */
const char *s1_cli_config_dir(const s1_cli_args *args);

/* Prints every fault of a configuration: to stderr as text, to stdout with --json. Returns the exit
 * code. */
struct s1_validation;
int s1_cli_print_validation(s1_cli *cli, const struct s1_validation *validation, s1_err *err);
/* The same for a run that was not begun, whose configuration has faults (cmd_backtest.c). */
struct s1_backtest_options;
int s1_cli_print_faults(s1_cli *cli, const struct s1_backtest_options *options, s1_err *err);

/* What the arguments say of a run: target, --config, --set, --from, --to, --seed; the rest is zero.
 * Borrowed from `args` (cmd_backtest.c). */
struct s1_backtest_options s1_cli_run_of(const s1_cli_args *args);

/* Prints the report of a run (report.c). */
struct s1_results;
S1_WARN_UNUSED s1_rc s1_cli_print_report(s1_cli *cli, struct s1_results *results, s1_err *err);

/* Writes report.html (to `path`, or into the results) and prints where. */
S1_WARN_UNUSED s1_rc s1_cli_write_report(s1_cli *cli, struct s1_results *results, const char *path,
                                         s1_err *err);

/* Prints an explanation, which is in `language`, as a tree, or with --json as it is
 * (cmd_explain.c). Errors: S1_E_NO_MEMORY. */
struct s1_explanation;
S1_WARN_UNUSED s1_rc s1_cli_print_explanation(const s1_cli *cli,
                                              const struct s1_explanation *explanation,
                                              int32_t language, s1_err *err);

/* The language (enum s1_language) of what is said about a run: its own, but with --json, which is
 * English. */
int32_t s1_cli_results_language(const s1_cli *cli, const char *results_dir);

#endif /* S1_FRONTENDS_CLI_CLI_H */
