#include "backend/utils/clock.h"
#include "backend/utils/locale.h"
#include "backend/utils/log.h"
#include "backend/utils/proc.h"
#include "frontends/cli/complete.h"
#include "services/api/config.h"
#include "services/api/version.h"

#include <string.h>

#define JSON_BYTES_MAX ((size_t)2 << 30)
#define COMMANDS_MAX   48u
#define KEY_MAX        64u

const s1_cli_command *const s1_cli_commands[] = {
    &s1_cmd_init,
    &s1_cmd_validate,
    &s1_cmd_data_import,
    &s1_cmd_data_check,
    &s1_cmd_data_export,
    &s1_cmd_data_resample,
    &s1_cmd_data_list,
    &s1_cmd_data_show,
    &s1_cmd_data_reindex,
    &s1_cmd_data_prune,
    &s1_cmd_data_record,
    &s1_cmd_data_fetch,
    &s1_cmd_backtest,
    &s1_cmd_lookahead,
    &s1_cmd_warmup,
    &s1_cmd_results_list,
    &s1_cmd_results_show,
    &s1_cmd_results_compare,
    &s1_cmd_results_report,
    &s1_cmd_results_check,
    &s1_cmd_replay,
    &s1_cmd_explain_diff,
    &s1_cmd_explain,
    &s1_cmd_journal_show,
    &s1_cmd_journal_verify,
    &s1_cmd_journal_export,
    &s1_cmd_journal_schema,
    &s1_cmd_plugins_list,
    &s1_cmd_plugins_show,
    &s1_cmd_plugins_check,
    &s1_cmd_plugins_new,
    &s1_cmd_plugins_test,
    &s1_cmd_migrate,
    &s1_cmd_completion,
    &s1_cmd_doctor,
    &s1_cmd_version,
    NULL,
};

/* --- For commands. ------------------------------------------------------------------------ */

void s1_cli_json_begin(s1_strbuf *text, s1_json_writer *writer)
{
    s1_strbuf_init(text, JSON_BYTES_MAX);
    s1_json_init(writer, text, 2);
}

s1_rc s1_cli_json_end(s1_cli *cli, s1_strbuf *text, s1_err *err)
{
    s1_strbuf_char(text, '\n');
    const s1_rc rc = s1_strbuf_check(text, err);
    if (rc == S1_OK) {
        (void)fwrite(text->data, 1, text->len, cli->out.out);
    }
    s1_strbuf_done(text);
    return rc;
}

s1_rc s1_cli_table_end(s1_cli *cli, s1_table *table, bool is_whole, s1_err *err)
{
    if (table != NULL && is_whole) {
        s1_table_print(&cli->out, table);
    }
    s1_table_free(table);
    return table != NULL && is_whole ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "a table");
}

s1_nanos s1_cli_now(void)
{
    return s1_clock_monotonic(s1_clock_real());
}

s1_progress s1_cli_progress(const s1_cli *cli, const char *unit)
{
    return (s1_progress){
        .out = cli->err.out, .is_tty = cli->err.is_tty, .columns = cli->err.columns, .unit = unit};
}

s1_cli_watch s1_cli_watch_of(const s1_cli *cli, const char *verb, const char *unit)
{
    return (s1_cli_watch){.progress = s1_cli_progress(cli, unit), .verb = verb};
}

void s1_cli_watch_progress(void *user, uint64_t done, uint64_t total)
{
    s1_cli_watch *const watch = user;
    if (s1_proc_stop_requested() != 0) {
        atomic_store(&watch->is_stopping, true);
    }
    s1_progress_show(&watch->progress, watch->verb, done, total, s1_cli_now());
}

const char *s1_cli_config_dir(const s1_cli_args *args)
{
    const char *const stated = s1_cli_text(args, "config");
    return stated != NULL ? stated : "config";
}

/* --- Errors. ------------------------------------------------------------------------------ */

static void print_error_json(const s1_cli *cli, const s1_err *err, int exit_code)
{
    s1_strbuf text;
    s1_json_writer writer;
    s1_cli_json_begin(&text, &writer);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "error");
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "name");
    s1_json_cstr(&writer, s1_error_name(err->code));
    s1_json_key_lit(&writer, "cause");
    s1_json_cstr(&writer, s1_exit_name(exit_code));
    s1_json_key_lit(&writer, "exit_code");
    s1_json_i64(&writer, exit_code);
    s1_json_key_lit(&writer, "message");
    s1_json_cstr(&writer, err->msg);
    s1_json_object_end(&writer);
    s1_json_object_end(&writer);
    (void)fprintf(cli->err.out, "%s\n", s1_strbuf_cstr(&text));
    s1_strbuf_done(&text);
}

