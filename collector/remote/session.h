/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: one authenticated conversation, whatever the protocol and wherever
 * the bytes are parsed. sync/ calls it; three kinds stand behind it: imap.c
 * and pop3.c (in an envoy, or in a test on a recorded conversation) and
 * session_channel.c (in the conductor: the same calls as frames to an envoy).
 *
 * A session belongs to one thread at a time. After a call has failed with
 * scope session or wider, only session_close is of use: drop it and open
 * another one. All strings passed to callbacks are borrowed for the call.
 * A callback that returns -1 ends the call with its err; where messages are
 * under way that ends the session too.
 */
#ifndef MAILHAUL_REMOTE_SESSION_H
#define MAILHAUL_REMOTE_SESSION_H

#include "../base/err.h"
#include "../base/mem.h"
#include "../model/auth.h"
#include "../model/certificate.h"
#include "../model/mailbox.h"
#include "../model/message.h"
#include "../model/quirk.h"
#include "../model/url.h"

#include <stddef.h>
#include <stdint.h>

#define SESSION_MS (INT64_C(6) * 3600 * 1000)

/* Bounds, from settings. Bytes unless the name says otherwise. */
#define SESSION_GREETING_BYTES 4096
struct session_limits {
	uint64_t message_bytes;
	uint64_t line_bytes;
	uint64_t nesting;
	uint64_t command_bytes; /* what libetpan may keep per command */
	uint64_t pop3_line_bytes;
	uint64_t greeting_bytes; /* 0 = SESSION_GREETING_BYTES */
	uint64_t messages;	 /* of a mailbox */
	uint64_t mailboxes;
	int64_t idle_ms;    /* no byte for this long: time-out */
	int64_t session_ms; /* whole session at most; 0 = SESSION_MS */
};

/* Who wants to know when a call waits for the far end: begin before, end
 * after; between them nothing of the caller is touched. begin NULL: nobody,
 * for the time being; changed by the session's thread alone. */
struct session_wait {
	void (*begin)(void *arg);
	void (*end)(void *arg);
	void *arg;
};

struct session_config {
	struct url url;
	struct secret secret;
	enum auth auth;
	bool token; /* that is what the secret is */
	struct session_limits limits;
	bool tls13_only;       /* tls.min_version = 1.3 */
	char fingerprint[128]; /* as pin.h reads it */
	/* NULL: nobody. Lives as long as the session; does not travel. */
	const struct session_wait *wait;
	bool wire_log; /* log the conversation, secrets replaced */
	bool bulk;     /* much is to come: compression may pay */
	struct quirk_overrides quirks; /* against what is recognised */
	bool shared;		       /* list others' mailboxes, too */
	bool counts; /* list with counts and bytes, whatever that costs */
};

/* What the far end turned out to be; for logs and `check`. */
struct session_info {
	char tls[64];	     /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" = plain */
	char greeting[256];  /* printable */
	char server_id[256]; /* ID answer (RFC 2971) or IMPLEMENTATION */
	char capabilities[2048]; /* after login, separated by spaces */
	bool condstore;
	bool qresync; /* session_vanished may answer */
	bool pipelining;
	bool compressed;
	bool emailid;	 /* messages have one: EMAILID or X-GM-MSGID */
	bool gmail;	 /* X-GM-EXT-1: mailboxes are labels */
	uint64_t quirks; /* enum quirk: in force */
	struct certificate certificate;
};

typedef int session_mailbox_fn(
	void *arg, const struct mailbox_info *info, struct err *err);
typedef int session_message_fn(
	void *arg, const struct message_meta *meta, struct err *err);

typedef int session_range_fn(
	void *arg, const struct uid_range *range, struct err *err);

/* index: of the mailbox in the question. */
typedef int session_status_fn(void *arg, size_t index,
	const struct mailbox_state *state, struct err *err);

