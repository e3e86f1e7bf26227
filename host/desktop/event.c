#include "desktop/event.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "desktop/flowrun_events.h"
#include "os/files.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	LOOK_MS = 20,		/* between two looks at a FIFO, which cannot be waited for */
	READ_WITHIN_MS = 10000, /* a hostler that is away holds nobody up for longer */
	CONTROL_MS = 1000,	/* should the directory of the control file not be watchable */
};

__attribute__((format(printf, 2, 3))) static int complain(int status, const char *format, ...)
{
	va_list args;

	fputs("hostler-event: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

/* The FIFO, or -1 with the complaint made. Without a reader this must fail, not wait. */
static int open_events(void)
{
	const char *path = getenv("HOSTLER_EVENTS");
	int fd;

	if (!path) {
		complain(
			EVENT_FAILED,
			"HOSTLER_EVENTS is not set; this program speaks for desktop flows that hostler runs");
		return -1;
	}
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		complain(EVENT_FAILED, "cannot open %s: %s", path, strerrordesc_np(errno));
	else
		fcntl(fd, F_SETFL, 0);
	return fd;
}

/* In one piece, so that the lines of several writers never mix. */
static int send_line(int fd, struct text *line)
{
	text_add(line, "\n");
	if (line->over || line->length > FLOW_LINE_MAX)
		return complain(EVENT_USAGE, "the event is longer than %d bytes", FLOW_LINE_MAX);
	if (write(fd, line->s, line->length) != (ssize_t)line->length)
		return complain(EVENT_FAILED, "cannot write the event: %s", strerrordesc_np(errno));
	return EVENT_GO_ON;
}

static void begin_event(struct text *line, const char *word)
{
	text_init(line, 2 * VALUE_BYTES_MAX);
	text_addf(line, "{\"event\":\"%s\"", word);
}

/* JSON is UTF-8: other bytes become '?', since a flow should not fail for what it says. */
static void add_member(struct text *line, const char *name, const char *bytes, size_t n)
{
	AUTO_FREE char *copy = mem_copy(bytes, n);

	for (size_t valid = utf8_valid(copy, n); valid < n; valid += utf8_valid(copy + valid, n - valid))
		copy[valid] = '?';
	text_addf(line, ",\"%s\":", name);
	json_quote(line, copy, n);
}

static int send_event(struct text *line)
{
	AUTO_CLOSE int fd = open_events();

	text_add(line, "}");
	return fd < 0 ? EVENT_FAILED : send_line(fd, line);
}

/* As much of a text as is shown, so that no length of it makes the event too long. */
static size_t shown(const char *text)
{
	return strnlen(text, 4 * FLOW_PROGRESS_TEXT);
}

static int say_progress(char **arguments)
{
	AUTO(text) struct text line;

	begin_event(&line, "progress");
	add_member(&line, "subflow", arguments[0], shown(arguments[0]));
	add_member(&line, "action", arguments[1], shown(arguments[1]));
	return send_event(&line);
}

static int say_error(char **arguments)
{
	AUTO(text) struct text line;

	begin_event(&line, "error");
	add_member(&line, "message", arguments[0], shown(arguments[0]));
	return send_event(&line);
}

/* Stdin to its end. False: it is too long or cannot be read. */
static bool read_stdin(struct text *to)
{
	char bytes[16 << 10];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		text_bytes(to, bytes, (size_t)n);
	return n == 0 && !to->over;
}

static bool name_fits(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return name[0] >= 'a' && name[0] <= 'z' && !name[length] && length <= 48;
}

/* The value is too long for an event: it goes into a file, and the event names the file. */
static int output_by_file(const char *name, const struct text *value)
{
	const char *work = getenv("HOSTLER_WORK");
	AUTO_FREE char *file = mem_printf("out/%s.json", name);
	AUTO_FREE char *path = files_join(work ? work : ".", file);
	AUTO(text) struct text line;
	hst_error err;

	text_init(&line, 2 * VALUE_BYTES_MAX);
	json_quote(&line, value->s, value->length);
	if (files_replace(path, line.s, line.length, 0600, false, &err) != HST_OK)
		return complain(EVENT_FAILED, "%s", err.text);
	text_clear(&line);
	begin_event(&line, "output");
	add_member(&line, "name", name, strlen(name));
	add_member(&line, "file", file, strlen(file));
	return send_event(&line);
}

static int say_output(char **arguments)
{
	AUTO(text) struct text value;
	AUTO(text) struct text line;

	text_init(&value, VALUE_BYTES_MAX);
	begin_event(&line, "output");
	if (!name_fits(arguments[0]))
		return complain(EVENT_USAGE, "\"%s\" is no name of an output", arguments[0]);
	if (strcmp(arguments[1], "-") != 0)
		text_add(&value, arguments[1]);
	else if (!read_stdin(&value))
		return complain(EVENT_FAILED, "the value on stdin cannot be read, or is larger than 1 MiB");
	else if (value.length && value.s[value.length - 1] == '\n')
		value.s[--value.length] = '\0';
	if (value.over || utf8_valid(value.s, value.length) != value.length)
		return complain(EVENT_USAGE, "the value must be UTF-8 of at most 1 MiB");
	add_member(&line, "name", arguments[0], strlen(arguments[0]));
	add_member(&line, "value", value.s, value.length);
	if (line.length + 2 > FLOW_LINE_MAX)
		return output_by_file(arguments[0], &value);
	return send_event(&line);
}

/* *ret_word is "run" where there is nothing to be read: a flow that is run by hand goes on. */
static void read_control(char ret_word[16])
{
	const char *path = getenv("HOSTLER_CONTROL");
	AUTO_FREE char *bytes = NULL;

	snprintf(ret_word, 16, "run");
	if (path && files_read(path, 64, &bytes, NULL, NULL) == HST_OK)
		snprintf(ret_word, 16, "%.*s", (int)strcspn(bytes, "\n"), bytes);
}

/* The control file is replaced as a whole, so its directory is watched. */
static int watch_control(void)
{
	const char *path = getenv("HOSTLER_CONTROL");
	AUTO_FREE char *directory = path ? mem_text(path) : NULL;
	char *slash = directory ? strrchr(directory, '/') : NULL;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (slash && fd >= 0) {
		*slash = '\0';
		inotify_add_watch(fd, directory, IN_MOVED_TO);
	}
	return fd;
}

/* Until hostler has read what was said. It takes the picture of a progress event before it reads the next
 * one. */
static void wait_until_read(int fd)
{
	int64_t end_us = clock_steady_us() + READ_WITHIN_MS * 1000;
	int unread = 0;

	while (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0 && clock_steady_us() < end_us)
		poll(NULL, 0, LOOK_MS);
}

static int checkpoint(char **arguments)
{
	AUTO_CLOSE int fd = open_events();
	AUTO_CLOSE int changes = watch_control();
	AUTO(text) struct text line;
	char word[16], seen[1024];
	int status;

	(void)arguments;
	begin_event(&line, "checkpoint");
	text_add(&line, "}");
	if (fd < 0)
		return EVENT_FAILED;
	wait_until_read(fd);
	if ((status = send_line(fd, &line)) != EVENT_GO_ON)
		return status;
	wait_until_read(fd);
	read_control(word);
	/* It may have come after the first was read: only who comes to a checkpoint with it is known to wait. */
	if (strcmp(word, "pause") == 0 && (status = send_line(fd, &line)) != EVENT_GO_ON)
		return status;
	for (; strcmp(word, "pause") == 0; read_control(word)) {
		struct pollfd wait = {.fd = changes, .events = POLLIN};

		poll(&wait, 1, CONTROL_MS);
		while (read(changes, seen, sizeof seen) > 0)
			;
	}
	return strcmp(word, "stop") == 0 ? EVENT_STOP : EVENT_GO_ON;
}

static int print_variable(const char *name)
{
	AUTO_FREE char *variable = mem_printf("HOSTLER_INPUT_%s", name);
	const char *value;

	for (char *at = variable; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	value = getenv(variable);
	if (!value)
		return complain(EVENT_FAILED,
				"there is no input \"%s\" in the environment; secret and very long ones come "
				"on stdin only",
				name);
	puts(value);
	return EVENT_GO_ON;
}

static int print_member(const struct text *json, const char *name)
{
	hst_arena *arena = arena_new();
	AUTO(text) struct text plain;
	const hst_value *inputs = NULL, *value = NULL;
	hst_error err = {0};
	int status = EVENT_GO_ON;

	text_init(&plain, 4 * VALUE_BYTES_MAX);
	if (value_parse_json(arena, json->s, json->length, &inputs, &err) != HST_OK ||
	    value_kind(inputs) != HST_VALUE_RECORD)
		status = complain(EVENT_USAGE, "stdin holds no JSON object with inputs: %s", err.text);
	else if ((value = value_get(inputs, name)) == NULL)
		status = complain(EVENT_FAILED, "there is no input \"%s\"", name);
	if (value) {
		value_write_plain(&plain, value);
		fwrite(plain.s, 1, plain.length, stdout);
		putchar('\n');
	}
	arena_free(arena);
	return status;
}

static int print_input(char **arguments)
{
	AUTO(text) struct text json;

	text_init(&json, 2 * VALUE_BYTES_MAX);
	if (!name_fits(arguments[0]))
		return complain(EVENT_USAGE, "\"%s\" is no name of an input", arguments[0]);
	if (!isatty(STDIN_FILENO) && !read_stdin(&json) && json.over)
		return complain(EVENT_FAILED, "stdin holds more than inputs can be");
	if (strspn(json.s, " \t\r\n") == json.length)
		return print_variable(arguments[0]);
	return print_member(&json, arguments[0]);
}

static const struct {
	const char *word;
	int arguments;
	int (*run)(char **arguments);
	const char *usage;
} commands[] = {
	{"progress", 2, say_progress, "SUBFLOW ACTION"},
	{"output", 2, say_output, "NAME VALUE|-"},
	{"error", 1, say_error, "TEXT"},
	{"checkpoint", 0, checkpoint, ""},
	{"input", 1, print_input, "NAME"},
};

int event_main(int argc, char **argv)
{
	const size_t n = sizeof commands / sizeof commands[0];
	int status;

	for (size_t i = 0; argc > 1 && i < n; i++) {
		if (strcmp(argv[1], commands[i].word) != 0)
			continue;
		if (argc - 2 != commands[i].arguments)
			return complain(EVENT_USAGE, "usage: hostler-event %s %s", commands[i].word,
					commands[i].usage);
		status = commands[i].run(argv + 2);
		return fflush(stdout) == 0 ? status : complain(EVENT_FAILED, "cannot write to stdout");
	}
	fputs("usage:\n", stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "\thostler-event %s %s\n", commands[i].word, commands[i].usage);
	return EVENT_USAGE;
}
