/* Which files the patterns of `flows` and `desktop_flows` match. */
#include "config/conf_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"

#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { MATCHES_MAX = 10000 };

struct matching {
	struct conf_reading *reading;
	const char *key;
	int line;
	char **files;
	size_t n, size;
	bool full;
};

static bool is_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void add_file(struct matching *matching, const char *path)
{
	if (matching->n == MATCHES_MAX) {
		matching->full = true;
		return;
	}
	matching->files =
		mem_grow(matching->files, &matching->size, matching->n + 1, sizeof *matching->files);
	matching->files[matching->n++] = files_beside("/", path);
}

/* The pattern behind the configuration's folder, whose own name is no pattern whatever is in it; glob knows "..". */
static char *absolute_pattern(const struct conf *conf, const char *pattern)
{
	AUTO_FREE char *folder = files_beside(conf->path, ".");
	struct text escaped;

	if (pattern[0] == '/')
		return mem_text(pattern);
	text_init(&escaped, 2 * PATH_MAX);
	for (const char *c = folder; *c; c++)
		text_addf(&escaped, strchr("*?[]\\", *c) ? "\\%c" : "%c", *c);
	text_addf(&escaped, "/%s", pattern);
	return text_take(&escaped);
}

static void match_pattern(struct matching *matching, const char *pattern)
{
	AUTO_FREE char *absolute = NULL;
	glob_t found = {0};

	if (!strpbrk(pattern, "*?[")) {
		absolute = files_beside(matching->reading->conf->path, pattern);
		if (is_regular(absolute))
			add_file(matching, absolute);
		else
			problems_add(matching->reading->problems, matching->reading->conf->document->file,
				     matching->line, "\"%s\": there is no file %s", matching->key, absolute);
		return;
	}
	absolute = absolute_pattern(matching->reading->conf, pattern);
	if (glob(absolute, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (is_regular(found.gl_pathv[i]))
				add_file(matching, found.gl_pathv[i]);
	globfree(&found);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void conf_match_files(struct conf_reading *reading, const char *key, int line, const char *patterns,
		      char ***ret_files, size_t *ret_n)
{
	struct matching matching = {.reading = reading, .key = key, .line = line};
	size_t n, kept = 0;
	char **words = conf_split(patterns, &n);

	for (size_t i = 0; i < n; i++)
		match_pattern(&matching, words[i]);
	conf_words_free(words, n);
	if (matching.full)
		problems_add(reading->problems, reading->conf->document->file, line,
			     "\"%s\" matches more than %d files", key, MATCHES_MAX);
	/* Sorted by bytes, not by the locale, so that every machine reads the files in one order. */
	if (matching.n)
		qsort(matching.files, matching.n, sizeof *matching.files, compare);
	for (size_t i = 0; i < matching.n; i++) {
		if (kept && strcmp(matching.files[kept - 1], matching.files[i]) == 0)
			free(matching.files[i]);
		else
			matching.files[kept++] = matching.files[i];
	}
	conf_words_free(*ret_files, *ret_n);
	*ret_files = matching.files;
	*ret_n = kept;
}
