/* SPDX-License-Identifier: BSD-2-Clause */
#include "help.h"

void help_man_metrics(FILE *out)
{
	(void)fputs(
		".SH \"METRICS AND HEALTH\"\n"
		"With serve.listen, or \\fBserve \\-\\-listen\\fR "
		"127.0.0.1:9180, the daemon answers GET and HEAD over HTTP, in "
		"a process of its own that has neither keys nor mail nor job "
		"table and is handed finished pages. It is off by default. "
		"There is neither TLS nor a password; no name of an account, a "
		"user or a server is told.\n"
		".TP\n.B /metrics\n"
		"for Prometheus (text format 0.0.4): accounts by state, their "
		"errors by class, runs by result, messages and bytes "
		"collected, what is quarantined, held or waits, the queue, "
		"sessions, budgets, the disk. What ends in _total counts since "
		"the daemon was started. Numbers about accounts are at most "
		"some seconds old (mailhaul_table_read_timestamp_seconds).\n"
		".TP\n.B /healthz\n"
		"200 while the daemon's loop turns and its disk answers, else "
		"503 with a line that says why. Let a supervisor restart it "
		"only for this.\n"
		".TP\n.B /readyz\n"
		"200 where it collects what falls due; 503 while it is about "
		"to end, or where the job table, the keys or room on the disk "
		"are missing.\n.PP\n"
		"Where the loop has not turned for 20 seconds all three say "
		"503. A connection ends after 10 seconds, after one where many "
		"are open; a request has 8 KiB. A unix: socket is for its "
		"owner and its group. Rules for alerts: "
		"prometheus\\-alerts.yml "
		"among the examples.\n",
		out);
}
