/*
 * reload: asks the hostlerd of this configuration to read it again, and with --upgrade to make room for the programs that
 * are installed now, and says how that went. The request is a signal, the
 * answer a file, state_dir/reload: "SERIAL busy" or "SERIAL STATUS" on its first line, what is to be said behind it. A
 * serial greater than the one seen before the signal belongs to a reload that began afterwards.
 */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "cli/print.h"
#include "config/conf.h"
#include "os/files.h"
#include "os/lock.h"
#include "schema/value.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { ANSWER_MAX = 2 << 20, LOOK_EACH_MS = 50 };

struct answer {
	unsigned long long serial;
	char state[8]; /* "busy", or an exit status */
	char *text;    /* the whole file; NULL: there is none yet */
	const char *lines;
};

static void answer_clear(struct answer *answer)
{
	free(answer->text);
	*answer = (struct answer){0};
}

static void read_answer(const char *path, struct answer *ret)
{
	char *end;

	answer_clear(ret);
	if (files_read(path, ANSWER_MAX, &ret->text, NULL, NULL) != HST_OK ||
	    sscanf(ret->text, "%llu %7s", &ret->serial, ret->state) != 2)
		return;
	end = strchr(ret->text, '\n');
	ret->lines = end ? end + 1 : "";
}

/* Waits for the answer of a reload that began after `seen`. False: hostlerd has ended meanwhile. */
static bool wait_for_answer(const char *path, int process, unsigned long long seen, struct answer *ret)
{
	struct pollfd polled = {.fd = process, .events = POLLIN};
	bool dots = isatty(STDERR_FILENO);

	for (int looks = 1;; looks++) {
		bool ended = poll(&polled, 1, LOOK_EACH_MS) > 0;

		/* Whoever looks on sees that it goes on. */
		if (dots && looks % (1000 / LOOK_EACH_MS) == 0)
			fputc('.', stderr);

		read_answer(path, ret);
		if (ret->serial > seen && strcmp(ret->state, "busy") != 0)
			return true;
		if (ended)
			return false;
	}
}

/* "FILE:LINE: error: TEXT" as `check --json` has it. */
static hst_value *problem_record(hst_arena *arena, char *line)
{
	hst_value *record = value_make_record(arena);
	char *text = strstr(line, ": error: "), *colon;
	int64_t number = 0;

	if (!text) {
		value_set_text(record, "file", NULL);
		value_set_integer(record, "line", 0);
		value_set_text(record, "text", line);
		return record;
	}
	*text = '\0';
	colon = strrchr(line, ':');
	if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
		number = strtoll(colon + 1, NULL, 10);
		*colon = '\0';
	}
	value_set_text(record, "file", line);
	value_set_integer(record, "line", number);
	value_set_text(record, "text", text + strlen(": error: "));
	return record;
}

/* "added flow hello" into its list. Anything else of the lines is for people alone. */
static void add_change(hst_arena *arena, hst_value *lists, char *line)
{
	char *kind = strchr(line, ' '), *name = kind ? strchr(kind + 1, ' ') : NULL;
	hst_value *record = value_make_record(arena), *list;

	if (!kind)
		return;
	*kind++ = '\0';
	if (name)
		*name++ = '\0';
	list = (hst_value *)value_get(lists, line);
	if (!list)
		return;
	value_set_text(record, "kind", kind);
	value_set_text(record, "name", name);
	value_append(list, record);
}

static hst_value *done_value(hst_arena *arena)
{
	hst_value *lists = value_make_record(arena);

	value_set(lists, "added", value_make_list(arena));
	value_set(lists, "changed", value_make_list(arena));
	value_set(lists, "removed", value_make_list(arena));
	value_set(lists, "replaced", value_make_list(arena));
	return lists;
}

static int say_json(const struct cli *cli, const struct answer *answer, int status)
{
	hst_value *value = status == CLI_DONE ? done_value(cli->arena) : value_make_list(cli->arena);
	char *lines = arena_text(cli->arena, answer->lines), *line;

	if (status == CLI_FAILED)
		return cli_fail(cli, CLI_FAILED, "NotReloaded", "%.*s", (int)strcspn(lines, "\n"), lines);
	while ((line = strsep(&lines, "\n")) != NULL) {
		if (!*line)
			continue;
		if (status == CLI_DONE)
			add_change(cli->arena, value, line);
		else if (strstr(line, ": error: "))
			value_append(value, problem_record(cli->arena, line));
	}
	cli_print_json(value);
	return status;
}

static int say(const struct cli *cli, const struct answer *answer)
{
	int status = answer->state[0] == '0' ? CLI_DONE : answer->state[0] == '2' ? CLI_USAGE : CLI_FAILED;

	if (cli->json)
		return say_json(cli, answer, status);
	if (status == CLI_DONE) {
		print_clean_lines(stdout, answer->lines, strlen(answer->lines));
		puts(*answer->lines ? "in force" : "nothing has changed");
	} else {
		print_clean_lines(stderr, answer->lines, strlen(answer->lines));
		fputs(strcmp(answer->state, "1+") == 0 ? "not all is as it should be: `hostler doctor` says more\n"
						       : "nothing was changed\n", stderr);
	}
	return status;
}

static int ask(const struct cli *cli, const struct conf *conf)
{
	AUTO_FREE char *lock = files_join(conf->state_dir, "lock");
	AUTO_FREE char *path = files_join(conf->state_dir, "reload");
	AUTO(answer) struct answer answer = {0};
	AUTO_CLOSE int process = -1;
	hst_error err = {0};
	pid_t pid = 0;
	int code = lock_holder(lock, &pid, &err);

	if (code == HST_NOT_FOUND)
		return cli_fail(cli, CLI_AWAY, "NotRunning",
				"%s; if state_dir was changed, take that back first: it takes a restart", err.text);
	if (code != HST_OK)
		return cli_fail(cli, CLI_FAILED, "Denied", "%s", err.text);
	process = pidfd_open(pid, 0);
	read_answer(path, &answer);
	if (process < 0 || pidfd_send_signal(process, options_has(&cli->options, "upgrade") ? SIGUSR2 : SIGHUP, NULL, 0) < 0)
		return cli_fail(cli, CLI_FAILED, "Denied", "hostlerd with pid %d cannot be signalled: %s", (int)pid,
				strerror(errno));
	if (!wait_for_answer(path, process, answer.serial, &answer))
		return cli_fail(cli, CLI_FAILED, "NotReloaded", "hostlerd with pid %d has ended", (int)pid);
	return say(cli, &answer);
}

int reload_command(struct cli *cli)
{
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct problems problems;
	struct conf *conf;
	int status;

	if (!path)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration",
				"there is no configuration: name one with -c FILE, or write ./hostler.ini");
	/* What is wrong with it is said by the hostlerd that runs; only where that is has to be read here. */
	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	status = conf && conf->state_dir ? ask(cli, conf) : cli_fail_problems(cli, path, &problems);
	problems_clear(&problems);
	conf_free(conf);
	return status;
}
