/* SPDX-License-Identifier: BSD-2-Clause */
/* The values inside a frame: little-endian numbers, counted bytes. */
#include "channel_impl.h"

#include <assert.h>
#include <string.h>

void channel_store_le(char *p, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (char)(v >> (8 * i));
}

void channel_put_raw(struct channel *c, const void *p, size_t n)
{
	assert(c->building);
	if (n > CHANNEL_MAX || c->out_len - c->frame > CHANNEL_FRAME_BYTES)
		n = 0; /* too long already: send will refuse */
	if (n == 0)
		return;
	channel_out_reserve(c, n);
	memcpy(c->out + c->out_len, p, n);
	c->out_len += n;
}

void channel_begin(struct channel *c, uint8_t type)
{
	assert(!c->building);
	c->building = true;
	c->frame = c->out_len;
	channel_out_reserve(c, CHANNEL_HEAD_BYTES);
	c->out_len += CHANNEL_HEAD_BYTES;
	c->out[c->frame + 4] = (char)type;
}

void channel_put_u8(struct channel *c, uint8_t v)
{
	channel_put_raw(c, &v, 1);
}

void channel_put_u32(struct channel *c, uint32_t v)
{
	char le[4];

	channel_store_le(le, v, sizeof le);
	channel_put_raw(c, le, sizeof le);
}

void channel_put_u64(struct channel *c, uint64_t v)
{
	char le[8];

	channel_store_le(le, v, sizeof le);
	channel_put_raw(c, le, sizeof le);
}

void channel_put_bytes(struct channel *c, const void *p, size_t n)
{
	if (n > CHANNEL_MAX)
		n = CHANNEL_MAX; /* with its length it is over the bound */
	channel_put_u32(c, (uint32_t)n);
	channel_put_raw(c, p, n);
}

void channel_put_str(struct channel *c, const char *s)
{
	channel_put_bytes(c, s, strlen(s));
}

uint64_t channel_load_le(const char *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* Takes n bytes of the payload, or fails for good. */
static const char *take(struct channel *c, size_t n)
{
	const char *p = c->payload;

	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	c->payload += n;
	c->left -= n;
	return p;
}

bool channel_get_u8(struct channel *c, uint8_t *v)
{
	const char *p = take(c, 1);

	if (p != NULL)
		*v = (uint8_t)*p;
	return p != NULL;
}

bool channel_get_u32(struct channel *c, uint32_t *v)
{
	const char *p = take(c, 4);

	if (p != NULL)
		*v = (uint32_t)channel_load_le(p, 4);
	return p != NULL;
}

bool channel_get_u64(struct channel *c, uint64_t *v)
{
	const char *p = take(c, 8);

	if (p != NULL)
		*v = channel_load_le(p, 8);
	return p != NULL;
}

bool channel_get_bytes(struct channel *c, const void **p, size_t *n)
{
	uint32_t len;
	const char *at;

	if (!channel_get_u32(c, &len) || (at = take(c, len)) == NULL)
		return false;
	*p = at;
	*n = len;
	return true;
}

bool channel_get_str(struct channel *c, char *out, size_t out_bytes)
{
	const void *p;
	size_t n;

	if (!channel_get_bytes(c, &p, &n))
		return false;
	if (n >= out_bytes || memchr(p, '\0', n) != NULL) {
		c->bad = true;
		return false;
	}
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

void channel_rest(struct channel *c, const void **p, size_t *n)
{
	*p = c->payload;
	*n = c->bad ? 0 : c->left;
	c->payload += *n;
	c->left -= *n;
}

size_t channel_left(const struct channel *c)
{
	return c->bad ? 0 : c->left;
}

bool channel_done(const struct channel *c)
{
	return !c->bad && c->left == 0;
}
