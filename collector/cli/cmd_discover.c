/* SPDX-License-Identifier: BSD-2-Clause */
/* discover: where the mail of an address is, step by step. Needs no state.dir
 * and leaves nothing behind. */
#include "../base/log.h"
#include "commands.h"
#include "discover_report.h"

#include <unistd.h>

int cmd_discover(struct cli *cli, const struct args *args)
{
	struct mail_address address;
	struct discovery d = {0};
	struct err err = {0};
	int r = EXIT_DONE;

	if (mail_address_parse(args->words[0], &address, &err) < 0)
		return cli_usage("discover", "%s", err.text);
	/* the answer is what there is to see, as for check */
	if (cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	if (discover(&cli->config.settings, &address, &d, &err) < 0) {
		discovery_clear(&d);
		return cli_fail(args->words[0], &err);
	}
	if (cli->json)
		discover_report_json(&d, stdout);
	else
		discover_report_text(&d, stdout);
	if (!d.is_found) {
		(void)fflush(stdout);
		r = cli_fail(args->words[0], &d.why);
	}
	discovery_clear(&d);
	return r;
}
