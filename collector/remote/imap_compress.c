/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COMPRESS=DEFLATE (RFC 4978): asked for where it pays, which is where much
 * is to come and the server is far. It costs a round trip, and on a fast
 * line more time than it saves.
 */
#include "imap_command.h"

#define FAR_US 10000 /* a round trip of less is a line that needs no help */

static bool compress_pays(
	const struct imap *im, const struct session_config *config)
{
	int64_t rtt_us;

	if ((im->caps & IMAP_CAP_COMPRESS) == 0)
		return false;
	if ((config->quirks.off & QUIRK_NO_COMPRESS) != 0)
		return true; /* a person wants it */
	if (!config->bulk)
		return false;
	rtt_us = transport_rtt_us(im->t);
	return rtt_us < 0 || rtt_us >= FAR_US;
}

int imap_compress(
	struct imap *im, const struct session_config *config, struct err *err)
{
	struct imap_answer answer;

	if (!compress_pays(im, config))
		return 0;
	if (imap_command(im, "COMPRESS DEFLATE", "COMPRESS", &answer, err) < 0)
		return -1;
	if (answer.status != IMAP_OK)
		return 0; /* NO [COMPRESSIONACTIVE]: TLS does it already */
	/* what came behind the answer was read as plain text */
	if (im->m->imap_stream->read_buffer_len != 0) {
		transport_poison(im->t);
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server sent more behind its answer to COMPRESS");
	}
	im->info.compressed = true;
	return transport_start_deflate(
		im->t, config->limits.message_bytes, err);
}
