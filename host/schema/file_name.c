#include "schema/file_name.h"

#include "schema/sentence.h"
#include "schema/utf8.h"

#include <stdio.h>
#include <string.h>

enum { GIVEN_MAX = 4096, EXTENSION_MAX = 20 };

bool file_name_fits(const char *name, size_t length)
{
	return length > 0 && length <= FILE_NAME_MAX && name[0] != '.' && !memchr(name, '/', length) && sentence_fits(name, length);
}

bool file_value_fits(const char *value)
{
	int parts = 0;

	for (size_t length;; value += length + 1) {
		length = strcspn(value, "/");
		if (++parts > 3 || !file_name_fits(value, length))
			return false;
		if (!value[length])
			return true;
	}
}

bool file_value_step(const char *value, size_t *ret_step_length, const char **ret_name)
{
	const char *slash = strchr(value, '/');

	if (!slash)
		return false;
	*ret_step_length = (size_t)(slash - value);
	*ret_name = slash + 1;
	return true;
}

const char *file_value_name(const char *value)
{
	const char *slash = strrchr(value, '/');

	return slash ? slash + 1 : value;
}

static uint32_t code_point(const char *character, size_t length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)character[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)character[i] & 0x3f);
	return code;
}

/* Not seen, or makes what is seen something else: controls, marks of direction, joiners, tags. */
static bool is_hidden(uint32_t code)
{
	static const uint32_t ranges[][2] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},
	                                     {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
	                                     {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	return false;
}

/* The length of what is kept of `given`, which is put into `to`, of at least so many bytes. */
static size_t filter(char *to, const char *given, size_t n)
{
	size_t kept = 0;

	for (size_t at = 0, length; at < n; at += length ? length : 1) {
		length = utf8_character(given + at, n - at);
		if (!length || strchr(":*?\"<>|", given[at]))
			to[kept++] = '_';
		else if (!is_hidden(code_point(given + at, length)))
			for (size_t i = 0; i < length; i++)
				to[kept++] = given[at + i];
	}
	return kept;
}

/* Of the first `n` bytes as many as end with a character. */
static size_t whole(const char *name, size_t n)
{
	return utf8_valid(name, n);
}

static const char *extension_of(const char *name, size_t length)
{
	const char *dot = memrchr(name, '.', length);

	return dot && dot > name && (size_t)(name + length - dot) <= EXTENSION_MAX ? dot : name + length;
}

/* The stem, cut so that what goes behind it has room, then that. */
static void put_together(char ret[FILE_NAME_MAX + 1], const char *name, size_t length, const char *between)
{
	const char *extension = extension_of(name, length);
	size_t behind = (size_t)(name + length - extension), room = FILE_NAME_MAX - behind - strlen(between);
	size_t stem = (size_t)(extension - name);

	stem = stem > room ? whole(name, room) : stem;
	memmove(ret, name, stem);
	snprintf(ret + stem, FILE_NAME_MAX + 1 - stem, "%s%.*s", between, (int)behind, extension);
}

void file_name_safe(char ret[FILE_NAME_MAX + 1], const char *given)
{
	char kept[GIVEN_MAX];
	size_t n = strlen(given), from = 0;

	for (size_t i = 0; i < n; i++)
		if (given[i] == '/' || given[i] == '\\')
			from = i + 1;
	/* Of what is far too long the end says more. */
	if (n - from > GIVEN_MAX)
		from = n - GIVEN_MAX;
	n = filter(kept, given + from, n - from);
	while (n && strchr(". ", kept[n - 1]))
		n--;
	for (from = 0; from < n && strchr(".- ", kept[from]);)
		from++;
	if (from == n)
		snprintf(ret, FILE_NAME_MAX + 1, "file");
	else
		put_together(ret, kept + from, n - from, "");
}

void file_name_numbered(char ret[FILE_NAME_MAX + 1], const char *name, size_t number)
{
	char between[24] = "";
	char copy[FILE_NAME_MAX + 1];

	snprintf(copy, sizeof copy, "%s", name);
	if (number > 1)
		snprintf(between, sizeof between, "-%zu", number);
	put_together(ret, copy, strlen(copy), between);
}
