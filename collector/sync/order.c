/* SPDX-License-Identifier: BSD-2-Clause */
#include "order.h"

void order_begin(struct order *o, size_t count, bool newest_first)
{
	o->left = count;
	o->blocks = count;
	if (newest_first)
		o->blocks = count > ORDER_NEWEST ? count - ORDER_NEWEST : 0;
}

bool order_next(struct order *o, size_t *ret_first, size_t *ret_count)
{
	size_t n = o->left;

	if (n == 0)
		return false;
	if (n > o->blocks && n - o->blocks > ORDER_BLOCK)
		n = ORDER_BLOCK;
	else if (n > o->blocks)
		n -= o->blocks;
	o->left -= n;
	*ret_first = o->left;
	*ret_count = n;
	return true;
}
