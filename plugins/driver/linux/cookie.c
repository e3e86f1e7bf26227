#include "cookie.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10, FAMILY_LOCAL = 256, FAMILY_WILD = 65535, HOST_SIZE = 256 };

/* A part of a record: a length of two bytes, high byte first, and so many bytes. */
struct part {
	const unsigned char *at;
	size_t length;
};

static bool take_part(const unsigned char **at, const unsigned char *end, struct part *ret)
{
	size_t length;

	if (end - *at < 2)
		return false;
	length = (size_t)((*at)[0] << 8 | (*at)[1]);
	*at += 2;
	if ((size_t)(end - *at) < length)
		return false;
	*ret = (struct part){*at, length};
	*at += length;
	return true;
}

static bool is_text(const struct part *part, const char *text)
{
	return part->length == strlen(text) && memcmp(part->at, text, part->length) == 0;
}

/* One record, as Xau(3) has it: family, address, number, name, data. False: there is none any more, or it is broken. */
static bool take_record(const unsigned char **at, const unsigned char *end, int display, bool *ret_fits,
			struct part *ret_data)
{
	struct part address, number, name;
	char host[HOST_SIZE] = "", digits[16];
	int family;

	if (end - *at < 2)
		return false;
	family = (*at)[0] << 8 | (*at)[1];
	*at += 2;
	if (!take_part(at, end, &address) || !take_part(at, end, &number) || !take_part(at, end, &name) ||
	    !take_part(at, end, ret_data))
		return false;
	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	snprintf(digits, sizeof digits, "%d", display);
	*ret_fits = (family == FAMILY_WILD || (family == FAMILY_LOCAL && is_text(&address, host))) &&
		    (number.length == 0 || is_text(&number, digits)) && is_text(&name, "MIT-MAGIC-COOKIE-1") &&
		    ret_data->length == COOKIE_SIZE;
	return true;
}

static ssize_t read_file(const char *path, unsigned char *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	ssize_t n = 0, got = -1;

	if (fd >= 0 && fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	while (fd >= 0 && n < FILE_MAX && (got = read(fd, to + n, (size_t)(FILE_MAX - n))) > 0)
		n += got;
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : n;
}

bool cookie_find(const char *const *files, size_t n, int display, struct cookie *ret, char *why, size_t size)
{
	unsigned char bytes[FILE_MAX];
	size_t used = (size_t)snprintf(why, size, "no cookie for it is found");

	for (size_t i = 0; i < n; i++) {
		ssize_t length = read_file(files[i], bytes);
		const unsigned char *at = bytes, *end = bytes + (length > 0 ? length : 0);
		struct part data;
		bool fits = false;

		while (!fits && take_record(&at, end, display, &fits, &data))
			;
		if (fits && snprintf(ret->file, sizeof ret->file, "%s", files[i]) < (int)sizeof ret->file) {
			memcpy(ret->data, data.at, COOKIE_SIZE);
			return true;
		}
		if (used < size)
			used += (size_t)snprintf(why + used, size - used, "%s%s%s%s", i ? ", " : ": ", files[i],
						 length < 0 ? ": " : " has none", length < 0 ? strerror(errno) : "");
	}
	return false;
}
