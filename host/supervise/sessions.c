#include "supervise/sessions.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/channel.h"
#include "os/crash.h"
#include "os/failure.h"
#include "os/spawn.h"
#include "supervise/carried.h"
#include "supervise/keys.h"
#include "supervise/outbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Numbers of holds that are handed over are ours: the gateway counts its own from 1. */
enum { HANDED_OVER = 1 << 30 };

struct session {
	struct session *next;
	struct sessions *of;
	uint32_t number;
	bool old;    /* of the program before this one */
	bool killed; /* as its gateway wished */
	uint64_t gateway; /* which gateway has it: numbers are its own */
	char device[sizeof(((struct channel_record *)NULL)->device)];
	int handover; /* a hold's channel, over which it gets its next gateway; -1: a watch, which ends with its gateway */
	char *bad; /* what it could not begin with; NULL: it has not said so */
	struct process *process;
};

struct sessions {
	struct loop *loop;
	struct processes *processes;
	const char *file;
	sessions_keys keys;
	void *arg;
	int channel; /* our end; -1: there is no gateway */
	uint64_t gateway;
	struct outbox outbox;
	struct session *first;
	size_t n;
	uint32_t handed_over;
};

struct sessions *sessions_new(struct loop *loop, struct processes *processes, const char *file, sessions_keys keys, void *arg)
{
	struct sessions *sessions = mem_alloc(sizeof *sessions);

	*sessions = (struct sessions){.loop = loop, .processes = processes, .file = file, .keys = keys, .arg = arg, .channel = -1};
	return sessions;
}

static void close_channel(struct sessions *sessions)
{
	outbox_clear(&sessions->outbox);
	if (sessions->channel < 0)
		return;
	loop_fd(sessions->loop, sessions->channel, 0, NULL, NULL);
	close(take_fd(&sessions->channel));
}

static void session_free(struct session *session)
{
	if (session->handover >= 0)
		close(session->handover);
	free(session->bad);
	free(session);
}

void sessions_free(struct sessions *sessions)
{
	if (!sessions)
		return;
	close_channel(sessions);
	while (sessions->first) {
		struct session *session = sessions->first;

		sessions->first = session->next;
		session_free(session);
	}
	free(sessions);
}

size_t sessions_count(const struct sessions *sessions)
{
	return sessions->n;
}

void sessions_signal(struct sessions *sessions, int signal)
{
	for (struct session *session = sessions->first; session; session = session->next)
		process_signal(session->process, signal);
}

static void on_channel(void *arg, int fd, short ready);

static void flush(struct sessions *sessions)
{
	bool done = outbox_flush(&sessions->outbox, sessions->channel);

	loop_fd(sessions->loop, sessions->channel, done ? POLLIN : POLLIN | POLLOUT, on_channel, sessions);
}

/* A gateway that has ended, as every one does when the house is taken down, has no use for it. */
static void tell(struct sessions *sessions, const struct channel_record *record, int fd_take)
{
	if (sessions->channel < 0) {
		if (fd_take >= 0)
			close(fd_take);
		return;
	}
	outbox_put(&sessions->outbox, record, fd_take);
	flush(sessions);
}

static void remove_session(struct sessions *sessions, const struct session *session)
{
	for (struct session **at = &sessions->first; *at; at = &(*at)->next)
		if (*at == session) {
			*at = session->next;
			sessions->n--;
			return;
		}
}

static void on_said(void *arg, struct process *process, const char *line)
{
	struct session *session = arg;

	(void)process;
	if (session->bad || strncmp(line, "bad ", 4) != 0)
		return;
	session->bad = mem_text(line + 4);
}

/* A status alone would leave whoever asks why a device is blind to the log. */
static void how_it_ended(const struct session *session, int status, char *to, size_t size)
{
	size_t n;

	spawn_status_text(status, to, size);
	n = strlen(to);
	if (session->bad)
		snprintf(to + n, size - n, ": %.*s", (int)(size - n - 3), session->bad);
}

