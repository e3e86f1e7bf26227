#include "html.h"

#include "charsets.h"

#include <string.h>

/* By name in order. */
static const struct {
	const char *name;
	gunichar c;
} entities[] = {
	{"AMP", '&'}, {"Aring", 0xc5}, {"Auml", 0xc4}, {"Ccedil", 0xc7}, {"Eacute", 0xc9}, {"GT", '>'}, {"LT", '<'}, {"Ntilde", 0xd1},
	{"Oslash", 0xd8}, {"Ouml", 0xd6}, {"QUOT", '"'}, {"Uuml", 0xdc}, {"aacute", 0xe1}, {"acirc", 0xe2}, {"aelig", 0xe6}, {"agrave", 0xe0},
	{"amp", '&'}, {"apos", '\''}, {"aring", 0xe5}, {"atilde", 0xe3}, {"auml", 0xe4}, {"bdquo", 0x201e}, {"bull", 0x2022},
	{"ccedil", 0xe7}, {"cent", 0xa2}, {"copy", 0xa9}, {"deg", 0xb0}, {"eacute", 0xe9}, {"ecirc", 0xea}, {"egrave", 0xe8}, {"euml", 0xeb},
	{"euro", 0x20ac}, {"gt", '>'}, {"hellip", 0x2026}, {"iacute", 0xed}, {"icirc", 0xee}, {"iuml", 0xef}, {"laquo", 0xab},
	{"ldquo", 0x201c}, {"lsquo", 0x2018}, {"lt", '<'}, {"mdash", 0x2014}, {"middot", 0xb7}, {"nbsp", ' '}, {"ndash", 0x2013},
	{"ntilde", 0xf1}, {"oacute", 0xf3}, {"ocirc", 0xf4}, {"ograve", 0xf2}, {"oslash", 0xf8}, {"otilde", 0xf5}, {"ouml", 0xf6},
	{"pound", 0xa3}, {"quot", '"'}, {"raquo", 0xbb}, {"rdquo", 0x201d}, {"reg", 0xae}, {"rsquo", 0x2019}, {"sect", 0xa7}, {"shy", 0},
	{"szlig", 0xdf}, {"times", 0xd7}, {"trade", 0x2122}, {"uacute", 0xfa}, {"ucirc", 0xfb}, {"ugrave", 0xf9}, {"uuml", 0xfc}, {"zwj", 0},
	{"zwnj", 0},
};

enum effect { NOTHING, LINE, PARAGRAPH, CELL, HIDDEN };

static const struct {
	const char *name;
	enum effect effect;
} tags[] = {
	{"address", LINE}, {"article", LINE}, {"blockquote", PARAGRAPH}, {"br", LINE}, {"dd", LINE}, {"div", LINE}, {"dt", LINE}, {"footer", LINE},
	{"h1", PARAGRAPH}, {"h2", PARAGRAPH}, {"h3", PARAGRAPH}, {"h4", PARAGRAPH}, {"h5", PARAGRAPH}, {"h6", PARAGRAPH}, {"header", LINE},
	{"hr", PARAGRAPH}, {"li", LINE}, {"ol", PARAGRAPH}, {"p", PARAGRAPH}, {"pre", PARAGRAPH}, {"script", HIDDEN}, {"section", LINE},
	{"style", HIDDEN}, {"table", PARAGRAPH}, {"td", CELL}, {"template", HIDDEN}, {"textarea", LINE}, {"th", CELL}, {"title", HIDDEN},
	{"tr", LINE}, {"ul", PARAGRAPH},
};

struct page {
	GString *to;
	gsize max;
	const char *at, *end;
	gsize breaks; /* asked for before the next character */
	bool blank, any, cut;
};

