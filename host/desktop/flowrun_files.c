#include "desktop/flowrun_files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "schema/sentence.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* So many refusals are said one by one; of a flood of files the rest is counted, and of that only so many. */
enum { REFUSALS_SAID = 100, ENTRIES_MAX = 100000 };

static const int64_t file_bytes_max = INT64_C(256) << 20, all_bytes_max = INT64_C(1) << 30;

struct collecting {
	const struct flow_place *place;
	const hst_value *skip;
	struct flow_log *log;
	int to; /* results/out */
	size_t n, refused;
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

static const char *name_fault(const char *name)
{
	size_t length = strlen(name);

	if (length > FLOW_FILE_NAME_MAX)
		return "its name is longer than 100 bytes";
	if (!length || !sentence_fits(name, length) || name[0] == '.' || strchr(name, '/'))
		return "its name has control characters, is no UTF-8, or begins with a dot";
	return NULL;
}

static bool is_kept(const struct collecting *c, const char *name)
{
	return faccessat(c->to, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* NULL, or why it is not kept. */
static const char *collect(struct collecting *c, const char *name, const char *path)
{
	hst_error err = {0};
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = -1;
	const char *why = name_fault(name);

	if (why)
		return why;
	if (c->to < 0)
		return "the folder of the results cannot be written to";
	if (is_kept(c, name))
		return NULL;
	if (c->n == FLOW_FILES_MAX)
		return "there are more than 1,000 files";
	from = flow_place_open(c->place, path, &err);
	if (from < 0)
		return "it is no regular file of the flow's user";
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

static void say_refused(struct collecting *c, const char *path, const char *why)
{
	char fit[2 * FLOW_FILE_NAME_MAX];

	if (++c->refused > REFUSALS_SAID)
		return;
	sentence_copy(fit, sizeof fit, path, strlen(path));
	flow_log_note(c->log, "%s is not kept: %s", fit, why);
}

/* The k-th line of a text that has something in it; its length, 0: there is none. */
static size_t line_of(const char *text, size_t k, const char **ret)
{
	for (size_t length; *text; text += length + (text[length] != '\0')) {
		length = strcspn(text, "\n");
		*ret = text;
		if (length && !k--)
			return length;
	}
	return 0;
}

/* The k-th file that an output names, in out/; NULL: it names no more. Several in a text stand each on a line. */
static char *named_file(const struct flow_outputs *outputs, size_t i, size_t k)
{
	const hst_field *field = fields_find(outputs->declared, value_name_at(outputs->given, i));
	const hst_value *value = value_at(outputs->given, i);
	bool several = field_type(field) == HST_TYPE_FILES, list = several && value_kind(value) == HST_VALUE_LIST;
	const char *file;
	size_t length;

	if (!type_is_file(field_type(field)) || (!several && k) || (list && k >= value_count(value)))
		return NULL;
	value = list ? value_at(value, k) : value;
	if (value_kind(value) != HST_VALUE_TEXT)
		return NULL;
	file = value_text(value);
	length = several && !list ? line_of(file, k, &file) : strlen(file);
	if (several && !list && !length)
		return NULL;
	if (length > 4 && strncmp(file, "out/", 4) == 0) {
		file += 4;
		length -= 4;
	}
	return mem_printf("out/%.*s", (int)length, file);
}

static bool is_named(const struct flow_outputs *outputs, const char *path)
{
	for (size_t i = 0; i < value_count(outputs->given); i++)
		for (size_t k = 0;; k++) {
			AUTO_FREE char *named = named_file(outputs, i, k);

			if (!named)
				break;
			if (strcmp(named, path) == 0)
				return true;
		}
	return false;
}

static void collect_one(struct collecting *c, struct flow_outputs *outputs, size_t i, const char *path)
{
	const char *why = collect(c, path + strlen("out/"), path);
	char fit[2 * FLOW_FILE_NAME_MAX];

	if (!why)
		return;
	say_refused(c, path, why);
	sentence_copy(fit, sizeof fit, path, strlen(path));
	flow_outputs_fault(outputs, "output \"%s\" names %s, which is not kept: %s", value_name_at(outputs->given, i), fit, why);
}

static void collect_named(struct collecting *c, struct flow_outputs *outputs)
{
	for (size_t i = 0; i < value_count(outputs->given); i++)
		for (size_t k = 0;; k++) {
			AUTO_FREE char *path = named_file(outputs, i, k);

			if (!path)
				break;
			collect_one(c, outputs, i, path);
		}
}

static void collect_all(struct collecting *c, const struct flow_outputs *outputs, DIR *directory)
{
	struct dirent *entry;

	for (size_t i = 0; i < ENTRIES_MAX && (entry = readdir(directory)) != NULL; i++) {
		AUTO_FREE char *path = mem_printf("out/%s", entry->d_name);
		const char *why;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    is_skipped(c, path) || is_named(outputs, path))
			continue;
		why = collect(c, entry->d_name, path);
		if (why)
			say_refused(c, path, why);
	}
	if (c->refused > REFUSALS_SAID)
		flow_log_note(c->log, "%zu more files in out/, or even more, are not kept",
			      c->refused - REFUSALS_SAID);
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
			struct flow_outputs *outputs, struct flow_log *log)
{
	struct collecting c = {.place = place, .skip = skip, .log = log, .to = -1};
	int fd = place->used ? openat(place->work_fd, "out", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	AUTO_FREE char *to = files_join(results, "out");

	if (!place->used)
		return;
	if (!directory) {
		/* One that is gone had nothing in it that could be kept. */
		if (errno != ENOENT)
			flow_log_note(log, "files in out/ are not kept: %s", strerrordesc_np(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!is_empty(directory)) {
		if (mkdir(to, 0700) == 0 || errno == EEXIST)
			c.to = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (c.to < 0)
			flow_log_note(log, "files in out/ are not kept: %s", strerrordesc_np(errno));
		collect_named(&c, outputs);
		collect_all(&c, outputs, directory);
	}
	if (c.to >= 0)
		close(c.to);
	closedir(directory);
}

static bool is_there(const struct flow_place *place, const char *path)
{
	hst_error err = {0};
	int fd = !strchr(path + strlen("out/"), '/') ? flow_place_open(place, path, &err) : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* One with a NUL in it names something else than it says. */
static bool is_word(const hst_value *value, size_t k)
{
	if (value_kind(value) == HST_VALUE_LIST)
		value = value_at(value, k);
	return strlen(value_text(value)) == value_length(value);
}

void flow_files_check(const struct flow_place *place, struct flow_outputs *outputs)
{
	for (size_t i = 0; i < value_count(outputs->given); i++)
		for (size_t k = 0;; k++) {
			AUTO_FREE char *path = named_file(outputs, i, k);

			if (!path)
				break;
			if (!is_word(value_at(outputs->given, i), k) || !is_there(place, path))
				flow_outputs_fault(outputs, "output \"%s\" must name a file directly in out/, got \"%.100s\"",
						   value_name_at(outputs->given, i), outputs->unshown ? "(not shown)" : path + strlen("out/"));
		}
}
