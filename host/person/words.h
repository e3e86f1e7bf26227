/* What people read of an attended run, in a notification and in a window. */
#ifndef HOST_PERSON_WORDS_H
#define HOST_PERSON_WORDS_H

#include "person/happening.h"

/* "order is paused"; there is room for the name of a flow and a sentence. */
enum { SUMMARY_SIZE = 500 };
void words_summary(char to[SUMMARY_SIZE], const struct happening *happening);

/* Lines about it: its label, what it is at, what went wrong. `markup`: as the little HTML of notifications. */
void words_body(struct text *to, const struct happening *happening, bool markup);

#endif