/* Blanks and breaks only once there is something behind them, and never more than an empty line. */
static void put(struct page *page, gunichar c)
{
	char bytes[6];
	gsize n;

	if (c == 0 || page->cut)
		return;
	if (c < 0x20 || c == ' ' || c == 0xa0) {
		page->blank = true;
		return;
	}
	n = (gsize)g_unichar_to_utf8(c, bytes);
	if (page->to->len + page->breaks + 1 + n > page->max) {
		page->cut = true;
		return;
	}
	if (page->any && page->breaks > 0)
		g_string_append(page->to, page->breaks > 1 ? "\n\n" : "\n");
	else if (page->any && page->blank)
		g_string_append_c(page->to, ' ');
	g_string_append_len(page->to, bytes, (gssize)n);
	page->any = true;
	page->blank = false;
	page->breaks = 0;
}

static enum effect effect_of(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++)
		if (strcmp(tags[i].name, name) == 0)
			return tags[i].effect;
	return NOTHING;
}

/* Behind the `>` of a tag, which may stand within quotes; where there is none the page ends. */
static const char *end_of_tag(const struct page *page)
{
	const char *end = memchr(page->at, '>', (gsize)(page->end - page->at));

	return end ? end + 1 : page->end;
}

/* At what closes the element. */
static const char *end_of_hidden(const char *at, const char *end, const char *name)
{
	gsize n = strlen(name);

	while ((at = memchr(at, '<', (gsize)(end - at))) != NULL) {
		at++;
		if ((gsize)(end - at) > n && *at == '/' && g_ascii_strncasecmp(at + 1, name, n) == 0)
			return at - 1;
	}
	return end;
}

static void read_tag(struct page *page)
{
	const char *at = page->at + 1;
	char name[16] = "";
	enum effect effect;
	bool closing;

	if (page->end - at >= 3 && memcmp(at, "!--", 3) == 0) {
		const char *end = g_strstr_len(at, page->end - at, "-->");

		page->at = end ? end + 3 : page->end;
		return;
	}
	closing = at < page->end && *at == '/';
	at += closing;
	if (at == page->end || !(g_ascii_isalpha(*at) || *at == '!' || *at == '?')) {
		put(page, '<');
		page->at++;
		return;
	}
	for (gsize i = 0; i + 1 < sizeof name && at < page->end && g_ascii_isalnum(*at); i++)
		name[i] = g_ascii_tolower(*at++);
	effect = effect_of(name);
	page->at = end_of_tag(page);
	if (effect == HIDDEN && !closing)
		page->at = end_of_hidden(page->at, page->end, name);
	else if (effect == LINE && page->breaks < 1)
		page->breaks = 1;
	else if (effect == PARAGRAPH)
		page->breaks = 2;
	else if (effect == CELL)
		page->blank = true;
}

static gunichar numbered(const char *digits)
{
	bool hex = *digits == 'x' || *digits == 'X';
	char *end = NULL;
	guint64 c = g_ascii_strtoull(digits + hex, &end, hex ? 16 : 10);

	if (end == digits + hex || *end || c > 0x10ffff || !g_unichar_validate((gunichar)c) || c == 0)
		return 0xfffd;
	return (gunichar)c;
}

static bool named(const char *name, gunichar *ret)
{
	for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
		if (strcmp(entities[i].name, name) == 0) {
			*ret = entities[i].c;
			return true;
		}
	}
	return false;
}

/* What is no entity is what it looks like. */
static void read_entity(struct page *page)
{
	char name[12] = "";
	const char *at = page->at + 1;
	gunichar c = '&';
	gsize n = 0;

	while (n + 1 < sizeof name && at < page->end && (g_ascii_isalnum(*at) || (n == 0 && *at == '#')))
		name[n++] = *at++;
	page->at++;
	if (n > 0 && name[0] == '#' && n > 1)
		c = numbered(name + 1);
	else if (!named(name, &c))
		n = 0;
	put(page, c);
	if (n > 0)
		page->at = at < page->end && *at == ';' ? at + 1 : at;
}

bool mail_html_text(GString *to, const char *html, gsize n, gsize max)
{
	struct page page = {.to = to, .max = max, .at = html, .end = html + n};

	while (page.at < page.end && !page.cut) {
		if (*page.at == '<') {
			read_tag(&page);
		} else if (*page.at == '&') {
			read_entity(&page);
		} else {
			put(&page, g_utf8_get_char(page.at));
			page.at = g_utf8_next_char(page.at);
		}
	}
	return !page.cut;
}
