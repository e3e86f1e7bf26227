#include "fake_desk.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

enum { PATIENCE_US = 60000000, PART_BYTES = 1000 };

static void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s", err->text);
}

const char *fake_desk_file(struct fake_desk *desk, const char *name, const char *text)
{
	static char path[512];
	hst_error err = {0};

	snprintf(path, sizeof path, "%s/%s", desk->folder, name);
	if (text)
		must(files_replace(path, text, strlen(text), 0600, false, &err), &err);
	return path;
}

static void refuse(struct fake_desk *desk, struct hub_link *to, uint64_t id, int code, const hst_error *err)
{
	struct message answer;

	message_init_error(&answer, id, code, err);
	hub_send(desk->hub, to, &answer);
}

static void reply(struct fake_desk *desk, struct hub_link *to, enum word word, uint64_t id,
		  const char *payload)
{
	struct message answer;

	message_init(&answer, word, id);
	message_set_payload(&answer, payload, payload ? strlen(payload) : 0);
	hub_send(desk->hub, to, &answer);
}

static void copy_payload(char *to, size_t size, const struct message *message)
{
	snprintf(to, size, "%.*s", (int)message->payload_length,
		 message->payload ? (const char *)message->payload : "");
}

/* True: this one gets no answer. */
static bool leaves(struct fake_desk *desk)
{
	if (!desk->unanswered)
		return false;
	desk->unanswered--;
	desk->leaving = true;
	return true;
}

static void on_work(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_desk *desk = arg;

	desk->word = message->word;
	snprintf(desk->name, sizeof desk->name, "%s",
		 message_text(message, message->word == WORD_press ? "trigger" : "flow"));
	copy_payload(desk->payload, sizeof desk->payload, message);
	assert_true(message->sealed_length <= sizeof desk->sealed);
	desk->sealed_length = message->sealed_length;
	if (message->sealed_length)
		memcpy(desk->sealed, message->sealed, message->sealed_length);
	if (leaves(desk))
		return;
	if (desk->accepted)
		reply(desk, from, WORD_accepted, message->id, desk->accepted);
	else
		refuse(desk, from, message->id, desk->refusal_code, &desk->refusal);
}

static void on_whom(void *arg, struct hub_link *from, const struct message *message)
{
	const struct fake_desk *desk = arg;
	const char *fields = desk->fields ? desk->fields : "[]";
	struct message answer;

	message_init(&answer, WORD_directions, message->id);
	message_set_payload(&answer, fields, strlen(fields));
	if (desk->directions)
		message_set_sealed(&answer, desk->directions->s, desk->directions->length);
	hub_send(desk->hub, from, &answer);
}

static void on_ask(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_desk *desk = arg;
	const char *answer = table_get(&desk->answers, message_text(message, "what"));
	hst_error err = {"", "there is no run \"999\""};

	/* What the command line asks for besides, wherever it connects, is no part of what is tried. */
	if (!answer && strcmp(message_text(message, "what"), "roster") == 0) {
		refuse(desk, from, message->id, HST_NOT_FOUND, &err);
		return;
	}
	copy_payload(desk->filters, sizeof desk->filters, message);
	if (leaves(desk))
		return;
	if (answer)
		reply(desk, from, WORD_answer, message->id, answer);
	else
		refuse(desk, from, message->id, HST_NOT_FOUND, &err);
}

static void on_follow(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_desk *desk = arg;

	desk->follows++;
	reply(desk, from, WORD_done, message->id, NULL);
	for (size_t i = 0; desk->happenings[i].payload; i++) {
		const struct desk_happening *happening = &desk->happenings[i];
		struct message happened;

		if (desk->away_after && i == desk->away_after) {
			desk->away_after = 0;
			desk->leaving = true;
			return;
		}
		message_init(&happened, WORD_happened, 0);
		message_set_integer(&happened, "run", message_integer(message, "run"));
		message_set_text(&happened, "what", happening->what);
		message_set_boolean(&happened, "ended", happening->ended);
		message_set_payload(&happened, happening->payload, strlen(happening->payload));
		hub_send(desk->hub, from, &happened);
	}
}

