/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a server turns out to be, asked again whenever it has said more of
 * itself: greeting, capabilities, ID. A capability that is not to be used is
 * taken out of what it offers, so that nobody else has to know of the quirk.
 */
#include "imap_command.h"
#include "quirks.h"

static const struct {
	uint64_t quirk;
	uint32_t caps;
} quirks_masks[] = {
	{QUIRK_NO_NAMESPACE, IMAP_CAP_NAMESPACE},
	{QUIRK_NO_LIST_EXTENDED, IMAP_CAP_LIST_EXTENDED | IMAP_CAP_SPECIAL_USE |
					 IMAP_CAP_LIST_STATUS},
	{QUIRK_NO_LIST_STATUS, IMAP_CAP_LIST_STATUS},
	{QUIRK_NO_CONDSTORE, IMAP_CAP_CONDSTORE | IMAP_CAP_QRESYNC},
	{QUIRK_NO_QRESYNC, IMAP_CAP_QRESYNC},
	{QUIRK_NO_ESEARCH, IMAP_CAP_ESEARCH},
	{QUIRK_NO_SEARCH, IMAP_CAP_ESEARCH},
	{QUIRK_NO_LITERAL_PLUS, IMAP_CAP_LITERAL_PLUS | IMAP_CAP_LITERAL_MINUS},
	{QUIRK_NO_COMPRESS, IMAP_CAP_COMPRESS},
	{QUIRK_NO_IDLE, IMAP_CAP_IDLE},
};

void imap_quirks_mask(struct imap *im)
{
	for (size_t i = 0; i < sizeof quirks_masks / sizeof *quirks_masks; i++)
		if ((im->info.quirks & quirks_masks[i].quirk) != 0)
			im->caps &= ~quirks_masks[i].caps;
	im->info.condstore = (im->caps & IMAP_CAP_CONDSTORE) != 0;
	im->info.qresync = (im->caps & IMAP_CAP_QRESYNC) != 0 &&
			   im->enable != IMAP_ENABLE_REFUSED;
	im->info.pipelining = !imap_has_quirk(im, QUIRK_NO_PIPELINING);
}

void imap_quirks_learn(struct imap *im, const struct session_config *config)
{
	const struct quirks_signs signs = {
		.host = config->url.host,
		.greeting = im->hello,
		.server_id = im->info.server_id,
		.capabilities = im->info.capabilities,
	};

	im->info.quirks =
		quirk_overrule(quirks_recognise(&signs), &config->quirks);
	imap_quirks_mask(im);
}

/* Only where a mailbox is SELECTed can \Seen be taken off again. */
const char *imap_select_verb(const struct imap *im)
{
	return (im->info.quirks &
		       (uint64_t)(QUIRK_NO_EXAMINE | QUIRK_PEEK_SETS_SEEN)) != 0
		       ? "SELECT"
		       : "EXAMINE";
}
