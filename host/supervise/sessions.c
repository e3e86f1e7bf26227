#include "supervise/sessions.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/channel.h"
#include "os/crash.h"
#include "os/failure.h"
#include "os/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct session {
	struct session *next;
	struct sessions *of;
	uint32_t number;
	uint64_t gateway; /* which gateway asked: numbers are its own */
	struct process *process;
};

struct sessions {
	struct loop *loop;
	struct processes *processes;
	const char *file;
	int channel; /* our end; -1: there is no gateway */
	uint64_t gateway;
	struct session *first;
	size_t n;
};

struct sessions *sessions_new(struct loop *loop, struct processes *processes, const char *file)
{
	struct sessions *sessions = mem_alloc(sizeof *sessions);

	*sessions = (struct sessions){.loop = loop, .processes = processes, .file = file, .channel = -1};
	return sessions;
}

static void close_channel(struct sessions *sessions)
{
	if (sessions->channel < 0)
		return;
	loop_fd(sessions->loop, sessions->channel, 0, NULL, NULL);
	close(take_fd(&sessions->channel));
}

void sessions_free(struct sessions *sessions)
{
	if (!sessions)
		return;
	close_channel(sessions);
	while (sessions->first) {
		struct session *session = sessions->first;

		sessions->first = session->next;
		free(session);
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

/* The gateway's queue being full or gone is the gateway's loss: it asks again, or sees its sockets end. */
static void tell(struct sessions *sessions, const struct channel_record *record, int fd)
{
	hst_error err = {0};

	/* A gateway that has ended, as every one does when the house is taken down, has no use for it. */
	if (sessions->channel >= 0 && channel_send(sessions->channel, record, fd, &err) == HST_RETRY)
		log_warning("a word to the gateway about session process %u was lost: %s", record->number, err.text);
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

static void on_ended(void *arg, struct process *process, int status)
{
	struct session *session = arg;
	struct sessions *sessions = session->of;
	struct channel_record record = {
		.what = CHANNEL_ENDED, .number = session->number, .status = status, .pid = process_pid(process)};

	spawn_status_text(status, record.text, sizeof record.text);
	if (status != 0)
		log_warning("session process %d ended with %s", (int)process_pid(process), record.text);
	if (session->gateway == sessions->gateway)
		tell(sessions, &record, -1);
	remove_session(sessions, session);
	free(session);
}

/* Starts the program with one end of a new socketpair; *ret_fd is the other one. */
static int start(struct session *session, const struct channel_record *wanted, int *ret_fd, hst_error *err)
{
	struct sessions *sessions = session->of;
	const char *what = wanted->what == CHANNEL_WANT_WATCH ? "watch" : "hold";
	AUTO_FREE char *name = mem_printf("session/%s/%s", what, wanted->device);
	char *const argv[] = {"hostler-session", (char *)what, "--device", (char *)wanted->device,
			      "-c", (char *)sessions->file, NULL};
	const struct process_role role = {.ended = on_ended, .arg = session};
	AUTO_CLOSE int near = -1;
	AUTO_CLOSE int far = -1;
	int ends[2], code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return failure_of(errno, err, "make", "a socketpair");
	near = ends[0];
	far = ends[1];
	code = process_start(sessions->processes,
			     &(struct process_spec){
				     .name = name, .program = "hostler-session", .argv = argv, .peer_fd = far},
			     &role, &session->process, err);
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
	*session = (struct session){.of = sessions, .number = wanted->number, .gateway = sessions->gateway};
	code = start(session, wanted, ret_fd, err);
	if (code != HST_OK) {
		free(session);
		return code;
	}
	session->next = sessions->first;
	sessions->first = session;
	sessions->n++;
	*ret_pid = process_pid(session->process);
	return HST_OK;
}

static void want(struct sessions *sessions, const struct channel_record *wanted)
{
	struct channel_record answer = {.what = CHANNEL_STARTED, .number = wanted->number};
	AUTO_CLOSE int fd = -1;
	hst_error err = {0};
	pid_t pid = 0;

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
		if (session->number == number && session->gateway == sessions->gateway)
			process_signal(session->process, SIGKILL);
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
	int passed = -1;
	int code = channel_receive(fd, &record, &passed, &err);

	(void)ready;
	if (passed >= 0)
		close(passed);
	if (code == HST_OK)
		take_record(sessions, &record);
	else if (code != HST_RETRY && code != HST_INVALID)
		close_channel(sessions);
}

int sessions_channel(struct sessions *sessions, hst_error *err)
{
	int ends[2];

	close_channel(sessions);
	if (channel_pair(ends, err) != HST_OK)
		return -1;
	sessions->channel = ends[0];
	sessions->gateway++;
	loop_fd(sessions->loop, sessions->channel, POLLIN, on_channel, sessions);
	return ends[1];
}
