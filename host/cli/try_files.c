#include "cli/try_files.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "os/failure.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/types.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Two files may be called alike where they come from. */
static const char *value_for(hst_arena *arena, const char *path, hst_value *paths)
{
	char safe[FILE_NAME_MAX + 1], name[FILE_NAME_MAX + 1];

	file_name_safe(safe, path);
	for (size_t n = 1;; n++) {
		const char *value;

		file_name_numbered(name, safe, n);
		value = arena_printf(arena, "trigger/%s", name);
		if (value_get(paths, value))
			continue;
		value_set_text(paths, value, path);
		return value;
	}
}

const hst_value *try_file_values(hst_arena *arena, const hst_field *field, const hst_value *given, hst_value *paths)
{
	AUTO(text) struct text names;
	const char *text = value_text(given);

	text_init(&names, VALUE_BYTES_MAX);
	if (!field || !type_is_file(field_type(field)) || value_kind(given) != HST_VALUE_TEXT)
		return given;
	for (size_t length; *text; text += length + (text[length] != '\0')) {
		length = strcspn(text, "\n");
		if (length)
			text_addf(&names, "%s%s", names.length ? "\n" : "", value_for(arena, arena_copy(arena, text, length), paths));
	}
	return value_make_text(arena, names.s, names.length);
}

int try_file_open(void *paths, const char *value, hst_error *err)
{
	const char *path = value_text(value_get(paths, value));
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		failure_of(errno, err, "read the file", path);
		return -1;
	}
	if (!S_ISREG(status.st_mode)) {
		hst_fail(err, HST_INVALID, "%.200s is no file", path);
		return -1;
	}
	return take_fd(&fd);
}
