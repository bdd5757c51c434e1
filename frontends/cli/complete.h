/* frontends/cli/complete.h - what may follow on a command line, from the table of commands. The
 * shells' scripts ask for it; they know nothing of the commands themselves. */
#ifndef S1_FRONTENDS_CLI_COMPLETE_H
#define S1_FRONTENDS_CLI_COMPLETE_H

#include "frontends/cli/cli.h"

/* Appends a line for everything that may stand in place of words[count - 1], which is begun (""
 * for nothing yet): the word, a tab, what it means. The lines ":files" and ":dirs" ask the shell
 * for its own. `words` does not hold the program's name. */
void s1_cli_complete(int count, char *const words[], s1_strbuf *ret_lines);

#endif /* S1_FRONTENDS_CLI_COMPLETE_H */
