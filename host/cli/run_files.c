#include "cli/run_files.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "cli/run_sealed.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MAX = 4 << 20, TAIL_BYTES = 64 << 10 };

void run_said(hst_arena *arena, const char *said, const char **ret_run, const char **ret_step)
{
	const char *slash = strchr(said, '/');

	*ret_run = slash ? arena_copy(arena, said, (size_t)(slash - said)) : said;
	*ret_step = slash && slash[1] ? slash + 1 : NULL;
}

int run_file_read(struct connect *connect, int64_t run, const char *step, const char *name, int64_t offset,
		  int (*accept)(void *arg, const char *bytes, size_t length), void *arg)
{
	struct connect_answer part;
	struct message message;
	int64_t total;
	int status;

	do {
		message_init(&message, WORD_file_get, 0);
		message_set_integer(&message, "run", run);
		message_set_text(&message, "step", step);
		message_set_text(&message, "name", name);
		message_set_integer(&message, "offset", offset);
		status = connect_request(connect, &message, CONNECT_ANSWER_MS, &part);
		if (status)
			return status;
		total = message_integer(&part.head, "total");
		if (message_integer(&part.head, "offset") != offset || (!part.length && offset < total))
			return cli_fail(connect->cli, CLI_FAILED, "Broken",
					"the host does not send all of %s", name);
		status = accept(arg, part.payload, part.length);
		offset += (int64_t)part.length;
	} while (!status && offset < total);
	return status;
}

static int take_text(void *arg, const char *bytes, size_t length)
{
	text_bytes(arg, bytes, length);
	return CLI_DONE;
}

const char *last_lines(const char *text, size_t length, size_t lines)
{
	const char *at = text + length;

	if (at > text && at[-1] == '\n')
		at--;
	for (; at > text; at--)
		if (at[-1] == '\n' && --lines == 0)
			break;
	return at;
}

static const hst_value *file_named(const hst_value *files, const char *name)
{
	for (size_t i = 0; i < value_count(files); i++)
		if (strcmp(value_text(value_get(value_at(files, i), "name")), name) == 0)
			return value_at(files, i);
	return NULL;
}

int run_log_tail(struct connect *connect, int64_t run, const hst_value *step, size_t lines, const char **ret)
{
	const hst_value *log = file_named(value_get(step, "files"), "log");
	AUTO(text) struct text text;
	int64_t size = 0;
	int status;

	text_init(&text, LOG_MAX);
	*ret = "";
	if (!value_integer(value_get(log, "size"), &size) || !size)
		return CLI_DONE;
	status = run_file_read(connect, run, value_text(value_get(step, "name")), "log",
			       size > TAIL_BYTES ? size - TAIL_BYTES : 0, take_text, &text);
	if (!status)
		*ret = arena_text(connect->cli->arena, last_lines(text.s, text.length, lines));
	return status;
}

/* The run that is meant, as the host finds it: its number, and its files (of one step, where one is named).
 */
struct found {
	const char *run, *step, *id;
	int64_t number, origin; /* origin 0: it is no resubmit */
	const hst_value *files;
};

static int find(struct connect *connect, const char *said, struct found *ret)
{
	hst_value *filters = value_make_record(connect->cli->arena);
	const hst_value *run = NULL;
	int status;

	run_said(connect->cli->arena, said, &ret->run, &ret->step);
	value_set_text(filters, "run", ret->run);
	status = connect_ask(connect, "find", filters, &run);
	if (status)
		return status;
	value_integer(value_get(run, "number"), &ret->number);
	value_integer(value_get(run, "origin"), &ret->origin);
	ret->id = value_text(value_get(run, "id"));
	/* "last" may be another run by now: from here on it is the number that is meant. */
	value_set_text(filters, "run", arena_printf(connect->cli->arena, "%lld", (long long)ret->number));
	if (ret->step)
		value_set_text(filters, "step", ret->step);
	return connect_ask(connect, "files", filters, &ret->files);
}

static void print_files(struct cli *cli, const hst_value *files)
{
	static const char *const heads[] = {"STEP", "FILE", "SIZE", "PATH", NULL};
	struct grid grid;

	grid_init(&grid, cli->arena, heads);
	for (size_t i = 0; i < value_count(files); i++) {
		const hst_value *file = value_at(files, i);

		grid_add(&grid, print_member(cli->arena, file, "step"));
		grid_add(&grid, print_member(cli->arena, file, "name"));
		grid_add(&grid, print_member(cli->arena, file, "size"));
		grid_add(&grid, print_member(cli->arena, file, "path"));
	}
	if (value_count(files))
		grid_print(&grid, stdout);
	else
		puts("no files");
	grid_clear(&grid);
}

