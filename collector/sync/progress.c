/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include "../base/clock.h"
#include "../model/text.h"

#include <stdio.h>

#define SHOW_EVERY_MS 100

void progress_begin(struct progress *p, struct run *run)
{
	*p = (struct progress){.shown = &run->progress};
	p->now.account_id = run->job.account_id;
	p->now.fence = run->job.fence;
	p->now.started_ms = clock_wall_us() / 1000;
	progress_phase(p, "opening", NULL);
}

void progress_phase(struct progress *p, const char *phase, const char *mailbox)
{
	(void)snprintf(p->now.phase, sizeof p->now.phase, "%s", phase);
	p->now.mailbox[0] = '\0';
	if (mailbox != NULL)
		text_printable(mailbox, p->now.mailbox, sizeof p->now.mailbox);
	progress_show(p);
}

void progress_tick(struct progress *p)
{
	if (clock_mono_ms() - p->shown_ms >= SHOW_EVERY_MS)
		progress_show(p);
}

void progress_show(struct progress *p)
{
	(void)pthread_mutex_lock(&p->shown->lock);
	p->shown->now = p->now;
	(void)pthread_mutex_unlock(&p->shown->lock);
	p->shown_ms = clock_mono_ms();
}
