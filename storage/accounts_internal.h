/* SPDX-License-Identifier: BSD-2-Clause */
/* accounts_internal: what the account*.c files share. */
#ifndef MAILHAUL_STORAGE_ACCOUNTS_INTERNAL_H
#define MAILHAUL_STORAGE_ACCOUNTS_INTERNAL_H

#include "accounts.h"
#include "db.h"

/* Every column but id, uuid and created_at. */
void account_bind(struct stmt *s, const struct account *a);
/* The current row; caller: account_clear. */
void account_read(struct stmt *s, struct account *ret_account);

#endif
