/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer's bytes, by the readers of c-ares; what they give is checked
 * again, since a name of the DNS may hold any byte. */
#include "dns.h"

#include <ares.h>
#include <limits.h>
#include <string.h>

/* "." says that the service is not offered (RFC 2782), as an MX that there is
 * no mail (RFC 7505); it comes as "". */
static bool take_name(const char *name, char out[URL_HOST_MAX])
{
	if (name[0] == '\0' || strcmp(name, ".") == 0) {
		out[0] = '\0';
		return true;
	}
	return offer_host(name, out);
}

static void sort(struct srv_record *records, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i;
			k > 0 && records[k].priority < records[k - 1].priority;
			k--) {
			struct srv_record r = records[k];
			records[k] = records[k - 1];
			records[k - 1] = r;
		}
}

int dns_read_srv(const unsigned char *answer, size_t n,
	struct srv_record ret_records[DNS_RECORDS_MAX])
{
	struct ares_srv_reply *list = NULL;
	size_t count = 0;
	int r = n > INT_MAX ? ARES_EBADRESP
			    : ares_parse_srv_reply(answer, (int)n, &list);

	for (const struct ares_srv_reply *s = list;
		s != NULL && count < DNS_RECORDS_MAX; s = s->next) {
		struct srv_record *out = &ret_records[count];
		out->priority = s->priority;
		out->weight = s->weight;
		out->port = s->port;
		if (take_name(s->host, out->target) &&
			(s->port != 0 || out->target[0] == '\0'))
			count++;
	}
	ares_free_data(list);
	sort(ret_records, count);
	return r == ARES_SUCCESS || r == ARES_ENODATA ? (int)count : -1;
}

int dns_read_mx(const unsigned char *answer, size_t n,
	struct srv_record ret_records[DNS_RECORDS_MAX])
{
	struct ares_mx_reply *list = NULL;
	size_t count = 0;
	int r = n > INT_MAX ? ARES_EBADRESP
			    : ares_parse_mx_reply(answer, (int)n, &list);

	for (const struct ares_mx_reply *m = list;
		m != NULL && count < DNS_RECORDS_MAX; m = m->next) {
		struct srv_record *out = &ret_records[count];
		memset(out, 0, sizeof *out);
		out->priority = m->priority;
		if (take_name(m->host, out->target) && out->target[0] != '\0')
			count++;
	}
	ares_free_data(list);
	sort(ret_records, count);
	return r == ARES_SUCCESS || r == ARES_ENODATA ? (int)count : -1;
}