int files_list_command(struct cli *cli)
{
	struct connect connect;
	struct found found = {0};
	int status = connect_open(&connect, cli);

	if (!status)
		status = find(&connect, cli->options.arguments[0], &found);
	connect_close(&connect);
	if (status)
		return status;
	if (cli->json)
		cli_print_json(found.files);
	else
		print_files(cli, found.files);
	return CLI_DONE;
}

/* Into a file or a pipe a log goes as it is; a terminal it must not steer. */
static void print_log(const struct text *log)
{
	if (isatty(STDOUT_FILENO))
		print_clean_lines(stdout, log->s, log->length);
	else
		fwrite(log->s, 1, log->length, stdout);
	if (log->length && log->s[log->length - 1] != '\n')
		puts("");
}

static int one_log(struct connect *connect, const struct found *found, const char *step, bool headed,
		   hst_value *list)
{
	hst_value *record = value_make_record(connect->cli->arena);
	AUTO(text) struct text log;
	int status;

	text_init(&log, LOG_MAX);
	status = run_file_read(connect, found->number, step, "log", 0, take_text, &log);
	if (status)
		return status;
	value_set_text(record, "step", step);
	value_set(record, "text", value_make_text(connect->cli->arena, log.s, log.length));
	value_append(list, record);
	if (connect->cli->json)
		return CLI_DONE;
	if (headed)
		printf("%s==> %s <==\n", value_count(list) > 1 ? "\n" : "",
		       print_clean(connect->cli->arena, step, strlen(step)));
	print_log(&log);
	return CLI_DONE;
}

static int all_logs(struct connect *connect, const struct found *found)
{
	const struct cli *cli = connect->cli;
	hst_value *list = value_make_list(cli->arena);
	size_t logs = 0;
	int status = CLI_DONE;

	for (size_t i = 0; i < value_count(found->files); i++)
		logs += strcmp(value_text(value_get(value_at(found->files, i), "name")), "log") == 0;
	if (!logs)
		return cli_fail(cli, CLI_FAILED, "NotFound", "run #%lld has no log%s%s",
				(long long)found->number,
				found->step ? " of the step " : ": no step ran a desktop flow that wrote anything",
				found->step ? found->step : "");
	for (size_t i = 0; !status && i < value_count(found->files); i++) {
		const hst_value *file = value_at(found->files, i);

		if (strcmp(value_text(value_get(file, "name")), "log") == 0)
			status = one_log(connect, found, value_text(value_get(file, "step")), logs > 1, list);
	}
	if (!status && cli->json)
		cli_print_json(list);
	return status;
}

int files_log(struct cli *cli)
{
	struct connect connect;
	struct found found = {0};
	int status = connect_open(&connect, cli);

	if (!status)
		status = find(&connect, cli->options.arguments[0], &found);
	if (!status)
		status = all_logs(&connect, &found);
	connect_close(&connect);
	return status;
}

/* Where a file that is fetched goes. */
struct target {
	const struct cli *cli;
	const char *path;
	int fd;
	int64_t written;
};

