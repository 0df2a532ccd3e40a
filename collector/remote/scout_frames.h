/* SPDX-License-Identifier: BSD-2-Clause */
/* scout_frames: RESOLVE host is answered by ADDRESS… (4 or 16 bytes) and
 * DONE, or by FAIL err. */
#ifndef MAILHAUL_REMOTE_SCOUT_FRAMES_H
#define MAILHAUL_REMOTE_SCOUT_FRAMES_H

#define SCOUT_HOST_MAX 254 /* RFC 1035 2.3.4, NUL included */

enum scout_frame {
	SCOUT_RESOLVE = 1,
	SCOUT_ADDRESS = 65,
	SCOUT_DONE,
	SCOUT_FAIL,
};

#endif
