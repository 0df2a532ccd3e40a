/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/base/dict.h"
#include "collector/model/mailbox.h"
#include "collector/model/special_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define NAME_BYTES 256

static const struct {
	uint32_t attr;
	const char *names;
} table[] = {
#define SPECIAL(use, names) {MAILBOX_##use, names},
#include "collector/model/special_names.inc"
#undef SPECIAL
};

/* Names as programs and servers give them, in their own spelling. */
static const struct {
	const char *name;
	uint32_t attr;
} cases[] = {
	/* Outlook and Exchange */
	{"Sent Items", MAILBOX_SENT},
	{"Deleted Items", MAILBOX_TRASH},
	{"Junk E-mail", MAILBOX_JUNK},
	{"Junk Email", MAILBOX_JUNK},
	{"Gesendete Elemente", MAILBOX_SENT},
	{"Gelöschte Elemente", MAILBOX_TRASH},
	{"Junk-E-Mail", MAILBOX_JUNK},
	{"Éléments envoyés", MAILBOX_SENT},
	{"Courrier indésirable", MAILBOX_JUNK},
	{"Elementos eliminados", MAILBOX_TRASH},
	{"Correo no deseado", MAILBOX_JUNK},
	{"Posta indesiderata", MAILBOX_JUNK},
	{"Itens Enviados", MAILBOX_SENT},
	{"Lixo Eletrônico", MAILBOX_JUNK},
	{"Verwijderde items", MAILBOX_TRASH},
	{"Elementy wysłane", MAILBOX_SENT},
	{"Kopie robocze", MAILBOX_DRAFTS},
	{"Gönderilmiş Öğeler", MAILBOX_SENT},
	{"Отправленные", MAILBOX_SENT},
	{"Удаленные", MAILBOX_TRASH},
	{"Нежелательная почта", MAILBOX_JUNK},
	{"Odeslaná pošta", MAILBOX_SENT},
	{"Törölt elemek", MAILBOX_TRASH},
	{"送信済みアイテム", MAILBOX_SENT},
	{"削除済みアイテム", MAILBOX_TRASH},
	{"已发送邮件", MAILBOX_SENT},
	{"已删除邮件", MAILBOX_TRASH},
	{"寄件備份", MAILBOX_SENT},
	{"보낸 편지함", MAILBOX_SENT},
	{"פריטים שנשלחו", MAILBOX_SENT},
	{"العناصر المرسلة", MAILBOX_SENT},
	/* Apple Mail, QQ */
	{"Sent Messages", MAILBOX_SENT},
	{"Deleted Messages", MAILBOX_TRASH},
	{"Junk", MAILBOX_JUNK},
	{"Archive", MAILBOX_ARCHIVE},
	/* Yahoo, AOL, Courier, Zimbra, Roundcube, Thunderbird */
	{"Bulk Mail", MAILBOX_JUNK},
	{"Bulk", MAILBOX_JUNK},
	{"Draft", MAILBOX_DRAFTS},
	{"Spam", MAILBOX_JUNK},
	{"Archives", MAILBOX_ARCHIVE},
	{"Trash", MAILBOX_TRASH},
	{"sent-mail", MAILBOX_SENT},
	/* GMX, web.de, T-Online, mail.ru, Seznam, WP */
	{"Gesendet", MAILBOX_SENT},
	{"Entwürfe", MAILBOX_DRAFTS},
	{"Papierkorb", MAILBOX_TRASH},
	{"Spamverdacht", MAILBOX_JUNK},
	{"Корзина", MAILBOX_TRASH},
	{"Черновики", MAILBOX_DRAFTS},
	{"Архив", MAILBOX_ARCHIVE},
	{"Rozepsané", MAILBOX_DRAFTS},
	{"Kosz", MAILBOX_TRASH},
	/* spellings */
	{"SENT", MAILBOX_SENT},
	{"ENTWU\xcc\x88RFE", MAILBOX_DRAFTS}, /* decomposed */
	{"Κάδος", MAILBOX_TRASH},	      /* final sigma */
	{"İstenmeyen", MAILBOX_JUNK},	      /* dotted capital */
	{" Sent ", MAILBOX_SENT},
	{"Sent\xc2\xa0Items", MAILBOX_SENT},
	{"Đã gửi", MAILBOX_SENT},
	/* none */
	{"", 0},
	{" ", 0},
	{"INBOX", 0},
	{"Outbox", 0},
	{"Postausgang", 0},
	{"Sent 2019", 0},
	{"sent;sent items", 0},
	{";", 0},
	{"unsent", 0},
	{"Trash2", 0},
	{"All Mail", 0},
	{"\xff\xfe", 0},
	{"Werbung", 0},
};

static void known_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (special_name_attr(cases[i].name) != cases[i].attr)
			print_error("name: %s\n", cases[i].name);
		assert_int_equal(
			special_name_attr(cases[i].name), cases[i].attr);
	}
}

/* Folded already, found again, and of one use only. */
static void check_name(struct dict *seen, const char *name, uint32_t attr)
{
	char folded[NAME_BYTES * 2];
	size_t before;

	assert_int_equal(name_casefold(name, folded, sizeof folded), 0);
	if (strcmp(folded, name) != 0)
		print_error("not folded: %s, but %s\n", name, folded);
	assert_string_equal(folded, name);
	assert_int_equal(special_name_attr(name), attr);
	if (!dict_add(seen, name, attr)) {
		assert_true(dict_get(seen, name, &before));
		assert_int_equal(before, attr);
	}
}

static void the_table_is_sound(void **state)
{
	struct dict *seen = dict_new();
	size_t languages = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		languages += table[i].attr == MAILBOX_SENT;
		for (const char *p = table[i].names; *p != '\0';) {
			char name[NAME_BYTES];
			size_t n = strcspn(p, ";");
			assert_in_range(n, 1, NAME_BYTES / 2 - 1);
			memcpy(name, p, n);
			name[n] = '\0';
			check_name(seen, name, table[i].attr);
			p += n + (p[n] == ';');
		}
	}
	assert_int_equal(languages * 5, COUNT(table));
	assert_true(languages >= 30);
	dict_free(&seen);
}

static void a_long_name_is_none(void **state)
{
	char name[1000];

	(void)state;
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_int_equal(special_name_attr(name), 0);
	memset(name, ' ', sizeof name - 1);
	memcpy(name + 100, "sent", 4);
	assert_int_equal(special_name_attr(name), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_names),
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(a_long_name_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
