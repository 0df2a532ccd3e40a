/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_frames: the words of the conversation between session_channel.c
 * (asks) and session_serve.c (answers).
 *
 *   OPEN config                 INFO, DONE
 *   LIST                        MAILBOX…, DONE
 *   SELECT name                 STATE, DONE
 *   SCAN items                  MESSAGE…, DONE
 *   CHANGES since, peek         MESSAGE…, DONE
 *   NAME…, STATUSES             STATUS…, DONE
 *   UIDS                        UID_RANGES…, DONE
 *   VANISHED since              CANNOT, DONE or UID_RANGES…, DONE
 *   RANGES…, FETCH              (BODY… MESSAGE)…, DONE
 *   RANGES…, HEADERS            (BODY… MESSAGE)…, DONE
 *   PIECE what                  (BODY… MESSAGE)…, DONE
 *   SELECT_WRITABLE name        STATE, DONE
 *   RANGES…, EXPUNGE            CANNOT, DONE or UID_RANGES…, DONE
 *   COMMIT                      DONE
 *   AHEAD what                  (nothing)
 *   IDLE                        CANNOT, DONE or DONE, later EVENT, once
 *   WAKE                        EVENT where it had been under way, DONE
 *   CLOSE                       the far end closes
 *
 * DIALOGUE text may stand before the end of an answer to FETCH and PIECE.
 * LARGE uid bytes may stand before the first BODY of an answer to FETCH.
 * Any answer may end with FAIL err instead of DONE.
 */
#ifndef MAILHAUL_REMOTE_SESSION_FRAMES_H
#define MAILHAUL_REMOTE_SESSION_FRAMES_H

#include "channel.h"
#include "session.h"

enum session_frame {
	SESSION_OPEN = 1,
	SESSION_LIST,
	SESSION_SELECT,
	SESSION_SCAN,
	SESSION_CHANGES,
	SESSION_RANGES, /* first, last; first, last; … */
	SESSION_FETCH,	/* all ranges have been said */
	SESSION_CLOSE,
	SESSION_AHEAD,
	SESSION_HEADERS, /* as FETCH */
	SESSION_UIDS,
	SESSION_VANISHED,
	SESSION_NAME,	  /* of a mailbox */
	SESSION_STATUSES, /* all names have been said */
	SESSION_SELECT_WRITABLE,
	SESSION_EXPUNGE, /* as FETCH */
	SESSION_COMMIT,
	SESSION_IDLE, /* nothing but WAKE and CLOSE until WAKE is done */
	SESSION_WAKE,
	SESSION_PIECE,

	SESSION_INFO = 65,
	SESSION_MAILBOX,
	SESSION_STATE,
	SESSION_MESSAGE,
	SESSION_BODY,
	SESSION_DONE,
	SESSION_FAIL,
	SESSION_UID_RANGES, /* as RANGES */
	SESSION_CANNOT,
	SESSION_STATUS,	  /* number of the name, state */
	SESSION_EVENT,	  /* unasked: there is news */
	SESSION_DIALOGUE, /* of a fetch of one message */
	SESSION_LARGE,	  /* whose the body is that comes, and its length */
};

#define SESSION_RANGES_FRAME 4096     /* ranges in a frame at most */
#define SESSION_NAMES_MAX 65536	      /* and mailboxes in a question */
#define SESSION_RANGES_MAX (1u << 21) /* and in a fetch: 16 MiB */

/* The getters are false for what no honest end can mean. */
void session_put_config(struct channel *c, const struct session_config *v);
/* ret_config->secret is the caller's to clear, on failure too. */
bool session_get_config(struct channel *c, struct session_config *v);
void session_put_info(struct channel *c, const struct session_info *v);
/* Texts come out printable. */
bool session_get_info(struct channel *c, struct session_info *v);
void session_put_mailbox(struct channel *c, const struct mailbox_info *v);
bool session_get_mailbox(struct channel *c, struct mailbox_info *v);
void session_put_state(struct channel *c, const struct mailbox_state *v);
bool session_get_state(struct channel *c, struct mailbox_state *v);

/* False at 0, and where last is below first. */
bool session_get_range(struct channel *c, struct uid_range *v);

void session_put_piece(struct channel *c, const struct session_piece *v);
bool session_get_piece(struct channel *c, struct session_piece *v);

/* What is left of a frame. False where a range is not above the one before
 * it, and where there are too many. */
void session_put_peek(struct channel *c, const struct session_peek *v);
bool session_get_peek(struct channel *c, struct session_peek *v);

void session_put_ahead(struct channel *c, const struct session_ahead *v);
bool session_get_ahead(struct channel *c, struct session_ahead *v);

#endif