struct session_sink {
	/* Bytes of what the next `message` call describes; to be dropped if
	 * that turns out to be no message. */
	int (*body)(void *arg, const void *bytes, size_t n, struct err *err);
	/* Ends a message. Without MESSAGE_HAS_BODY there was none (NIL, or
	 * the item is missing): not a message. Messages nobody asked for
	 * (unsolicited FETCH, no body) come too. */
	int (*message)(
		void *arg, const struct message_meta *meta, struct err *err);
	/* NULL, or: the bytes to come are those of this message, so many of
	 * them, at least SESSION_LARGE_BYTES. Not every server tells. */
	int (*large)(void *arg, uint32_t uid, uint64_t bytes, struct err *err);
	void *arg;
};

/* From this size on session_fetch tells beforehand whose bytes come. */
#define SESSION_LARGE_BYTES ((uint64_t)1024 * 1024)

enum session_section {
	SESSION_WHOLE,	/* BODY[] */
	SESSION_HEADER, /* BODY[HEADER]: with the empty line behind it */
	SESSION_TEXT,	/* BODY[TEXT]: the rest */
	SESSION_SECTIONS,
};

/* What session_fetch_piece asks for. */
struct session_piece {
	uint32_t uid;
	enum session_section section;
	uint32_t offset; /* in the section */
	uint32_t bytes;	 /* at most; 0, with offset 0: all of it */
};

/* What session_scan asks for. */
enum session_scan_items {
	SESSION_SCAN_FLAGS = 1 << 0,
	SESSION_SCAN_SIZE = 1 << 1,
	SESSION_SCAN_DATE = 1 << 2,
	SESSION_SCAN_EMAILID = 1 << 3, /* where session_info.emailid */
	SESSION_SCAN_LABELS = 1 << 4,  /* where session_info.gmail */
};

/* What will be asked next: session_ahead. */
struct session_ahead {
	char mailbox[NAME_MAILBOX_MAX];
	struct mailbox_state status; /* as the list told it */
	struct uid_range uids;	     /* of the fetch; 0: there will be none */
	bool last; /* more than this will be asked of this mailbox */
};

/* A few messages, as ranges (ascending, not overlapping). */
#define SESSION_PEEK_MAX 16
struct session_peek {
	struct uid_range ranges[SESSION_PEEK_MAX];
	size_t count;
};

struct session;
struct session_ops {
	void (*info)(struct session *s, struct session_info *ret_info);
	int (*list)(struct session *s, session_mailbox_fn *fn, void *arg,
		struct err *err);
	int (*select)(struct session *s, const char *mailbox,
		struct mailbox_state *ret_state, struct err *err);
	int (*scan)(struct session *s, uint32_t items, session_message_fn *fn,
		void *arg, struct err *err);
	int (*changes)(struct session *s, uint64_t since_modseq,
		const struct session_peek *peek, session_message_fn *fn,
		void *arg, struct err *err);
	int (*fetch)(struct session *s, const struct uid_range *ranges,
		size_t count, const struct session_sink *sink, struct err *err);
	void (*close)(struct session *s);
	/* NULL: headers are not to be had. */
	int (*headers)(struct session *s, const struct uid_range *ranges,
		size_t count, const struct session_sink *sink, struct err *err);
	/* NULL: messages are to be had whole only. */
	int (*fetch_piece)(struct session *s, const struct session_piece *piece,
		const struct session_sink *sink, struct err *err);
	/* NULL: nothing can be done ahead. */
	int (*ahead)(struct session *s, const struct session_ahead *what);
	/* NULL: not there. */
	int (*uids)(struct session *s, session_range_fn *fn, void *arg,
		struct err *err);
	int (*statuses)(struct session *s, const char *const *mailboxes,
		size_t count, session_status_fn *fn, void *arg,
		struct err *err);
	int (*vanished)(struct session *s, uint64_t since_modseq,
		session_range_fn *fn, void *arg, struct err *err);
	/* NULL: nothing is known. */
	const char *(*dialogue)(struct session *s);
	/* NULL: as close. */
	void (*abandon)(struct session *s);
	/* Deleting. NULL: as select; nothing can be deleted; nothing is kept
	 * back until then. */
	int (*select_writable)(struct session *s, const char *mailbox,
		struct mailbox_state *ret_state, struct err *err);
	int (*expunge)(struct session *s, const struct uid_range *ranges,
		size_t count, session_range_fn *fn, void *arg, struct err *err);
	int (*commit)(struct session *s, struct err *err);
	/* NULL: it cannot wait. */
	int (*idle)(struct session *s, struct err *err);
	int (*idle_end)(struct session *s, struct err *err);
	/* NULL: only where the bytes are read. */
	int (*idle_look)(struct session *s, struct err *err);
	int (*idle_fd)(struct session *s);
};
/* Each kind embeds this first. */
struct session {
	const struct session_ops *ops;
};

