#include "taken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * As text: the number, then a line for each file, "INODE SIZE MODIFIED FAILED NAME". Names have no newline: such files are not
 * taken over.
 */
static const char state_name[] = "taken";

enum { LINE_MAX_BYTES = SEEN_NAME_MAX + 100, STATE_MAX = TAKEN_MAX * LINE_MAX_BYTES + 32 };

static void read_line(struct taken *taken, const char *line)
{
	struct taken_file *file = &taken->at[taken->n];
	int failed = 0, at = 0;

	if (taken->n == TAKEN_MAX || sscanf(line, "%" SCNu64 " %" SCNd64 " %" SCNd64 " %d %n", &file->mark.inode, &file->mark.size,
					   &file->mark.modified_ns, &failed, &at) != 4 ||
	    !at || !line[at] || strlen(line + at) > SEEN_NAME_MAX)
		return;
	snprintf(file->name, sizeof file->name, "%s", line + at);
	file->failed = failed;
	taken->n++;
}

int taken_load(struct taken *taken, hst_call *call, hst_error *err)
{
	const void *bytes = NULL;
	hst_error why = {{0}, {0}};
	size_t length = 0;
	char *text, *line;
	int code = hst_state_get(call, state_name, &bytes, &length, &why);

	taken->n = 0;
	if (code == HST_NOT_FOUND)
		return HST_OK;
	if (code != HST_OK)
		return hst_fail(err, (hst_code)code, "%s", why.text);
	text = hst_copy(call, bytes, length);
	line = strsep(&text, "\n");
	if (sscanf(line, "%" SCNd64, &taken->number) != 1)
		taken->number = 0;
	while ((line = strsep(&text, "\n")))
		read_line(taken, line);
	taken->kept = taken->n > 0;
	return HST_OK;
}

int taken_put(const struct taken *taken, bool none, hst_host *host, hst_error *err)
{
	char bytes[STATE_MAX];
	int length = snprintf(bytes, sizeof bytes, "%" PRId64 "\n", taken->number + 1);

	for (size_t i = 0; i < taken->n && !none; i++) {
		const struct taken_file *file = &taken->at[i];

		length += snprintf(bytes + length, sizeof bytes - (size_t)length, "%" PRIu64 " %" PRId64 " %" PRId64 " %d %s\n", file->mark.inode,
				   file->mark.size, file->mark.modified_ns, file->failed, file->name);
	}
	return hst_state_put(host, state_name, bytes, (size_t)length, err);
}

void taken_add(struct taken *taken, const char *name, const struct file_mark *mark, bool failed)
{
	struct taken_file *file = &taken->at[taken->n++];

	snprintf(file->name, sizeof file->name, "%s", name);
	file->mark = *mark;
	file->failed = failed;
}

char *taken_key(const struct taken *taken, hst_call *call, const char *name, const struct file_mark *mark)
{
	char key[160];
	int length = snprintf(key, sizeof key, "%" PRId64 "-%" PRIu64 "-%" PRId64 "-%" PRId64 "-%016" PRIx64, taken->number + 1, mark->inode,
			      mark->size, mark->modified_ns, file_name_hash(name));

	return hst_copy(call, key, (size_t)length);
}
