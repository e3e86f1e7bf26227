/*
 * From the start of a house to the first press that is accepted: starts the program named, connects as soon as the
 * host's socket is there, and presses until it is not asked to come back later. The answer is one JSON object on
 * stdout. When the run has ended, so that nothing is left of it for the next start, the program is ended.
 */
#include "samples.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/zmq.h"
#include "seal/operator_key.h"
#include "wire/link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { LOOK_US = 200, AGAIN_MS = 1, REPLY_MS = 30000 };

struct first {
	struct loop *loop;
	struct link *link;
	const char *trigger;
	pid_t pid;
	int64_t from_us, there_us, up_us;
	size_t refused;
};

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("first: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	_exit(1);
}

static void end_program(struct first *first)
{
	kill(first->pid, SIGTERM);
	while (waitpid(first->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static void press(void *arg);

static int64_t number_of(const struct message *accepted)
{
	static const char member[] = "\"number\":";
	const char *at = memmem(accepted->payload, accepted->payload_length, member, sizeof member - 1);

	return at ? strtoll(at + sizeof member - 1, NULL, 10) : 0;
}

static void on_following(void *arg, const struct message *reply)
{
	(void)arg;
	if (!reply || reply->word != WORD_done)
		fail("the host does not say how the run ends");
}

static void follow(struct first *first, int64_t run)
{
	struct message message;
	hst_error err = {0};

	message_init(&message, WORD_follow, 0);
	message_set_integer(&message, "run", run);
	message_set_boolean(&message, "ends", true);
	if (link_request(first->link, &message, REPLY_MS, on_following, first, &err) != HST_OK)
		fail("%s", err.text);
}

static void on_answer(void *arg, const struct message *reply)
{
	struct first *first = arg;

	if (reply && reply->word == WORD_accepted) {
		int64_t now = now_us();

		printf("{\"runs\": 1, \"there_us\": %lld, \"up_us\": %lld, \"first_us\": %lld, \"refused\": %zu}\n",
		       (long long)(first->there_us - first->from_us), (long long)(first->up_us - first->from_us),
		       (long long)(now - first->from_us), first->refused);
		follow(first, number_of(reply));
		return;
	}
	if (!reply || message_integer(reply, "code") != HST_RETRY)
		fail("the host does not take the press: %.*s", reply ? (int)reply->payload_length : 0,
		     reply && reply->payload ? (const char *)reply->payload : "");
	first->refused++;
	loop_in(first->loop, AGAIN_MS, press, first);
}

static void press(void *arg)
{
	struct first *first = arg;
	struct message message;
	hst_error err = {0};

	message_init(&message, WORD_press, 0);
	message_set_text(&message, "trigger", first->trigger);
	message_set_payload(&message, "{}", 2);
	if (link_request(first->link, &message, REPLY_MS, on_answer, first, &err) != HST_OK)
		fail("%s", err.text);
}

static void on_up(void *arg)
{
	struct first *first = arg;

	if (!first->up_us)
		press(first);
	if (!first->up_us)
		first->up_us = now_us();
}

static void on_nothing(void *arg)
{
	(void)arg;
}

static void on_message(void *arg, const struct message *message)
{
	struct first *first = arg;

	if (message->word == WORD_happened && message_boolean(message, "ended"))
		loop_stop(first->loop, 0);
}

/* The address is ipc://PATH. What an earlier house left there is taken away, so that it is not taken for the new one. */
static void start(struct first *first, const char *endpoint, char **command)
{
	const char *path = endpoint + sizeof "ipc://" - 1;
	int64_t end_us;
	int error;

	unlink(path);
	first->from_us = now_us();
	end_us = first->from_us + REPLY_MS * 1000LL;
	error = posix_spawn(&first->pid, command[0], NULL, NULL, command, environ);
	if (error)
		fail("%s: %s", command[0], strerror(error));
	while (access(path, F_OK) != 0) {
		if (now_us() > end_us || waitpid(first->pid, NULL, WNOHANG) != 0)
			fail("the house does not come up");
		usleep(LOOK_US);
	}
	first->there_us = now_us();
}

int main(int argc, char **argv)
{
	struct first first = {.loop = loop_new(loop_wait_zmq)};
	const struct link_role role = {.up = on_up, .down = on_nothing, .message = on_message, .arg = &first};
	struct key_ring ring = {0};
	hst_error err = {0};
	void *zmq = zmq_ctx_new();
	struct operator_key key = {.name = ""};
	int status;

	if (argc < 5 || strncmp(argv[1], "ipc://", 6) != 0)
		return fputs("usage: first ipc://SOCKET KEY_FILE TRIGGER PROGRAM [ARGUMENT…]\n", stderr), 2;
	first.trigger = argv[3];
	if (operator_key_read(argv[2], &key, &err) != HST_OK)
		fail("%s", err.text);
	ring.name = mem_text(key.name);
	memcpy(ring.self.public_key, key.wire_public, KEY_BYTES);
	memcpy(ring.self.secret_key, key.wire_secret, KEY_BYTES);
	memcpy(ring.host, key.host, KEY_BYTES);
	operator_key_clear(&key);
	start(&first, argv[1], argv + 4);
	if (link_new(first.loop, zmq, argv[1], &ring, &role, &first.link, &err) != HST_OK)
		fail("%s", err.text);
	status = loop_run(first.loop);
	link_free(first.link);
	zmq_ctx_term(zmq);
	loop_free(first.loop);
	keys_clear(&ring);
	end_program(&first);
	return status;
}
