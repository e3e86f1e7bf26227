/*
 * Telling the person in whose session a flow runs (rule R28). It is done by a program in their session that has no right but
 * theirs and speaks over one socket; whatever becomes of it, the run goes on: nothing here waits for it, and what it
 * cannot be told now is told it later, if it is still so.
 */
#include "session/hold_parts.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many answers in a second: more than people can press, and how many are done of them. */
enum { START_MS = 5000, HEARD_MAX = 50, OBEYED_MAX = 5 };

static void let_go(struct hold *hold)
{
	struct hold_person *person = &hold->person;

	if (person->fd < 0)
		return;
	loop_fd(hold->loop, person->fd, 0, NULL, NULL);
	close(take_fd(&person->fd));
}

static void say_trouble(struct hold *hold, const char *why)
{
	if (!hold->person.complained)
		log_info("device %s: %s is not told of the runs in their session: %s", hold->device.device->name, hold->user, why);
	hold->person.complained = true;
}

static void on_ready(void *arg, int fd, short ready);

/* All of it each time: of what is not read in time only the newest is kept. */
static void send_now(struct hold *hold)
{
	struct hold_person *person = &hold->person;
	AUTO(text) struct text json;
	ssize_t n;

	text_init(&json, HAPPENING_BYTES_MAX);
	happening_write(&json, &person->now);
	n = send(person->fd, json.s, json.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	person->behind = n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS);
	if (n < 0 && !person->behind)
		let_go(hold);
	else
		loop_fd(hold->loop, person->fd, person->behind ? POLLIN | POLLOUT : POLLIN, on_ready, hold);
}

/* What may be asked for now, and what becomes of it at once: the rest is a matter of the flow. */
static const struct {
	enum answer answer;
	const char *state, *next;
} steps[] = {
	{ANSWER_PAUSE, "running", "pausing"},  {ANSWER_RESUME, "pausing", "running"}, {ANSWER_RESUME, "paused", "running"},
	{ANSWER_STOP, "running", "stopping"}, {ANSWER_STOP, "pausing", "stopping"},  {ANSWER_STOP, "paused", "stopping"},
};

static const char *next_state(const struct hold *hold, enum answer answer)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].answer == answer && strcmp(steps[i].state, hold->person.now.state) == 0)
			return steps[i].next;
	return NULL;
}

/* A program that nobody can trust has said so: it is the run of its own session, and the word makes sense. */
static void obey(struct hold *hold, enum answer answer)
{
	struct hold_person *person = &hold->person;
	struct message message;

	if (answer != ANSWER_STOP && ++person->obeyed > OBEYED_MAX)
		return;
	person->stopped |= answer == ANSWER_STOP;
	log_info("run %s, step %s: %s has asked for: %s", person->now.run, person->now.step, hold->user, answer_word(answer));
	/* The host hears of it before it hears what came of it. */
	message_init(&message, WORD_asked, 0);
	hold_run_say(hold->run, &message);
	message_set_text(&message, "how", answer_word(answer));
	hold_say(hold, &message);
	hold_run_steer(hold->run, answer_word(answer));
}

static void answered(struct hold *hold, const char *bytes, size_t length)
{
	const char *sentence = NULL;
	enum answer answer;
	int64_t number = 0;

	answer = answer_read(bytes, length, &number);
	if (answer == ANSWER_TROUBLE && number < TROUBLE_COUNT)
		sentence = trouble_sentence((enum trouble)number);
	if (sentence)
		say_trouble(hold, sentence);
	else if (hold->run && !hold->ending && number == hold->person.now.token && next_state(hold, answer))
		obey(hold, answer);
}

/* One that talks without end keeps this process from the run. */
static bool talks_too_much(struct hold_person *person)
{
	const int64_t now_us = clock_steady_us();

	if (now_us - person->heard_us > 1000000) {
		person->heard_us = now_us;
		person->heard = person->obeyed = 0;
	}
	return ++person->heard > HEARD_MAX;
}

