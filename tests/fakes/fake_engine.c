#include "fake_engine.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "os/inherited.h"
#include "os/spawn.h"
#include "schema/value.h"
#include "supervise/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

enum { PATIENCE_US = 45000000, PLUGIN_BYTES_MAX = 64 << 20 };

static void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s", err->text);
}

/* Turns the loop until the condition holds. */
static void wait_for(struct fake_engine *engine, bool (*holds)(struct fake_engine *, const void *), const void *what,
		     const char *name)
{
	int64_t deadline_us = clock_steady_us() + PATIENCE_US;

	while (!holds(engine, what)) {
		if (clock_steady_us() > deadline_us)
			fail_msg("waited in vain for %s", name);
		loop_turn(engine->loop, 100);
	}
}

static struct fake_heard *note(struct fake_engine *engine, const struct message *message)
{
	struct fake_heard *heard = &engine->heard[engine->heard_count];

	assert_true(engine->heard_count < FAKE_HEARD_MAX);
	engine->heard_count++;
	heard->word = message->word;
	heard->id = message->id;
	snprintf(heard->payload, sizeof heard->payload, "%.*s", (int)message->payload_length,
		 message->payload ? (const char *)message->payload : "");
	assert_true(message->sealed_length <= sizeof heard->sealed);
	if (message->sealed_length)
		memcpy(heard->sealed, message->sealed, message->sealed_length);
	heard->sealed_length = message->sealed_length;
	return heard;
}

static void on_plain(void *arg, struct hub_link *from, const struct message *message)
{
	(void)from;
	note(arg, message);
}

static void on_error(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_heard *heard = note(arg, message);

	(void)from;
	heard->code = message_integer(message, "code");
	snprintf(heard->reason, sizeof heard->reason, "%s", message_text(message, "reason"));
}

static void on_probed(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_heard *heard = note(arg, message);

	(void)from;
	snprintf(heard->reason, sizeof heard->reason, "%s", message_text(message, "reason"));
}

static void on_fired(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_heard *heard = note(arg, message);

	(void)from;
	snprintf(heard->key, sizeof heard->key, "%s", message_text(message, "key"));
}

/* Keeps what an emit brings of the state "done". */
static void on_emit(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_engine *engine = arg;
	hst_arena *arena = arena_new();
	const hst_value *payload = NULL, *state;
	struct message done;
	hst_error err = {0};

	note(engine, message);
	must(value_parse_json(arena, message->payload, message->payload_length, &payload, &err), &err);
	state = value_at(value_get(payload, "state"), 0);
	if (state) {
		const char *text = value_text(value_get(state, "bytes"));

		assert_string_equal(value_text(value_get(state, "name")), "done");
		assert_int_equal(sodium_base642bin((unsigned char *)engine->kept, sizeof engine->kept - 1, text,
						   strlen(text), NULL, &engine->kept_length, NULL, sodium_base64_VARIANT_ORIGINAL),
				 0);
	}
	arena_free(arena);
	message_init(&done, WORD_done, message->id);
	hub_send(engine->hub, from, &done);
}

static void on_state_get(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_engine *engine = arg;
	struct message answer;

	message_init(&answer, WORD_state, message->id);
	message_set_boolean(&answer, "found", engine->kept_length || engine->kept[0]);
	message_set_payload(&answer, engine->kept, engine->kept_length ? engine->kept_length : strlen(engine->kept));
	hub_send(engine->hub, from, &answer);
}

static void on_whom(void *arg, struct hub_link *from, const struct message *message)
{
	const struct fake_engine *engine = arg;
	struct message answer;

	message_init(&answer, WORD_directions, message->id);
	message_set_payload(&answer, "[]", 2);
	if (engine->directions)
		message_set_sealed(&answer, engine->directions->s, engine->directions->length);
	hub_send(engine->hub, from, &answer);
}

static void on_joined(void *arg, struct hub_link *link)
{
	((struct fake_engine *)arg)->link = link;
}

