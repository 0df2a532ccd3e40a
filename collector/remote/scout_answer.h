/* SPDX-License-Identifier: BSD-2-Clause */
/* scout_answer: in the scout, the answer to one question. */
#ifndef MAILHAUL_REMOTE_SCOUT_ANSWER_H
#define MAILHAUL_REMOTE_SCOUT_ANSWER_H

#include "channel.h"

/* Reads the question from c, answers it and flushes. socket_fd, anchors_fd:
 * what came with it, or -1; the socket is taken (-1 then), anchors_fd is the
 * caller's. */
void scout_answer(struct channel *c, int *socket_fd, int anchors_fd);

#endif
