/* SPDX-License-Identifier: BSD-2-Clause */
#include "help.h"

void help_man_budgets(FILE *out)
{
	(void)fputs(
		".SH \"WHAT PROVIDERS ALLOW\"\n"
		"Sessions at once, logins a minute and bytes a day are counted "
		"for each remote host, over all its accounts; limits.hosts "
		"sets their limits, and those known of large providers hold "
		"without being set (limits.known). A run that has used up its "
		"account's or its host's day ends after a message, keeps what "
		"it has, and goes on when the day is over: 24 hours after its "
		"first byte. The last quarter of a host's day is for accounts "
		"that have had less than an equal share. \\fBstatus\\fR shows "
		"what is limited, and \\fB\\-\\-json\\fR all of it.\n.PP\n"
		"A server that complains late in an account's day (64 MB or "
		"more) is not asked for more than that in any day of the week "
		"that follows; one that complains of too many sessions or "
		"logins of its host, or to two accounts within ten minutes, "
		"gets fewer of them (limits.learn).\n.PP\n"
		"A run that goes on for longer than pool.slice, or has "
		"received more than pool.slice_bytes, while other accounts "
		"wait for its place, makes way after a message and goes on "
		"behind them.\n.PP\n"
		"A login that is refused with a reason is not tried again "
		"before a person has acted; one without any is, after 1, 6 "
		"and 24 hours.\n",
		out);
}
