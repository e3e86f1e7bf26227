/*
 * The script of people, looked at against the configuration: what it says of devices and users that are not there would count nowhere,
 * and nobody would notice. All else of it the driver reads that plays it.
 */
#include "cli/rehearse.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/nearest.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"

enum { SCRIPT_MAX = 64 * 1024, /* as driver sim has it */ WORDS_MAX = 8 };

struct reading {
	const struct conf *conf;
	const char *path;
	struct problems *warnings;
	struct table declared, told; /* users, folded */
	bool warns; /* else it is looked who is declared */
};

/* A line without what it begins with, and of its words as many as matter. */
struct line {
	char *words[WORDS_MAX + 1];
	size_t n;
};

static int check_device(const struct reading *reading, const char *device, int number, hst_error *err)
{
	const struct conf *conf = reading->conf;
	struct nearest nearest;

	if (conf_device(conf, device))
		return HST_OK;
	nearest_init(&nearest, device);
	for (size_t i = 0; i < conf->device_count; i++)
		nearest_offer(&nearest, conf->devices[i].name);
	return hst_fail(err, HST_NOT_FOUND, "%s:%d: the configuration has no device \"%.64s\"%s%s%s", reading->path, number, device,
	                nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
}

/* "bot1" of DOMAIN\Bot1 and of Bot1@domain: as scripts name users. The caller frees it. */
static char *folded(const char *user)
{
	const char *slash = strrchr(user, '\\'), *name = slash ? slash + 1 : user;
	char *copy = mem_copy(name, strcspn(name, "@"));

	for (char *c = copy; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	return copy;
}

static bool starts_with(const struct line *line, const char *first, const char *second)
{
	return line->n > 1 && strcmp(line->words[0], first) == 0 && strcmp(line->words[1], second) == 0;
}

/* Whose session or sign-in the line is about; NULL: nobody's. Who only throws somebody out may be called anything. */
static const char *user_of(const struct line *line)
{
	static const char *const ops[] = {"opening", "attaching", "starting", "closing"};

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (line->n > 0 && strcmp(line->words[0], ops[i]) == 0)
			return NULL;
	if (starts_with(line, "sign-in", "of"))
		return line->words[2];
	if (starts_with(line, "lock", "state"))
		return line->n > 3 ? line->words[3] : NULL;
	if (line->n == 4 && strcmp(line->words[2], "out") == 0)
		return line->words[3];
	return line->words[0];
}

static bool declares(const struct line *line)
{
	return line->n == 4 && strcmp(line->words[1], "is") == 0 && strcmp(line->words[2], "a") == 0 && strcmp(line->words[3], "person") == 0;
}

static bool is_user(const char *user, const char *key, struct nearest *nearest)
{
	AUTO_FREE char *known = folded(user);

	nearest_offer(nearest, user);
	return strcmp(known, key) == 0;
}

static bool has_user(const struct conf *conf, const char *key, struct nearest *nearest)
{
	bool found = false;

	for (size_t i = 0; i < conf->connection_count; i++)
		found |= conf->connections[i].user && is_user(conf->connections[i].user, key, nearest);
	for (size_t i = 0; i < conf->device_count; i++)
		for (size_t k = 0; k < conf->devices[i].account_count; k++)
			found |= is_user(conf->devices[i].accounts[k], key, nearest);
	return found;
}

/* Once for each of them. */
static void warn_of_stranger(struct reading *reading, const char *user, int number)
{
	AUTO_FREE char *key = folded(user);
	struct nearest nearest;

	nearest_init(&nearest, user);
	if (table_get(&reading->declared, key) || table_get(&reading->told, key) || has_user(reading->conf, key, &nearest))
		return;
	table_set(&reading->told, key, reading);
	problems_add(reading->warnings, reading->path, number,
	             "\"%.64s\" is a user of no connection and no account of a device, so no run meets them%s%s%s; `%.64s is a person` says that it is meant", user,
	             nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "", nearest.best ? "\"?" : "", user);
}

static int look_at_line(struct reading *reading, char *text, int number, hst_error *err)
{
	struct line line = {.n = 0};
	char *rest = NULL;
	int code = HST_OK;

	for (char *word = strtok_r(text, BLANKS, &rest); word && line.n < WORDS_MAX; word = strtok_r(NULL, BLANKS, &rest)) {
		line.words[line.n++] = word;
		if (line.n != 2 || (strcmp(line.words[0], "on") != 0 && strcmp(line.words[0], "at") != 0))
			continue;
		if (line.words[0][1] == 'n')
			code = check_device(reading, word, number, err);
		if (code != HST_OK)
			return code;
		line.n = 0;
	}
	line.words[line.n] = NULL;
	if (line.n == 0 || line.words[0][0] == '#' || line.words[0][0] == ';')
		return HST_OK;
	if (declares(&line)) {
		AUTO_FREE char *key = folded(line.words[0]);

		table_set(&reading->declared, key, reading);
	} else if (reading->warns && user_of(&line)) {
		warn_of_stranger(reading, user_of(&line), number);
	}
	return HST_OK;
}

/* Whoever is declared anywhere is so everywhere, so it is gone through twice. */
static int look_through(struct reading *reading, const char *text, hst_error *err)
{
	AUTO_FREE char *copy = mem_text(text);
	char *rest = copy;
	int number = 1, code = HST_OK;

	for (char *line; code == HST_OK && (line = strsep(&rest, "\n")); number++)
		code = look_at_line(reading, line, number, err);
	return code;
}

int rehearse_people(struct rehearsing *rehearsing, hst_error *err)
{
	const char *said = options_value(&rehearsing->cli->options, "people");
	AUTO_FREE char *path = said ? realpath(said, NULL) : NULL, *text = NULL;
	struct reading reading = {.conf = rehearsing->definitions->conf, .path = path, .warnings = &rehearsing->warnings};
	size_t length;
	int code;

	if (!said)
		return HST_OK;
	if (!path)
		return hst_fail(err, HST_NOT_FOUND, "there is no file %s", said);
	rehearsing->people = arena_text(rehearsing->cli->arena, path);
	code = files_read(path, SCRIPT_MAX, &text, &length, err);
	if (code == HST_OK)
		code = look_through(&reading, text, err);
	reading.warns = true;
	if (code == HST_OK)
		code = look_through(&reading, text, err);
	table_clear(&reading.declared);
	table_clear(&reading.told);
	return code;
}