static void on_left(void *arg, struct hub_link *link)
{
	struct fake_engine *engine = arg;

	if (engine->link == link)
		engine->link = NULL;
}

static const struct hub_handler handlers[] = {
	{WORD_done, on_plain},     {WORD_returned, on_plain},      {WORD_error, on_error}, {WORD_fired, on_fired},
	{WORD_failing, on_plain},  {WORD_emit, on_emit},      {WORD_state_get, on_state_get}, {WORD_whom, on_whom}, {WORD_probed, on_probed},
	{WORD_file_fetch, fake_engine_file_fetch}, {WORD_file_put, fake_engine_file_put},
	{WORD_NONE, NULL},
};

static void bind_hub(struct fake_engine *engine)
{
	const struct hub_role role = {.handlers = handlers, .joined = on_joined, .left = on_left, .arg = engine};
	AUTO_FREE char *name = mem_printf("worker/%s", engine->instance);
	AUTO_FREE char *endpoint = mem_printf("ipc://%s/run/engine.sock", engine->folder);
	char *keys = keys_for_engine(engine->seed, (const char *const[]){name}, 1);
	hst_error err = {0};

	must(keys_parse(&engine->ring, "keys", keys, strlen(keys), &err), &err);
	keys_forget(keys);
	engine->loop = loop_new(loop_wait_zmq);
	engine->zmq = zmq_ctx_new();
	must(hub_new(engine->loop, engine->zmq, &engine->ring, &role, &engine->hub, &err), &err);
	must(hub_bind(engine->hub, endpoint, &err), &err);
}

/* The plugin comes from tests/plugins/.libs of the build, or from where plugins are installed. */
static void copy_plugin(struct fake_engine *engine, const char *kind, const char *name)
{
	AUTO_FREE char *to = mem_printf("%s/plugins/%s", engine->folder, kind);
	AUTO_FREE char *file = mem_printf("%s/%s.so", to, name);
	AUTO_FREE char *built = mem_printf("tests/plugins/.libs/%s.so", name);
	char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	must(files_make_directory(to, 0700, &err), &err);
	must(files_read(built, PLUGIN_BYTES_MAX, &bytes, &length, &err), &err);
	must(files_replace(file, bytes, length, 0700, false, &err), &err);
	free(bytes);
}

void fake_engine_start(struct fake_engine *engine, const char *instance, const char *sections)
{
	AUTO_FREE char *run = NULL;
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *text = NULL;
	hst_error err = {0};

	memset(engine, 0, sizeof *engine);
	strcpy(engine->folder, "/tmp/hostler-worker-XXXXXX");
	assert_non_null(mkdtemp(engine->folder));
	engine->instance = instance;
	engine->said_fd = -1;
	engine->life_fd = -1;
	engine->next_id = 1000;
	run = files_join(engine->folder, "run");
	file = files_join(engine->folder, "hostler.ini");
	text = mem_printf("[host]\nstate_dir = state\nrun_dir = run\nplugins = plugins\n%s", sections);
	must(files_make_directory(run, 0700, &err), &err);
	must(files_replace(file, text, strlen(text), 0600, false, &err), &err);
	text_init(&engine->put, 1 << 16);
	copy_plugin(engine, "trigger", "courier");
	copy_plugin(engine, "connector", "clerk");
	copy_plugin(engine, "trigger", "pulse");
	copy_plugin(engine, "connector", "stubborn");
	copy_plugin(engine, "trigger", "restless");
	copy_plugin(engine, "trigger", "keeper");
	copy_plugin(engine, "connector", "secretive");
	copy_plugin(engine, "connector", "unruly");
	copy_plugin(engine, "connector", "early_crash");
	copy_plugin(engine, "connector", "early_exit");
	copy_plugin(engine, "connector", "early_garbage");
	copy_plugin(engine, "connector", "early_hang");
	randombytes_buf(engine->seed, sizeof engine->seed);
	bind_hub(engine);
}

