/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_keys.h"

#include <string.h>
#include <utf8proc.h>

#define ESCAPE 27
#define CTRL(letter) ((letter) - '@')
#define ALL INT64_C(1000000000)

/* Takes the last character off. */
static void shorten(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

static void lengthen(char text[WATCH_FILTER_BYTES], int32_t key)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char(key, bytes);
	size_t len = strlen(text);

	if (n <= 0 || len + (size_t)n >= WATCH_FILTER_BYTES)
		return;
	memcpy(text + len, bytes, (size_t)n);
	text[len + (size_t)n] = '\0';
}

static void key_typing(struct watch *w, int32_t key)
{
	if (key == WATCH_KEY_ENTER || key == ESCAPE)
		w->typing = false;
	if (key == ESCAPE || key == CTRL('U'))
		w->filter[0] = '\0';
	else if (key == WATCH_KEY_BACKSPACE)
		shorten(w->filter);
	else if (key >= ' ' && key < WATCH_KEY_UP)
		lengthen(w->filter, key);
	w->top = 0;
	watch_rearrange(w);
}

/* How far a key moves; 0: it does not. */
static int64_t step_of(const struct watch *w, int32_t key)
{
	switch (key) {
	case WATCH_KEY_UP:
	case 'k':
		return -1;
	case WATCH_KEY_DOWN:
	case 'j':
		return 1;
	case WATCH_KEY_PAGE_UP:
		return -(int64_t)w->room;
	case WATCH_KEY_PAGE_DOWN:
	case ' ':
		return w->room;
	case WATCH_KEY_HOME:
	case 'g':
		return -ALL;
	case WATCH_KEY_END:
	case 'G':
		return ALL;
	default:
		return 0;
	}
}

static void scroll(struct watch *w, int64_t by)
{
	int64_t to = (int64_t)w->scroll + by, most = (int64_t)w->scroll_most;

	if (to > most)
		to = most;
	w->scroll = to > 0 ? (size_t)to : 0;
}

static enum watch_act turn_to(struct watch *w, enum watch_page page)
{
	if (page == WATCH_HELP)
		w->before_help = w->page;
	w->page = page;
	w->scroll = 0;
	return WATCH_READ;
}

/* Esc in the list takes back one thing after the other. */
static void undo(struct watch *w)
{
	if (w->filter[0] != '\0' || w->only != WATCH_ALL) {
		w->filter[0] = '\0';
		w->only = WATCH_ALL;
	} else {
		w->chosen = 0;
	}
	watch_rearrange(w);
}

static enum watch_act back(struct watch *w)
{
	if (w->page == WATCH_HELP)
		return turn_to(w, w->before_help);
	if (w->page == WATCH_ACCOUNT)
		return turn_to(w, WATCH_LIST);
	undo(w);
	return WATCH_NOTHING;
}

static enum watch_act act_of(int32_t key)
{
	switch (key) {
	case 'p':
		return WATCH_PAUSE;
	case 'r':
		return WATCH_RESUME;
	case 't':
		return WATCH_RETRY;
	case 'n':
		return WATCH_SYNC;
	default:
		return WATCH_NOTHING;
	}
}

static enum watch_act about_chosen(
	struct watch *w, int32_t key, int64_t now_mono_ms)
{
	enum watch_act act = act_of(key);
	bool opens = w->page == WATCH_LIST &&
		     (key == WATCH_KEY_ENTER || key == WATCH_KEY_RIGHT);

	if (act == WATCH_NOTHING && !opens)
		return WATCH_NOTHING;
	if (watch_chosen(w) == NULL) {
		watch_say(w, CANVAS_WARN, now_mono_ms,
			"no account is chosen: first move to one (Down)");
		return WATCH_NOTHING;
	}
	return opens ? turn_to(w, WATCH_ACCOUNT) : act;
}

static void key_list(struct watch *w, int32_t key)
{
	switch (key) {
	case '/':
		w->typing = true;
		return;
	case 's':
		w->sort = (w->sort + 1) % WATCH_SORTS;
		w->reversed = false;
		break;
	case 'S':
		w->reversed = !w->reversed;
		break;
	case 'f':
		w->only = (w->only + 1) % WATCH_ONLYS;
		break;
	default:
		return;
	}
	/* another order is read from its top; the choice would be elsewhere */
	w->top = 0;
	w->chosen = 0;
	watch_rearrange(w);
}

enum watch_act watch_key(struct watch *w, int32_t key, int64_t now_mono_ms)
{
	int64_t step;

	if (key == CTRL('L'))
		return WATCH_REDRAW;
	if (key == '\r' || key == '\n')
		key = WATCH_KEY_ENTER;
	if (key == 127 || key == CTRL('H'))
		key = WATCH_KEY_BACKSPACE;
	if (w->typing) {
		key_typing(w, key);
		return WATCH_NOTHING;
	}
	step = step_of(w, key);
	/* a key says more than what was said before it */
	w->message_until_ms = 0;
	if (key == 'q')
		return WATCH_QUIT;
	if (key == '?' && w->page != WATCH_HELP)
		return turn_to(w, WATCH_HELP);
	if (key == ESCAPE || key == WATCH_KEY_LEFT ||
		key == WATCH_KEY_BACKSPACE)
		return back(w);
	if (step != 0 && w->page == WATCH_LIST)
		watch_move(w, step);
	else if (step != 0)
		scroll(w, step);
	else if (w->page == WATCH_LIST)
		key_list(w, key);
	return w->page != WATCH_HELP ? about_chosen(w, key, now_mono_ms)
				     : WATCH_NOTHING;
}
