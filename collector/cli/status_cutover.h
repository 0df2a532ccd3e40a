/* SPDX-License-Identifier: BSD-2-Clause */
/* status_cutover: what `status` says of an account that is finished, has ended
 * or waits for its hours. */
#ifndef MAILHAUL_CLI_STATUS_CUTOVER_H
#define MAILHAUL_CLI_STATUS_CUTOVER_H

#include "../../storage/jobs.h"

/* Of one that is not collected any more, instead of all else; false: it is. */
bool status_note_end(const struct job_status *s, char *out, size_t out_bytes);
/* Of others, behind what out holds. */
void status_note_cutover(const struct account *a, const struct job_status *s,
	char *out, size_t out_bytes);

#endif
