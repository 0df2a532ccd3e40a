/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libetpan behind the guard, over a real transport: whatever a server sends,
 * it ends in an answer or an error, never in a crash. The first byte chooses
 * the command; the rest is all that the server ever says.
 */
#include "collector/remote/catchall.h"
#include "collector/remote/transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libetpan leaks on some of its error paths; an envoy is a process that ends.
 * What matters here is memory that is used after or beyond its life. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Reads all, so that a wrong length is seen. */
static void touch(const char *bytes, size_t n)
{
	volatile char sink;

	for (size_t i = 0; bytes != NULL && i < n; i++) {
		sink = bytes[i];
		(void)sink;
	}
}

static void touch_str(const char *s)
{
	if (s != NULL)
		touch(s, strlen(s));
}

static bool on_body(int type, struct mailimap_msg_att_body_section *section,
	const char *bytes, size_t n, void *arg)
{
	(void)type;
	(void)section;
	(void)arg;
	touch(bytes, n);
	return true;
}

static void on_flags(const struct mailimap_msg_att_dynamic *dynamic)
{
	clistiter *i = dynamic->att_list == NULL
			       ? NULL
			       : clist_begin(dynamic->att_list);

	for (; i != NULL; i = clist_next(i)) {
		struct mailimap_flag_fetch *f = clist_content(i);
		if (f->fl_type == MAILIMAP_FLAG_FETCH_OTHER &&
			f->fl_flag->fl_type == MAILIMAP_FLAG_KEYWORD)
			touch_str(f->fl_flag->fl_data.fl_keyword);
	}
}

static void on_message(struct mailimap_msg_att *message, void *arg)
{
	(void)arg;
	for (clistiter *i = clist_begin(message->att_list); i != NULL;
		i = clist_next(i)) {
		struct mailimap_msg_att_item *item = clist_content(i);
		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
			on_flags(item->att_data.att_dyn);
	}
}

static void no_progress(size_t current, size_t maximum, void *arg)
{
	(void)current;
	(void)maximum;
	(void)arg;
}

static int on_tap(void *arg, const char *line, size_t n)
{
	(void)arg;
	touch(line, n + 1);
	return 0;
}

static int fetch(mailimap *imap)
{
	struct mailimap_fetch_type *type =
		mailimap_fetch_type_new_fetch_att_list_empty();
	struct mailimap_set *set = mailimap_set_new_interval(1, 0);
	clist *list = NULL;
	int r;

	(void)mailimap_fetch_type_new_fetch_att_list_add(
		type, mailimap_fetch_att_new_uid());
	(void)mailimap_fetch_type_new_fetch_att_list_add(
		type, mailimap_fetch_att_new_flags());
	r = mailimap_uid_fetch(imap, set, type, &list);
	if (r == MAILIMAP_NO_ERROR)
		mailimap_fetch_list_free(list);
	mailimap_fetch_type_free(type);
	mailimap_set_free(set);
	return r;
}

static int command(mailimap *imap, unsigned which)
{
	struct mailimap_response *response;
	int r;

	switch (which) {
	case 0:
		return fetch(imap);
	case 1:
		return mailimap_examine(imap, "INBOX");
	case 2:
		r = mailimap_idle(imap);
		return r == MAILIMAP_NO_ERROR ? mailimap_idle_done(imap) : r;
	case 3:
		return mailimap_login(imap, "u", "p");
	case 4:
		return mailimap_starttls(imap);
	default:
		if (mailimap_send_current_tag(imap) != MAILIMAP_NO_ERROR ||
			mailstream_write(imap->imap_stream, "X\r\n", 3) != 3 ||
			mailstream_flush(imap->imap_stream) != 0 ||
			mailimap_read_line(imap) == NULL)
			return MAILIMAP_ERROR_STREAM;
		r = mailimap_parse_response(imap, &response);
		if (r == MAILIMAP_NO_ERROR)
			mailimap_response_free(response);
		return r;
	}
}

static void converse(struct transport *t, unsigned which)
{
	mailimap *imap = mailimap_new(0, NULL);
	int r;

	mailimap_set_progress_callback(imap, no_progress, no_progress, NULL);
	mailimap_set_msg_att_handler(imap, on_message, NULL);
	mailimap_set_msg_body_handler(imap, on_body, NULL);
	r = mailimap_connect(imap, transport_stream(t, 4096));
	if (r == MAILIMAP_NO_ERROR_NON_AUTHENTICATED && which != 3)
		imap->imap_state = MAILIMAP_STATE_SELECTED;
	if (imap->imap_selection_info == NULL)
		imap->imap_selection_info = mailimap_selection_info_new();
	if (r == MAILIMAP_NO_ERROR_NON_AUTHENTICATED)
		r = command(imap, which);
	for (int i = 0; i < 3 && r == MAILIMAP_NO_ERROR; i++) {
		transport_begin_command(t);
		r = command(imap, i == 1 ? 0 : 9);
	}
	transport_poison(t);
	mailimap_free(imap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct guard_limits limits = {.line_bytes = 65536,
		.literal_bytes = 65536,
		.command_bytes = 131072};
	const struct transport_config config = {.idle_ms = 2000,
		.hangup_fd = -1,
		.limits = &limits,
		.tap = on_tap};
	struct transport *t;
	int ends[2];

	if (size < 1 || size > 100000)
		return 0;
	catchall_register();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	/* It all fits into the socket's buffer. */
	if (send(ends[0], data + 1, size - 1, MSG_DONTWAIT) !=
		(ssize_t)(size - 1))
		abort();
	(void)shutdown(ends[0], SHUT_WR);
	t = transport_new(ends[1], &config);
	converse(t, data[0] % 6);
	transport_free(&t);
	(void)close(ends[0]);
	return 0;
}
