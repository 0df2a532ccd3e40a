/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_keys: what a key means where a person is. Pure. */
#ifndef MAILHAUL_CLI_WATCH_KEYS_H
#define MAILHAUL_CLI_WATCH_KEYS_H

#include "watch.h"

#include <stdint.h>

/* Beside characters, which are their code points. */
enum watch_key {
	WATCH_KEY_UP = 0x110000,
	WATCH_KEY_DOWN,
	WATCH_KEY_LEFT,
	WATCH_KEY_RIGHT,
	WATCH_KEY_PAGE_UP,
	WATCH_KEY_PAGE_DOWN,
	WATCH_KEY_HOME,
	WATCH_KEY_END,
	WATCH_KEY_BACKSPACE,
	WATCH_KEY_ENTER,
	WATCH_KEY_OTHER, /* does nothing */
};

/* What is to be done by whoever has the database and the terminal. */
enum watch_act {
	WATCH_NOTHING,
	WATCH_QUIT,
	WATCH_REDRAW, /* the whole screen, whatever is thought to be on it */
	WATCH_READ,   /* something else is shown: read it at once */
	WATCH_PAUSE,  /* … the chosen account */
	WATCH_RESUME,
	WATCH_RETRY,
	WATCH_SYNC,
};

/* Moves, opens, filters; returns what else there is to do. */
enum watch_act watch_key(struct watch *w, int32_t key, int64_t now_mono_ms);

#endif
