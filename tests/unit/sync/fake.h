/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake: a server in memory. Its mailboxes can change between runs and during
 * them; its messages can be poison, its connection can break at any byte, its
 * counts can lie. fake_session.h speaks for it.
 */
#ifndef TEST_SYNC_FAKE_H
#define TEST_SYNC_FAKE_H

#include "collector/remote/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_MESSAGES 256
#define FAKE_MAILBOXES 8
#define FAKE_PIECE 48	       /* bytes a body callback gets */
#define FAKE_LARGE_PIECE 16000 /* … of a large body */

enum fake_fault {
	FAKE_SOUND,
	FAKE_POISON,	   /* the session ends with ERR_PROTOCOL before it */
	FAKE_POISON_LATE,  /* … in the middle of its body */
	FAKE_POISON_RANGE, /* … before anything of a range that holds it */
	FAKE_HANGS_UP,	   /* the connection is lost in its body */
	FAKE_REFUSED,	   /* NO: scope mailbox, the session stays */
	FAKE_ABSENT,	   /* listed, never sent */
	FAKE_SHY,	   /* sent only when it is asked for alone */
	FAKE_NO_BODY,	   /* BODY[] NIL */
	FAKE_HOLLOW,	   /* BODY[] {0}, though its size is announced */
	FAKE_NO_UID,	   /* the UID item is missing */
	FAKE_NO_FLAGS,
	FAKE_STUB, /* a note in its place, which the session has seen */
	FAKE_INTERNAL,
};

/* What it does when it is asked for a piece of a message. */
enum fake_pieces {
	FAKE_PIECES_RIGHT,
	FAKE_PIECES_REFUSED, /* BAD */
	FAKE_PIECES_IGNORED, /* the whole: the session has seen that */
	FAKE_PIECES_NONE,    /* OK, and nothing */
	FAKE_PIECES_SHORT,   /* the first half */
	FAKE_PIECES_SHIFTED, /* from the next byte on, as long as asked */
};

struct fake_message {
	uint32_t uid;
	int id; /* which message it is, for the tests */
	enum fake_fault fault;
	int64_t date_s;
	uint64_t modseq;
	struct flags flags;
	char uidl[MESSAGE_UIDL_MAX]; /* "" = none */
	char emailid[MESSAGE_EMAILID_MAX];
	char *body;
	size_t size;
	bool read; /* in the session under way */
};

struct fake_mailbox {
	const char *name;
	char delimiter;
	uint32_t attrs;
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint64_t modseq;
	struct fake_message messages[FAKE_MESSAGES];
	size_t count;
	struct {
		uint32_t uid;
		uint64_t modseq;
	} gone[FAKE_MESSAGES]; /* expunged */
	size_t gone_count;
	uint32_t exists_lie; /* added to EXISTS */
	bool hide_uidnext;
	const char *mailboxid; /* NULL = none */
	bool refuses_select;
	enum err_class kills; /* selecting it ends the session with this */
	bool breaks_scan;     /* a scan ends the session with ERR_PROTOCOL */
	bool scan_is_short;   /* and knows it: EXISTS is more */
};

struct fake {
	struct fake_mailbox mailboxes[FAKE_MAILBOXES];
	size_t count;
	bool pop3, condstore;
	bool qresync;
	bool forgets; /* which messages have gone, and does not say so */
	bool emailid; /* messages have one */
	bool gmail;
	/* faults of the connection */
	int64_t cut_after_bytes;  /* of bodies; -1 = never; once */
	int64_t cut_at_message;	  /* before the nth from now; -1; once */
	enum err_class cut_class; /* of these two; 0: ERR_NETWORK */
	int dead_after_cut;	  /* so many later dials fail; -1 = all */
	bool was_cut;
	uint64_t session_bytes; /* of bodies: each session is lost then; 0 */
	enum fake_pieces pieces;
	int piece_asks;
	bool parts_work;	   /* of what is poison: header, text */
	bool chunks_work;	   /* and pieces of the whole */
	uint64_t understate;	   /* sizes are announced smaller by this */
	enum err_class open_fails; /* with RETRY_CHANGE */
	uint64_t quirks;	   /* in force */
	unsigned losses;	   /* so many selects lose the connection … */
	uint32_t in_flight;	   /* … with so many commands under way */
	unsigned pauses;	   /* so many selects are throttled … */
	uint32_t pause_ms;	   /* … for this long */
	bool day_is_over;	   /* selects are too much */
	struct quirk_overrides told; /* by the last config */
	bool has_status;	     /* STATUS tells something */
	bool list_status;	     /* LIST tells it, too */
	bool still;		     /* HIGHESTMODSEQ as told never moves */
	bool no_uid_lists;	     /* SEARCH and all fail */
	/* what it has been asked for */
	int opens, selects, scans, change_lists, fetches;
	int uid_lists, gone_lists;
	int statuses;  /* mailboxes */
	int bodies;    /* complete ones sent */
	int headers;   /* alone */
	int peeked;    /* size and date, beside a list of changes */
	size_t window; /* so many are shown, and hidden once read; 0: all */
	void (*on_close)(void *arg); /* politely */
	int abandoned;
	bool no_top;	 /* and they cannot be had */
	bool no_headers; /* asking for them ends the session */
	uint64_t bytes;
	/* called when a message has been sent */
	void (*on_message)(void *arg, struct fake_message *m);
	void (*on_open)(void *arg);
	void *arg;
};

