#include "session/hold.h"

#include "base/auto.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/masking.h"
#include "os/crash.h"
#include "os/inherited.h"
#include "session/ending.h"
#include "session/hold_parts.h"
#include "wire/probing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { LINGER_MS = 500 };

void hold_say(struct hold *hold, const struct message *message)
{
	hst_error err = {0};

	if (hold->stream && stream_send(hold->stream, message, &err) != HST_OK)
		log_warning("the gateway was not told \"%s\": %s", message_row(message->word)->word,
			    err.text);
}

void hold_refuse(struct hold *hold, uint64_t id, int code, const hst_error *err)
{
	struct message message;

	message_init_error(&message, id, code, err);
	hold_say(hold, &message);
}

static void say(struct hold *hold, enum word word, uint64_t id)
{
	struct message message;

	message_init(&message, word, id);
	hold_say(hold, &message);
}

static void leave(void *arg)
{
	struct hold *hold = arg;

	loop_cancel(hold->loop, &hold->lingering);
	hold_run_unheard(hold);
	hold_never_leave(hold);
	/* Whoever sees it gone finds the outcome. */
	hold_ground_clear(hold);
	loop_stop(hold->loop, hold->status);
}

/*
 * Closes the session and leaves; without an answer when it could not be closed, so that the exit status
 * tells. A gateway that has not noticed yet that the house is over may have launched a flow: what it says is heard to the
 * end, so that the outcome of what never began is left, too.
 */
static void close_and_leave(struct hold *hold)
{
	const bool may_launch = hold->session && hold->stream && !hold->closing;
	hst_error err = {0};

	if (hold->left)
		return;
	hold->left = true;
	hold_result_leave(hold);
	hold_person_end(hold);
	if (hold_session_close(hold, &err) != HST_OK) {
		log_error("device %s: the session could not be closed (%s): %s", hold->device.device->name,
			  err.reason, err.text);
		hold->status = 1;
	} else if (hold->closing) {
		say(hold, WORD_closed, hold->close_id);
	}
	if (may_launch)
		hold->lingering = loop_in(hold->loop, LINGER_MS, leave, hold);
	else
		leave(hold);
}

/* First the flow, if there is one; hold_run_is_over goes on from there. */
void hold_end(struct hold *hold, const char *why)
{
	if (hold->ending)
		return;
	hold->ending = true;
	hold->why = why;
	if (hold->run)
		hold_run_steer(hold->run, "cancel");
	else
		close_and_leave(hold);
}

void hold_run_is_over(struct hold *hold)
{
	if (hold->ending)
		close_and_leave(hold);
}

/* What it is told */

static void on_open(struct hold *hold, const struct message *message)
{
	struct message answer;
	hst_error err = {0};
	AUTO(secret) hst_secret *password = NULL;
	int code = hold_password(hold, message, &password, &err);

	if (!code)
		code = hold_session_open(hold, message_text(message, "user"), message_text(message, "session"), password, &err);
	hold_password_over(&err);
	if (code) {
		log_warning("device %s: no session for %s: %s", hold->device.device->name,
			    message_text(message, "user"), err.text);
		hold_refuse(hold, message->id, code, &err);
		return;
	}
	hold->login = mem_text(message_text(message, "login"));
	message_init(&answer, WORD_opened, message->id);
	message_set_text(&answer, "session", hold->session);
	hold_say(hold, &answer);
	crash_point(CRASH_hold_told_opened);
	hold_person_begin(hold, message_text(message, "notify"));
}

static void on_launch(struct hold *hold, const struct message *message)
{
	hst_error err = {0};
	int code = HST_OK;

	if (!hold->session && !hold->ending)
		code = hst_fail_as(&err, HST_INVALID, "SessionNotFound",
				   "there is no open session to run a flow in");
	else if (hold->run)
		code = hst_fail_as(&err, HST_INVALID, "UIFlowAlreadyRunning",
				   "a flow runs in this session already");
	if (code)
		hold_refuse(hold, message->id, code, &err);
	else
		hold_run_launch(hold, message);
}

static void on_begin(struct hold *hold, const struct message *message)
{
	hst_error err = {0};

	if (hold_run_is(hold->ready, message_integer(message, "step"), message_integer(message, "token"))) {
		hold_run_begin(hold);
		return;
	}
	hst_fail_as(&err, HST_INVALID, "FlowFailed", "no such flow is ready to be begun in this session");
	hold_refuse(hold, message->id, HST_INVALID, &err);
}

/* A run that is over needs no stopping: to say so would help nobody, since its end is on the way. */
static void on_stop(struct hold *hold, const struct message *message)
{
	if (hold_run_is(hold->run, message_integer(message, "step"), message_integer(message, "token")))
		hold_run_steer(hold->run, message_text(message, "how"));
	if (message->id)
		say(hold, WORD_done, message->id);
}

/* No flow runs in it now. Where the driver knows no lock, nobody could look on in the first place, or it is the driver's to say so. */
static void on_lock(struct hold *hold, const struct message *message)
{
	hst_error err = {0};
	int code = hold_session_lock(hold, &err);

	if (code == HST_OK) {
		say(hold, WORD_done, message->id);
		return;
	}
	log_warning("device %s: the session of %s could not be locked, so it is not kept: %s", hold->device.device->name,
		    hold->user ? hold->user : "nobody", err.text);
	hold_refuse(hold, message->id, code, &err);
}

