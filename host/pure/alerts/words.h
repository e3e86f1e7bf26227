/* How a notification says what is wrong, for whoever writes no words of their own. */
#ifndef HOST_PURE_ALERTS_WORDS_H
#define HOST_PURE_ALERTS_WORDS_H

#include "pure/alerts/alerts.h"

const char *alert_state_name(enum alert_state state); /* begun, again, ended, several */

/* One line: "hostler on HOST: failed: enter-invoice". */
void alert_say_subject(const struct alert_notice *notice, const char *host, struct text *to);

/* Sentences, since when, and what to do. */
void alert_say_text(const struct alert_notice *notice, struct text *to);

/* "waiting", or the kinds of several with ", " between them. */
void alert_say_when(const struct alert_notice *notice, struct text *to);

#endif