static void on_ready(void *arg, int fd, short ready)
{
	struct hold *hold = arg;
	char bytes[ANSWER_BYTES_MAX];
	ssize_t n;

	if (ready & POLLOUT && hold->person.behind)
		send_now(hold);
	if (hold->person.fd < 0 || !(ready & ~POLLOUT))
		return;
	n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
	if (n > 0 && talks_too_much(&hold->person)) {
		say_trouble(hold, "the program that tells them talks without end");
		let_go(hold);
	} else if (n > 0 && n < (ssize_t)sizeof bytes) {
		answered(hold, bytes, (size_t)n);
	} else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		let_go(hold);
	}
}

static int start(struct hold *hold, const char *how, int theirs, hst_error *err)
{
	AUTO_FREE char *program = mem_printf("%s/hostler-notice", files_program_directory());
	AUTO_FREE char *means = mem_text(how);
	AUTO_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	hst_call call = session_device_call(&hold->device, START_MS);
	char *const argv[] = {program, means, NULL}, *const environment[] = {NULL};
	const hst_start what = {.argv = argv,
				.environment = environment,
				.directory = "/",
				.stdin_fd = theirs,
				.stdout_fd = nothing,
				.stderr_fd = nothing};
	pid_t pid;

	return driver_start(hold->device.driver, &call, hold->session, &what, &pid, err);
}

void hold_person_begin(struct hold *hold, const char *how)
{
	hst_error err = {0};
	int ends[2];

	/* Before the flow is started: what has been there longer is not taken for something that it left behind. */
	if (!hold->attended || !*how || strcmp(how, "no") == 0 || hold->uid == 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		say_trouble(hold, strerror(errno));
		return;
	}
	if (start(hold, how, ends[1], &err) != HST_OK) {
		say_trouble(hold, err.text);
		close(ends[0]);
	} else {
		hold->person.fd = ends[0];
		loop_fd(hold->loop, ends[0], POLLIN, on_ready, hold);
	}
	close(ends[1]);
}

/* What comes fast and says little is told when the program has read what came before. */
static void tell(struct hold *hold)
{
	struct hold_person *person = &hold->person;

	person->now.at_us = clock_wall_us();
	if (person->fd >= 0 && !person->behind)
		send_now(hold);
}

void hold_person_launch(struct hold *hold, const struct message *launch)
{
	struct happening *now = &hold->person.now;
	const char *title = message_text(launch, "title");

	hold->person.stopped = false;
	*now = (struct happening){.number = message_integer(launch, "number"), .token = message_integer(launch, "token")};
	happening_text(now->run, sizeof now->run, message_text(launch, "run"));
	happening_text(now->step, sizeof now->step, message_text(launch, "name"));
	happening_text(now->device, sizeof now->device, hold->device.device->name);
	happening_text(now->title, sizeof now->title, *title ? title : message_text(launch, "run"));
	hold_person_state(hold, "running");
}

void hold_person_state(struct hold *hold, const char *state)
{
	happening_text(hold->person.now.state, sizeof hold->person.now.state, state);
	tell(hold);
}

void hold_person_progress(struct hold *hold, const char *subflow, const char *action)
{
	happening_text(hold->person.now.subflow, sizeof hold->person.now.subflow, subflow);
	happening_text(hold->person.now.action, sizeof hold->person.now.action, action);
	tell(hold);
}

void hold_person_ended(struct hold *hold, const char *state, const char *reason, const char *text)
{
	happening_text(hold->person.now.reason, sizeof hold->person.now.reason, reason ? reason : "");
	happening_text(hold->person.now.text, sizeof hold->person.now.text, text ? text : "");
	hold_person_state(hold, state);
}

void hold_person_steered(struct hold *hold, const char *how)
{
	enum answer answer = ANSWER_NONE;
	const char *next;

	for (int i = ANSWER_PAUSE; i <= ANSWER_STOP; i++)
		if (strcmp(how, answer_word((enum answer)i)) == 0)
			answer = (enum answer)i;
	if (strcmp(how, "cancel") == 0)
		answer = ANSWER_STOP;
	next = next_state(hold, answer);
	if (next)
		hold_person_state(hold, next);
}

bool hold_person_has_stopped(const struct hold *hold)
{
	return hold->person.stopped;
}

void hold_person_end(struct hold *hold)
{
	let_go(hold);
}
