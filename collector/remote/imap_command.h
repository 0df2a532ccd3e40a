/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_command: one conversation with an IMAP server, as the imap_*.c see
 * it. Commands are written by ourselves on libetpan's stream with our own
 * tags; libetpan parses the answer, we read its lines again for what we want
 * to know of them (libetpan keeps the text of an answer, bodies left out,
 * until the next one). One command is in flight at a time, but for what
 * imap_ahead.c sends.
 * Any error of scope session poisons the transport: nothing leaves after it.
 */
#ifndef MAILHAUL_REMOTE_IMAP_COMMAND_H
#define MAILHAUL_REMOTE_IMAP_COMMAND_H

#include "../base/buf.h"
#include "imap.h"
#include "imap_line.h"
#include "verdict.h"

enum imap_cap {
	IMAP_CAP_SASL_IR = 1 << 0, /* RFC 4959 */
	IMAP_CAP_LOGINDISABLED = 1 << 2,
	IMAP_CAP_ID = 1 << 3,		 /* RFC 2971 */
	IMAP_CAP_NAMESPACE = 1 << 4,	 /* RFC 2342 */
	IMAP_CAP_LIST_EXTENDED = 1 << 5, /* RFC 5258 */
	IMAP_CAP_SPECIAL_USE = 1 << 6,	 /* RFC 6154 */
	IMAP_CAP_CONDSTORE = 1 << 7,	 /* RFC 7162 */
	IMAP_CAP_LITERAL_PLUS = 1 << 8,	 /* RFC 7888 */
	IMAP_CAP_LITERAL_MINUS = 1 << 9,
	IMAP_CAP_LIST_STATUS = 1 << 10, /* RFC 5819 */
	IMAP_CAP_QRESYNC = 1 << 11,	/* RFC 7162 */
	IMAP_CAP_ESEARCH = 1 << 12,	/* RFC 4731 */
	IMAP_CAP_COMPRESS = 1 << 13,	/* RFC 4978, DEFLATE */
	IMAP_CAP_IDLE = 1 << 14,	/* RFC 2177 */
	IMAP_CAP_STATUS_SIZE = 1 << 15, /* RFC 8438 */
	IMAP_CAP_OBJECTID = 1 << 20,	/* RFC 8474 */
	IMAP_CAP_GMAIL = 1 << 21,	/* X-GM-EXT-1 */
	IMAP_CAP_UIDPLUS = 1 << 22,	/* RFC 4315 */
};

/* ENABLE QRESYNC. */
enum imap_enable {
	IMAP_ENABLE_UNASKED,
	IMAP_ENABLE_SENT, /* its answer comes before any other */
	IMAP_ENABLE_REFUSED,
	IMAP_ENABLED,
};

/* How UIDs are listed, best first; a way that went wrong is not gone again. */
enum imap_uids_way { IMAP_UIDS_ESEARCH, IMAP_UIDS_SEARCH, IMAP_UIDS_FETCH };

enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD };
struct imap_answer {
	enum imap_status status;
	char code[32];	/* of [CODE …], upper case; "" = none */
	char text[256]; /* printable */
};

/* A tapped line but CAPABILITY: its word ("LIST", "ID" …), the cursor behind
 * it. -1 with err ends the conversation. */
typedef int imap_line_fn(
	void *arg, const char *word, struct imap_line *rest, struct err *err);

/* Who gets the messages of FETCH answers (imap_message.c). seq: the message
 * number, 0 where the server sent nonsense. */
struct imap_reader {
	enum session_section section;	   /* that bodies are of */
	const struct session_piece *piece; /* NULL: whole sections */
	/* NULL: nobody wants to know. See session_sink. */
	int (*large)(void *arg, uint32_t uid, uint64_t bytes, struct err *err);
	/* NULL: bodies are dropped. */
	int (*body)(void *arg, const void *bytes, size_t n, struct err *err);
	int (*message)(void *arg, uint32_t seq, const struct message_meta *meta,
		struct err *err);
	void *arg;
};

#define IMAP_GATHER_BYTES 8192
/* The body that is arriving; imap_message.c. */
struct imap_body {
	bool seen;	       /* bytes came since the last message */
	bool second;	       /* the same answer holds another body */
	bool flushed;	       /* a part of it has left already */
	bool headless;	       /* it begins with an empty line */
	uint64_t bytes;	       /* of it so far */
	size_t text_at;	       /* where in the answer's text it stands */
	size_t line_at;	       /* where the line begins that it belongs to */
	uint64_t unpaid_bytes; /* since the deadline was last moved */
	size_t n;
	char gathered[IMAP_GATHER_BYTES];
};

