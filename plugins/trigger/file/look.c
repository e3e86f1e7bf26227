#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int64_t note_again_us = INT64_C(3600) * 1000000;

void folder_looked(struct folder *folder, const char *name, const char *outcome)
{
	looked_add(&folder->looked, hst_now_us(folder->host), name, outcome);
	folder->looked_new = true;
}

/* What is not taken is said once an hour, by a name that a terminal can show. */
void folder_note(struct folder *folder, const char *name, const char *why)
{
	uint64_t hash = file_name_hash(name) ^ file_name_hash(why);
	int64_t now_us = hst_now_us(folder->host);
	char shown[180];

	for (size_t i = 0; i < NOTED_MAX; i++)
		if (folder->noted[i].hash == hash && now_us - folder->noted[i].at_us < note_again_us)
			return;
	folder->noted[folder->noted_at++ % NOTED_MAX] = (struct noted){hash, now_us};
	folder_looked(folder, name, why);
	snprintf(shown, sizeof shown, "%s", looked_back(&folder->looked, 0)->what);
	hst_log(folder->host, HST_WARNING, "%s is not taken: %s", shown, why);
}

static bool is_text(const char *name)
{
	const unsigned char *at = (const unsigned char *)name;

	while (*at) {
		int more = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : *at >= 0xf0 && *at < 0xf5 ? 3 : -1;
		unsigned char first = *at++;

		if (more < 0 || first < ' ' || first == 0x7f)
			return false;
		/* Overlong forms, surrogates, and what is beyond the last character. */
		if ((first == 0xe0 && *at < 0xa0) || (first == 0xed && *at > 0x9f) || (first == 0xf0 && *at < 0x90) || (first == 0xf4 && *at > 0x8f))
			return false;
		for (; more > 0; more--, at++)
			if ((*at & 0xc0) != 0x80)
				return false;
	}
	return true;
}

bool folder_wants(void *state, const char *name)
{
	struct folder *folder = state;
	bool fits = false;

	for (size_t i = 0; i < folder->config->match.n && !fits; i++)
		fits = fnmatch(folder->config->match.at[i], name, FNM_PERIOD) == 0;
	if (fits && !is_text(name)) {
		folder_note(folder, name, "its name has control characters, or is no UTF-8");
		return false;
	}
	return fits;
}

static void scan_entry(struct folder *folder, const struct dirent *entry)
{
	if (entry->d_type == DT_DIR || !folder_wants(folder, entry->d_name))
		return;
	if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
		seen_add(&folder->seen, entry->d_name, false);
	else
		folder_note(folder, entry->d_name, NO_FILE);
}

int folder_scan(struct folder *folder, hst_error *err)
{
	int fd = openat(folder->place.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!directory) {
		hst_fail(err, HST_RETRY, "%.200s cannot be looked through: %s", folder->config->directory, strerror(errno));
		if (fd >= 0)
			close(fd);
		return HST_RETRY;
	}
	folder->seen.more = false;
	while ((entry = readdir(directory)))
		scan_entry(folder, entry);
	closedir(directory);
	folder->scan_us = hst_now_us(folder->host) + folder->config->scan.ms * 1000;
	return HST_OK;
}
