/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Status lines: "* OK [CODE] text", tagged, and "+ …"; and what libetpan
 * 1.9.4 does with a code if nobody looks before it:
 *  - in the greeting and in "+" lines it parses BADCHARSET and its like
 *    through a NULL context;
 *  - a second BADCHARSET with a list is used after it was freed;
 *  - PERMANENTFLAGS with a first flag that is none dereferences a list that
 *    it has not made;
 *  - "[ALERT]" without text copies a NULL string;
 *  - a literal or an open string in a code swallows the lines after.
 * A status without text ("A1 OK") is an error to it; a CR right behind the
 * word becomes a blank, so that it reads an empty text, and one behind a code
 * becomes a "." for a text. Where the line ends in a bare LF there is no byte
 * to spare: behind a code it is refused, else it stays an error if tagged,
 * and goes to the catch-all parser if not.
 */
#include "guard_line.h"

#include <string.h>
#include <strings.h>

enum status_state {
	STATUS_TAG,
	STATUS_BEFORE_WORD,
	STATUS_WORD,
	STATUS_BEFORE_TEXT,
	STATUS_AFTER_CODE,
	STATUS_CODE,
	STATUS_CODE_LIST, /* behind "(": the first element is to come */
	STATUS_CODE_FLAG, /* behind "(\" */
	STATUS_TEXT,
};

void guard_status_begin(struct guard_line *l)
{
	l->code_len = 0;
	l->code_named = false;
	switch (l->kind) {
	case GUARD_TAGGED:
		l->status = STATUS_TAG;
		break;
	case GUARD_CONTINUE:
		l->status = STATUS_BEFORE_TEXT;
		break;
	case GUARD_STATUS:
	case GUARD_HEAD:
	case GUARD_DATA:
	case GUARD_MESSAGE:
	case GUARD_TAPPED:
		l->status = STATUS_WORD;
		break;
	}
}

/* What libetpan takes for the beginning of a flag or string. */
static bool begins_element(char c)
{
	return guard_line_is_word(c) && c != '%' && c != '*' && c != '\\' &&
	       (unsigned char)c > 0x1f;
}

static size_t scan_code_list(struct guard_line *l, char c, enum guard_event *ev)
{
	if (l->status == STATUS_CODE_LIST && (c == ' ' || c == '\t'))
		return 1;
	if (l->status == STATUS_CODE_LIST && c == '\\') {
		l->status = STATUS_CODE_FLAG;
		return 1;
	}
	if (l->status == STATUS_CODE_FLAG
			? c != '*' && (!begins_element(c) || c == ']')
			: c != ')' && c != '"' && !begins_element(c))
		return guard_line_refuse(
			l, ev, false, "a malformed response code");
	l->status = STATUS_CODE;
	if (c == '*')
		return 1;
	*ev = GUARD_MORE;
	return 0; /* looked at once more as an ordinary byte */
}

/* Collects the code's name. */
static void name_code(struct guard_line *l, char c)
{
	if (l->code_named)
		return;
	if (!guard_line_is_word(c))
		l->code_named = l->code_len != 0;
	else if (l->code_len < sizeof l->code)
		l->code[l->code_len++] = c;
}

/* By its beginning, as libetpan does. */
static bool is_badcharset(const struct guard_line *l)
{
	return l->code_len >= 10 && strncasecmp(l->code, "BADCHARSET", 10) == 0;
}

static size_t scan_code(struct guard_line *l, char c, enum guard_event *ev)
{
	if (l->status != STATUS_CODE)
		return scan_code_list(l, c, ev);
	name_code(l, c);
	if (c == '\n') {
		if (l->quoted)
			return guard_line_refuse(l, ev, false,
				"a line end inside a quoted string");
		*ev = GUARD_END_OF_LINE;
	} else if (l->quoted) {
		if (!l->escaped && c == '"')
			l->quoted = false;
		l->escaped = !l->escaped && c == '\\';
	} else if (c == '{') {
		return guard_line_refuse(
			l, ev, false, "a literal in a response code");
	} else if (c == '"' || c == '(') {
		if (l->strict)
			return guard_line_refuse(l, ev, false,
				"a string in the code of a greeting or of a "
				"continuation");
		if (c == '(' && is_badcharset(l))
			return guard_line_refuse(l, ev, false,
				"a list of character sets that nobody asked "
				"for");
		l->quoted = c == '"';
		if (c == '(') {
			l->depth++;
			l->status = STATUS_CODE_LIST;
		}
	} else if (c == ')') {
		l->depth -= l->depth > 0;
	} else if (c == ']' && l->depth == 0) {
		l->status = STATUS_AFTER_CODE;
	}
	return 1;
}

/* Up to where the code or the text begins. */
static size_t scan_status_word(
	struct guard_line *l, char *c, enum guard_event *ev)
{
	bool blank = *c == ' ' || *c == '\t';

	if (*c == '\n') {
		if (l->status == STATUS_AFTER_CODE)
			return guard_line_refuse(
				l, ev, false, "a response code without text");
		*ev = GUARD_END_OF_LINE;
		return 1;
	}
	switch ((enum status_state)l->status) {
	case STATUS_TAG:
		if (blank)
			l->status = STATUS_BEFORE_WORD;
		break;
	case STATUS_BEFORE_WORD:
		if (!blank)
			l->status = STATUS_WORD;
		break;
	case STATUS_WORD:
		if (*c == '\r')
			*c = ' ';
		if (blank || *c == ' ')
			l->status = STATUS_BEFORE_TEXT;
		break;
	case STATUS_BEFORE_TEXT:
		if (!blank)
			l->status = *c == '[' ? STATUS_CODE : STATUS_TEXT;
		break;
	case STATUS_AFTER_CODE:
		if (*c == '\r')
			*c = '.';
		if (!blank)
			l->status = STATUS_TEXT;
		break;
	case STATUS_CODE:
	case STATUS_CODE_LIST:
	case STATUS_CODE_FLAG:
	case STATUS_TEXT:
		break;
	}
	return 1;
}

static size_t scan_text(const char *bytes, size_t n, enum guard_event *ev)
{
	const char *nl = memchr(bytes, '\n', n);

	if (nl == NULL)
		return n;
	*ev = GUARD_END_OF_LINE;
	return (size_t)(nl - bytes) + 1;
}

size_t guard_status_scan(
	struct guard_line *l, char *bytes, size_t n, enum guard_event *ev)
{
	size_t i = 0;

	while (i < n && *ev == GUARD_MORE) {
		if (l->status == STATUS_TEXT) {
			size_t run = scan_text(bytes + i, n - i, ev);
			if (memchr(bytes + i, '\0', run) != NULL)
				return guard_line_refuse(l, ev, false,
					"a NUL byte outside a literal");
			i += run;
		} else if (bytes[i] == '\0') {
			return guard_line_refuse(
				l, ev, false, "a NUL byte outside a literal");
		} else if (l->status >= STATUS_CODE) {
			i += scan_code(l, bytes[i], ev);
		} else {
			i += scan_status_word(l, bytes + i, ev);
		}
	}
	return i;
}