struct imap {
	struct session session; /* first */
	struct session_limits limits;
	struct transport *t;
	mailimap *m;
	struct session_info info;
	uint32_t caps;	/* enum imap_cap, or-ed; without what quirks forbid */
	uint32_t auths; /* AUTH=…, as AUTH_BIT; of the same lines as caps */
	bool caps_known;
	bool shared; /* see session_config */
	bool counts;
	uint32_t sent; /* tags are numbers, from 1 */
	uint32_t answered;
	bool waiting;	  /* for the answer to that one */
	bool throttled;	  /* it has said so, and gone on */
	uint32_t refused; /* answers that were NO or BAD */
	bool idling;	  /* imap_idle.c: the command in flight is IDLE */
	bool news;	  /* since IDLE was sent */
	bool idle_over;	  /* the server has answered IDLE without DONE */
	imap_line_fn *tap;
	void *tap_arg;
	const struct imap_reader *reader; /* NULL: messages are dropped */
	struct imap_body body;
	struct message_meta meta; /* scratch of imap_message.c */
	struct list *listing;	  /* imap_list.c: asked for, not read yet */
	struct imap_ahead *ahead; /* imap_ahead.c: selects to come */
	char *flying;		  /* the FETCH in flight for this mailbox */
	enum imap_enable enable;
	enum imap_uids_way uids_way;
	bool alone; /* one message is asked for */
	char *selected_name;
	bool selected;
	bool exists_known;
	uint32_t expunged;	      /* messages, since EXAMINE */
	struct mailbox_state mailbox; /* exists follows what is announced */
	char hello[1024]; /* the whole greeting; info has its beginning */
	char bye[256];
	char dialogue[SESSION_DIALOGUE_MAX];
	struct err cause; /* why a callback ended it; ERR_NONE = none did */
};

/* A command is begun, put together and ended, then waited for. What could
 * not be written shows at imap_end and imap_wait. */
void imap_begin(struct imap *im);
void imap_put(struct imap *im, const char *text);
/*
 * A string (RFC 9051 4.3): quoted, or a literal where quotes would not do,
 * for which the server's "+" is awaited. -1: the conversation broke, or the
 * server refused the literal (scope mailbox; the command is over then).
 */
int imap_put_string(
	struct imap *im, const char *bytes, size_t n, struct err *err);
int imap_end(struct imap *im, struct err *err);
/* So many more commands would be one refused too many, if all were: the server
 * would close (QUIRK_TEN_ERRORS). imap_end and imap_await_go end the session
 * before. */
bool imap_is_worn(const struct imap *im, uint32_t more);
/* The text behind the "+" that has come; borrowed until the next line. */
const char *imap_go_text(struct imap *im);
/* Waits for "+": 1. 0: the server answered the command instead. */
int imap_await_go(struct imap *im, const char *what,
	struct imap_answer *ret_answer, struct err *err);
/* The answer to the command in flight. what: for errors, "LIST". NO
 * and BAD are answers; -1 always means that the conversation is over. */
int imap_wait(struct imap *im, const char *what, struct imap_answer *ret_answer,
	struct err *err);
/* Whether a string needs no literal; and it in quotes. */
bool imap_can_quote(const char *bytes, size_t n);
void imap_put_quoted(struct imap *im, const char *bytes, size_t n);
/* All in one: line is the command without tag and CRLF. */
int imap_command(struct imap *im, const char *line, const char *what,
	struct imap_answer *ret_answer, struct err *err);

/*
 * Runs the commands that next writes into its (empty) line until it returns
 * false, one after the other. A NO or BAD ends the run (imap_refused, scope
 * mailbox). done may be NULL: called after each answer.
 * Not two at a time: Dovecot then answers both at once, messages of the
 * second between those of the first (RFC 9051 5.5 allows it), while ascending
 * order is what a listing is checked by and what lets a store keep UIDs. A
 * command asks for thousands, so that is one round trip in thousands.
 */
struct imap_run {
	const char *what;
	bool (*next)(void *arg, struct buf *line);
	int (*done)(void *arg, struct err *err);
	void *arg;
	bool ahead; /* the first may be in flight: imap_ahead_fetch */
};
int imap_run(struct imap *im, const struct imap_run *run, struct err *err);

/* ---- imap_error.c ---- */

/* libetpan's result r of waiting for `what`, the transport's error, the
 * callback's and a BYE, told as one. Poisons. -1. */
int imap_broken(struct imap *im, int r, const char *what, struct err *err);
/* A callback on libetpan's stack failed: keeps cause, nothing more is read. */
void imap_stop(struct imap *im, const struct err *cause);
/* NO or BAD by its response code and words (verdict.h); ERR_PROTOCOL with
 * scope and later where they say nothing. -1. */
int imap_refused(const struct imap_answer *a, const char *what,
	enum err_scope scope, struct err *err);
/* The same by a verdict that was found. -1. */
int imap_refused_as(const struct verdict *v, const struct imap_answer *a,
	const char *what, enum err_scope scope, struct err *err);

/* ---- imap_status.c ---- */

/* Takes note of one line of an answer: state of the mailbox, capabilities,
 * BYE. Tagged lines too. */
void imap_note_line(struct imap *im, const char *line, size_t n);
/* Reads "TAG OK|NO|BAD …"; false if the line is none. */
bool imap_read_tagged(const char *line, size_t n, uint32_t tag,
	struct imap_answer *ret_answer);
