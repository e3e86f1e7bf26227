/* One mail, understood and said. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_ANSWER_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_ANSWER_H

#include "parts.h"
#include "say.h"

/* Once, before the process is confined. */
void mail_answer_prepare(void);

/* `limits` as they came, EMAIL_LIMIT_COUNT of them: what is beyond those of this program is taken for them. Ends with EMAIL_END. */
void mail_answer(struct mail_say *say, enum email_asked asked, const uint64_t *limits, struct mail_span mail);

/* Its halves: what the header section says; and the texts and attachments. Each returns false when something was left out. */
bool mail_answer_head(struct mail_say *say, const struct mail_section *section, const uint64_t *limits, GMimeParserOptions *options);
bool mail_answer_bodies(struct mail_say *say, const struct mail_parts *parts, const uint64_t *limits);

#endif
