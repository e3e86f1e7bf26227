/* plugin new: a folder with a small plugin of one's own, made from the installed template. */
#include "cli/plugin.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "os/installed.h"
#include "schema/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TEMPLATE_BYTES_MAX = 64 << 10, NAME_LENGTH_MAX = 32 };

/* What each kind begins from: the name of the source, and of the plugin in it. */
static const struct {
	hst_plugin_kind kind;
	const char *name;
} templates[] = {
	{HST_TRIGGER, "tick"}, {HST_CONNECTOR, "shout"}, {HST_BALANCER, "emptiest"}, {HST_STRATEGY, "single"}, {HST_DRIVER, "desk"},
};

struct making {
	hst_plugin_kind kind;
	const char *from, *name;
	char *identifier; /* the name with '_' in place of '-' */
	char *folder;
};

static bool name_is_fit(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= NAME_LENGTH_MAX && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c);
}

/* Within comments and quotes the plugin's name is meant, elsewhere an identifier made of it. */
static bool is_code(const char *line, const char *at, bool c)
{
	line += strspn(line, "\t ");
	return c && !(*line == '*' && strchr(" \t/\n", line[1])) && strncmp(line, "/*", 2) != 0 && !(at > line && at[-1] == '"');
}

static void add_renamed(const struct making *making, const char *text, bool c, struct text *to)
{
	size_t length = strlen(making->from);
	const char *line = text;

	for (const char *at = text; *at; at++) {
		if (strncmp(at, making->from, length) == 0 && !(at > text && is_letter(at[-1])) && !is_letter(at[length])) {
			text_add(to, is_code(line, at, c) ? making->identifier : making->name);
			at += length - 1;
			continue;
		}
		text_bytes(to, at, 1);
		if (*at == '\n')
			line = at + 1;
	}
}

/* `from` of the template becomes `to` of the new folder. */
static int copy_file(const struct making *making, const char *from, const char *to, hst_error *err)
{
	AUTO_FREE char *folder = files_join(files_data_directory(), "template");
	AUTO_FREE char *source = files_join(folder, from);
	AUTO_FREE char *target = files_join(making->folder, to);
	AUTO_FREE char *bytes = NULL;
	AUTO(text) struct text text;
	AUTO_FREE char *kind = mem_printf("\nKIND = %s\n", manifest_kind_name(making->kind));
	const char *line;
	size_t length = 0;
	bool c = strcmp(from + strlen(from) - 2, ".c") == 0;
	int code = files_read(source, TEMPLATE_BYTES_MAX, &bytes, &length, err);

	if (code != HST_OK)
		return code;
	text_init(&text, 2 * TEMPLATE_BYTES_MAX);
	line = strstr(bytes, "\nKIND = trigger\n");
	if (line) {
		AUTO_FREE char *before = mem_copy(bytes, (size_t)(line - bytes));

		add_renamed(making, before, c, &text);
		text_add(&text, kind);
		line += strlen("\nKIND = trigger\n");
	}
	add_renamed(making, line ? line : bytes, c, &text);
	return files_replace(target, text.s, text.length, 0644, false, err);
}

static int make_all(const struct making *making, hst_error *err)
{
	AUTO_FREE char *source = mem_printf("%s.c", making->from);
	AUTO_FREE char *target = mem_printf("%s.c", making->name);
	/* The page and the Makefile of the template are those of its trigger. */
	struct making of_trigger = *making;
	int code;

	of_trigger.from = templates[0].name;
	/* What others may write to is not loaded, so the umask of the one who asks is none of the folder's. */
	if (mkdir(making->folder, 0755) < 0)
		return hst_fail(err, HST_INVALID, "%s cannot be made: %s", making->folder, strerror(errno));
	code = copy_file(making, source, target, err);
	if (code == HST_OK)
		code = copy_file(&of_trigger, "Makefile", "Makefile", err);
	if (code == HST_OK)
		code = copy_file(&of_trigger, "README.md", "README.md", err);
	return code;
}

/* Where pkg-config looks by itself nothing has to be said. */
static void print_next(const struct making *making)
{
	AUTO_FREE char *folder = files_beside_programs(installed_pkgconfig);
	bool usual = strcmp(folder, "/usr/lib/pkgconfig") == 0 || strcmp(folder, "/usr/local/lib/pkgconfig") == 0;
	AUTO_FREE char *more = usual ? mem_text("") : mem_printf(" HOSTLER=%s/hostler.pc", folder);

	printf("%s is a whole %s plugin. Build it, and try it against the contract:\n\n    cd %s\n    make%s\n    make%s check\n\n"
	       "README.md in it says what comes next.\n",
	       making->folder, manifest_kind_name(making->kind), making->folder, more, more);
}

int plugin_new(struct cli *cli)
{
	const char *word = cli->options.arguments[1], *name = "";
	struct making making = {.kind = plugin_word(word, &name)};
	hst_error err = {0};
	int code = HST_OK;

	if (!making.kind || !name_is_fit(name))
		return cli_fail(cli, CLI_USAGE, "Usage",
				"\"%.80s\" is not KIND/NAME: a kind such as trigger, and a lower-case letter and up to 31 of a-z 0-9 _ -",
				word);
	for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++)
		if (templates[i].kind == making.kind)
			making.from = templates[i].name;
	making.name = name;
	making.identifier = mem_text(name);
	for (char *at = making.identifier; *at; at++)
		*at = *at == '-' ? '_' : *at;
	making.folder = mem_text(name);
	code = make_all(&making, &err);
	if (code == HST_OK && cli->json) {
		hst_value *answer = value_make_record(cli->arena);

		value_set_text(answer, "folder", making.folder);
		cli_print_json(answer);
	} else if (code == HST_OK) {
		print_next(&making);
	}
	free(making.identifier);
	free(making.folder);
	return code == HST_OK ? CLI_DONE : cli_fail_as(cli, code, &err);
}