/* In small parts, so that a file of a few thousand bytes needs several. */
static void on_file_get(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_desk *desk = arg;
	AUTO_FREE char *key =
		mem_printf("%s/%s", message_text(message, "step"), message_text(message, "name"));
	const char *text = table_get(&desk->files, key);
	size_t offset = (size_t)message_integer(message, "offset"), left;
	hst_error err = {"", "there is no such file"};
	struct message part;

	if (!text || offset > strlen(text)) {
		refuse(desk, from, message->id, HST_NOT_FOUND, &err);
		return;
	}
	left = strlen(text + offset);
	message_init(&part, WORD_part, message->id);
	message_set_integer(&part, "offset", (int64_t)offset);
	message_set_integer(&part, "total", (int64_t)strlen(text));
	message_set_payload(&part, text + offset, left < PART_BYTES ? left : PART_BYTES);
	hub_send(desk->hub, from, &part);
}

static void on_nothing(void *arg, struct hub_link *link)
{
	(void)arg;
	(void)link;
}

static const struct hub_handler handlers[] = {
	{WORD_press, on_work},	  {WORD_run, on_work},		{WORD_ask, on_ask},
	{WORD_follow, on_follow}, {WORD_file_get, on_file_get}, {WORD_whom, on_whom},
	{WORD_NONE, NULL},
};

void fake_desk_open(struct fake_desk *desk)
{
	const struct hub_role role = {
		.handlers = handlers, .joined = on_nothing, .left = on_nothing, .arg = desk};
	AUTO_FREE char *endpoint = mem_printf("ipc://%s/run/engine.sock", desk->folder);
	hst_error err = {0};

	desk->zmq = zmq_ctx_new();
	must(hub_new(desk->loop, desk->zmq, &desk->ring, &role, &desk->hub, &err), &err);
	must(hub_bind(desk->hub, endpoint, &err), &err);
}

void fake_desk_close(struct fake_desk *desk)
{
	if (!desk->hub)
		return;
	hub_free(desk->hub);
	zmq_ctx_term(desk->zmq);
	desk->hub = NULL;
	desk->zmq = NULL;
	unlink(fake_desk_file(desk, "run/engine.sock", NULL));
}

static void write_key(struct fake_desk *desk)
{
	char public_text[KEY_TEXT], secret_text[KEY_TEXT], host_text[KEY_TEXT];
	AUTO_FREE char *text = NULL;

	keys_text(desk->operator_ring.self.public_key, public_text);
	keys_text(desk->operator_ring.self.secret_key, secret_text);
	keys_text(desk->ring.self.public_key, host_text);
	text = mem_printf("self operator/felix %s %s\nhost %s\n", public_text, secret_text, host_text);
	fake_desk_file(desk, "operator.key", text);
}

static void make_ring(struct fake_desk *desk)
{
	char public_text[KEY_TEXT];
	AUTO_FREE char *line = NULL;
	hst_error err = {0};

	keys_random(&desk->ring.self);
	keys_random(&desk->operator_ring.self);
	desk->ring.name = mem_text("engine");
	memcpy(desk->ring.host, desk->ring.self.public_key, KEY_BYTES);
	keys_text(desk->operator_ring.self.public_key, public_text);
	line = mem_printf("peer operator/felix %s admin\n", public_text);
	must(keys_parse(&desk->ring, "the test", line, strlen(line), &err), &err);
}

