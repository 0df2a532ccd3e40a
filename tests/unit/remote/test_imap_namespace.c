/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/remote/imap_namespace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* names: "name:attr:prefix" with attr p(ersonal), o(thers'), s(hared). */
static const struct {
	const char *line, *names[8];
} cases[] = {
	{"((\"\" \"/\")) NIL NIL", {"INBOX:p:0", "a:p:0", "INBOX/a:p:0"}},
	{"((\"INBOX.\" \".\")) NIL ((\"shared.\" \".\"))",
		{"INBOX:p:0", "INBOX.a:p:6", "inbox.b:p:6", "shared.x:s:0",
			"Shared.x:p:0", "x:p:0", "INBOX.:p:0"}},
	/* Cyrus: what is nobody's is shared */
	{"((\"INBOX.\" \".\")) ((\"user.\" \".\")) ((\"\" \".\"))",
		{"INBOX:p:0", "Inbox:p:0", "INBOX.a:p:6", "user.bob:o:0",
			"news:s:0"}},
	/* Cyrus with the alternative namespace, and the same said oddly */
	{"((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared Folders/\" "
	 "\"/\"))",
		{"a:p:0", "Other Users/b:o:0", "Shared Folders/c:s:0"}},
	{"((\"\" \"/\")) ((\"\" \"/\")) NIL", {"a:p:0", "INBOX:p:0"}},
	/* below another, either way */
	{"((\"INBOX.\" \".\")) ((\"INBOX.user.\" \".\")) NIL",
		{"INBOX.user.bob:o:6", "INBOX.a:p:6"}},
	{"((\"\" \"/\")(\"#sh/me/\" \"/\")) NIL ((\"#sh/\" \"/\"))",
		{"#sh/a:s:0", "#sh/me/a:p:0", "a:p:0"}},
	{"NIL NIL NIL", {"a:p:0", "INBOX.a:p:0"}},
	{"((\"a\" \"/\" \"X\" (\"y\" \"z\"))) NIL NIL", {"ab:p:1", "b:p:0"}},
	{"garbage", {"a:p:0"}},
};

static void whose_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct imap_namespaces n = {.personal_count = 0};
		struct imap_line line;
		char got[128], name[64];

		imap_line_init(&line, cases[i].line, strlen(cases[i].line));
		imap_namespaces_read(&n, &line);
		imap_namespaces_default(&n);
		for (size_t k = 0; k < 8 && cases[i].names[k] != NULL; k++) {
			const char *want = cases[i].names[k];
			uint32_t attr;
			(void)snprintf(name, sizeof name, "%.*s",
				(int)strcspn(want, ":"), want);
			attr = imap_namespaces_attr(&n, name);
			(void)snprintf(got, sizeof got, "%s:%c:%u", name,
				attr == 0		 ? 'p'
				: attr == MAILBOX_OTHERS ? 'o'
							 : 's',
				imap_namespaces_prefix(&n, name));
			assert_string_equal(got, want);
		}
	}
}

static void no_more_than_fit(void **state)
{
	struct imap_namespaces n = {.personal_count = 0};
	char text[4096] = "(";
	struct imap_line line;
	size_t used = 1;

	(void)state;
	for (int i = 0; i < 40; i++)
		used += (size_t)snprintf(
			text + used, sizeof text - used, "(\"p%d/\" \"/\")", i);
	(void)snprintf(
		text + used, sizeof text - used, ") ((\"o/\" \"/\")) NIL");
	imap_line_init(&line, text, strlen(text));
	imap_namespaces_read(&n, &line);
	assert_int_equal(n.personal_count, IMAP_PREFIXES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(no_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
