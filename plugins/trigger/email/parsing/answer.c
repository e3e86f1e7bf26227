#include "answer.h"

#include "../parser.h"
#include "charsets.h"

#include <string.h>

static GMimeParserOptions *options;

void mail_answer_prepare(void)
{
	static const char *const fallback[] = {"utf-8", "windows-1252", NULL};

	g_mime_init();
	mail_charsets_load();
	options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, (const char **)fallback);
}

void mail_answer(struct mail_say *say, enum email_asked asked, const uint64_t *limits, struct mail_span mail)
{
	struct mail_section section;
	bool whole;

	mail_section_read(&section, mail, true);
	whole = !section.cut;
	whole = mail_answer_head(say, &section, limits, options) && whole;
	if (asked == EMAIL_ASK_MAIL) {
		struct mail_parts parts;

		mail_parts_read(&parts, mail, &section, options);
		whole = mail_answer_bodies(say, &parts, limits) && !parts.cut && whole;
		mail_parts_clear(&parts);
	}
	mail_section_clear(&section);
	if (!whole)
		mail_say(say, EMAIL_CUT, NULL, 0);
	mail_say(say, EMAIL_END, NULL, 0);
	mail_say_flush(say);
}
