/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dict: names, each with a number. Borrows nothing: keys are copied. One
 * thread at a time.
 */
#ifndef MAILHAUL_BASE_DICT_H
#define MAILHAUL_BASE_DICT_H

#include <stdbool.h>
#include <stddef.h>

struct dict;

struct dict *dict_new(void);
void dict_free(struct dict **dict);
/* The number of key; ret_value may be NULL. False if it is not there. */
bool dict_get(const struct dict *dict, const char *key, size_t *ret_value);
/* Puts key in, or gives it another number. */
void dict_put(struct dict *dict, const char *key, size_t value);
/* Puts key in; false, and nothing changed, if it is there already. */
bool dict_add(struct dict *dict, const char *key, size_t value);

#endif
