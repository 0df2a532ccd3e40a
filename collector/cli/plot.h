/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plot: bars as inline SVG, each well-formed XML for itself, without script
 * and without a reference to anything; colours are classes of the page. What
 * a bar stands for is also its title, which browsers show under the pointer.
 */
#ifndef MAILHAUL_CLI_PLOT_H
#define MAILHAUL_CLI_PLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct plot_bar {
	const char *label; /* of a stranger, perhaps */
	uint64_t value;
	uint64_t bytes; /* told where not 0 */
};

/* Lying, one a line, in this order. what: for those who cannot see it.
 * Class of the bars: "bar", or "bad". */
void plot_lines(const struct plot_bar *bars, size_t count, const char *what,
	const char *class, FILE *out);
/* Standing, from left to right, with a scale; of labels as many as there is
 * room for. sum: a line of what it adds up to. */
void plot_columns(const struct plot_bar *bars, size_t count, const char *what,
	int sum, FILE *out);

#endif
