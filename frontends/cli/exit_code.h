/* frontends/cli/exit_code.h - what the process returns to the shell, by cause. One table: the enum,
 * the mapping from result codes, --help and docs/cli.md. */
#ifndef S1_FRONTENDS_CLI_EXIT_CODE_H
#define S1_FRONTENDS_CLI_EXIT_CODE_H

#include "s1mple/base.h"

/* X(value, code, name, meaning). */
#define S1_EXIT_MAP(X)                                                                             \
    X(S1_EXIT_OK, 0, "ok", "done")                                                                 \
    X(S1_EXIT_INTERNAL, 1, "internal", "a fault of the program itself, or a limit of the machine") \
    X(S1_EXIT_USAGE, 2, "usage", "the command line was not understood")                            \
    X(S1_EXIT_CONFIGURATION, 3, "configuration", "the configuration has faults")                   \
    X(S1_EXIT_DATA, 4, "data", "data, a journal or results are malformed or corrupt")              \
    X(S1_EXIT_PLUGIN, 5, "plugin", "a plugin was refused, or a worker failed")                     \
    X(S1_EXIT_IO, 6, "io", "a file could not be read or written, or exists already")               \
    X(S1_EXIT_NOT_FOUND, 7, "not_found", "what was asked for does not exist")                      \
    X(S1_EXIT_UNFIT, 8, "unfit", "doctor found a fault")                                           \
    X(S1_EXIT_DIFFERENT, 9, "different", "what was compared is not the same")                      \
    X(S1_EXIT_STORAGE, 10, "storage",                                                              \
      "the journal or a state could not be written: the run stopped, nothing is tried again")      \
    X(S1_EXIT_BIASED, 11, "biased",                                                                \
      "lookahead found a value or a decision that hangs on later data, or does not repeat")        \
    X(S1_EXIT_INTERRUPTED, 130, "interrupted", "stopped by ctrl-C or SIGTERM; nothing was left")
enum s1_exit {
#define X(value, code, name, meaning) value = (code),
    S1_EXIT_MAP(X)
#undef X
};

/* The exit code for a result code. */
int s1_exit_from_rc(s1_rc rc);

/* Name and meaning of an exit code; "unknown" for one that is not in the table. Static. */
const char *s1_exit_name(int exit_code);
const char *s1_exit_meaning(int exit_code);

#endif /* S1_FRONTENDS_CLI_EXIT_CODE_H */
