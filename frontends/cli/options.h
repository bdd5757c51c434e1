/* frontends/cli/options.h - one table per command: parsing, --help and docs/cli.md come from it. */
#ifndef S1_FRONTENDS_CLI_OPTIONS_H
#define S1_FRONTENDS_CLI_OPTIONS_H

#include "s1mple/base.h"

#include <stdio.h>

enum s1_cli_option_kind { S1_CLI_FLAG = 1, S1_CLI_TEXT, S1_CLI_NUMBER, S1_CLI_LIST };

typedef struct s1_cli_option {
    const char *name;    /* "results", without dashes */
    char letter;         /* 'r'; 0: none */
    int32_t kind;        /* enum s1_cli_option_kind; a LIST may be given many times */
    const char *value;   /* "DIR"; NULL for a flag */
    const char *help;    /* one sentence, no full stop */
    const char *choices; /* "full|trades|off"; NULL: any text */
} s1_cli_option;

typedef struct s1_cli_example {
    const char *command; /* "backtest demo --results results/demo" */
    const char *meaning;
} s1_cli_example;

#define S1_CLI_OPTIONS_MAX     40u /* of a command, the common ones included */
#define S1_CLI_POSITIONALS_MAX 8u
#define S1_CLI_LIST_MAX        64u

struct s1_cli;
struct s1_cli_args;

/* One command. Static const. */
typedef struct s1_cli_command {
    const char *name;    /* "data import" */
    const char *summary; /* one line */
    const char *usage;   /* positionals: "FILE" */
    const char *detail;  /* paragraphs, may be NULL */
    uint32_t positionals_min, positionals_max;
    const s1_cli_option *options;   /* ends with a NULL name; may be NULL */
    const s1_cli_example *examples; /* ends with a NULL command; may be NULL */
    /* Returns an exit code. What went wrong is in `err` and is printed by the caller, once. */
    int (*run)(struct s1_cli *cli, const struct s1_cli_args *args, s1_err *err);
} s1_cli_command;

/* What stands on the command line. Borrows argv. */
typedef struct s1_cli_args {
    const s1_cli_command *command;
    const char *values[S1_CLI_OPTIONS_MAX];  /* flags: "" if given */
    const char *lists[S1_CLI_LIST_MAX];      /* of the LIST options, in the order given */
    const char *list_names[S1_CLI_LIST_MAX]; /* of which option each is */
    size_t list_count;
    const char *positionals[S1_CLI_POSITIONALS_MAX];
    uint32_t positional_count;
} s1_cli_args;

/* Options every command has: --json, --verbose, --help. */
extern const s1_cli_option s1_cli_common_options[];

/* Option `index` of a command, its own first, then the common ones; NULL past the end. */
const s1_cli_option *s1_cli_option_at(const s1_cli_command *command, size_t index);
/* The option a word names: "--results", "--results=x", "-r"; NULL for none. */
const s1_cli_option *s1_cli_option_find(const s1_cli_command *command, const char *word);

/* Parses what follows the command's name. "--name=value" and "--name value", "-n value", "--" ends
 * the options. Errors: S1_E_INVALID with what was found, what is accepted and the nearest name. */
S1_WARN_UNUSED
s1_rc s1_cli_parse(const s1_cli_command *command, int argc, char *const argv[],
                   s1_cli_args *ret_args, s1_err *err);

/* The value of an option the command has; NULL when it was not given. */
const char *s1_cli_text(const s1_cli_args *args, const char *name);
bool s1_cli_flag(const s1_cli_args *args, const char *name);
/* Gives an option of the command a value that was not on the command line; borrowed. */
void s1_cli_set_text(s1_cli_args *args, const char *name, const char *value);
/* Copies the values of a LIST option to `ret_values` and returns how many there are. */
size_t s1_cli_list(const s1_cli_args *args, const char *name,
                   const char *ret_values[static S1_CLI_LIST_MAX]);
/* The value of a NUMBER option, checked when parsed; `otherwise` when it was not given. */
uint64_t s1_cli_number(const s1_cli_args *args, const char *name, uint64_t otherwise);

/* Prints the help of a command within `columns`. */
void s1_cli_print_help(FILE *out, const s1_cli_command *command, uint32_t columns);

/* The same as a section of docs/cli.md. */
void s1_cli_print_markdown(FILE *out, const s1_cli_command *command);

/* Prints text in lines of at most `columns`, indented by `indent`; the first line continues at
 * column `at`. Keeps line breaks of the text. */
void s1_cli_print_wrapped(FILE *out, const char *text, uint32_t indent, uint32_t at,
                          uint32_t columns);

#endif /* S1_FRONTENDS_CLI_OPTIONS_H */
