/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile_script: what an envoy says, written as text, so that a table of
 * broken rules can be read. */
#ifndef TEST_REMOTE_HOSTILE_SCRIPT_H
#define TEST_REMOTE_HOSTILE_SCRIPT_H

#include "collector/base/buf.h"
#include "collector/remote/session_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 100000

/* What an envoy says is written as text: "D" DONE, "I" a good INFO, "S" a
 * good STATE, "X" a good MAILBOX, "mN" MESSAGE of UID N without a body, "MN"
 * with one, "bN" BODY of N bytes, "F" a FAIL of the session, "f" one of the
 * mailbox, "rN" UID_RANGES N:N, "RN" N:3, "tN" an empty frame of type N, "lN"
 * only a header that announces N bytes of BODY, "k" a frame cut in the middle;
 * then the envoy dies. */
static inline void add_frame(
	struct buf *out, uint8_t type, const void *p, size_t n)
{
	const unsigned char head[5] = {(unsigned char)n,
		(unsigned char)(n >> 8), (unsigned char)(n >> 16),
		(unsigned char)(n >> 24), type};

	assert_int_equal(buf_add(out, head, sizeof head), 0);
	assert_int_equal(buf_add(out, p, n), 0);
}

static inline void add_u32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static inline void add_message(struct buf *out, uint32_t has, uint32_t uid)
{
	unsigned char p[8];

	add_u32(p, has | MESSAGE_HAS_UID);
	add_u32(p + 4, uid);
	add_frame(out, SESSION_MESSAGE, p, sizeof p);
}

static inline void add_fail(struct buf *out, enum err_scope scope)
{
	unsigned char p[27] = {ERR_REFUSED, (unsigned char)scope,
		ERR_RETRY_LATER, [17] = 2, [21] = 'n', [22] = 'o'};

	add_frame(out, SESSION_FAIL, p, sizeof p);
}

static inline void add_step(struct buf *out, char what, uint32_t n)
{
	static const char zeros[MESSAGE_BYTES];
	const unsigned char box[47] = {1, 0, 0, 0, 'B', '/'};
	unsigned char head[5] = {0, 0, 0, 0, SESSION_BODY};
	unsigned char range[8];

	switch (what) {
	case 'D':
		add_frame(out, SESSION_DONE, "", 0);
		break;
	case 'I':
		add_frame(out, SESSION_INFO, zeros, 62);
		break;
	case 'S':
		add_frame(out, SESSION_STATE, zeros, 24);
		break;
	case 'X':
		add_frame(out, SESSION_MAILBOX, box, sizeof box);
		break;
	case 'm':
		add_message(out, 0, n);
		break;
	case 'M':
		add_message(out, MESSAGE_HAS_BODY, n);
		break;
	case 'b':
		assert_true(n <= sizeof zeros);
		add_frame(out, SESSION_BODY, zeros, n);
		break;
	case 'F':
		add_fail(out, ERR_SCOPE_SESSION);
		break;
	case 'f':
		add_fail(out, ERR_SCOPE_MAILBOX);
		break;
	case 'r':
	case 'R':
		add_u32(range, n);
		add_u32(range + 4, what == 'r' ? n : 3);
		add_frame(out, SESSION_UID_RANGES, range, sizeof range);
		break;
	case 't':
		add_frame(out, (uint8_t)n, "", 0);
		break;
	case 'l':
		add_u32(head, n);
		assert_int_equal(buf_add(out, head, sizeof head), 0);
		break;
	case 'k':
		assert_int_equal(buf_add(out, "\7\0\0\0\0x", 6), 0);
		break;
	default:
		fail_msg("no step %c", what);
	}
}

static inline void compile(struct buf *out, const char *script)
{
	for (const char *s = script; *s != '\0';) {
		char what = *s++, *end;
		uint32_t n = 0;

		if (what == ' ')
			continue;
		if (*s >= '0' && *s <= '9') {
			n = (uint32_t)strtoul(s, &end, 10);
			s = end;
		}
		add_step(out, what, n);
	}
}

#endif