void fake_engine_spawn(struct fake_engine *engine)
{
	const char *programs = getenv("HOSTLER_PROGRAMS");
	AUTO_FREE char *program = files_join(programs ? programs : ".", "hostler-worker");
	AUTO_FREE char *file = files_join(engine->folder, "hostler.ini");
	AUTO_FREE char *name = mem_printf("worker/%s", engine->instance);
	char *const argv[] = {"hostler-worker", "--instance", (char *)engine->instance, "-c", file, NULL};
	char *keys = engine->roster ? keys_for_worker(engine->seed, name, engine->ring.self.public_key, engine->roster)
				    : keys_for_child(engine->seed, name, engine->ring.self.public_key);
	AUTO_FREE char *printed = files_join(engine->folder, "printed");
	AUTO_CLOSE int output = open(printed, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int said[2], life[2], key[2];
	hst_error err = {0};

	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	assert_int_equal(pipe2(key, O_CLOEXEC), 0);
	fcntl(key[1], F_SETPIPE_SZ, 1 << 16);
	assert_int_equal(write(key[1], keys, strlen(keys)), strlen(keys));
	keys_forget(keys);
	close(key[1]);
	must(spawn_start(&(struct spawn){.path = program,
					 .argv = argv,
					 .fds = (struct spawn_fd[]){{output, 1},
								    {output, 2},
								    {said[1], INHERITED_READY},
								    {key[0], INHERITED_KEYS},
								    {life[0], INHERITED_LIFE}},
					 .fd_count = 5},
			 &engine->pid, &err),
	     &err);
	close(said[1]);
	close(key[0]);
	close(life[0]);
	engine->said_fd = said[0];
	engine->life_fd = life[1];
	fcntl(engine->said_fd, F_SETFL, O_NONBLOCK);
}

struct said {
	const char *line;
	char text[1024];
	size_t length;
};

static bool has_said(struct fake_engine *engine, const void *what)
{
	struct said *said = (struct said *)what;
	ssize_t n = read(engine->said_fd, said->text + said->length, sizeof said->text - 1 - said->length);

	if (n > 0)
		said->length += (size_t)n;
	return n == 0 || memchr(said->text, '\n', said->length);
}

void fake_engine_expect_said(struct fake_engine *engine, const char *line)
{
	struct said said = {.line = line};

	wait_for(engine, has_said, &said, line);
	if (strncmp(said.text, line, strlen(line)) != 0)
		fail_msg("it said \"%s\", expected \"%s\"", said.text, line);
}

static bool has_ended(struct fake_engine *engine, const void *what)
{
	return waitpid(engine->pid, (int *)what, WNOHANG) == engine->pid;
}

int fake_engine_wait_status(struct fake_engine *engine)
{
	int status = 0;

	wait_for(engine, has_ended, &status, "the end of the worker");
	engine->pid = 0;
	close(engine->said_fd);
	close(engine->life_fd);
	engine->said_fd = engine->life_fd = -1;
	return status;
}

void fake_engine_kill(struct fake_engine *engine)
{
	kill(engine->pid, SIGKILL);
	fake_engine_wait_status(engine);
}

char *fake_engine_printed(struct fake_engine *engine)
{
	AUTO_FREE char *path = files_join(engine->folder, "printed");
	char *bytes = NULL;
	size_t length = 0;

	if (files_read(path, 64 << 20, &bytes, &length, NULL) != HST_OK)
		return mem_text("");
	/* To be searched as text. */
	for (size_t i = 0; i < length; i++)
		if (!bytes[i])
			bytes[i] = '?';
	return bytes;
}

static bool has_link(struct fake_engine *engine, const void *what)
{
	(void)what;
	return engine->link != NULL;
}

void fake_engine_wait_link(struct fake_engine *engine)
{
	wait_for(engine, has_link, NULL, "the worker's hello");
}

static uint64_t send(struct fake_engine *engine, struct message *message, const char *payload)
{
	fake_engine_wait_link(engine);
	if (payload)
		message_set_payload(message, payload, strlen(payload));
	assert_true(hub_send(engine->hub, engine->link, message));
	return message->id;
}

uint64_t fake_engine_call(struct fake_engine *engine, int64_t step, const char *action, int64_t timeout_ms,
			  const char *inputs)
{
	struct message message;

	message_init(&message, WORD_call, engine->next_id++);
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", 1);
	message_set_text(&message, "action", action);
	message_set_integer(&message, "timeout_ms", timeout_ms);
	return send(engine, &message, inputs);
}

uint64_t fake_engine_call_sealed(struct fake_engine *engine, int64_t step, const char *action, const char *run, const char *inputs,
				 const struct text *sealed)
{
	struct message message;

	message_init(&message, WORD_call, engine->next_id++);
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", 1);
	message_set_text(&message, "action", action);
	message_set_integer(&message, "timeout_ms", 60000);
	message_set_text(&message, "run", run);
	message_set_text(&message, "name", "find");
	message_set_sealed(&message, sealed->s, sealed->length);
	return send(engine, &message, inputs);
}

uint64_t fake_engine_fire_sealed(struct fake_engine *engine, const char *inputs, const struct text *sealed)
{
	struct message message;

	message_init(&message, WORD_fire, engine->next_id++);
	message_set_sealed(&message, sealed->s, sealed->length);
	return send(engine, &message, inputs);
}

uint64_t fake_engine_probe(struct fake_engine *engine, const struct text *sealed)
{
	struct message message;

	message_init(&message, WORD_probe, engine->next_id++);
	message_set_sealed(&message, sealed->s, sealed->length);
	return send(engine, &message, NULL);
}

uint64_t fake_engine_fire(struct fake_engine *engine, const char *inputs)
{
	struct message message;

	message_init(&message, WORD_fire, engine->next_id++);
	return send(engine, &message, inputs);
}

uint64_t fake_engine_cancel(struct fake_engine *engine, int64_t step)
{
	struct message message;

	message_init(&message, WORD_cancel, engine->next_id++);
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", 1);
	return send(engine, &message, NULL);
}

static const struct fake_heard *find_id(const struct fake_engine *engine, uint64_t id)
{
	for (size_t i = 0; i < engine->heard_count; i++)
		if (engine->heard[i].id == id)
			return &engine->heard[i];
	return NULL;
}

static bool has_answer(struct fake_engine *engine, const void *what)
{
	return find_id(engine, *(const uint64_t *)what) != NULL;
}

const struct fake_heard *fake_engine_answer(struct fake_engine *engine, uint64_t id)
{
	wait_for(engine, has_answer, &id, "an answer");
	return find_id(engine, id);
}

struct which {
	enum word word;
	size_t which;
};

static const struct fake_heard *find_word(const struct fake_engine *engine, const struct which *which)
{
	size_t left = which->which;

	for (size_t i = 0; i < engine->heard_count; i++)
		if (engine->heard[i].word == which->word && left-- == 0)
			return &engine->heard[i];
	return NULL;
}

static bool has_word(struct fake_engine *engine, const void *what)
{
	return find_word(engine, what) != NULL;
}

const struct fake_heard *fake_engine_heard(struct fake_engine *engine, enum word word, size_t which)
{
	const struct which wanted = {word, which};

	wait_for(engine, has_word, &wanted, message_row(word)->word);
	return find_word(engine, &wanted);
}

void fake_engine_end(struct fake_engine *engine)
{
	if (engine->pid) {
		close(engine->life_fd);
		engine->life_fd = -1;
		fake_engine_wait_status(engine);
	}
	hub_free(engine->hub);
	zmq_ctx_term(engine->zmq);
	loop_free(engine->loop);
	keys_clear(&engine->ring);
	text_clear(&engine->put);
	assert_int_equal(files_remove_tree(engine->folder, NULL), HST_OK);
}