/* The text of "<group>.<name>" with the name in small letters. */
static const char *text_of(const s1_locale *locale, const char *group, const char *name,
                           char key[static KEY_MAX])
{
    (void)snprintf(key, KEY_MAX, "%s.%s", group, name);
    for (char *at = key; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return s1_locale_cstr(locale, key);
}

static void print_error_text(const s1_cli *cli, const s1_locale *locale, const s1_err *err,
                             int exit_code)
{
    char kind[KEY_MAX], meaning[KEY_MAX];
    (void)fprintf(cli->err.out, "%s%s:%s %s\n", s1_terminal_on(&cli->err, S1_STYLE_BAD),
                  s1_locale_cstr(locale, "error.label"), s1_terminal_off(&cli->err), err->msg);
    if (!cli->is_verbose) {
        return;
    }
    (void)fprintf(cli->err.out, "  %s (%s), %s %d: %s\n", s1_error_name(err->code),
                  text_of(locale, "error", s1_error_name(err->code) + strlen("S1_E_"), kind),
                  s1_locale_cstr(locale, "exit.label"), exit_code,
                  text_of(locale, "exit", s1_exit_name(exit_code), meaning));
    const uint32_t kept = err->depth < S1_ERR_FRAMES ? err->depth : S1_ERR_FRAMES;
    for (uint32_t i = 0; i < kept; i++) {
        (void)fprintf(cli->err.out, "  at %s (%s:%u)\n", err->frames[i].func, err->frames[i].file,
                      err->frames[i].line);
    }
    if (err->sys_errno != 0) {
        (void)fprintf(cli->err.out, "  system: errno %d\n", err->sys_errno);
    }
}

/* The one place where a failure is printed. */
static void print_error(const s1_cli *cli, const s1_err *err, int exit_code)
{
    if (err->code == S1_OK) {
        return;
    }
    if (cli->is_json) {
        print_error_json(cli, err, exit_code);
        return;
    }
    s1_locale *locale = NULL;
    const int32_t language =
        s1_api_config_language(cli->config_dir != NULL ? cli->config_dir : "config");
    (void)!s1_locale_new(language, &locale, NULL); /* without memory the keys are printed */
    print_error_text(cli, locale, err, exit_code);
    s1_locale_free(locale);
}

/* --- Help. -------------------------------------------------------------------------------- */

/* Is the command one of the family ("data import" of "data")? */
static bool is_of_family(const s1_cli_command *command, const char *family)
{
    const size_t length = strlen(family);
    return strncmp(command->name, family, length) == 0 && command->name[length] == ' ';
}

/* A word that is no command by itself ("explain" is one, and has a family). */
static bool is_family(const char *word)
{
    bool is_one = false;
    for (size_t i = 0; s1_cli_commands[i] != NULL; i++) {
        if (strcmp(s1_cli_commands[i]->name, word) == 0) {
            return false;
        }
        is_one = is_one || is_of_family(s1_cli_commands[i], word);
    }
    return is_one;
}

/* Of all commands, or of a family. */
static void print_overview(FILE *out, uint32_t columns, const char *family)
{
    (void)fprintf(out, "Usage: s1mpletrader %s%sCOMMAND [options]\n\nCommands:\n",
                  family != NULL ? family : "", family != NULL ? " " : "");
    for (size_t i = 0; s1_cli_commands[i] != NULL; i++) {
        if (family != NULL && !is_of_family(s1_cli_commands[i], family)) {
            continue;
        }
        const int width = fprintf(out, "  %s", s1_cli_commands[i]->name);
        s1_cli_print_wrapped(out, s1_cli_commands[i]->summary, 19, (uint32_t)width, columns);
    }
    (void)fprintf(out, "\ns1mpletrader %s%sCOMMAND --help shows its options and examples.\n",
                  family != NULL ? family : "", family != NULL ? " " : "");
    if (family != NULL) {
        return;
    }
    (void)fputs("\nExit codes:\n", out);
#define X(value, code, name, meaning)                                                              \
    (void)fprintf(out, "  %3d  ", (code));                                                         \
    s1_cli_print_wrapped(out, meaning, 7, 7, columns);
    S1_EXIT_MAP(X)
#undef X
}

/* docs/cli.md. */
static void print_markdown(FILE *out)
{
    (void)fputs("# Command line\n\n"
                "This page is printed by `s1mpletrader help --markdown`; a test keeps it so.\n\n"
                "Text goes to stdout for people, cut to the width of the terminal (`COLUMNS` "
                "overrides it); with `--json`\nstdout is one JSON document. Progress, warnings and "
                "errors go to stderr. Colour is used on terminals only and\nnever when `NO_COLOR` "
                "is set. An error is printed once, `error: ...`; with `--json` it is an object on "
                "stderr:\n`{\"error\": {\"name\", \"cause\", \"exit_code\", \"message\"}}`.\n\n"
                "| exit code | cause | meaning |\n|---|---|---|\n",
                out);
#define X(value, code, name, meaning)                                                              \
    (void)fprintf(out, "| %d | `%s` | %s |\n", (code), (name), (meaning));
    S1_EXIT_MAP(X)
#undef X
    (void)fputs("\nThe first ctrl-C (or SIGTERM) stops a run at the next bar and leaves no results "
                "folder; the second ends the\nprocess at once. A closed pipe ends the output "
                "quietly.\n\n",
                out);
    for (size_t i = 0; s1_cli_commands[i] != NULL; i++) {
        s1_cli_print_markdown(out, s1_cli_commands[i]);
    }
}

/* --- Finding the command. ----------------------------------------------------------------- */

const s1_cli_command *s1_cli_find_command(int argc, const char *const argv[], int *ret_words)
{
    for (size_t i = 0; s1_cli_commands[i] != NULL; i++) {
        const char *const name = s1_cli_commands[i]->name;
        const size_t first = strcspn(name, " ");
        if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0) {
            continue;
        }
        if (name[first] == '\0') {
            *ret_words = 1;
            return s1_cli_commands[i];
        }
        if (argc >= 2 && strcmp(argv[1], name + first + 1) == 0) {
            *ret_words = 2;
            return s1_cli_commands[i];
        }
    }
    return NULL;
}