static void on_close(struct hold *hold, const struct message *message)
{
	hold->closing = true;
	hold->close_id = message->id;
	hold_end(hold, NULL);
}

/* The outcome is in the gateway's journal. */
static void on_done(struct hold *hold, const struct message *message)
{
	if (hold->result.state && message->id == hold->result.id)
		hold_result_clear(hold);
}

static void on_roster(struct hold *hold, const struct message *message)
{
	believed_heard(&hold->pinned, message);
	if (message->id)
		say(hold, WORD_done, message->id);
}

static void on_probe(struct hold *hold, const struct message *message)
{
	struct message answer;
	hst_error why = {{0}, {0}};

	probing_answer(&hold->vault, NULL, message, &answer, &why);
	hold_say(hold, &answer);
}

static const struct {
	enum word word;
	void (*handle)(struct hold *hold, const struct message *message);
} handlers[] = {
	{WORD_open, on_open},
	{WORD_launch, on_launch},
	{WORD_begin, on_begin},
	{WORD_stop, on_stop},
	{WORD_lock, on_lock},
	{WORD_close, on_close},
	{WORD_done, on_done},
	{WORD_roster, on_roster},
	{WORD_probe, on_probe},
};

static void on_message(void *arg, struct stream *stream, const struct message *message)
{
	struct hold *hold = arg;
	hst_error err = {0};

	(void)stream;
	hold_alone_heard(hold);
	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
		if (handlers[i].word == message->word) {
			handlers[i].handle(hold, message);
			return;
		}
	}
	hst_fail(&err, HST_INVALID, "a hold does not know the word %s", message_row(message->word)->word);
	hold_refuse(hold, message->id, HST_INVALID, &err);
}

static void on_stream_ended(void *arg, struct stream *stream, const hst_error *why)
{
	struct hold *hold = arg;

	log_info("device %s: the gateway is gone: %s", hold->device.device->name, why->text);
	hold->stream = NULL;
	stream_free(stream);
	hold_run_unheard(hold);
	if (hold->lingering)
		leave(hold);
	else
		hold_alone_begin(hold);
}

void hold_listen(struct hold *hold, int fd_take)
{
	const struct stream_role role = {SPEAKER_GATEWAY, on_message, on_stream_ended, hold};

	hold->stream = stream_new(hold->loop, fd_take, &role);
}

static void on_end(void *arg)
{
	hold_end(arg, "hostler was stopped on the device while the flow ran");
}

/* Children */

static bool is_kept(const struct hold *hold, pid_t pid)
{
	for (size_t i = 0; i < hold->kept_count; i++)
		if (hold->kept[i] == pid)
			return true;
	return false;
}

/*
 * The flow, and what it left behind as orphans, are waited for here. The driver's own children are not: it
 * would lose sight of them, and their numbers could become somebody else's.
 */
static void on_child(void *arg)
{
	struct hold *hold = arg;
	pid_t children[CHILDREN_MAX], flow = hold_run_pid(hold->run);
	size_t n = hold->session ? children_list(children, CHILDREN_MAX) : 0;
	int status;

	if (flow > 0 && waitpid(flow, &status, WNOHANG) == flow)
		hold_run_reaped(hold->run, flow, status);
	for (size_t i = 0; i < n; i++)
		if (children[i] != flow && !is_kept(hold, children[i]))
			waitpid(children[i], &status, WNOHANG);
	hold_standing_heed(hold);
}

/* A hold that is started by hand has none. */
static int read_keys(struct hold *hold, hst_error *err)
{
	int code = inherited_has(INHERITED_KEYS) ? keys_read_fd(&hold->ring, inherited_fd(INHERITED_KEYS), err) : HST_OK;

	believed_begin(&hold->pinned, &hold->ring);
	vault_init(&hold->vault, hold->ring.seal.name, hold->ring.seal.pairs, &hold->pinned);
	return code;
}

static void clear_keys(struct hold *hold)
{
	vault_clear(&hold->vault);
	keys_clear(&hold->ring);
	pinned_clear(&hold->pinned);
}

int session_hold(const struct session_settings *settings)
{
	struct hold hold = {.loop = loop_new(loop_wait_poll), .notes = {.fd = -1}, .ground = {.place = FLOW_PLACE_NONE, .work = {.lock = -1}}, .person = {.fd = -1}, .next_gateway = -1, .uid = -1, .gid = -1};
	hst_error err = {0};
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The keys are read before anything of the driver's runs in this process. */
	if (read_keys(&hold, &err) != HST_OK || session_device_open(&hold.device, settings, &err) != HST_OK) {
		log_error("%s", err.text);
		inherited_say(err.text);
		clear_keys(&hold);
		loop_free(hold.loop);
		return 1;
	}
	hold_listen(&hold, inherited_fd(INHERITED_PEER));
	hold_alone_watch(&hold);
	ending_watch(hold.loop, on_end, on_child, &hold);
	inherited_say(NULL);
	crash_point(CRASH_hold_ready);
	masking_listen(hold.loop);
	status = loop_run(hold.loop);
	masking_end();
	stream_free(hold.stream);
	session_device_close(&hold.device);
	clear_keys(&hold);
	arena_free(hold.secrets);
	hold_result_clear(&hold);
	hold_never_clear(&hold);
	hold_run_undo(&hold);
	hold_ground_clear(&hold);
	free(hold.session);
	free(hold.user);
	free(hold.key);
	free(hold.login);
	free(hold.run_dir);
	free(hold.kept);
	loop_free(hold.loop);
	return status;
}
