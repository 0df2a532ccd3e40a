/* SPDX-License-Identifier: BSD-2-Clause */
/* command_options: what each command can be told, for the table of commands.
 * Each array ends with an entry without a name. */
#ifndef MAILHAUL_CLI_COMMAND_OPTIONS_H
#define MAILHAUL_CLI_COMMAND_OPTIONS_H

#include "commands.h"

extern const struct cli_option add_options[];
extern const struct cli_option set_options[];
extern const struct cli_option group_options[];
extern const struct cli_option import_options[];
extern const struct cli_option resume_options[];
extern const struct cli_option check_options[];
extern const struct cli_option sync_options[];
extern const struct cli_option serve_options[];
extern const struct cli_option finish_options[];
extern const struct cli_option status_options[];
extern const struct cli_option remove_options[];
extern const struct cli_option verify_options[];
extern const struct cli_option report_options[];
extern const struct cli_option restore_options[];
extern const struct cli_option help_options[];

#endif