/* Says what is wrong with the words: half a command, or a name that is near to one. */
static s1_rc refuse_command(int argc, char *const argv[], s1_err *err)
{
    s1_str names[COMMANDS_MAX];
    char whole[128];
    char family[512] = "";
    size_t count = 0;
    (void)snprintf(whole, sizeof whole, "%s%s%s", argv[0], argc > 1 && argv[1][0] != '-' ? " " : "",
                   argc > 1 && argv[1][0] != '-' ? argv[1] : "");
    for (size_t i = 0; s1_cli_commands[i] != NULL && count < COMMANDS_MAX; i++) {
        const char *const name = s1_cli_commands[i]->name;
        if (is_of_family(s1_cli_commands[i], argv[0])) {
            const size_t at = strlen(family);
            (void)snprintf(family + at, sizeof family - at, "%s'%s'", at > 0 ? ", " : "", name);
        }
        names[count++] = s1_str_of(name);
    }
    if (family[0] != '\0') {
        return S1_RAISE(err, S1_E_INVALID, "found '%s', expected one of %s", whole, family);
    }
    ptrdiff_t nearest = s1_str_nearest(s1_str_of(whole), names, count);
    nearest = nearest >= 0 ? nearest : s1_str_nearest(s1_str_of(argv[0]), names, count);
    return nearest >= 0
               ? S1_RAISE(err, S1_E_INVALID, "unknown command '%s', did you mean '%.*s'?", argv[0],
                          S1_STR_ARG(names[nearest]))
               : S1_RAISE(err, S1_E_INVALID,
                          "unknown command '%s'; 's1mpletrader --help' lists them", argv[0]);
}

