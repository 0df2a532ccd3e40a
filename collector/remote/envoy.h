/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envoy: the process that talks to one foreign server and holds nothing of
 * value. It is this program again, started as `mailhaul envoy` with its end
 * of a control socket as descriptor 3; each control message carries the
 * session's channel, the connected socket and a sealed memfd of PEM trust
 * anchors. A session is one thread. It ends when the control socket does and
 * the last session is over.
 */
#ifndef MAILHAUL_REMOTE_ENVOY_H
#define MAILHAUL_REMOTE_ENVOY_H

#include "../base/err.h"

#define ENVOY_CONTROL_FD 3

/*
 * The whole life of an envoy process; its exit status. It ends of itself, in
 * failure, when a thread does not let go of a session whose channel was
 * closed ENVOY_STUCK_S ago, or has computed for ENVOY_EFFORT_S on its own
 * clock without reading or writing (a SCRAM proof takes some). SIGINT, SIGTERM
 * and SIGHUP do not end it: it has to outlive the conductor's draining.
 */
#define ENVOY_STUCK_S 20
#define ENVOY_EFFORT_S 30
int envoy_main(void);

/* Conductor: hands a session over. anchors_fd: -1 or an empty file where the
 * session has no TLS. An envoy that has gone: ERR_CRASH. All three descriptors
 * stay the caller's, who closes its copies of channel_fd's far end and
 * socket_fd. */
int envoy_hand_over(int control_fd, int channel_fd, int socket_fd,
	int anchors_fd, struct err *err);

/* A sealed memfd with the PEM bytes of a file ("system": Debian's bundle
 * /etc/ssl/certs/ca-certificates.crt, else OpenSSL's default file). ERR_CONFIG
 * if it cannot be read or holds no certificate. Caller closes. */
int envoy_anchors_fd(const char *ca_file, int *ret_fd, struct err *err);

#endif
