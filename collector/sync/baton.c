/* SPDX-License-Identifier: BSD-2-Clause */
#include "baton.h"

void baton_init(struct baton *b)
{
	*b = (struct baton){.asked = 0};
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->moved, NULL);
}

void baton_clear(struct baton *b)
{
	(void)pthread_cond_destroy(&b->moved);
	(void)pthread_mutex_destroy(&b->lock);
}

void baton_take(struct baton *b)
{
	uint64_t mine;

	(void)pthread_mutex_lock(&b->lock);
	mine = b->asked++;
	while (b->serving != mine)
		(void)pthread_cond_wait(&b->moved, &b->lock);
	(void)pthread_mutex_unlock(&b->lock);
}

void baton_drop(struct baton *b)
{
	(void)pthread_mutex_lock(&b->lock);
	b->serving++;
	(void)pthread_cond_broadcast(&b->moved);
	(void)pthread_mutex_unlock(&b->lock);
}
