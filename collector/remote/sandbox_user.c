/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From root to somebody without a file, where the service was started as
 * root; and without capabilities, which a service of many owners has, and which
 * its processes inherit (mailhaul-owners.conf). /etc/passwd alone is asked: the
 * modules of nsswitch.conf are libraries that would stay in an envoy's memory.
 */
#include "sandbox.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void find_user(uid_t *ret_uid, gid_t *ret_gid)
{
	char text[1024];
	struct passwd entry, *found;
	FILE *f = fopen("/etc/passwd", "re");

	*ret_uid = SANDBOX_UID_ELSE;
	*ret_gid = SANDBOX_UID_ELSE;
	while (f != NULL &&
		fgetpwent_r(f, &entry, text, sizeof text, &found) == 0) {
		bool own = strcmp(found->pw_name, SANDBOX_USER) == 0;
		if (found->pw_uid == 0 ||
			(!own &&
				strcmp(found->pw_name, SANDBOX_USER_ELSE) != 0))
			continue;
		*ret_uid = found->pw_uid;
		*ret_gid = found->pw_gid;
		if (own)
			break;
	}
	if (f != NULL)
		(void)fclose(f);
}

/* It may always have fewer than it has. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &header, none);
}

static void become_somebody(bool *ret_root)
{
	uid_t uid;
	gid_t gid;

	*ret_root = geteuid() == 0;
	if (!*ret_root)
		return;
	find_user(&uid, &gid);
	/* A container may lack the right, or the user: then it stays root. */
	if (setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
		setresuid(uid, uid, uid) == 0)
		*ret_root = geteuid() == 0 || setuid(0) == 0;
}

void sandbox_user(bool *ret_root)
{
	become_somebody(ret_root);
	drop_capabilities();
}
