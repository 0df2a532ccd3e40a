/* SPDX-License-Identifier: BSD-2-Clause */
/* A server may repeat what it was told: nobody reads that in a log. */
#include "../model/text.h"
#include "sasl.h"

#include <openssl/crypto.h>
#include <string.h>

#define WORD_MIN 3 /* shorter ones stand in any text; stars would tell them */

static void hide(char *text, const char *word)
{
	size_t n = strlen(word), len;
	char *at;

	if (n < WORD_MIN)
		return;
	while ((at = strstr(text, word)) != NULL) {
		memset(at, '*', 3);
		memmove(at + 3, at + n, strlen(at + n) + 1);
	}
	/* the text may have been cut in the middle of it */
	len = strlen(text);
	for (size_t k = n < len ? n : len; k > 3; k--)
		if (memcmp(text + len - k, word, k) == 0) {
			text[len - k] = '\0';
			break;
		}
}

void sasl_hide_word(char *text, const char *word)
{
	char shown[1024]; /* longer than any text of an error */

	hide(text, word);
	/* as it looks where the text was made fit for a terminal */
	text_printable(word, shown, sizeof shown);
	if (strcmp(shown, word) != 0)
		hide(text, shown);
	OPENSSL_cleanse(shown, sizeof shown);
}
