/* SPDX-License-Identifier: BSD-2-Clause */
/* consult_queue: which conversation may begin next, so that no host has more
 * sessions at once, or logins a minute, than it allows. Not locked. */
#ifndef MAILHAUL_SERVICE_CONSULT_QUEUE_H
#define MAILHAUL_SERVICE_CONSULT_QUEUE_H

#include "consult.h"

enum consult_turn { CONSULT_GO, CONSULT_WAIT, CONSULT_END };

struct consult_queue;
struct consult_queue *consult_queue_new(
	const struct settings *settings, const struct consult_many *many);
void consult_queue_free(struct consult_queue **queue);
/* CONSULT_GO: the one of ret_index has begun. CONSULT_WAIT: something has to
 * end, or time to pass. CONSULT_END: there is none left. */
enum consult_turn consult_queue_take(
	struct consult_queue *queue, size_t *ret_index);
void consult_queue_done(struct consult_queue *queue, size_t index);

#endif
