#include "config/conf_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/ini.h"
#include "os/files.h"

#include <string.h>
#include <unistd.h>

/* The value of a line "state_dir = VALUE", from its first to its last non-blank; NULL: the line is another. */
static char *value_of(const char *line, size_t length)
{
	static const char key[] = "state_dir", blanks[] = " \t\r";
	const char *end = line + length;

	if (length < sizeof key || strncmp(line, key, sizeof key - 1) != 0)
		return NULL;
	line += sizeof key - 1;
	line += strspn(line, blanks);
	if (line >= end || *line != '=')
		return NULL;
	line += 1 + strspn(line + 1, blanks);
	while (end > line && strchr(blanks, end[-1]))
		end--;
	if (end - line >= 2 && *line == '"' && end[-1] == '"') {
		line++;
		end--;
	}
	return end > line ? mem_copy(line, (size_t)(end - line)) : NULL;
}

/* What cannot be parsed is read line by line: this one key is all that is wanted. */
static char *said_state_dir(const char *path)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *said = NULL;
	size_t length = 0, n;

	if (files_read(path, INI_BYTES_MAX, &text, &length, NULL) != HST_OK)
		return NULL;
	for (const char *line = text; !said && *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		said = value_of(line, n);
	}
	return said ? files_beside(path, said) : NULL;
}

struct conf *conf_load_in_force(const char *path)
{
	AUTO_FREE char *state_dir = said_state_dir(path);
	AUTO_FREE char *accepted = NULL;
	struct problems unsaid;
	struct conf *conf = NULL;

	if (!state_dir)
		state_dir = conf_usual_state_dir();
	accepted = state_dir ? files_join(state_dir, "in-force.ini") : NULL;
	problems_init(&unsaid);
	if (accepted && access(accepted, R_OK) == 0)
		conf = conf_load_text_of(path, accepted, &unsaid);
	problems_clear(&unsaid);
	return conf;
}
