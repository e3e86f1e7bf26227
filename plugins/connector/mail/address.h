/*
 * Addresses of mail as people write them, "Ada <ada@example.org>", and nothing else: what could be read as two addresses, as a header
 * of its own, or as a word of the protocol is refused.
 */
#ifndef PLUGINS_CONNECTOR_MAIL_ADDRESS_H
#define PLUGINS_CONNECTOR_MAIL_ADDRESS_H

#include <hostler/host.h>

enum { MAIL_RECIPIENTS_MAX = 100, MAIL_ADDRESS_MAX = 254, MAIL_NAME_MAX = 200 };

struct mail_address {
	const char *name;    /* UTF-8 without control characters; "": none */
	const char *address; /* "ada@example.org": letters, digits and a few signs of ASCII */
};

/* In the call's arena. */
struct mail_addresses {
	size_t n;
	struct mail_address at[MAIL_RECIPIENTS_MAX];
};

/*
 * Adds what `texts` name; a comma within quotes belongs to a name, also where it has made two texts of one. HST_INVALID names the
 * field, the address and what is wrong with it.
 */
int mail_addresses_read(hst_call *call, const char *field, const hst_texts *texts, struct mail_addresses *to, hst_error *err);

/* Whether it is there already, small letters or capital ones. */
bool mail_addresses_have(const struct mail_addresses *addresses, const char *address);

#endif
