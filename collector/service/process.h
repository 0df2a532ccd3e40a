/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process: starts this program again as `mailhaul envoy`, `mailhaul scout` or
 * `mailhaul herald`, with a control socket as descriptor 3, standard error
 * shared and nothing else. Loop thread only.
 */
#ifndef MAILHAUL_SERVICE_PROCESS_H
#define MAILHAUL_SERVICE_PROCESS_H

#include "../base/err.h"

#include <stdbool.h>
#include <uv.h>

/* ret_control_fd: our end (SOCK_SEQPACKET, close-on-exec); caller closes.
 * *ret_open (written on failure too): the handle has to be uv_close()d. */
int process_spawn(uv_loop_t *loop, uv_process_t *process, const char *role,
	uv_exit_cb on_process_exit, bool *ret_open, int *ret_control_fd,
	struct err *err);

#endif
