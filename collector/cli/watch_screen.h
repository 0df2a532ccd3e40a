/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_screen: the terminal in full: shows a canvas, sending only what has
 * changed, and reads keys. All of ncurses is in here. While it is open,
 * signals that end or stop the program, and a new size, end watch_screen_wait.
 * One at a time.
 */
#ifndef MAILHAUL_CLI_WATCH_SCREEN_H
#define MAILHAUL_CLI_WATCH_SCREEN_H

#include "canvas.h"

#include <stdint.h>

/* Whether standard input and output are a terminal that can do it. */
bool watch_screen_is_possible(void);
/* 0; -1: the terminal is not known (the caller does without). */
int watch_screen_open(void);
/* As it was before; harmless where it is not open. */
void watch_screen_close(void);
void watch_screen_size(int *ret_rows, int *ret_columns);
/* Whether it shows more than ASCII. */
bool watch_screen_utf8(void);
void watch_screen_show(const struct canvas *c);
/* Draws all of it again with the next show. */
void watch_screen_redraw(void);

enum watch_event {
	WATCH_EVENT_TIME, /* nothing came so long */
	WATCH_EVENT_KEY,  /* read them all with watch_screen_key */
	WATCH_EVENT_SIZE, /* it is another one, or all has to be drawn again */
	WATCH_EVENT_END,  /* a signal, or the terminal is gone */
};
enum watch_event watch_screen_wait(int64_t ms);
/* A key as watch_keys.h has it; -1: no more is there. */
int32_t watch_screen_key(void);

#endif
