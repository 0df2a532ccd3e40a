/* SPDX-License-Identifier: BSD-2-Clause */
#define NCURSES_WIDECHAR 1
#include "watch_screen.h"

#include "watch_keys.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE_MS 50 /* after Esc: the rest of an arrow key, over ssh too */

static SCREEN *screen;
static bool utf8;
static int attributes[CANVAS_STYLES];
static volatile sig_atomic_t ends, stops, continues, resizes;

static void on_signal(int number)
{
	if (number == SIGTSTP)
		stops = 1;
	else if (number == SIGCONT)
		continues = 1;
	else if (number == SIGWINCH)
		resizes = 1;
	else
		ends = 1;
}

/* Before ncurses, which takes those that nobody has. */
static void catch_signals(void)
{
	static const int numbers[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	const struct sigaction act = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		(void)sigaction(numbers[i], &act, NULL);
}

/* The shell's own modes are not to be changed behind its back. Of a terminal
 * that is gone: true, and reading from it tells. */
static bool is_foreground(void)
{
	pid_t owner = tcgetpgrp(STDIN_FILENO);

	return owner < 0 || owner == getpgrp();
}

bool watch_screen_is_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
	       term[0] != '\0' && strcmp(term, "dumb") != 0 && is_foreground();
}

static void choose_styles(void)
{
	const char *no_color = getenv("NO_COLOR");
	bool colours = has_colors() && (no_color == NULL || *no_color == '\0');

	attributes[CANVAS_PLAIN] = A_NORMAL;
	attributes[CANVAS_DIM] = A_DIM;
	attributes[CANVAS_STRONG] = A_BOLD;
	attributes[CANVAS_GOOD] = A_NORMAL;
	attributes[CANVAS_WARN] = A_NORMAL;
	attributes[CANVAS_BAD] = A_BOLD;
	if (!colours || start_color() == ERR || use_default_colors() == ERR)
		return;
	(void)init_pair(1, COLOR_GREEN, -1);
	(void)init_pair(2, COLOR_YELLOW, -1);
	(void)init_pair(3, COLOR_RED, -1);
	attributes[CANVAS_GOOD] = COLOR_PAIR(1);
	attributes[CANVAS_WARN] = COLOR_PAIR(2);
	attributes[CANVAS_BAD] = COLOR_PAIR(3) | A_BOLD;
}

int watch_screen_open(void)
{
	(void)setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	catch_signals();
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return -1;
	(void)set_escdelay(ESCAPE_MS);
	(void)cbreak(); /* ^C and ^Z stay signals */
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)leaveok(stdscr, TRUE);
	(void)curs_set(0);
	choose_styles();
	return 0;
}

void watch_screen_close(void)
{
	if (screen == NULL)
		return;
	(void)curs_set(1);
	(void)endwin();
	delscreen(screen);
	screen = NULL;
}

void watch_screen_size(int *ret_rows, int *ret_columns)
{
	getmaxyx(stdscr, *ret_rows, *ret_columns);
}

bool watch_screen_utf8(void)
{
	return utf8;
}

static void show_cell(const struct cell *cell, int row, int column)
{
	int attribute = attributes[cell->style];

	/* dim letters on a reversed ground cannot be read */
	if (cell->chosen)
		attribute = (attribute & ~(int)A_DIM) | (int)A_REVERSE;
	(void)attrset((chtype)attribute);
	(void)mvaddstr(row, column, cell->text[0] != '\0' ? cell->text : " ");
}

void watch_screen_show(const struct canvas *c)
{
	(void)erase();
	for (int row = 0; row < c->rows; row++)
		for (int column = 0; column < c->columns; column++) {
			const struct cell *cell = canvas_cell(c, row, column);
			bool blank = cell->text[0] == '\0' && !cell->chosen;
			if (cell->width != 0 && !blank)
				show_cell(cell, row, column);
		}
	(void)attrset(A_NORMAL);
	(void)refresh();
}

void watch_screen_redraw(void)
{
	(void)clearok(curscr, TRUE);
}

/* ^Z: the terminal as it was, until we are continued. */
static void stop_here(void)
{
	(void)curs_set(1);
	(void)endwin();
	(void)raise(SIGSTOP);
	/* it may have come twice: from the terminal, and handed on */
	stops = 0;
	continues = 1;
}

static void take_size(void)
{
	struct winsize size;

	resizes = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0 &&
		size.ws_col != 0)
		(void)resizeterm(size.ws_row, size.ws_col);
	watch_screen_redraw();
}

/* After a stop that was ours or not: the modes of the terminal, which the
 * shell has had meanwhile, and the whole picture. */
static void go_on(void)
{
	/* `bg`: there is nothing to be seen from there */
	while (!is_foreground() && !ends)
		(void)raise(SIGSTOP);
	continues = 0;
	if (ends)
		return;
	(void)endwin();
	(void)refresh();
	/* ncurses would think of it with the first key, which is one too late
	 */
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	take_size();
}

static enum watch_event after_signal(void)
{
	if (ends)
		return WATCH_EVENT_END;
	if (stops)
		stop_here();
	if (continues)
		go_on();
	if (resizes)
		take_size();
	return ends ? WATCH_EVENT_END : WATCH_EVENT_SIZE;
}

enum watch_event watch_screen_wait(int64_t ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	int r;

	if (ends || stops || continues || resizes)
		return after_signal();
	r = poll(&input, 1, ms > 0 ? (int)ms : 0);
	if (ends || stops || continues || resizes)
		return after_signal();
	if (r < 0)
		return errno == EINTR ? WATCH_EVENT_TIME : WATCH_EVENT_END;
	if (r == 0)
		return WATCH_EVENT_TIME;
	return (input.revents & POLLIN) != 0 ? WATCH_EVENT_KEY
					     : WATCH_EVENT_END;
}

int32_t watch_screen_key(void)
{
	static const struct {
		wint_t code;
		int32_t key;
	} known[] = {
		{KEY_UP, WATCH_KEY_UP},
		{KEY_DOWN, WATCH_KEY_DOWN},
		{KEY_LEFT, WATCH_KEY_LEFT},
		{KEY_RIGHT, WATCH_KEY_RIGHT},
		{KEY_PPAGE, WATCH_KEY_PAGE_UP},
		{KEY_NPAGE, WATCH_KEY_PAGE_DOWN},
		{KEY_HOME, WATCH_KEY_HOME},
		{KEY_END, WATCH_KEY_END},
		{KEY_BACKSPACE, WATCH_KEY_BACKSPACE},
		{KEY_ENTER, WATCH_KEY_ENTER},
	};
	wint_t code;
	int r = get_wch(&code);

	if (r == ERR)
		return -1;
	if (r != KEY_CODE_YES)
		return (int32_t)code;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].code == code)
			return known[i].key;
	return WATCH_KEY_OTHER;
}