/* Never fails; zeroed members where nothing is known. */
void session_info(struct session *s, struct session_info *ret_info);

/*
 * IMAP: every mailbox of the personal namespaces, and of the others where
 * config.shared (marked MAILBOX_OTHERS, MAILBOX_SHARED), with attributes of
 * special use and subscription (LIST, LSUB where LIST-EXTENDED is missing;
 * NAMESPACE where offered); names as octets. POP3: one, "INBOX".
 */
int session_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err);

/*
 * STATUS of each, some in flight at once, before anything is selected; in
 * their order, those left out of which the server does not tell UIDVALIDITY,
 * UIDNEXT and MESSAGES. POP3: none.
 */
int session_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err);

/* EXAMINE (RFC 9051 6.3.3), with CONDSTORE where offered. POP3: the state of
 * the maildrop (exists; uidvalidity 0). Scope mailbox if the server says NO:
 * the session stays usable. */
int session_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err);

/*
 * Each message of the selected mailbox, ascending: UID, and the items asked
 * for. IMAP: FETCH by sequence numbers in ranges of at most 20,000; POP3:
 * UIDL and LIST together (uid = message number, uidl, size). A listing that
 * the server cut short is an error, never a shorter list.
 */
int session_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err);

/* IMAP with CONDSTORE: UID FLAGS MODSEQ of what changed since (RFC 7162
 * 3.1.4.1), by sequence numbers in ranges of 10,000. Scope mailbox, now:
 * messages were expunged meanwhile, ask again. POP3: nothing. */
int session_changes(struct session *s, uint64_t since_modseq,
	session_message_fn *fn, void *arg, struct err *err);
/*
 * The same, and before it, by one more command, UID INTERNALDATE RFC822.SIZE
 * of the messages in peek, where there are some: reported to fn as well,
 * without FLAGS, in any order. Those that are gone, or that the server does not
 * want to tell of, are not reported.
 */
int session_changes_peek(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err);

/*
 * All UIDs of the selected mailbox as ranges, ascending, none touching
 * another. IMAP: ESEARCH, else SEARCH, else FETCH, whatever this server does
 * right, 20,000 messages a command; as many as EXISTS says, unless an expunge
 * explains the difference: an error otherwise, never a shorter list. POP3:
 * not there (scope mailbox).
 */
int session_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err);

/*
 * UIDs expunged since (QRESYNC, RFC 7162 3.2.6), as session_uids reports
 * them; also such as never were there. 1: answered; what is left has to
 * agree with EXISTS all the same, since nothing but that can tell a server
 * that forgets. 0: it cannot say (ask session_uids). -1.
 */
int session_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err);

/*
 * Bodies of the messages in ranges (ascending, not overlapping; POP3:
 * message numbers), streamed in constant memory: IMAP UID FETCH (UID FLAGS
 * INTERNALDATE RFC822.SIZE BODY.PEEK[]), some 2,000 messages a command, one
 * command after the other, so that they come in ascending order; POP3: RETR,
 * pipelined where offered. Messages
 * that are gone are not reported. A message that POP3 refuses with -ERR is
 * reported without MESSAGE_HAS_BODY.
 */
int session_fetch(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err);

/*
 * A piece of one message, reported as session_fetch reports a whole one: IMAP
 * UID FETCH (… BODY.PEEK[section]<offset.bytes>) (RFC 9051 6.4.5). Fewer
 * bytes than asked for: the section ends there. A server that sends more, or
 * from another place: ERR_PROTOCOL, scope session. POP3 has no such thing
 * (RETR gives all, TOP only beginnings): scope mailbox, change.
 */
int session_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err);

