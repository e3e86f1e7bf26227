#include "desktop/flowrun_files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/sentence.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 1000 };

static const int64_t file_bytes_max = INT64_C(256) << 20, all_bytes_max = INT64_C(1) << 30;

struct collecting {
	const struct flow_place *place;
	const hst_value *skip;
	struct flow_log *log;
	int to; /* results/out */
	size_t n;
	int64_t bytes;
};

static bool is_skipped(const struct collecting *c, const char *path)
{
	for (size_t i = 0; i < value_count(c->skip); i++)
		if (strcmp(value_text(value_at(c->skip, i)), path) == 0)
			return true;
	return false;
}

/* The size is counted while copying: what the file says of itself may change meanwhile. NULL, or why it
 * failed. */
static const char *copy(struct collecting *c, int from, int to)
{
	const int64_t left = all_bytes_max - c->bytes, most = left < file_bytes_max ? left : file_bytes_max;
	char bytes[64 << 10];
	int64_t total = 0;
	ssize_t n;

	while ((n = read(from, bytes, sizeof bytes)) > 0) {
		total += n;
		if (total > most)
			return "it is larger than 256 MiB, or all together are larger than 1 GiB";
		for (ssize_t at = 0, part; at < n; at += part)
			if ((part = write(to, bytes + at, (size_t)(n - at))) < 0)
				return strerrordesc_np(errno);
	}
	if (n < 0)
		return strerrordesc_np(errno);
	c->bytes += total;
	return NULL;
}

static const char *collect(struct collecting *c, const char *name, const char *path)
{
	hst_error err = {0};
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = -1;
	const char *why;

	if (!sentence_fits(name, strlen(name)) || name[0] == '.')
		return "its name has control characters, is no UTF-8, or begins with a dot";
	if (c->n == FILES_MAX)
		return "there are more than 1,000 files";
	from = flow_place_open(c->place, path, &err);
	if (from < 0)
		return "it is no regular file";
	to = openat(c->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return strerrordesc_np(errno);
	why = copy(c, from, to);
	if (why)
		unlinkat(c->to, name, 0);
	else
		c->n++;
	return why;
}

static void collect_all(struct collecting *c, DIR *directory)
{
	struct dirent *entry;
	size_t looked_at = 0;

	while ((entry = readdir(directory)) != NULL && looked_at++ < 2 * FILES_MAX) {
		AUTO_FREE char *path = mem_printf("out/%s", entry->d_name);
		char fit[80];
		const char *why;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    is_skipped(c, path))
			continue;
		why = collect(c, entry->d_name, path);
		sentence_copy(fit, sizeof fit, path, strlen(path));
		if (why)
			flow_log_note(c->log, "%s is not kept: %s", fit, why);
	}
}

/* An empty out/ is the rule: then nothing is made. */
static bool is_empty(DIR *directory)
{
	struct dirent *entry;
	bool empty = true;

	while (empty && (entry = readdir(directory)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	rewinddir(directory);
	return empty;
}

void flow_files_collect(const struct flow_place *place, const char *results, const hst_value *skip,
			struct flow_log *log)
{
	struct collecting c = {.place = place, .skip = skip, .log = log, .to = -1};
	int fd = openat(place->work_fd, "out", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	AUTO_FREE char *to = files_join(results, "out");

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!is_empty(directory)) {
		if (mkdir(to, 0700) == 0 || errno == EEXIST)
			c.to = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (c.to < 0)
			flow_log_note(log, "files in out/ are not kept: %s", strerrordesc_np(errno));
		else
			collect_all(&c, directory);
	}
	if (c.to >= 0)
		close(c.to);
	closedir(directory);
}

void flow_files_check(const struct flow_place *place, struct flow_outputs *outputs)
{
	for (size_t i = 0; i < value_count(outputs->given); i++) {
		const char *name = value_name_at(outputs->given, i);
		const hst_value *value = value_at(outputs->given, i);
		const char *file = value_text(value);
		AUTO_FREE char *path = mem_printf("out/%s", strncmp(file, "out/", 4) == 0 ? file + 4 : file);
		hst_error err = {0};
		int fd;

		if (field_type(fields_find(outputs->declared, name)) != HST_TYPE_FILE ||
		    value_kind(value) != HST_VALUE_TEXT)
			continue;
		fd = strlen(file) == value_length(value) && !strchr(path + 4, '/')
			     ? flow_place_open(place, path, &err)
			     : -1;
		if (fd < 0)
			flow_outputs_fault(outputs,
					   "output \"%s\" must name a file directly in out/, got \"%.100s\"",
					   name, file);
		else
			close(fd);
	}
}