static int take_bytes(void *arg, const char *bytes, size_t length)
{
	struct target *target = arg;

	while (length > 0) {
		ssize_t n = write(target->fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(target->cli, CLI_FAILED, "Broken", "%s cannot be written: %s",
					target->path, strerror(errno));
		bytes += n;
		length -= (size_t)n;
		target->written += n;
	}
	return CLI_DONE;
}

/* What is sealed of a run is sealed for the first of its chain. */
static int first_of_chain(struct connect *connect, const struct found *found, const char **ret)
{
	hst_value *filters = value_make_record(connect->cli->arena);
	const hst_value *run = NULL;
	int status;

	*ret = found->id;
	if (!found->origin)
		return CLI_DONE;
	value_set_text(filters, "run", arena_printf(connect->cli->arena, "%lld", (long long)found->origin));
	status = connect_ask(connect, "find", filters, &run);
	*ret = value_text(value_get(run, "id"));
	return status;
}

static int fetch_sealed(struct connect *connect, const struct found *found, const char *name, struct target *target)
{
	AUTO(text) struct text sealed;
	uint8_t *bytes = NULL;
	const char *first;
	size_t length = 0;
	int status = first_of_chain(connect, found, &first);

	text_init(&sealed, RUN_SEALED_MAX);
	if (!status)
		status = run_file_read(connect, found->number, found->step, name, 0, take_text, &sealed);
	if (!status)
		status = run_sealed_open(connect, first, found->step, name, sealed.s, sealed.length, &bytes, &length);
	if (!status)
		status = take_bytes(target, (const char *)bytes, length);
	if (bytes)
		explicit_bzero(bytes, length);
	free(bytes);
	return status;
}

static int fetch_to(struct connect *connect, const struct found *found, const char *name,
		    struct target *target)
{
	if (run_is_sealed(name))
		return fetch_sealed(connect, found, name, target);
	return run_file_read(connect, found->number, found->step, name, 0, take_bytes, target);
}

/* Written beside its place and moved there whole; a file that is there stays unless it may be replaced. */
static int fetch(struct connect *connect, const struct found *found, const char *name, struct target *target,
		 bool replace)
{
	AUTO_FREE char *partial = mem_printf("%s.part-%ld", target->path, (long)getpid());
	int status;

	if (strcmp(target->path, "-") == 0) {
		target->fd = STDOUT_FILENO;
		return fetch_to(connect, found, name, target);
	}
	/* What was sealed is for whoever opened it, also once it lies in a folder that others read. */
	target->fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, run_is_sealed(name) ? 0600 : 0666);
	if (target->fd < 0)
		return cli_fail(target->cli, CLI_FAILED, "Broken", "%s cannot be made: %s", partial,
				strerror(errno));
	status = fetch_to(connect, found, name, target);
	if (close(target->fd) != 0 && !status)
		status = cli_fail(target->cli, CLI_FAILED, "Broken", "%s cannot be written: %s", partial,
				  strerror(errno));
	if (!status &&
	    renameat2(AT_FDCWD, partial, AT_FDCWD, target->path, replace ? 0 : RENAME_NOREPLACE) != 0)
		status = errno == EEXIST
				 ? cli_fail(target->cli, CLI_USAGE, "Usage",
					    "%s is there already; say --force to replace it, or -o OUT",
					    target->path)
				 : cli_fail(target->cli, CLI_FAILED, "Broken", "%s cannot be made: %s",
					    target->path, strerror(errno));
	unlink(partial);
	return status;
}

/* Who asks for a picture need not know that it is sealed. */
static const char *name_of(hst_arena *arena, const struct found *found, const char *said)
{
	const char *sealed = arena_printf(arena, "%s.sealed", said);

	return !file_named(found->files, said) && file_named(found->files, sealed) ? sealed : said;
}

static int print_got(struct cli *cli, const struct target *target)
{
	hst_value *record = value_make_record(cli->arena);

	if (strcmp(target->path, "-") == 0)
		return CLI_DONE;
	value_set_text(record, "path", target->path);
	value_set_integer(record, "size", target->written);
	if (cli->json)
		cli_print_json(record);
	else
		printf("%s, %lld bytes\n", print_clean(cli->arena, target->path, strlen(target->path)),
		       (long long)target->written);
	return CLI_DONE;
}

int files_get(struct cli *cli)
{
	const char *said = cli->options.arguments[0], *name = cli->options.arguments[1], *out = options_value(&cli->options, "output");
	const char *plain = run_unsealed_name(cli->arena, name), *slash = strrchr(plain, '/');
	struct target target = {.cli = cli, .path = out ? out : slash ? slash + 1 : plain};
	bool replace = out || options_has(&cli->options, "force");
	struct connect connect;
	struct found found = {0};
	const char *run;
	int status;

	run_said(cli->arena, said, &run, &found.step);
	/* As values say it: STEP/FILE. */
	if (!found.step && strchr(name, '/')) {
		said = arena_printf(cli->arena, "%s/%.*s", run, (int)strcspn(name, "/"), name);
		name = strchr(name, '/') + 1;
		run_said(cli->arena, said, &run, &found.step);
	}
	if (!found.step)
		return cli_fail(cli, CLI_USAGE, "Usage",
				"get needs RUN/STEP, or STEP/FILE: `hostler files %s` lists steps and files", run);
	if (!*target.path || strcmp(target.path, ".") == 0 || strcmp(target.path, "..") == 0)
		return cli_fail(cli, CLI_USAGE, "Usage", "\"%s\" is no name of a file", name);
	if (!replace && access(target.path, F_OK) == 0)
		return cli_fail(cli, CLI_USAGE, "Usage",
				"%s is there already; say --force to replace it, or -o OUT", target.path);
	status = connect_open(&connect, cli);
	if (!status)
		status = find(&connect, said, &found);
	if (!status)
		status = fetch(&connect, &found, name_of(cli->arena, &found, name), &target, replace);
	connect_close(&connect);
	return status ? status : print_got(cli, &target);
}
