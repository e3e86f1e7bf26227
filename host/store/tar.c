#include "store/tar.h"

#include "schema/utf8.h"

#include <stdio.h>
#include <string.h>

/* Offsets and lengths of a header's fields. */
enum {
	NAME_AT = 0, NAME_LENGTH = 100,
	MODE_AT = 100, OWNER_AT = 108, GROUP_AT = 116, ID_LENGTH = 8,
	SIZE_AT = 124, TIME_AT = 136, NUMBER_LENGTH = 12,
	SUM_AT = 148, SUM_LENGTH = 8,
	TYPE_AT = 156, MAGIC_AT = 257,
	PREFIX_AT = 345, PREFIX_LENGTH = 155,
};

static const char magic[8] = "ustar\0" "00"; /* eight bytes, the last of them no NUL */
static const int64_t octal_max = (INT64_C(1) << 33) - 1;

bool tar_name_fits(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > ARCHIVE_NAME_MAX || name[0] == '/' || utf8_valid(name, length) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '\\')
			return false;
	for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!*part || *part == '/' || strncmp(part, "../", 3) == 0 || strcmp(part, "..") == 0 || strncmp(part, "./", 2) == 0 ||
		    strcmp(part, ".") == 0)
			return false;
	return true;
}

static void put_octal(uint8_t *to, size_t length, uint64_t value)
{
	for (size_t i = length - 1; i-- > 0; value >>= 3)
		to[i] = (uint8_t)('0' + (value & 7));
	to[length - 1] = '\0';
}

/* Beyond 8 GiB as GNU tar has it: the first bit says so, the rest is the number. */
static void put_size(uint8_t *to, int64_t size)
{
	uint64_t value = (uint64_t)size;

	if (size <= octal_max) {
		put_octal(to, NUMBER_LENGTH, value);
		return;
	}
	for (size_t i = NUMBER_LENGTH; i-- > 0; value >>= 8)
		to[i] = (uint8_t)value;
	to[0] |= 0x80;
}

static unsigned sum_of(const uint8_t header[TAR_BLOCK])
{
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LENGTH ? ' ' : header[i];
	return sum;
}

/* A long name is cut at a slash into a prefix and a name. */
static bool put_name(uint8_t to[TAR_BLOCK], const char *name)
{
	size_t length = strlen(name);
	const char *cut = name;

	if (length <= NAME_LENGTH) {
		memcpy(to + NAME_AT, name, length);
		return true;
	}
	for (const char *slash = strchr(name, '/'); slash && slash - name <= PREFIX_LENGTH; slash = strchr(slash + 1, '/'))
		cut = slash;
	if (cut == name || strlen(cut + 1) > NAME_LENGTH)
		return false;
	memcpy(to + PREFIX_AT, name, (size_t)(cut - name));
	memcpy(to + NAME_AT, cut + 1, strlen(cut + 1));
	return true;
}

int tar_write_header(uint8_t to[TAR_BLOCK], const struct archive_member *member, int64_t at_s, hst_error *err)
{
	memset(to, 0, TAR_BLOCK);
	if (!tar_name_fits(member->name) || !put_name(to, member->name))
		return hst_fail(err, HST_INVALID, "\"%.100s\" is no name for a member of a backup", member->name);
	put_octal(to + MODE_AT, ID_LENGTH, member->mode & 07777);
	put_octal(to + OWNER_AT, ID_LENGTH, 0);
	put_octal(to + GROUP_AT, ID_LENGTH, 0);
	put_size(to + SIZE_AT, member->size);
	put_octal(to + TIME_AT, NUMBER_LENGTH, (uint64_t)(at_s > 0 && at_s <= octal_max ? at_s : 0));
	to[TYPE_AT] = '0';
	memcpy(to + MAGIC_AT, magic, sizeof magic);
	put_octal(to + SUM_AT, SUM_LENGTH - 1, sum_of(to));
	to[SUM_AT + SUM_LENGTH - 1] = ' ';
	return HST_OK;
}

static bool get_octal(const uint8_t *from, size_t length, int64_t *ret)
{
	int64_t value = 0;
	size_t i = 0;

	while (i < length && from[i] == ' ')
		i++;
	for (; i < length && from[i] >= '0' && from[i] <= '7'; i++)
		value = value << 3 | (from[i] - '0');
	*ret = value;
	return i == length || from[i] == '\0' || from[i] == ' ';
}

static bool get_size(const uint8_t *from, int64_t *ret)
{
	uint64_t value = 0;

	if (!(from[0] & 0x80))
		return get_octal(from, NUMBER_LENGTH, ret);
	if (from[0] != 0x80 || from[1] || from[2] || from[3] || (from[4] & 0x80))
		return false;
	for (size_t i = 4; i < NUMBER_LENGTH; i++)
		value = value << 8 | from[i];
	*ret = (int64_t)value;
	return true;
}

int tar_read_header(const uint8_t from[TAR_BLOCK], struct archive_member *ret, bool *ret_end, hst_error *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	struct archive_member member = {.size = 0};
	int64_t sum = 0, mode = 0;

	*ret_end = memcmp(from, zeros, TAR_BLOCK) == 0;
	if (*ret_end)
		return HST_OK;
	if (memcmp(from + MAGIC_AT, magic, sizeof magic) != 0 || !get_octal(from + SUM_AT, SUM_LENGTH, &sum) || sum != sum_of(from))
		return hst_fail(err, HST_INVALID, "a header is damaged, or this is no backup");
	if (from[TYPE_AT] != '0' || !get_octal(from + MODE_AT, ID_LENGTH, &mode) || !get_size(from + SIZE_AT, &member.size))
		return hst_fail(err, HST_INVALID, "it has something else in it than plain files");
	snprintf(member.name, sizeof member.name, "%.*s%s%.*s", PREFIX_LENGTH, (const char *)from + PREFIX_AT, from[PREFIX_AT] ? "/" : "",
		 NAME_LENGTH, (const char *)from + NAME_AT);
	if (!tar_name_fits(member.name))
		return hst_fail(err, HST_INVALID, "a member has a name that no backup gives");
	member.mode = (mode_t)mode & 07777;
	*ret = member;
	return HST_OK;
}
