/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scout_frames: the questions, one a channel, and what they are answered by
 * before DONE; or by FAIL err.
 *
 *   RESOLVE host resolver         ADDRESS… (4 or 16 bytes)
 *   SRV name resolver             RECORD… (priority weight port target)
 *   MX domain resolver            RECORD…
 * and with a connected socket and trust anchors beside the channel:
 *   PROBE tls13 protocol tls host PROBED tls greeting capabilities
 *   GET tls13 host port path local domain
 *                                 REDIRECT location, or OFFER… (protocol tls
 *                                 host port user oauth password)
 */
#ifndef MAILHAUL_REMOTE_SCOUT_FRAMES_H
#define MAILHAUL_REMOTE_SCOUT_FRAMES_H

#define SCOUT_HOST_MAX 254 /* RFC 1035 2.3.4, NUL included */
#define SCOUT_RESOLVER_MAX 64

enum scout_frame {
	SCOUT_RESOLVE = 1,
	SCOUT_SRV,
	SCOUT_MX,
	SCOUT_PROBE,
	SCOUT_GET,
	SCOUT_ADDRESS = 65,
	SCOUT_DONE,
	SCOUT_FAIL,
	SCOUT_RECORD,
	SCOUT_PROBED,
	SCOUT_REDIRECT,
	SCOUT_OFFER,
};

#endif
