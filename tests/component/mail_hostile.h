/* Mails that nobody sends in good faith, each so large that a parser that is not careful needs hours or all memory. */
#ifndef TESTS_COMPONENT_MAIL_HOSTILE_H
#define TESTS_COMPONENT_MAIL_HOSTILE_H

#include <stdio.h>

struct mail_hostile {
	const char *name;
	void (*write)(FILE *to);
};

/* Ends with a row without a name. */
extern const struct mail_hostile mail_hostile_all[];

#endif
