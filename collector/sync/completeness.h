/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completeness: whether all that the source has of a mailbox is accounted for
 * here: delivered, quarantined, or left out on purpose. By a count where that
 * proves it, else by a list. What a server keeps back cannot be fetched; a
 * person is told.
 */
#ifndef MAILHAUL_SYNC_COMPLETENESS_H
#define MAILHAUL_SYNC_COMPLETENESS_H

#include "scan.h"
#include "visit.h"

/*
 * Nothing of what the source has can be missing: as many rows as messages,
 * those that are known to have gone left out. unsettled: UIDs that were asked
 * for and did not come: holes, or messages that the server kept back, while
 * others have gone that we do not know of; then only a list can tell, but
 * where nothing was known before.
 */
bool completeness_by_count(const struct visit *v, size_t unsettled);
/* A list has been read: which rows have gone. */
void completeness_listed(struct visit *v, const struct scan *s);
/* No message can have come since the last mark: fewer now are so many gone. */
void completeness_fewer(struct visit *v);
/* A list that is shorter than EXISTS, and no expunge explains it: v->cut. */
int completeness_check(struct visit *v, uint32_t listed, struct err *err);
/* At the end of a visit: what a person has to know goes into v->m. */
void completeness_notice(struct visit *v);

#endif
