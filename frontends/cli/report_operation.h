/* frontends/cli/report_operation.h - an operation of several links on one screen. */
#ifndef S1_FRONTENDS_CLI_REPORT_OPERATION_H
#define S1_FRONTENDS_CLI_REPORT_OPERATION_H

#include "frontends/cli/cli.h"
#include "services/api/operation.h"

/* Tables of the links, of the aggregate per currency, and of what portfolio rules did. */
S1_WARN_UNUSED s1_rc s1_cli_print_operation(s1_cli *cli, const s1_operation_view *view,
                                            s1_err *err);

#endif /* S1_FRONTENDS_CLI_REPORT_OPERATION_H */
