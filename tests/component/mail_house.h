/* The real hostler-mail-parser, and a host that asks it, for tests. */
#ifndef TESTS_COMPONENT_MAIL_HOUSE_H
#define TESTS_COMPONENT_MAIL_HOUSE_H

#include "../../plugins/trigger/email/parser.h"
#include "../fakes/fake_host.h"

struct mail_house {
	struct fake_host host;
	struct email_parser *parser;
	struct email_sink sink; /* keeps what it gets in attachment->taken, followed by a NUL, until the next mail */
	void **taken;
	size_t taken_n, bytes;
};

/* The program of this build, as it is installed. */
const char *mail_house_program(void);

void mail_house_open(struct mail_house *house);
void mail_house_close(struct mail_house *house);

/* HST_OK, or what email_parser_mail says. */
int mail_house_read(struct mail_house *house, const void *raw, size_t n, struct email_mail *ret, hst_error *err);

/* The process id of the parser that is at work; it is the only child. Fails the test where there is none. */
int mail_house_process(void);

#endif
