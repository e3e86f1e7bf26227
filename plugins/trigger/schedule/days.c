#include "days.h"

#include "calendar.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char blanks[] = " \t\r";

static bool read_yearly(struct days_off *days, const char *entry)
{
	/* In a leap year each day there is exists. */
	struct day day = {.year = 2000};

	if (!calendar_digits(&entry, 2, &day.month) || *entry++ != '-' || !calendar_digits(&entry, 2, &day.day) || *entry ||
	    !calendar_exists(&day))
		return false;
	days->yearly[day.month] |= UINT32_C(1) << day.day;
	return true;
}

static bool read_span(const char *entry, struct days_span *ret)
{
	struct day first, last;

	if (!calendar_read(&entry, &first) || !calendar_exists(&first))
		return false;
	last = first;
	if (strncmp(entry, "..", 2) == 0) {
		entry += 2;
		if (!calendar_read(&entry, &last) || !calendar_exists(&last))
			return false;
	}
	*ret = (struct days_span){calendar_number(&first), calendar_number(&last)};
	return !*entry && ret->first <= ret->last;
}

int days_add(struct days_off *days, const char *entry, hst_error *err)
{
	struct days_span span;

	if (read_yearly(days, entry))
		return HST_OK;
	if (!read_span(entry, &span))
		return hst_fail(err, HST_INVALID,
				"\"%.40s\" is no day off; write a day such as 2026-12-25, 12-25 for each year, or the first and the "
				"last of several, 2026-12-24..2027-01-01",
				entry);
	if (days->n == DAYS_SPANS_MAX)
		return hst_fail(err, HST_INVALID, "more than %d days off; days in a row can be written as one", DAYS_SPANS_MAX);
	days->spans[days->n++] = span;
	return HST_OK;
}

static int add_line(struct days_off *days, char *line, hst_error *err)
{
	line += strspn(line, blanks);
	if (!*line || *line == '#' || *line == ';')
		return HST_OK;
	line[strcspn(line, blanks)] = '\0';
	return days_add(days, line, err);
}

static int add_text(struct days_off *days, const char *path, char *text, hst_error *err)
{
	for (int number = 1; text; number++) {
		char *end = strchr(text, '\n');
		hst_error why = {0};

		if (end)
			*end = '\0';
		if (add_line(days, text, &why) != HST_OK)
			return hst_fail(err, HST_INVALID, "%s:%d: %s", path, number, why.text);
		text = end ? end + 1 : NULL;
	}
	return HST_OK;
}

/* What blocks when it is read, such as a pipe, is no calendar. */
static int open_file(const char *path, int *ret, hst_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat stat;

	if (fd < 0)
		return hst_fail(err, HST_INVALID, "%s cannot be read: %m", path);
	if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)) {
		close(fd);
		return hst_fail(err, HST_INVALID, "%s is no file", path);
	}
	*ret = fd;
	return HST_OK;
}

int days_add_file(struct days_off *days, const char *path, hst_error *err)
{
	static char text[DAYS_FILE_MAX + 2];
	size_t length = 0;
	ssize_t n;
	int fd, code = open_file(path, &fd, err);

	if (code != HST_OK)
		return code;
	while ((n = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	if (n < 0)
		return hst_fail(err, HST_INVALID, "%s cannot be read", path);
	if (length > DAYS_FILE_MAX || memchr(text, '\0', length))
		return hst_fail(err, HST_INVALID, "%s is no text of at most %d KiB", path, DAYS_FILE_MAX / 1024);
	text[length] = '\0';
	return add_text(days, path, text, err);
}

bool days_has(const struct days_off *days, int64_t number)
{
	struct day day = calendar_day(number);
	bool found = days->yearly[day.month] >> day.day & 1;

	for (size_t i = 0; !found && i < days->n; i++)
		found = days->spans[i].first <= number && number <= days->spans[i].last;
	return found;
}
