/* The new program's side, before anything is replaced: can it go on, and can its companions be started at all? */
#include "supervise/upgrade.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"
#include "os/spawn.h"
#include "supervise/carried.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HELP_BYTES_MAX = 64 << 10, HELP_MS = 10000 };

int upgrade_read(int fd, struct carried *ret, hst_error *err)
{
	AUTO_CLOSE int file = fd;
	AUTO_FREE char *part = mem_alloc(HELP_BYTES_MAX);
	AUTO(text) struct text text;
	ssize_t n;

	*ret = (struct carried){0};
	text_init(&text, CARRIED_BYTES_MAX);
	while ((n = read(file, part, HELP_BYTES_MAX)) > 0)
		text_bytes(&text, part, (size_t)n);
	if (n < 0 || text.over)
		return hst_fail(err, HST_INVALID, "the state of the hostlerd that runs cannot be read: %s",
				n < 0 ? strerror(errno) : "it is too long");
	return carried_read(text.s, text.length, ret, err);
}

/* One that lacks a library, or is not there, would be known only when it is too late. */
static int try_program(const char *name, hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), name);
	AUTO_FREE char *output = NULL;
	char *const argv[] = {(char *)name, "--help", NULL};
	const struct spawn spawn = {.path = program, .argv = argv};
	char how[64];
	int status = 0;
	int code = spawn_capture(&spawn, NULL, HELP_BYTES_MAX, HELP_MS, &output, &status, err);

	if (code != HST_OK || status == 0)
		return code;
	spawn_status_text(status, how, sizeof how);
	return hst_fail(err, HST_BROKEN, "%s does not work: `%s --help` ended with %s", program, name, how);
}

static int check_conf(const char *file, hst_error *err)
{
	AUTO(problems) struct problems problems;
	struct conf *conf;
	int code = HST_OK;

	problems_init(&problems);
	conf = conf_load_accepted(file, false, &problems);
	if (!conf) {
		AUTO_FREE char *line = problem_line(&problems.at[0]);

		code = hst_fail(err, HST_INVALID, "%s", line);
	}
	conf_free(conf);
	return code;
}

int upgrade_check(const char *file)
{
	static const char *const companions[] = {"hostler-engine", "hostler-worker", "hostler-gateway", "hostler-session"};
	struct carried carried;
	hst_error err = {0};
	int code = upgrade_read(STDIN_FILENO, &carried, &err);

	carried_clear(&carried);
	if (code == HST_OK)
		code = check_conf(file, &err);
	for (size_t i = 0; i < sizeof companions / sizeof companions[0] && code == HST_OK; i++)
		code = try_program(companions[i], &err);
	if (code != HST_OK)
		printf("%s\n", err.text);
	return code == HST_OK ? 0 : 1;
}
