/* SPDX-License-Identifier: BSD-2-Clause */
#include "quirk.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct quirk_row quirk_table[] = {
	{QUIRK_ID_FIRST, "id-first",
		"say who we are (ID) right after the login, even if the "
		"server does not ask for it, and nothing else before the "
		"answer"},
	{QUIRK_NO_NAMESPACE, "no-namespace",
		"never ask for NAMESPACE: one namespace without a prefix"},
	{QUIRK_NO_LIST_EXTENDED, "no-list-extended",
		"plain LIST and LSUB, although LIST-EXTENDED is offered"},
	{QUIRK_NO_LIST_STATUS, "no-list-status",
		"LIST without RETURN (STATUS)"},
	{QUIRK_NO_CONDSTORE, "no-condstore",
		"do not believe MODSEQ: flags are listed each time"},
	{QUIRK_NO_QRESYNC, "no-qresync",
		"do not ask which messages have VANISHED"},
	{QUIRK_NO_ESEARCH, "no-esearch", "SEARCH without RETURN"},
	{QUIRK_NO_SEARCH, "no-search",
		"no SEARCH: messages are listed by FETCH"},
	{QUIRK_NO_LITERAL_PLUS, "no-literal-plus",
		"wait for the server before each literal"},
	{QUIRK_NO_COMPRESS, "no-compress",
		"no compression, although it is offered"},
	{QUIRK_NO_IDLE, "no-idle", "do not wait in IDLE for new mail"},
	{QUIRK_NO_PIPELINING, "no-pipelining",
		"one command at a time; also chosen for the rest of a run in "
		"which the connection was lost twice with several in flight"},
	{QUIRK_NO_EXAMINE, "no-examine",
		"SELECT instead of EXAMINE (messages lose \\Recent there)"},
	{QUIRK_SHORT_LINES, "short-lines",
		"command lines of at most 1,000 octets instead of 8,000"},
	{QUIRK_PEEK_SETS_SEEN, "peek-sets-seen",
		"fetching marks messages as read: SELECT, ask what is unread "
		"before, and take \\Seen off those messages afterwards"},
	{QUIRK_TEN_ERRORS, "ten-errors",
		"the server closes after ten refused commands: a new session "
		"before the tenth"},
	{QUIRK_VIEW_10000, "view-10000",
		"the server shows 10,000 messages of a mailbox at most: say "
		"so where that many are seen"},
	{QUIRK_STUB_BODIES, "stub-bodies",
		"a note that the message cannot be retrieved is not the "
		"message: it is quarantined"},
	{QUIRK_FAKE_EXPUNGED, "fake-expunged",
		"a note in the place of a message that is gone is no message"},
	{QUIRK_FOLDER_DATA, "folder-data",
		"the pseudo message FOLDER INTERNAL DATA of old mail servers "
		"is left out; on everywhere"},
	{QUIRK_EMPTY_HEADER, "empty-header",
		"a message that comes without any header is asked for again, "
		"alone"},
	{QUIRK_MAILBOX_BYE, "mailbox-bye",
		"a mailbox that the server answers with BYE is left out, and "
		"the others go on in a new session"},
	{QUIRK_NO_MAIL_FOLDERS, "no-mail-folders",
		"leave out Calendar, Contacts, Tasks, Journal, Notes, Files "
		"and Sync Issues, unless --folder asks for them"},
	{QUIRK_POP3_BATCHES, "pop3-batches",
		"POP3 shows some 250 messages at a time and hides what was "
		"read after QUIT: session after session, until nothing new "
		"comes"},
	{0, NULL, NULL},
};

uint64_t quirk_find(const char *name)
{
	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++)
		if (strcmp(q->name, name) == 0)
			return (uint64_t)q->bit;
	return 0;
}

void quirk_names(uint64_t set, char out[QUIRK_NAMES_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++) {
		if ((set & (uint64_t)q->bit) == 0)
			continue;
		(void)snprintf(out + n, QUIRK_NAMES_MAX - n, "%s%s",
			n != 0 ? " " : "", q->name);
		n += strlen(out + n);
	}
}

static int refuse(const char *line, int n, struct err *err)
{
	char names[QUIRK_NAMES_MAX];

	quirk_names(UINT64_MAX, names);
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"\"%.*s\" is not NAME=on or NAME=off with one of: %s",
		n < 40 ? n : 40, line, names);
}

/* One line of n bytes. */
static int take(
	const char *line, int n, struct quirk_overrides *o, struct err *err)
{
	char name[40];
	const char *equals = memchr(line, '=', (size_t)n);
	const char *value = equals != NULL ? equals + 1 : line;
	size_t value_n = (size_t)(line + n - value);
	bool on = value_n == 2 && memcmp(value, "on", 2) == 0;
	uint64_t bit;

	if (equals == NULL || equals - line >= (long)sizeof name ||
		(!on && (value_n != 3 || memcmp(value, "off", 3) != 0)))
		return refuse(line, n, err);
	(void)snprintf(name, sizeof name, "%.*s", (int)(equals - line), line);
	bit = quirk_find(name);
	if (bit == 0)
		return refuse(line, n, err);
	o->on = on ? o->on | bit : o->on & ~bit;
	o->off = on ? o->off & ~bit : o->off | bit;
	return 0;
}

int quirk_overrides_parse(
	const char *lines, struct quirk_overrides *ret, struct err *err)
{
	struct quirk_overrides o = {0};

	while (*lines != '\0') {
		int n = (int)strcspn(lines, "\n");
		if (n != 0 && take(lines, n, &o, err) < 0)
			return -1;
		lines += n;
		lines += *lines == '\n';
	}
	*ret = o;
	return 0;
}

uint64_t quirk_overrule(uint64_t recognised, const struct quirk_overrides *by)
{
	return (recognised | by->on) & ~by->off;
}

/* As Exchange names them in the languages that it is mostly used in. */
static const char *const no_mail[] = {"Calendar", "Contacts", "Tasks",
	"Journal", "Notes", "Files", "Sync Issues", "Birthdays",
	"Conversation History", "Kalender", "Kontakte", "Aufgaben", "Notizen",
	"Dateien", "Synchronisierungsprobleme", "Calendrier", "Tâches",
	"Journaux", "Fichiers", "Problèmes de synchronisation", "Calendario",
	"Contactos", "Tareas", "Diario", "Notas", "Archivos",
	"Problemas de sincronización", "Contatti", "Attività", "Note",
	"Contatos", "Tarefas", "Calendário", "Contactpersonen", "Taken",
	"Notities", "Agenda", "Logboek", "Kalendarz", "Kontakty", "Zadania",
	"Dziennik", "Notatki", "Календарь", "Контакты", "Задачи", "Дневник",
	"Заметки", "予定表", "連絡先", "タスク", "仕事", "履歴", "メモ"};

bool quirk_is_no_mail(uint64_t set, const char *name, char delimiter)
{
	size_t n = strlen(name);

	if ((set & QUIRK_NO_MAIL_FOLDERS) == 0)
		return false;
	if (delimiter != '\0' && strchr(name, delimiter) != NULL)
		n = (size_t)(strchr(name, delimiter) - name);
	for (size_t i = 0; i < sizeof no_mail / sizeof *no_mail; i++)
		if (strlen(no_mail[i]) == n &&
			strncasecmp(no_mail[i], name, n) == 0)
			return true;
	return false;
}
