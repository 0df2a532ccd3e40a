/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_keeper: a terminal that stays usable whatever becomes of the program
 * on it. The program runs in a child; the parent does nothing but wait, hands
 * on its signals, and puts the terminal right where the child could not
 * (kill -9, a crash). Where the parent is killed, the child ends by SIGTERM.
 */
#ifndef MAILHAUL_CLI_WATCH_KEEPER_H
#define MAILHAUL_CLI_WATCH_KEEPER_H

/* Runs fn in a child; its exit status. No thread and no database may be open.
 * Where there can be no child, fn runs here. */
int watch_keeper_run(int (*fn)(void *arg), void *arg);

#endif
