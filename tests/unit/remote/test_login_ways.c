/* SPDX-License-Identifier: BSD-2-Clause */
/* Each way to log in as a conversation, over POP3 and IMAP: what is said, in
 * which order, and that nothing is said after a refusal that is final. Name
 * "ann", secret or token "pa55word". */
#include "imap_talk.h"

#include <stdint.h>

#define USER64 "YW5u"
#define PASS64 "cGE1NXdvcmQ="
#define PLAIN64 "AGFubgBwYTU1d29yZA=="
#define CHALLENGE64 "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UuZXhhbXBsZS5uZXQ+"
#define CRAM64 "YW5uIDIyMGM5YTIzOTgzMGI1Y2JlODM1NmEzN2M5OWFjNDYx"
#define APOP "5e60403ec5562e8e1ef9420af312c815"
#define XOAUTH64 "dXNlcj1hbm4BYXV0aD1CZWFyZXIgcGE1NXdvcmQBAQ=="
#define BEARER64                                                       \
	"bixhPWFubiwBaG9zdD1tYWlsLnRlc3QBcG9ydD0xMTABYXV0aD1CZWFyZXIg" \
	"cGE1NXdvcmQBAQ=="
#define TOLD64 "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJtYWlsIn0="
#define FOREIGN64 "cj1ub3Qtb3VyLW5vbmNlLHM9UVNYQ1IrUTZzZWs4YmY5MixpPTQwOTY="
#define LIKE "biwsbj1hbm4scj*"

#define CAPA(words) "C: CAPA\nS: +OK\nS: SASL " words "\nS: .\n"
#define IN "S: +OK in\nC: CAPA\nS: -ERR\nC: QUIT\n"
#define GREETS(words) "S: * OK [CAPABILITY IMAP4rev1 " words "] hi\n"
#define IN4 "S: $T OK [CAPABILITY IMAP4rev1] in\n"

struct way {
	enum auth auth;
	enum err_class class; /* ERR_NONE: it is in */
	const char *script;
	const char *told; /* stands in the error; NULL = nothing special */
};

static void play(enum protocol protocol, const struct way *way)
{
	struct session_config c;
	struct talk t;
	int r;

	talk_init(&t);
	talk_config(&c);
	c.url.protocol = protocol;
	c.url.port = 110;
	c.auth = way->auth;
	c.token = auth_takes_token(way->auth);
	r = talk_open_as(&t, &c, way->script);
	if ((r == 0) != (way->class == ERR_NONE) ||
		(r < 0 && t.err.class != way->class))
		fail_msg("%s: %s\n%s", auth_name(way->auth),
			r < 0 ? t.err.text : "it is in", way->script);
	if (way->told != NULL && strstr(t.err.text, way->told) == NULL)
		fail_msg("not \"%s\": %s", way->told, t.err.text);
	assert_null(strstr(t.err.text, TALK_PASSWORD));
	if (t.s != NULL)
		session_close(&t.s);
	if (!script_finish(&t.script))
		fail_msg("%s\n%s", t.script.why, way->script);
	script_free(&t.script);
	buf_free(&t.told);
	buf_free(&t.body);
}

