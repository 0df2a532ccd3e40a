/* SPDX-License-Identifier: BSD-2-Clause */
/* delete_rule: what happens at the source to a message that is durable here
 * (--delete). Pure. */
#ifndef MAILHAUL_MODEL_DELETE_RULE_H
#define MAILHAUL_MODEL_DELETE_RULE_H

#include <stdbool.h>
#include <stdint.h>

enum delete_rule {
	DELETE_NEVER,
	DELETE_AFTER,	   /* so long after it came; 0: at once */
	DELETE_WITH_LOCAL, /* when its reader has deleted it here */
};

/* "never", "after-import", "with-local" or a duration; false: none of them.
 * NULL is never. *ret_after_s: of DELETE_AFTER. */
bool delete_rule_parse(
	const char *text, enum delete_rule *ret_rule, int64_t *ret_after_s);
/* True but for never (and for what is no rule). */
bool delete_rule_deletes(const char *text);

#endif
