/*
 * Text for somebody else's eyes. hostler has no secrets in its configuration and its logs; people and plugins may have put some
 * there all the same. So what looks like one is left out, rather once too often than once too seldom:
 *
 * - what follows a name such as password, token or key, unless it is secret:NAME, with the lines that continue it
 * - who signs in, in an address: ://USER:PASSWORD@
 * - long words that look like keys: hexadecimal from 32 characters on, others from 40, and invitations
 */
#ifndef HOST_CLI_REPORT_CLEAN_H
#define HOST_CLI_REPORT_CLEAN_H

#include "base/text.h"

void report_clean(struct text *to, const char *lines);

#endif
