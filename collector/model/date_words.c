/* SPDX-License-Identifier: BSD-2-Clause */
#include "date_words.h"

#include "text.h"

#include <string.h>

int date_month(const char *word, size_t n)
{
	static const char *const months[] = {"January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December"};

	for (int m = 0; m < 12; m++)
		if (n >= 3 && n <= strlen(months[m]) &&
			text_equal_n(months[m], word, n))
			return m + 1;
	return 0;
}

/*
 * RFC 5322 4.3, then names that mailers write although no RFC knows them.
 * IST is left out: it is three zones. A single letter is a military zone and
 * means nothing, since RFC 822 had their signs wrong.
 */
int date_zone(const char *word, size_t n)
{
	static const struct {
		char name[5];
		int hhmm;
	} zones[] = {
		{"EST", -500},
		{"EDT", -400},
		{"CST", -600},
		{"CDT", -500},
		{"MST", -700},
		{"MDT", -600},
		{"PST", -800},
		{"PDT", -700},
		{"AKST", -900},
		{"AKDT", -800},
		{"HST", -1000},
		{"AST", -400},
		{"ADT", -300},
		{"NST", -330},
		{"NDT", -230},
		{"BST", 100},
		{"WEST", 100},
		{"CET", 100},
		{"CEST", 200},
		{"MET", 100},
		{"MEST", 200},
		{"MEZ", 100},
		{"MESZ", 200},
		{"EET", 200},
		{"EEST", 300},
		{"MSK", 300},
		{"MSD", 400},
		{"HKT", 800},
		{"JST", 900},
		{"KST", 900},
		{"AEST", 1000},
		{"AEDT", 1100},
		{"NZST", 1200},
		{"NZDT", 1300},
	};

	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
		if (strnlen(zones[i].name, sizeof zones[i].name) == n &&
			text_equal_n(zones[i].name, word, n))
			return zones[i].hhmm;
	return 0;
}

bool date_is_half_day(const char *word, size_t n, bool *ret_afternoon)
{
	if (n != 2)
		return false;
	*ret_afternoon = text_equal_n(word, "PM", 2);
	return *ret_afternoon || text_equal_n(word, "AM", 2);
}