/* Text of a server for an error or a log: printable, cut to out. */
void imap_printable(const char *p, size_t n, char *out, size_t out_bytes);
/* The words of CAPABILITY. */
void imap_set_caps(struct imap *im, struct imap_line *rest);

/* ---- imap_quirks.c ---- */

/* Which quirks are in force (info.quirks), by all that is known by now, and
 * what of the capabilities is left then. */
void imap_quirks_learn(struct imap *im, const struct session_config *config);
/* The latter alone, where capabilities have come anew. */
void imap_quirks_mask(struct imap *im);
static inline bool imap_has_quirk(const struct imap *im, enum quirk quirk)
{
	return (im->info.quirks & (uint64_t)quirk) != 0;
}

/* ---- imap_message.c ---- */

/* libetpan's handlers; arg is the struct imap. */
void imap_message_start(struct imap *im);
/* After each answer: a body that no message claimed is given up. */
int imap_message_end(struct imap *im, struct err *err);

/* ---- imap_announce.c ---- */

/* A body begins: tells the reader whose it is, where it is large and the
 * answer has said so. */
int imap_message_announce(struct imap *im, struct err *err);

/* ---- imap_body.c ---- */

/* The body gathered is whole: MESSAGE_HAS_BODY, MESSAGE_IS_STUB or
 * MESSAGE_IS_INTERNAL; 0: there is none. */
uint32_t imap_body_judge(const struct imap *im);

/* ---- imap_ahead.c ---- */

int imap_ahead(struct session *s, const struct session_ahead *what);
/* 1: EXAMINE was sent before, and this is the answer; 0: it was not, nothing
 * is in flight any more; -1. */
int imap_ahead_select(struct imap *im, const char *mailbox,
	struct imap_answer *ret_answer, struct err *err);
/* 1: that command is in flight, its answer comes next; 0: nothing is in
 * flight, the mailbox is selected; -1. */
int imap_ahead_fetch(struct imap *im, const char *line, struct err *err);
/* Before any other command: nothing is in flight any more, and the mailbox is
 * selected. */
int imap_ahead_settle(struct imap *im, struct err *err);
void imap_ahead_free(struct imap *im);

/* ---- imap_vanished.c ---- */

/* Before the first EXAMINE: sends ENABLE QRESYNC where that is offered; the
 * answer is read by the next imap_wait, or here. */
int imap_enable(struct imap *im, bool wait, struct err *err);
int imap_enable_wait(
	struct imap *im, struct imap_answer *ret_answer, struct err *err);
/* The rest of an ENABLED line; of a VANISHED line that tells of an expunge. */
void imap_note_enabled(struct imap *im, struct imap_line *rest);
void imap_note_vanished(struct imap *im, struct imap_line rest);
int imap_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err);

/* ---- imap_idle.c ---- */

int imap_idle(struct session *s, struct err *err);
int imap_idle_end(struct session *s, struct err *err);
int imap_idle_look(struct session *s, struct err *err);
int imap_idle_fd(struct session *s);

/* ---- the rest ---- */

/* " EMAILID", " X-GM-MSGID" or "": the item that names a message. Gmail's
 * own comes first: labels depend on it. imap_scan.c */
const char *imap_emailid_item(const struct imap *im);
/* "EXAMINE"; "SELECT" only where a quirk wants it. imap_quirks.c */
const char *imap_select_verb(const struct imap *im);
/* 0 where a mailbox is selected, else -1. imap_scan.c */
int imap_need_selected(const struct imap *im, struct err *err);
int imap_statuses(struct session *s, const char *const *mailboxes, size_t count,
	session_status_fn *fn, void *arg,
	struct err *err); /* imap_statuses.c */
int imap_uids(struct session *s, session_range_fn *fn, void *arg,
	struct err *err); /* imap_uids.c */

/* Nothing is selected, nothing known. imap_scan.c */
void imap_mailbox_forget(struct imap *im);
/* The first command that session_fetch would send for one range in a mailbox
 * of that state; false if more would follow. imap_fetch.c */
bool imap_fetch_line(const struct imap *im, const struct mailbox_state *state,
	const struct uid_range *range, struct buf *line);

int imap_login(struct imap *im, const struct session_config *config,
	struct err *err); /* imap_login.c */
int imap_compress(struct imap *im, const struct session_config *config,
	struct err *err); /* imap_compress.c */
int imap_list(struct session *s, session_mailbox_fn *fn, void *arg,
	struct err *err); /* imap_list.c */
/* Asks for what imap_list will want, where the server does all of it in one
 * command: behind a command that the caller has begun and ends. Lines that are
 * not of a list go to other. */
void imap_list_send(struct imap *im, imap_line_fn *other);
/* Nobody has asked for it: reads and drops the answers. */
int imap_list_settle(struct imap *im, struct err *err);
void imap_list_free(struct imap *im);
int imap_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err); /* imap_scan.c */
int imap_select_writable(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err);
int imap_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err);
int imap_changes(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err);
int imap_fetch(struct session *s, const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err); /* imap_fetch.c */
int imap_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err);
int imap_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err);
int imap_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg,
	struct err *err); /* imap_expunge.c */

#endif
