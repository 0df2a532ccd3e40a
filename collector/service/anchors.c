/* SPDX-License-Identifier: BSD-2-Clause */
#include "anchors.h"

#include "../base/mem.h"
#include "../remote/envoy.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct anchor {
	struct anchor *next;
	char *ca_file;
	int fd;
};

struct anchors {
	pthread_mutex_t lock;
	struct anchor *list;
};

struct anchors *anchors_new(void)
{
	struct anchors *a = mem_alloc(sizeof *a);

	(void)pthread_mutex_init(&a->lock, NULL);
	return a;
}

void anchors_free(struct anchors **a)
{
	if (*a == NULL)
		return;
	for (struct anchor *v = (*a)->list, *next; v != NULL; v = next) {
		next = v->next;
		(void)close(v->fd);
		free(v->ca_file);
		free(v);
	}
	(void)pthread_mutex_destroy(&(*a)->lock);
	free(*a);
	*a = NULL;
}

static int load(const char *ca_file, int *ret_fd, struct err *err)
{
	if (ca_file != NULL)
		return envoy_anchors_fd(ca_file, ret_fd, err);
	*ret_fd = memfd_create("no anchors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*ret_fd < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errno, "memfd_create");
	return 0;
}

int anchors_get(
	struct anchors *a, const char *ca_file, int *ret_fd, struct err *err)
{
	const char *key = ca_file != NULL ? ca_file : "";
	struct anchor *v;
	int fd, r = 0;

	(void)pthread_mutex_lock(&a->lock);
	for (v = a->list; v != NULL; v = v->next)
		if (strcmp(v->ca_file, key) == 0)
			break;
	if (v == NULL && (r = load(ca_file, &fd, err)) == 0) {
		v = mem_alloc(sizeof *v);
		v->fd = fd;
		v->ca_file = mem_strdup(key);
		v->next = a->list;
		a->list = v;
	}
	if (r == 0)
		*ret_fd = v->fd;
	(void)pthread_mutex_unlock(&a->lock);
	return r;
}
