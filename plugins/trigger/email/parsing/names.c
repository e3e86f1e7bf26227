#include "names.h"

#include "../parser.h"
#include "charsets.h"

#include <string.h>

static const struct {
	const char *type, *ending;
} endings[] = {
	{"application/json", ".json"},
	{"application/msword", ".doc"},
	{"application/pdf", ".pdf"},
	{"application/pgp-signature", ".asc"},
	{"application/vnd.ms-excel", ".xls"},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
	{"application/xml", ".xml"},
	{"application/zip", ".zip"},
	{"image/gif", ".gif"},
	{"image/jpeg", ".jpg"},
	{"image/png", ".png"},
	{"image/tiff", ".tif"},
	{"message/rfc822", ".eml"},
	{"text/calendar", ".ics"},
	{"text/csv", ".csv"},
	{"text/html", ".html"},
	{"text/plain", ".txt"},
	{"text/xml", ".xml"},
};

static char *made_up(const char *type, guint number)
{
	const char *ending = "";

	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].type, type) == 0)
			ending = endings[i].ending;
	return g_strdup_printf("attachment-%u%s", number, ending);
}

/* Those that have "fdp.exe" read as "exe.pdf". */
static bool turns(gunichar c)
{
	return c == 0x200e || c == 0x200f || c == 0x061c || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void drop_turning(GString *name)
{
	g_autofree char *all = g_strdup(name->str);

	g_string_truncate(name, 0);
	for (const char *at = all; *at; at = g_utf8_next_char(at))
		if (!turns(g_utf8_get_char(at)))
			g_string_append_unichar(name, g_utf8_get_char(at));
}

static bool is_edge(char c)
{
	return c == '.' || c == ' ';
}

static void strip(GString *name)
{
	gsize front = 0;

	while (name->len > 0 && is_edge(name->str[name->len - 1]))
		g_string_truncate(name, name->len - 1);
	while (is_edge(name->str[front]))
		front++;
	g_string_erase(name, 0, (gssize)front);
}

/* Keeps the ending, by which programs know what a file is. */
static void shorten(GString *name)
{
	const char *dot = strrchr(name->str, '.');
	gsize n = dot ? name->len - (gsize)(dot - name->str) : 0;
	g_autofree char *ending = g_strdup(n <= 16 && dot ? dot : "");

	if (name->len <= EMAIL_NAME_MAX)
		return;
	g_string_truncate(name, mail_charsets_fit(name->str, name->len, EMAIL_NAME_MAX - strlen(ending)));
	g_string_append(name, ending);
}

char *mail_names_fit(const char *name, const char *type, guint number)
{
	g_autoptr(GString) fit = g_string_new(name ? name : "");
	const char *last;

	for (gsize i = 0; i < fit->len; i++)
		if (fit->str[i] == '\\')
			fit->str[i] = '/';
	last = strrchr(fit->str, '/');
	if (last)
		g_string_erase(fit, 0, last + 1 - fit->str);
	mail_charsets_line(fit, 8 << 10);
	drop_turning(fit);
	strip(fit);
	shorten(fit);
	strip(fit);
	return fit->len > 0 ? g_strdup(fit->str) : made_up(type, number);
}