static s1_cli cli_of_environment(void)
{
    const char *const locales[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    s1_terminal_environment environment = {.no_color = s1_proc_getenv("NO_COLOR"),
                                           .term = s1_proc_getenv("TERM")};
    for (size_t i = 0; i < 3 && environment.locale == NULL; i++) {
        const char *const value = s1_proc_getenv(locales[i]);
        environment.locale = value != NULL && value[0] != '\0' ? value : NULL;
    }
    return (s1_cli){.out = s1_terminal_of(stdout, &environment),
                    .err = s1_terminal_of(stderr, &environment)};
}

static bool is_help_flag(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "help", "--help", "--version" and nothing at all; -1 if it is none of them. */
static int run_plain(const s1_cli *cli, int argc, char *const argv[])
{
    const char *const word = argc > 0 ? argv[0] : "";
    if (argc == 0) {
        print_overview(cli->err.out, cli->err.columns, NULL);
        return S1_EXIT_USAGE;
    }
    if (strcmp(word, "--version") == 0) {
        (void)fprintf(cli->out.out, "s1mpletrader %s\n", s1_api_version()->version);
        return S1_EXIT_OK;
    }
    if (strcmp(word, "completion") == 0 && argc >= 2 && strcmp(argv[1], "words") == 0) {
        s1_strbuf lines;
        s1_strbuf_init(&lines, 1u << 20);
        s1_cli_complete(argc - 2, argv + 2, &lines);
        (void)fputs(s1_strbuf_cstr(&lines), cli->out.out);
        s1_strbuf_done(&lines);
        return S1_EXIT_OK;
    }
    if (strcmp(word, "help") == 0 && argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        print_markdown(cli->out.out);
        return S1_EXIT_OK;
    }
    int words = 0;
    const s1_cli_command *const topic =
        strcmp(word, "help") == 0
            ? s1_cli_find_command(argc - 1, (const char *const *)argv + 1, &words)
            : NULL;
    if (topic != NULL) {
        s1_cli_print_help(cli->out.out, topic, cli->out.columns);
        return S1_EXIT_OK;
    }
    const bool is_help = strcmp(word, "help") == 0;
    if (argc == 2 && is_family(argv[is_help ? 1 : 0]) && (is_help || is_help_flag(argv[1]))) {
        print_overview(cli->out.out, cli->out.columns, argv[is_help ? 1 : 0]);
        return S1_EXIT_OK;
    }
    if (is_help || is_help_flag(word)) {
        print_overview(cli->out.out, cli->out.columns, NULL);
        return S1_EXIT_OK;
    }
    return -1;
}

static bool has_flag(int argc, char *const argv[], const char *flag)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], flag) == 0) {
            return true;
        }
    }
    return false;
}

static int run_command(s1_cli *cli, int argc, char *const argv[], s1_err *err)
{
    int words = 0;
    const s1_cli_command *const command =
        s1_cli_find_command(argc, (const char *const *)argv, &words);
    if (command == NULL) {
        (void)!refuse_command(argc, argv, err);
        return S1_EXIT_USAGE;
    }
    s1_cli_args args;
    if (s1_cli_parse(command, argc - words, argv + words, &args, err) != S1_OK) {
        return S1_EXIT_USAGE;
    }
    cli->config_dir = s1_cli_config_dir(&args);
    char archive[S1_PATH_MAX]; /* where --archive says nothing, the configuration does */
    if (!s1_cli_flag(&args, "archive") &&
        s1_api_config_archive(cli->config_dir, archive, sizeof archive)) {
        s1_cli_set_text(&args, "archive", archive);
    }
    if (s1_cli_flag(&args, "help")) {
        s1_cli_print_help(cli->out.out, command, cli->out.columns);
        return S1_EXIT_OK;
    }
    if (s1_proc_install_signals(err) != S1_OK) {
        return S1_EXIT_INTERNAL;
    }
    return command->run(cli, &args, err);
}

int s1_cli_main(int argc, char *const argv[])
{
    s1_cli cli = cli_of_environment();
    argc -= argc > 0;
    argv++;
    cli.is_json = has_flag(argc, argv, "--json");
    cli.is_verbose = has_flag(argc, argv, "--verbose") || has_flag(argc, argv, "-v");
    int exit_code = run_plain(&cli, argc, argv);
    s1_err err = S1_ERR_INIT;
    if (exit_code < 0) {
        exit_code = run_command(&cli, argc, argv, &err);
        print_error(&cli, &err, exit_code);
    }
    if (fflush(stdout) != 0 && exit_code == S1_EXIT_OK) {
        exit_code = S1_EXIT_IO; /* a full disk; a closed pipe has its reader gone */
    }
    return exit_code;
}
