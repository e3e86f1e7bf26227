/* One question to a token endpoint (RFC 6749, section 6), by HTTPS alone. */
#ifndef PLUGINS_TRIGGER_EMAIL_ENDPOINT_H
#define PLUGINS_TRIGGER_EMAIL_ENDPOINT_H

#include "options.h"

#include <hostler/secret.h>

struct email_answer {
	long status;
	char *bytes; /* NUL-terminated, wiped when freed */
	size_t n;
};

/* HST_RETRY, or HST_DENIED for a certificate that is not trusted. */
int email_endpoint_ask(const struct email_config *config, hst_call *call, const hst_secret *refresh_token, struct email_answer *ret,
		       hst_error *err);
void email_answer_free(struct email_answer *answer);

#endif