/* Longest dialogue. */
#define SESSION_DIALOGUE_MAX 1400
/*
 * The last lines of the conversation of the last session_fetch or
 * session_fetch_piece, where it asked for one message only: "C: …" and "S: …",
 * printable, without secrets and content; "" where it is not known. Also after
 * the session has ended. Borrowed until the next call.
 */
const char *session_dialogue(struct session *s);

/*
 * As session_fetch, with the header of each message, the empty line behind it
 * included, in place of the whole: to recognise a message without fetching
 * it. The bytes are hashed by whoever asks; an envoy's word is not taken for
 * a hash. POP3: TOP, where there is one; those that it does not give are
 * not reported, or without MESSAGE_HAS_BODY.
 */
int session_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err);

/* SELECT (RFC 9051 6.3.2), for session_expunge. Scope mailbox where the
 * server says NO, or lets us only read. POP3: as session_select. */
int session_select_writable(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err);

/* Messages of a POP3 session that may be deleted in it. */
#define SESSION_DELETES_MAX 200

/*
 * Deletes exactly these messages of the mailbox that session_select_writable
 * has selected (ranges as for session_fetch, of messages that are there); fn
 * for those of which the server says that it is done, ascending.
 * IMAP: UID STORE +FLAGS.SILENT (\Deleted) and UID EXPUNGE (RFC 4315 2.1),
 * 1,000 messages in a round trip. Without UIDPLUS by EXPUNGE, and only where
 * UID SEARCH DELETED names these and no others. POP3: DELE, of at most
 * SESSION_DELETES_MAX; nothing is deleted before session_commit, and never
 * by session_close.
 * 1 done; 0 not to be done without others, nothing was deleted; -1: some may
 * be.
 */
int session_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err);
/* POP3: QUIT (RFC 1939 6); 0 only where the server says +OK. The session is
 * over then. IMAP: nothing is left to do. */
int session_commit(struct session *s, struct err *err);

/*
 * Foretells the selects to come, in their order, with the fetch behind each,
 * so that their round trips can be paid together. A hint: nothing changes
 * but the time it takes, whatever is asked then.
 */
void session_ahead(struct session *s, const struct session_ahead *what);

/*
 * The session waits for news of the selected mailbox (IDLE, RFC 2177, RFC 9051
 * 6.3.13): 1, and nothing but session_idle_end, session_close and, where the
 * bytes are read, the two below may be called; nothing of it needs a thread.
 * 0: the server cannot, or will not; the session is as it was. -1.
 */
int session_idle(struct session *s, struct err *err);
/* It waits no longer. 1: there is news; 0: there is none, as far as is known;
 * -1. */
int session_idle_end(struct session *s, struct err *err);
/* In the envoy, when session_idle_fd is readable: takes what has come and
 * waits for nothing. 1: there is news; 0: none yet; -1: the session is over. */
int session_idle_look(struct session *s, struct err *err);
int session_idle_fd(struct session *s);

/* LOGOUT / QUIT within 2 s if the session is sound, else just closes. */
void session_close(struct session **s);
/* Closes without a word: some servers hide or delete what was read once they
 * have heard QUIT. Also what becomes of a session whose conductor has died. */
void session_abandon(struct session **s);

/*
 * Opens a session in this process on a connected stream socket, which it
 * takes, even on failure. ca_pem: trust anchors; NULL = the system's (only
 * outside envoys). hangup_fd: the session ends with ERR_CANCELLED when its
 * peer closes (poll HUP/RDHUP); -1 = none. Not closed here.
 */
int session_open_direct(const struct session_config *config, int socket_fd,
	const char *ca_pem, size_t ca_pem_bytes, int hangup_fd,
	struct session **ret_session, struct err *err);
/* The same with anchors that sessions share (transport.h), borrowed for the
 * call; NULL where config->url.tls is TLS_NONE. effort: marked where the
 * session reads or writes; NULL = none. */
struct tls_anchors;
struct effort;
int session_open_anchors(const struct session_config *config, int socket_fd,
	struct tls_anchors *anchors, int hangup_fd, struct effort *effort,
	struct session **ret_session, struct err *err);

#endif
