#include "zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 64 };

static int unknown(const char *name, const char *folder, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "\"zone\": there is no zone \"%.64s\" in %s; zones are written like Europe/Berlin or UTC",
			name, folder);
}

int zone_check(const char *name, hst_error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	const char *given = getenv("TZDIR"), *folder = given ? given : "/usr/share/zoneinfo";
	char path[4096], begins[4] = "";
	ssize_t n;
	int fd;

	if (strcmp(name, "UTC") == 0)
		return HST_OK;
	/* Zones below right/ count leap seconds, which no other clock of the house does. */
	if (!name[0] || name[0] == '/' || strlen(name) > NAME_MAX_BYTES || name[strspn(name, letters)] ||
	    strncmp(name, "right/", 6) == 0)
		return unknown(name, folder, err);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, begins, sizeof begins);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof begins && memcmp(begins, "TZif", 4) == 0 ? HST_OK : unknown(name, folder, err);
}

void zone_use(const char *name)
{
	static char own[PATH_MAX];
	static bool is_own_known, is_own_set;
	const char *now = getenv("TZ");
	char value[NAME_MAX_BYTES + 2];

	if (!is_own_known) {
		is_own_set = now != NULL;
		snprintf(own, sizeof own, "%s", now ? now : "");
		is_own_known = true;
	}
	if (name) {
		snprintf(value, sizeof value, strcmp(name, "UTC") == 0 ? "UTC0" : ":%s", name);
		setenv("TZ", value, 1);
	} else if (is_own_set) {
		setenv("TZ", own, 1);
	} else {
		unsetenv("TZ");
	}
	tzset();
}

int64_t zone_ahead(void *unused, int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm parts = {0};

	(void)unused;
	localtime_r(&at, &parts);
	return parts.tm_gmtoff;
}

void zone_write(int64_t at_s, char *to, size_t size)
{
	time_t at = (time_t)at_s;
	struct tm parts = {0};
	long ahead;
	size_t length;

	localtime_r(&at, &parts);
	ahead = (parts.tm_gmtoff < 0 ? -parts.tm_gmtoff : parts.tm_gmtoff) / 60;
	length = strftime(to, size, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(to + length, size - length, "%c%02ld:%02ld", parts.tm_gmtoff < 0 ? '-' : '+', ahead / 60, ahead % 60);
}