static void test_pop3(void **state)
{
	static const struct way ways[] = {
		{AUTH_LOGIN, ERR_NONE,
			"S: +OK\n" CAPA("LOGIN") "C: AUTH LOGIN\n"
						 "S: + VXNlcm5hbWU6\nC: " USER64
						 "\n"
						 "S: + UGFzc3dvcmQ6\nC: " PASS64
						 "\n" IN,
			NULL},
		{AUTH_LOGIN, ERR_AUTH,
			"S: +OK\n" CAPA(
				"LOGIN") "C: AUTH LOGIN\nS: +\n"
					 "C: " USER64 "\nS: + \nC: " PASS64 "\n"
					 "S: -ERR pa55word is wrong\nEOF\n",
			"***"},
		{AUTH_LOGIN, ERR_PROTOCOL,
			"S: +OK\n" CAPA("LOGIN") "C: AUTH LOGIN\nS: +\n"
						 "C: " USER64
						 "\nS: + \nC: " PASS64
						 "\nS: + \n"
						 "EOF\n",
			"more"},
		{AUTH_CRAM_MD5, ERR_NONE,
			"S: +OK\n" CAPA("CRAM-MD5") "C: AUTH CRAM-MD5\n"
						    "S: + " CHALLENGE64
						    "\nC: " CRAM64 "\n" IN,
			NULL},
		{AUTH_CRAM_MD5, ERR_PROTOCOL,
			"S: +OK\n" CAPA("CRAM-MD5") "C: AUTH CRAM-MD5\n"
						    "S: + =no=base64=\nEOF\n",
			NULL},
		{AUTH_APOP, ERR_NONE,
			"S: +OK hi <1896.697170952@dbc.mtview.ca.us>\n"
			"C: CAPA\nS: -ERR\nC: APOP ann " APOP "\n" IN,
			NULL},
		{AUTH_APOP, ERR_AUTH, "S: +OK hi\nC: CAPA\nS: -ERR\nEOF\n",
			"timestamp"},
		{AUTH_XOAUTH2, ERR_NONE,
			"S: +OK\n" CAPA("XOAUTH2") "C: AUTH XOAUTH2 " XOAUTH64
						   "\n" IN,
			NULL},
		{AUTH_XOAUTH2, ERR_AUTH,
			"S: +OK\n" CAPA(
				"XOAUTH2") "C: AUTH XOAUTH2 " XOAUTH64
					   "\nS: + " TOLD64
					   "\nC: \nS: -ERR [AUTH] no\nEOF\n",
			"invalid_token"},
		{AUTH_OAUTHBEARER, ERR_NONE,
			"S: +OK\n" CAPA(
				"OAUTHBEARER") "C: AUTH OAUTHBEARER " BEARER64
					       "\n" IN,
			NULL},
		{AUTH_OAUTHBEARER, ERR_AUTH,
			"S: +OK\n" CAPA(
				"OAUTHBEARER") "C: AUTH OAUTHBEARER " BEARER64
					       "\nS: + " TOLD64 "\nC: AQ==\n"
					       "S: -ERR no\nEOF\n",
			"invalid_token"},
		/* somebody else's nonce: nothing of the secret leaves */
		{AUTH_SCRAM_SHA_256, ERR_PROTOCOL,
			"S: +OK\n" CAPA(
				"SCRAM-SHA-256") "C: AUTH SCRAM-SHA-256 " LIKE
						 "\nS: + " FOREIGN64 "\nEOF\n",
			"SCRAM"},
		/* a server that has proved nothing is not believed */
		{AUTH_SCRAM_SHA_1, ERR_PROTOCOL,
			"S: +OK\n" CAPA(
				"SCRAM-SHA-1") "C: AUTH SCRAM-SHA-1 " LIKE
					       "\nS: +OK in\nEOF\n",
			NULL},
		/* what was refused before a secret was said gives place */
		{AUTH_AUTO, ERR_NONE,
			"S: +OK\n" CAPA(
				"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 "
				"SCRAM-SHA-256 X-ODD") "C: AUTH "
						       "SCRAM-SHA-256 " LIKE
						       "\nS: -ERR no\n"
						       "C: AUTH "
						       "SCRAM-SHA-1 " LIKE
						       "\nS: -ERR no\n"
						       "C: AUTH CRAM-MD5\nS: "
						       "-ERR no\n"
						       "C: AUTH PLAIN " PLAIN64
						       "\n" IN,
			NULL},
		{AUTH_AUTO, ERR_AUTH,
			"S: +OK\n" CAPA(
				"PLAIN LOGIN CRAM-MD5") "C: AUTH CRAM-MD5\nS: "
							"+ " CHALLENGE64 "\n"
							"C: " CRAM64
							"\nS: -ERR "
							"wrong\nEOF\n",
			"wrong"},
		/* said again when the login is long over */
		{AUTH_USER_PASS, ERR_PROTOCOL,
			"S: +OK\nC: CAPA\nS: -ERR\nC: USER ann\nS: +OK\n"
			"C: PASS pa55word\nS: +OK\nC: CAPA\n"
			"S: what is pa55word\nEOF\n",
			"***"},
		/* "not now" is none of the mechanism */
		{AUTH_AUTO, ERR_REFUSED,
			"S: +OK\n" CAPA(
				"PLAIN CRAM-MD5") "C: AUTH CRAM-MD5\nS: -ERR "
						  "[SYS/TEMP] later\nEOF\n",
			"later"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		play(PROTOCOL_POP3, &ways[i]);
}

static void test_imap(void **state)
{
	static const struct way ways[] = {
		{AUTH_LOGIN, ERR_NONE,
			GREETS("AUTH=LOGIN SASL-IR") "C: $T "
						     "AUTHENTICATE "
						     "LOGIN\n"
						     "S: + "
						     "VXNlcm5hbWU6\nC:"
						     " " USER64 "\n"
						     "S: + "
						     "UGFzc3dvcmQ6\nC:"
						     " " PASS64 "\n" IN4,
			NULL},
		{AUTH_CRAM_MD5, ERR_NONE,
			GREETS("AUTH=CRAM-MD5") "C: $T AUTHENTICATE "
						"CRAM-MD5\n"
						"S: + " CHALLENGE64
						"\nC: " CRAM64 "\n" IN4,
			NULL},
		{AUTH_CRAM_MD5, ERR_AUTH,
			GREETS("AUTH=CRAM-MD5") "C: $T AUTHENTICATE "
						"CRAM-MD5\n"
						"S: + " CHALLENGE64
						"\nC: " CRAM64 "\n"
						"S: $T NO "
						"[AUTHENTICATIONFAILED]"
						" pa55word\nEOF\n",
			"***"},
		{AUTH_XOAUTH2, ERR_NONE,
			GREETS("AUTH=XOAUTH2 SASL-IR") "C: $T "
						       "AUTHENTICATE "
						       "XOAUTH2"
						       " " XOAUTH64 "\n" IN4,
			NULL},
		{AUTH_XOAUTH2, ERR_AUTH,
			GREETS("AUTH=XOAUTH2 SASL-IR") "C: $T "
						       "AUTHENTICATE "
						       "XOAUTH2"
						       " " XOAUTH64 "\n"
						       "S: + " TOLD64
						       "\nC: \nS: $T "
						       "NO no\nEOF\n",
			"invalid_token"},
		{AUTH_OAUTHBEARER, ERR_AUTH,
			GREETS("AUTH=OAUTHBEARER SASL-IR") "C: $T "
							   "AUTHENTICAT"
							   "E "
							   "OAUTHBEARER"
							   " " BEARER64 "\n"
							   "S: "
							   "+ " TOLD64 "\nC: "
							   "AQ==\nS: "
							   "$T NO "
							   "no\nEOF\n",
			"invalid_token"},
		/* without SASL-IR it is asked for */
		{AUTH_OAUTHBEARER, ERR_NONE,
			GREETS("AUTH=OAUTHBEARER") "C: $T AUTHENTICATE "
						   "OAUTHBEARER\nS: + "
						   "\n"
						   "C: " BEARER64 "\n" IN4,
			NULL},
		{AUTH_SCRAM_SHA_256, ERR_PROTOCOL,
			GREETS("AUTH=SCRAM-SHA-256 SASL-IR") "C: $T "
							     "AUTHENTIC"
							     "ATE "
							     "SCRAM-"
							     "SHA-"
							     "256 " LIKE "\n"
							     "S: "
							     "+"
							     " " FOREIGN64
							     "\nEOF\n",
			"SCRAM"},
		{AUTH_AUTO, ERR_NONE,
			GREETS("AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 "
			       "AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256 "
			       "SASL-IR") "C: $T AUTHENTICATE "
					  "SCRAM-SHA-256 " LIKE "\n"
					  "S: $T NO no\n"
					  "C: $T AUTHENTICATE "
					  "SCRAM-SHA-1 " LIKE "\n"
					  "S: $T NO no\n"
					  "C: $T AUTHENTICATE "
					  "CRAM-MD5\nS: $T NO no\n"
					  "C: $T AUTHENTICATE "
					  "PLAIN " PLAIN64 "\n" IN4,
			NULL},
		{AUTH_AUTO, ERR_REFUSED,
			GREETS("AUTH=CRAM-MD5 AUTH=PLAIN SASL-IR") "C: "
								   "$T "
								   "AUT"
								   "HEN"
								   "TIC"
								   "ATE"
								   " CR"
								   "AM-"
								   "MD5"
								   "\n"
								   "S: "
								   "$T "
								   "NO "
								   "[UN"
								   "AVA"
								   "ILA"
								   "BLE"
								   "] "
								   "lat"
								   "er"
								   "\nE"
								   "OF"
								   "\n",
			"later"},
		{AUTH_APOP, ERR_CONFIG, GREETS("AUTH=PLAIN") "EOF\n", "POP3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		play(PROTOCOL_IMAP, &ways[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pop3),
		cmocka_unit_test(test_imap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