static void on_ended(void *arg, struct process *process, int status)
{
	struct session *session = arg;
	struct sessions *sessions = session->of;
	struct channel_record record = {
		.what = CHANNEL_ENDED, .number = session->number, .status = status, .pid = process_pid(process)};

	how_it_ended(session, status, record.text, sizeof record.text);
	if (status != 0 && !session->killed)
		log_warning("session process %d ended with %s", (int)process_pid(process), record.text);
	if (session->gateway == sessions->gateway)
		tell(sessions, &record, -1);
	remove_session(sessions, session);
	session_free(session);
}

static void keep(struct session *session)
{
	session->next = session->of->first;
	session->of->first = session;
	session->of->n++;
}

/* Starts the program with one end of a new socketpair; *ret_fd is the other one. */
static int start(struct session *session, bool watch, int *ret_fd, hst_error *err)
{
	struct sessions *sessions = session->of;
	const char *what = watch ? "watch" : "hold";
	AUTO_FREE char *name = mem_printf("session/%s/%s", what, session->device);
	char *const argv[] = {"hostler-session", (char *)what, "--device", session->device,
			      "-c", (char *)sessions->file, NULL};
	const struct process_role role = {.said = on_said, .ended = on_ended, .arg = session};
	AUTO_CLOSE int near = -1;
	AUTO_CLOSE int far = -1;
	AUTO_CLOSE int handover = -1;
	char *keys = NULL;
	int ends[2], code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return failure_of(errno, err, "make", "a socketpair");
	near = ends[0];
	far = ends[1];
	if (!watch) {
		code = channel_pair(ends, err);
		if (code != HST_OK)
			return code;
		session->handover = ends[0];
		handover = ends[1];
		keys = sessions->keys(sessions->arg);
	}
	code = process_start(sessions->processes,
			     &(struct process_spec){.name = name,
						    .program = "hostler-session",
						    .argv = argv,
						    .keys = keys,
						    .peer_fd = far,
						    .handover_fd = handover,
						    .keeps_orphans = true},
			     &role, &session->process, err);
	keys_forget(keys);
	if (code == HST_OK)
		*ret_fd = take_fd(&near);
	return code;
}

static int begin(struct sessions *sessions, const struct channel_record *wanted, int *ret_fd, pid_t *ret_pid,
		 hst_error *err)
{
	struct session *session;
	int code;

	if (sessions->n >= SESSIONS_MAX)
		return hst_fail(err, HST_RETRY, "%d session processes are running already", SESSIONS_MAX);
	if (!wanted->device[0] || wanted->device[0] == '-')
		return hst_fail(err, HST_INVALID, "the gateway named no device");
	session = mem_alloc(sizeof *session);
	*session = (struct session){.of = sessions, .number = wanted->number, .gateway = sessions->gateway, .handover = -1};
	memcpy(session->device, wanted->device, sizeof session->device);
	code = start(session, wanted->what == CHANNEL_WANT_WATCH, ret_fd, err);
	if (code != HST_OK) {
		session_free(session);
		return code;
	}
	keep(session);
	*ret_pid = process_pid(session->process);
	return HST_OK;
}

static void want(struct sessions *sessions, const struct channel_record *wanted)
{
	struct channel_record answer = {.what = CHANNEL_STARTED, .number = wanted->number};
	hst_error err = {0};
	pid_t pid = 0;
	int fd = -1;

	memcpy(answer.device, wanted->device, sizeof answer.device);
	if (begin(sessions, wanted, &fd, &pid, &err) != HST_OK) {
		log_error("no session process for %s: %s", wanted->device, err.text);
		answer.what = CHANNEL_FAILED;
		snprintf(answer.text, sizeof answer.text, "%.*s", (int)sizeof answer.text - 1, err.text);
	}
	answer.pid = pid;
	tell(sessions, &answer, fd);
	crash_point(CRASH_hostlerd_session_passed);
}

static void end(struct sessions *sessions, uint32_t number)
{
	for (struct session *session = sessions->first; session; session = session->next)
		if (session->number == number && session->gateway == sessions->gateway) {
			session->killed = true;
			process_signal(session->process, SIGKILL);
		}
}

