/* SPDX-License-Identifier: BSD-2-Clause */
#include "lender.h"

#include "../collector/base/mem.h"

#include <assert.h>
#include <stdlib.h>

void lender_init(struct lender *l)
{
	*l = (struct lender){.made = 0};
	(void)pthread_mutex_init(&l->lock, NULL);
}

void lender_clear(struct lender *l)
{
	assert(l->spares == l->made);
	while (l->spares > 0)
		free(l->spare[--l->spares]);
	(void)pthread_mutex_destroy(&l->lock);
}

char *lender_lend(struct lender *l)
{
	char *buffer = NULL;

	(void)pthread_mutex_lock(&l->lock);
	if (l->spares > 0) {
		buffer = l->spare[--l->spares];
	} else if (l->made < LENDER_BUFFERS) {
		buffer = mem_array(LENDER_BYTES, 1);
		l->made++;
	}
	(void)pthread_mutex_unlock(&l->lock);
	return buffer;
}

void lender_take_back(struct lender *l, char *buffer)
{
	if (buffer == NULL)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->spare[l->spares++] = buffer;
	(void)pthread_mutex_unlock(&l->lock);
}