/* ---- making a server */

static inline void fake_init(struct fake *f)
{
	memset(f, 0, sizeof *f);
	f->cut_after_bytes = -1;
	f->cut_at_message = -1;
	f->condstore = true;
}

static inline struct fake_mailbox *fake_mailbox(
	struct fake *f, const char *name)
{
	struct fake_mailbox *m = &f->mailboxes[f->count++];

	m->name = name;
	m->delimiter = '/';
	m->uidvalidity = 1000;
	m->uidnext = 1;
	m->modseq = 1;
	return m;
}

static inline struct fake_message *fake_add(struct fake_mailbox *m, int id)
{
	struct fake_message *msg = &m->messages[m->count++];
	int n;

	memset(msg, 0, sizeof *msg);
	msg->uid = m->uidnext++;
	msg->id = id;
	msg->date_s = 1500000000 + id;
	msg->modseq = ++m->modseq;
	(void)snprintf(msg->uidl, sizeof msg->uidl, "uidl-%d", id);
	n = asprintf(&msg->body,
		"X-Id: %d\r\nMessage-ID: <%d@x>\r\n\r\n%.*s\r\n", id, id,
		20 + id % 60,
		"a body that is long enough to be cut somewhere in its "
		"middle, more than once");
	msg->size = n > 0 ? (size_t)n : 0;
	return msg;
}

static inline void fake_fill(struct fake_mailbox *m, int first_id, int count)
{
	for (int i = 0; i < count; i++)
		(void)fake_add(m, first_id + i);
}

/* One of so many bytes. */
static inline struct fake_message *fake_add_large(
	struct fake_mailbox *m, int id, size_t size)
{
	struct fake_message *msg = fake_add(m, id);
	size_t n = msg->size;

	msg->body = mem_grow(msg->body, size, 1);
	msg->size = size;
	for (; n < size; n++)
		msg->body[n] = n % 72 == 70   ? '\r'
			       : n % 72 == 71 ? '\n'
					      : (char)('a' + (n / 7 + id) % 26);
	return msg;
}

static inline size_t fake_bytes(const struct fake_mailbox *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->messages[i].size;
	return n;
}

static inline struct fake_message *fake_find(struct fake_mailbox *m, int id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->messages[i].id == id)
			return &m->messages[i];
	abort(); /* the test has made a mistake */
}

static inline void fake_expunge(struct fake_mailbox *m, int id)
{
	struct fake_message *msg = fake_find(m, id);
	size_t at = (size_t)(msg - m->messages);
	uint32_t uid = msg->uid;

	free(msg->body);
	memmove(msg, msg + 1, (m->count - at - 1) * sizeof *msg);
	m->count--;
	m->modseq++;
	m->gone[m->gone_count % FAKE_MESSAGES].uid = uid;
	m->gone[m->gone_count++ % FAKE_MESSAGES].modseq = m->modseq;
}

static inline void fake_set_flags(
	struct fake_mailbox *m, int id, uint8_t system, const char *keyword)
{
	struct fake_message *msg = fake_find(m, id);

	memset(&msg->flags, 0, sizeof msg->flags);
	msg->flags.system = system;
	if (keyword != NULL)
		(void)flags_add(&msg->flags, keyword);
	msg->modseq = ++m->modseq;
}

/* All get new UIDs from first on, in a new epoch. */
static inline void fake_renumber(
	struct fake_mailbox *m, uint32_t uidvalidity, uint32_t first)
{
	m->uidvalidity = uidvalidity;
	m->uidnext = first;
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].uid = m->uidnext++;
}

static inline void fake_clear(struct fake *f)
{
	for (size_t i = 0; i < f->count; i++)
		for (size_t k = 0; k < f->mailboxes[i].count; k++)
			free(f->mailboxes[i].messages[k].body);
}

#endif
