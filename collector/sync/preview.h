/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preview: what a run would find and where it would put it. Asks, and changes
 * nothing, neither there nor here.
 */
#ifndef MAILHAUL_SYNC_PREVIEW_H
#define MAILHAUL_SYNC_PREVIEW_H

#include "../../storage/jobs.h"
#include "../model/account.h"
#include "../remote/session.h"
#include "listing.h"
#include "plan.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether messages of a maildrop can be told apart. */
enum preview_uidl { PREVIEW_UIDL_UNKNOWN, PREVIEW_UIDL_YES, PREVIEW_UIDL_NO };

struct preview {
	struct session_info info;
	struct listing listing;
	struct plan plan;
	enum preview_uidl uidl; /* POP3 */
};

/* How the session for it has to be opened, beside configure_session. */
void preview_configure(struct session_config *config);
/*
 * mirrored: the folders that this account has already, as the job table
 * shows them (the ledger itself may be open elsewhere); may be NULL.
 * ret_preview is cleared by preview_clear on failure, too.
 */
int preview_make(struct session *s, const struct account *account,
	const struct job_mailbox *mirrored, size_t mirrored_count,
	struct preview *ret_preview, struct err *err);
void preview_clear(struct preview *preview);
/* What the list has of a mailbox of the plan; NULL: nothing. Borrowed. */
const struct mailbox_info *preview_find(
	const struct preview *preview, const char *mailbox);

#endif
