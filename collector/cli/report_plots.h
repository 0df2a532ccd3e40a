/* SPDX-License-Identifier: BSD-2-Clause */
/* report_plots: the figures of report_html; none where there is nothing to
 * show. */
#ifndef MAILHAUL_CLI_REPORT_PLOTS_H
#define MAILHAUL_CLI_REPORT_PLOTS_H

#include "report.h"

void report_plot_mailboxes(const struct report_account *a, FILE *out);
void report_plot_years(const struct report_account *a, FILE *out);
void report_plot_times(const struct report_account *a, FILE *out);
void report_plot_reasons(const struct report_account *a, FILE *out);

#endif