static void take_record(struct sessions *sessions, const struct channel_record *record)
{
	switch (record->what) {
	case CHANNEL_WANT_WATCH:
	case CHANNEL_WANT_HOLD:
		want(sessions, record);
		break;
	case CHANNEL_KILL:
		end(sessions, record->number);
		break;
	default:
		log_warning("the gateway said what only the supervisor says");
	}
}

static void on_channel(void *arg, int fd, short ready)
{
	struct sessions *sessions = arg;
	struct channel_record record;
	hst_error err = {0};
	int passed = -1, code;

	if (ready & POLLOUT)
		flush(sessions);
	code = channel_receive(fd, &record, &passed, &err);
	if (passed >= 0)
		close(passed);
	if (code == HST_OK)
		take_record(sessions, &record);
	else if (code != HST_RETRY && code != HST_INVALID)
		close_channel(sessions);
}

/* Nothing of the old line is used again: a message may have been cut in two there. */
static void hand_over(struct session *session)
{
	struct sessions *sessions = session->of;
	struct channel_record record = {.what = CHANNEL_ADOPT, .pid = process_pid(session->process), .status = session->old};
	hst_error err = {0};
	int ends[2];

	session->gateway = sessions->gateway;
	session->number = HANDED_OVER + sessions->handed_over++ % HANDED_OVER;
	record.number = session->number;
	memcpy(record.device, session->device, sizeof record.device);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		log_error("session process %d cannot be handed over: %s", (int)record.pid, strerror(errno));
		process_signal(session->process, SIGTERM);
		return;
	}
	tell(sessions, &record, ends[0]);
	/* One that has ended meanwhile says so by its end; the queue of one that lives has room. */
	if (channel_send(session->handover, &record, ends[1], &err) != HST_OK)
		log_warning("session process %d: %s", (int)record.pid, err.text);
	close(ends[1]);
	crash_point(CRASH_hostlerd_handed_over);
}

int sessions_channel(struct sessions *sessions, hst_error *err)
{
	struct channel_record gathered = {.what = CHANNEL_GATHERED, .status = sessions->gateway == 0};
	int ends[2];

	close_channel(sessions);
	if (channel_pair(ends, err) != HST_OK)
		return -1;
	sessions->channel = ends[0];
	sessions->gateway++;
	for (struct session *session = sessions->first; session; session = session->next)
		if (session->handover >= 0)
			hand_over(session);
	tell(sessions, &gathered, -1);
	return ends[1];
}

bool sessions_are_quiet(const struct sessions *sessions)
{
	return sessions->outbox.first == sessions->outbox.n;
}

void sessions_carry(const struct sessions *sessions, struct carried *to)
{
	to->house.channel_fd = sessions->channel;
	to->house.gateway = (int64_t)sessions->gateway;
	to->house.handed_over = sessions->handed_over;
	for (const struct session *session = sessions->first; session; session = session->next) {
		struct carried_session *carried = carried_add_session(to);

		*carried = (struct carried_session){.pid = process_pid(session->process),
						    .number = session->number,
						    .gateway = (int64_t)session->gateway,
						    .handover_fd = session->handover,
						    .device = mem_text(session->device)};
	}
}

void sessions_resume(struct sessions *sessions, const struct carried *carried)
{
	sessions->channel = (int)carried->house.channel_fd;
	sessions->gateway = (uint64_t)carried->house.gateway;
	sessions->handed_over = (uint32_t)carried->house.handed_over;
	if (sessions->channel >= 0)
		loop_fd(sessions->loop, sessions->channel, POLLIN, on_channel, sessions);
	for (size_t i = 0; i < carried->session_count; i++) {
		const struct carried_session *found = &carried->sessions[i];
		struct session *session = mem_alloc(sizeof *session);
		const struct process_role role = {.said = on_said, .ended = on_ended, .arg = session};

		*session = (struct session){.of = sessions,
					    .old = true,
					    .number = (uint32_t)found->number,
					    .gateway = (uint64_t)found->gateway,
					    .handover = (int)found->handover_fd};
		snprintf(session->device, sizeof session->device, "%s", found->device);
		session->process = process_resume(sessions->processes, carried, found->pid, &role);
		keep(session);
	}
}
