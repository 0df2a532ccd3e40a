/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: one function a command; commands.c has the table. */
#ifndef MAILHAUL_CLI_COMMANDS_H
#define MAILHAUL_CLI_COMMANDS_H

#include "args.h"
#include "cli.h"

int cmd_init(struct cli *cli, const struct args *args);
int cmd_add(struct cli *cli, const struct args *args);
int cmd_import(struct cli *cli, const struct args *args);
int cmd_list(struct cli *cli, const struct args *args);
int cmd_show(struct cli *cli, const struct args *args);
int cmd_set(struct cli *cli, const struct args *args);
int cmd_pause(struct cli *cli, const struct args *args);
int cmd_resume(struct cli *cli, const struct args *args);
int cmd_remove(struct cli *cli, const struct args *args);
int cmd_discover(struct cli *cli, const struct args *args);
int cmd_check(struct cli *cli, const struct args *args);
int cmd_finish(struct cli *cli, const struct args *args);
int cmd_sync(struct cli *cli, const struct args *args);
int cmd_run(struct cli *cli, const struct args *args);
int cmd_serve(struct cli *cli, const struct args *args);
int cmd_status(struct cli *cli, const struct args *args);
int cmd_failures(struct cli *cli, const struct args *args);
int cmd_explain(struct cli *cli, const struct args *args);
int cmd_retry(struct cli *cli, const struct args *args);
int cmd_verify(struct cli *cli, const struct args *args);
int cmd_report(struct cli *cli, const struct args *args);
int cmd_backup(struct cli *cli, const struct args *args);
int cmd_restore(struct cli *cli, const struct args *args);
int cmd_key(struct cli *cli, const struct args *args);
int cmd_completion(struct cli *cli, const struct args *args);
int cmd_config(struct cli *cli, const struct args *args);
int cmd_version(struct cli *cli, const struct args *args);
int cmd_help(struct cli *cli, const struct args *args);

#endif
