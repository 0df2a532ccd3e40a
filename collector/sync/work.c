/* SPDX-License-Identifier: BSD-2-Clause */
#include "work.h"

int work_check_cancel(const struct work *w, struct err *err)
{
	if (!work_cancelled(w))
		return 0;
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

int work_presence(
	struct work *w, const struct presence **ret_presence, struct err *err)
{
	if (w->presence == NULL &&
		store_presence(w->store, &w->presence, err) != 0)
		return -1;
	*ret_presence = w->presence;
	return 0;
}
