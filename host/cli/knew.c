#include "cli/knew.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "schema/types.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { BYTES_MAX = KNEW_MAX * (ENVELOPE_TEXT_MAX + 25) };

static char *knew_path(const char *sealed)
{
	static const char ending[] = ".seal";
	size_t length = strlen(sealed), end = sizeof ending - 1;

	if (length > end && strcmp(sealed + length - end, ending) == 0)
		length -= end;
	return mem_printf("%.*s.knew", (int)length, sealed);
}

/* Whoever was there already has now the serial of a later envelope. */
static bool add(struct knew *list, size_t *n, const char *member, int64_t serial)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(list[i].member, member) != 0)
			continue;
		list[i].serial = serial > list[i].serial ? serial : list[i].serial;
		return true;
	}
	if (*n == KNEW_MAX)
		return false;
	list[(*n)++] = (struct knew){.member = member, .serial = serial};
	return true;
}

static bool add_line(struct knew *list, size_t *n, char *line)
{
	const char *member = strsep(&line, " ");
	int64_t serial = 0;

	return *member && strlen(member) <= ENVELOPE_TEXT_MAX && line && type_read_integer(line, &serial) && serial > 0 && add(list, n, member, serial);
}

int knew_read(const char *sealed, hst_arena *arena, const struct knew **ret, size_t *ret_count, hst_error *err)
{
	AUTO_FREE char *path = knew_path(sealed), *bytes = NULL;
	struct knew *list = arena_array(arena, KNEW_MAX, sizeof *list);
	hst_error why = {{0}, {0}};
	char *rest, *line;
	int code = files_read(path, BYTES_MAX, &bytes, NULL, &why);
	int number = 0;

	*ret = list;
	*ret_count = 0;
	if (code == HST_NOT_FOUND)
		return HST_OK;
	if (code != HST_OK)
		return hst_fail(err, code, "who knew it before cannot be read: %s", why.text);
	for (rest = arena_text(arena, bytes); (line = strsep(&rest, "\n")) != NULL;) {
		number++;
		if ((*line || rest) && !add_line(list, ret_count, line))
			return hst_fail(err, HST_INVALID, "who knew it before cannot be read: %s:%d: a line reads \"MEMBER SERIAL\", and there are at most %d", path,
			                number, KNEW_MAX);
	}
	return HST_OK;
}

static bool is_among(const struct envelope_recipient *to, size_t n, const char *member)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(to[i].name, member) == 0)
			return true;
	return false;
}

static int write_list(const char *sealed, const struct knew *list, size_t n, const struct envelope_recipient *to, size_t to_count, hst_error *err)
{
	AUTO_FREE char *path = knew_path(sealed);
	AUTO(text) struct text text;

	text_init(&text, BYTES_MAX);
	for (size_t i = 0; i < n; i++)
		if (!is_among(to, to_count, list[i].member))
			text_addf(&text, "%s %" PRId64 "\n", list[i].member, list[i].serial);
	return text.length ? files_replace(path, text.s, text.length, 0644, true, err) : knew_forget(sealed, err);
}

int knew_keep(const char *sealed, const struct envelope *before, const struct envelope_recipient *to, size_t n, hst_error *err)
{
	hst_arena *arena = arena_new();
	const struct knew *known;
	struct knew *list = arena_array(arena, KNEW_MAX, sizeof *list);
	size_t count = 0;
	bool fits = true;
	int code = knew_read(sealed, arena, &known, &count, err);

	if (code == HST_OK) {
		memcpy(list, known, count * sizeof *list);
		for (size_t i = 0; i < before->recipient_count; i++)
			fits &= add(list, &count, before->recipients[i].name, before->header.serial);
		code = fits ? write_list(sealed, list, count, to, n, err)
		            : hst_fail(err, HST_INVALID, "more than %d could open this value: seal a new one, without --again", KNEW_MAX);
	}
	arena_free(arena);
	return code;
}

int knew_forget(const char *sealed, hst_error *err)
{
	AUTO_FREE char *path = knew_path(sealed);

	if (unlink(path) == 0 || errno == ENOENT)
		return HST_OK;
	return hst_fail(err, HST_INVALID, "%s cannot be removed: %s", path, strerror(errno));
}
