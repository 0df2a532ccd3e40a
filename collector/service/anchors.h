/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anchors: trust anchors as sealed memfds, one a CA file, shared by all runs.
 * Any thread.
 */
#ifndef MAILHAUL_SERVICE_ANCHORS_H
#define MAILHAUL_SERVICE_ANCHORS_H

#include "../base/err.h"

struct anchors;
struct anchors *anchors_new(void);
void anchors_free(struct anchors **a);
/* ca_file NULL: none (no TLS). The descriptor stays ours. */
int anchors_get(
	struct anchors *a, const char *ca_file, int *ret_fd, struct err *err);

#endif
