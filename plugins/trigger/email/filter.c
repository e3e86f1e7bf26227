#include "filter.h"

#include "authentication.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const importances[] = {[EMAIL_LOW] = "low", [EMAIL_NORMAL] = "normal", [EMAIL_HIGH] = "high"};

static bool address_fits(const char *pattern, const char *address)
{
	const char *domain = strrchr(address, '@');

	if (*pattern == '@')
		return domain && strcasecmp(domain, pattern) == 0;
	return strcasecmp(address, pattern) == 0;
}

static bool any_fits(const hst_texts *patterns, const struct email_addresses *addresses)
{
	for (size_t i = 0; i < addresses->n; i++)
		for (size_t k = 0; k < patterns->n; k++)
			if (address_fits(patterns->at[k], addresses->at[i].address))
				return true;
	return false;
}

static const char *list(const char *what, const struct email_addresses *addresses, char *why, size_t size)
{
	if (addresses->n)
		snprintf(why, size, "it is %s %s%s", what, addresses->at[0].address, addresses->n > 1 ? " and others" : "");
	else
		snprintf(why, size, "it is %s nobody", what);
	return why;
}

/* One character of UTF-8, and the end of it; a byte that is none stands for itself. */
static const char *read_character(const char *text, uint32_t *ret)
{
	const unsigned char *at = (const unsigned char *)text;
	int more = *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : 0;

	*ret = more ? *at & (0x3fu >> more) : *at;
	for (int i = 1; i <= more; i++) {
		if (at[i] >> 6 != 2) {
			*ret = *at;
			return text + 1;
		}
		*ret = *ret << 6 | (at[i] & 0x3fu);
	}
	return text + 1 + more;
}

/*
 * Small letters of the scripts that have capitals and are written in business mail: Latin with its accents, Greek, Cyrillic. libc's
 * own would go by the locale of the process, which is "C".
 */
static uint32_t lower(uint32_t code)
{
	if ((code >= 'A' && code <= 'Z') || (code >= 0xc0 && code <= 0xde && code != 0xd7) || (code >= 0x391 && code <= 0x3a9) ||
	    (code >= 0x410 && code <= 0x42f))
		return code + 32;
	if (code >= 0x400 && code <= 0x40f)
		return code + 80;
	if (((code >= 0x100 && code <= 0x137) || (code >= 0x14a && code <= 0x177)) && code % 2 == 0)
		return code + 1;
	if (((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e)) && code % 2 == 1)
		return code + 1;
	return code;
}

static bool begins(const char *text, const char *part)
{
	uint32_t left, right;

	while (*part) {
		if (!*text)
			return false;
		text = read_character(text, &left);
		part = read_character(part, &right);
		if (lower(left) != lower(right))
			return false;
	}
	return true;
}

static bool contains(const char *text, const char *part)
{
	uint32_t code;

	for (; *text; text = read_character(text, &code))
		if (begins(text, part))
			return true;
	return !*part;
}

static bool has_attachment(const struct email_mail *mail)
{
	for (size_t i = 0; i < mail->attachments_n; i++)
		if (!mail->attachments[i].inside)
			return true;
	return false;
}

const char *email_filter(const struct email_config *config, const struct email_mail *mail, bool whole, char *why, size_t size)
{
	*why = '\0';
	if (config->from.n && !any_fits(&config->from, &mail->from))
		return list("from", &mail->from, why, size), "from";
	if (config->to.n && !any_fits(&config->to, &mail->to))
		return list("to", &mail->to, why, size), "to";
	if (config->cc.n && !any_fits(&config->cc, &mail->cc))
		return list("with a copy to", &mail->cc, why, size), "cc";
	if (config->subject && !contains(mail->subject, config->subject)) {
		snprintf(why, size, "its subject is another one");
		return "subject";
	}
	if (config->importance.index != EMAIL_WANTED_ANY && config->importance.index - EMAIL_WANTED_LOW != (int)mail->importance) {
		snprintf(why, size, "it is %s", importances[mail->importance]);
		return "importance";
	}
	if (config->require_authentication && !email_authentic(config->require_authentication, mail, why, size))
		return "require_authentication";
	if (whole && config->with_attachments && !has_attachment(mail)) {
		snprintf(why, size, "nothing is attached to it");
		return "with_attachments";
	}
	return NULL;
}

static bool type_fits(const char *pattern, const struct email_attachment *attachment)
{
	size_t length = strlen(attachment->name), end = strlen(pattern);

	if (*pattern == '.')
		return length > end && strcasecmp(attachment->name + length - end, pattern) == 0;
	return fnmatch(pattern, attachment->type, FNM_CASEFOLD) == 0;
}

const char *email_filter_attachment(const struct email_config *config, const struct email_attachment *attachment)
{
	if (!config->include_attachments)
		return "attachments are not included";
	if (attachment->inside)
		return "it belongs to the text";
	for (size_t i = 0; i < config->attachment_types.n; i++)
		if (type_fits(config->attachment_types.at[i], attachment))
			return NULL;
	return config->attachment_types.n ? "its type is not among attachment_types" : NULL;
}
