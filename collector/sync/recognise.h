/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recognise: the messages of a mailbox whose numbers are new, against those
 * of its older epochs, by what a listing and headers tell. Fetches no body.
 */
#ifndef MAILHAUL_SYNC_RECOGNISE_H
#define MAILHAUL_SYNC_RECOGNISE_H

#include "olds.h"

/* Each one recognised has its new key, is in v->got, its flags are noted as a
 * change and its old one is used. What is left is for the contents to say. */
int recognise(struct visit *v, struct olds *olds, struct err *err);

#endif
