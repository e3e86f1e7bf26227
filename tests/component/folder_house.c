#include "folder_house.h"

#include "base/arena.h"
#include "base/clock.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t now_us;
struct emitted emitted;
struct staged staged;
char home[64], incoming[96];

static int64_t set_clock(void)
{
	return now_us;
}

int folder_begin(void **unused)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)unused;
	now_us = 1795303912123456; /* 2026-11-21T23:31:52.123456Z */
	clock_replace(&source);
	snprintf(home, sizeof home, "/tmp/hostler-folder-XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(incoming, sizeof incoming, "%s/in", home);
	assert_int_equal(mkdir(incoming, 0700), 0);
	return 0;
}

int folder_end(void **unused)
{
	char line[128];

	(void)unused;
	staged_close(&staged);
	emitted_clear(&emitted);
	clock_replace(NULL);
	snprintf(line, sizeof line, "rm -rf %s", home);
	assert_int_equal(system(line), 0);
	return 0;
}

/* The files of the run, as the worker gives them: in a folder apart. */
struct made {
	struct hst_file file;
	char path[128], name[256];
};

static hst_file *file_new(hst_call *call, const char *name, hst_error *err)
{
	static unsigned number;
	struct made *made = arena_alloc(call->arena, sizeof *made);

	(void)name, (void)err;
	snprintf(made->path, sizeof made->path, "%s/made-%u", home, ++number);
	snprintf(made->name, sizeof made->name, "made-%u", number);
	made->file.name = made->name;
	return &made->file;
}

static const char *file_path(hst_call *call, const hst_file *file)
{
	(void)call;
	return ((const struct made *)file)->path;
}

void start(const char *const *more)
{
	const char *options[16] = {"directory", incoming};

	for (size_t i = 0; more && more[i]; i++)
		options[i + 2] = more[i];
	if (staged.arena)
		staged_close(&staged);
	staged_load(&staged, HST_TRIGGER, "file");
	emitted_serve(&emitted, &staged);
	staged.host.file_new = file_new;
	staged.host.file_path = file_path;
	staged_open(&staged, options);
}

int look(void)
{
	hst_error err = {0};

	return emitted_ready(&emitted, &err);
}

void must_look(void)
{
	hst_error err = {0};

	for (int i = 0; i < 3; i++)
		if (emitted_ready(&emitted, &err) != HST_OK)
			fail_msg("%s", err.text);
}

const char *at(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *to = path[turn++ % 4];

	snprintf(to, sizeof path[0], "%s/%s", incoming, name);
	return to;
}

void drop(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

bool is_there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

size_t events_of(const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < emitted.n; i++)
		n += strcmp(value_text(value_get(emitted.values[i], "name")), name) == 0;
	return n;
}

void assert_made(size_t event, const char *text)
{
	char path[256], bytes[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", home, value_text(value_get(emitted.values[event], "file")));
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(bytes, 1, sizeof bytes - 1, file) > 0);
	fclose(file);
	assert_string_equal(bytes, text);
}