void fake_desk_start(struct fake_desk *desk)
{
	AUTO_FREE char *conf = NULL;
	hst_error err = {0};

	memset(desk, 0, sizeof *desk);
	snprintf(desk->folder, sizeof desk->folder, "/tmp/hst-desk-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	must(files_make_directory(fake_desk_file(desk, "run", NULL), 0700, &err), &err);
	must(files_make_directory(fake_desk_file(desk, "work", NULL), 0700, &err), &err);
	conf = mem_printf("[host]\nstate_dir = %s/state\nrun_dir = %s/run\n", desk->folder, desk->folder);
	fake_desk_file(desk, "hostler.ini", conf);
	table_init(&desk->answers);
	table_init(&desk->files);
	make_ring(desk);
	write_key(desk);
	desk->loop = loop_new(loop_wait_zmq);
}

void fake_desk_end(struct fake_desk *desk)
{
	hst_error err = {0};

	fake_desk_close(desk);
	loop_free(desk->loop);
	table_clear(&desk->answers);
	table_clear(&desk->files);
	keys_clear(&desk->ring);
	keys_clear(&desk->operator_ring);
	must(files_remove_tree(desk->folder, &err), &err);
}

int fake_desk_setup(void **state)
{
	static struct fake_desk desk;

	fake_desk_start(&desk);
	fake_desk_open(&desk);
	*state = &desk;
	return 0;
}

int fake_desk_teardown(void **state)
{
	fake_desk_end(*state);
	return 0;
}

static char *program(void)
{
	const char *folder = getenv("HOSTLER_PROGRAMS");

	return files_join(folder ? folder : files_program_directory(), "hostler");
}

static void read_back(struct fake_desk *desk, const char *name, char *to)
{
	AUTO_FREE char *bytes = NULL;
	hst_error err = {0};
	size_t length = 0;

	must(files_read(fake_desk_file(desk, name, NULL), DESK_TEXT_MAX - 1, &bytes, &length, &err), &err);
	memcpy(to, bytes, length + 1);
}

static int open_new(struct fake_desk *desk, const char *name)
{
	int fd = open(fake_desk_file(desk, name, NULL), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void on_ended(void *arg, int fd, short ready)
{
	bool *ended = arg;

	(void)fd;
	(void)ready;
	*ended = true;
}

/* The host's half of the conversation, until the program has ended. */
static int serve(struct fake_desk *desk, pid_t pid)
{
	int64_t deadline_us = clock_steady_us() + PATIENCE_US;
	AUTO_CLOSE int process = pidfd_open(pid, 0);
	bool ended = false;
	int status = 0;

	assert_true(process >= 0);
	poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, desk->busy_ms);
	desk->busy_ms = 0;
	loop_fd(desk->loop, process, POLLIN, on_ended, &ended);
	while (!ended && clock_steady_us() < deadline_us) {
		loop_turn(desk->loop, 1000);
		if (desk->leaving) {
			desk->leaving = false;
			fake_desk_close(desk);
			fake_desk_open(desk);
		}
	}
	loop_fd(desk->loop, process, 0, NULL, NULL);
	if (!ended)
		kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!ended)
		fail_msg("hostler did not end");
	return status;
}

int fake_desk_run(struct fake_desk *desk, const char *const *words)
{
	AUTO_FREE char *path = program();
	AUTO_FREE char *conf = mem_printf("HOSTLER_CONF=%s/hostler.ini", desk->folder);
	AUTO_FREE char *key = mem_printf("HOSTLER_KEY=%s/operator.key", desk->folder);
	AUTO_FREE char *home = mem_printf("HOME=%s", desk->folder);
	AUTO_FREE char *work = mem_printf("%s/work", desk->folder);
	AUTO_FREE char *temporary = mem_printf("TMPDIR=%s/work", desk->folder);
	AUTO_CLOSE int out = open_new(desk, "out");
	AUTO_CLOSE int err_fd = open_new(desk, "err");
	char *environment[] = {conf, key, home, temporary, "TZ=UTC", "PATH=/usr/bin:/bin", NULL};
	AUTO_CLOSE int in = desk->given ? open(fake_desk_file(desk, "in", desk->given), O_RDONLY | O_CLOEXEC) : -1;
	const struct spawn_fd fds[] = {{in, 0}, {out, 1}, {err_fd, 2}};
	const char *argv[32] = {"hostler"};
	struct spawn spawn = {
		.path = path, .environment = environment, .directory = work, .fds = fds, .fd_count = 3};
	hst_error err = {0};
	pid_t pid;

	for (size_t i = 0; words[i]; i++) {
		assert_true(i + 2 < 32);
		argv[i + 1] = words[i];
	}
	spawn.argv = (char *const *)(void *)argv;
	must(spawn_start(&spawn, &pid, &err), &err);
	desk->status = serve(desk, pid);
	read_back(desk, "out", desk->out);
	read_back(desk, "err", desk->err);
	if (!WIFEXITED(desk->status))
		fail_msg("hostler was ended by signal %d: %s", WTERMSIG(desk->status), desk->err);
	return WEXITSTATUS(desk->status);
}

void fake_desk_said(const struct fake_desk *desk, const char *part)
{
	if (!strstr(desk->out, part))
		fail_msg("hostler did not say \"%s\" but \"%s\" (and on stderr \"%s\")", part, desk->out,
			 desk->err);
}

void fake_desk_not_said(const struct fake_desk *desk, const char *part)
{
	if (strstr(desk->out, part))
		fail_msg("hostler said \"%s\" in \"%s\"", part, desk->out);
}

void fake_desk_complained(const struct fake_desk *desk, const char *part)
{
	if (!strstr(desk->err, part))
		fail_msg("hostler did not complain \"%s\" but \"%s\" (and on stdout \"%s\")", part, desk->err,
			 desk->out);
}
