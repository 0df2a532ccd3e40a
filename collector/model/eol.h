/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eol: line ends, streamed. CRLF becomes LF where the store's reader gives
 * back the bytes received: a reader turns every LF that has no CR before it
 * into CRLF, so a message with a bare LF, or with CR CR LF, cannot be undone
 * and has to be kept as received. Pure; no I/O.
 */
#ifndef MAILHAUL_MODEL_EOL_H
#define MAILHAUL_MODEL_EOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eol {
	bool cr;	  /* a CR is held back at the end of a piece */
	bool prev_cr;	  /* the byte before the held CR was a CR */
	uint64_t bare_lf; /* LFs without CR before them so far */
	uint64_t crcrlf;
	uint64_t lf;	/* LFs in all */
	uint64_t bytes; /* bytes in */
};

void eol_init(struct eol *e);
/*
 * Converts a piece: out must hold in_bytes + 1. Returns the bytes written to
 * out. A CR at the end of a piece is held back. Sets *ret_undoable to false
 * as soon as the message turns out not to be undoable, in which case the
 * output of this call is void and the caller starts anew as received
 * (everything written before this call came from plain CRLF and can be
 * turned back by LF → CRLF; a CR held back before it is *ret_held). e is
 * then as before the call: eol_count goes on from there with this piece.
 */
size_t eol_to_lf(struct eol *e, const char *in, size_t in_bytes, char *out,
	bool *ret_undoable, bool *ret_held);
/* The CR held back at the end of the message, if any: 0 or 1 bytes. */
size_t eol_finish(struct eol *e, char *out);
/* Counts for a message kept as received: bytes, LFs and bare LFs. The
 * virtual size (`,W=`) is bytes + bare LFs. */
void eol_count(struct eol *e, const char *in, size_t in_bytes);

#endif
