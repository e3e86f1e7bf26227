/*
 * A hold without its gateway. It goes on for a while, so that a gateway that is started anew finds its runs as they were:
 * the supervisor hands it to that one. What it has to tell it keeps until a gateway has it. With no gateway in that time
 * it stops its flow, leaves the outcome where the next one finds it, and closes the session.
 */
#include "session/hold_parts.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/outcome.h"
#include "os/channel.h"
#include "os/crash.h"
#include "os/inherited.h"

#include <poll.h>
#include <stdlib.h>

/* Apart from the ids that a gateway chooses for what it asks. */
#define HELD_ID (UINT64_C(1) << 32)

static void say_held(struct hold *hold)
{
	bool busy = hold->run || hold->result.state;
	struct message message;

	message_init(&message, WORD_held, HELD_ID);
	message_set_integer(&message, "minor", PROTOCOL_MINOR);
	message_set_text(&message, "state", busy ? "running" : hold->session ? "idle" : "warm");
	if (hold->session) {
		message_set_text(&message, "session", hold->session);
		message_set_boolean(&message, "attended", hold->attended);
		message_set_text(&message, "user", hold->user);
		message_set_text(&message, "key", hold->key);
		message_set_text(&message, "login", hold->login);
	}
	if (hold->run) {
		hold_run_say(hold->run, &message);
	} else if (hold->result.state) {
		message_set_integer(&message, "step", hold->result.step);
		message_set_integer(&message, "token", hold->result.token);
	}
	hold_say(hold, &message);
}

static void go_on_with(struct hold *hold, int fd_take)
{
	log_info("device %s: another gateway takes over", hold->device.device->name);
	hold_never_clear(hold);
	hold_listen(hold, fd_take);
	say_held(hold);
	if (hold->run && hold_run_paused(hold->run))
		hold_run_say_paused(hold->run);
	hold_standing_say(hold);
	hold_result_say(hold);
	crash_point(CRASH_hold_adopted);
}

/* What the old gateway said last is heard first. */
static void handed_over(struct hold *hold, int fd_take)
{
	if (!hold->stream) {
		go_on_with(hold, fd_take);
		return;
	}
	if (hold->next_gateway >= 0)
		close(hold->next_gateway);
	hold->next_gateway = fd_take;
}

static void on_handover(void *arg, int fd, short ready)
{
	struct hold *hold = arg;
	struct channel_record record;
	hst_error err = {0};
	int passed = -1, code = channel_receive(fd, &record, &passed, &err);

	(void)ready;
	if (code == HST_OK && record.what == CHANNEL_ADOPT && passed >= 0)
		handed_over(hold, take_fd(&passed));
	else if (code == HST_NOT_FOUND)
		loop_fd(hold->loop, fd, 0, NULL, NULL); /* the supervisor is gone, which it tells in another way too */
	if (passed >= 0)
		close(passed);
}

void hold_alone_watch(struct hold *hold)
{
	if (inherited_has(INHERITED_HANDOVER))
		loop_fd(hold->loop, inherited_fd(INHERITED_HANDOVER), POLLIN, on_handover, hold);
}

static void alone_too_long(void *arg)
{
	struct hold *hold = arg;

	hold->alone = NULL;
	log_warning("device %s: no gateway has come back", hold->device.device->name);
	hold_end(hold, "the gateway of the device was away for too long, so the flow was stopped");
}

void hold_alone_begin(struct hold *hold)
{
	const int64_t ms = inherited_has(INHERITED_HANDOVER) ? hold->device.conf->outlive.ms : 0;

	crash_point(CRASH_hold_alone);
	if (hold->next_gateway >= 0)
		go_on_with(hold, take_fd(&hold->next_gateway));
	else if (ms <= 0)
		alone_too_long(hold);
	/* A gateway that dies before it has spoken does not make the time longer. */
	else if (!hold->alone && !hold->ending)
		hold->alone = loop_in(hold->loop, ms, alone_too_long, hold);
}

void hold_alone_heard(struct hold *hold)
{
	loop_cancel(hold->loop, &hold->alone);
}

/* The outcome */

void hold_result_say(struct hold *hold)
{
	const struct hold_result *result = &hold->result;
	struct message message;

	if (!result->state)
		return;
	message_init(&message, WORD_finished, result->id);
	message_set_integer(&message, "step", result->step);
	message_set_integer(&message, "token", result->token);
	message_set_text(&message, "state", result->state);
	if (*result->reason)
		message_set_text(&message, "reason", result->reason);
	message_set_integer(&message, "started_us", result->started_us);
	message_set_integer(&message, "ended_us", result->ended_us);
	message_set_payload(&message, result->payload, result->length);
	message_set_sealed(&message, result->sealed, result->sealed_length);
	hold_say(hold, &message);
}

static void leave_outcome(const struct hold *hold, int64_t step, const char *name, const struct outcome *outcome)
{
	hst_error err = {0};
	AUTO_CLOSE int folder = work_open_gateways(hold->device.conf->state_dir, WORK_RESULTS, name, &err);

	if (folder < 0 || outcome_write(folder, outcome, &err) != HST_OK)
		log_error("device %s: the outcome of step %lld cannot be left for the next gateway: %s",
			  hold->device.device->name, (long long)step, err.text);
	crash_point(CRASH_hold_outcome_left);
}

/* A gateway that takes the session over finds it idle, and needs no word of what its journal may have. */
void hold_never_leave(struct hold *hold)
{
	char never[] = OUTCOME_NEVER, none[] = "";

	if (hold->never.folder)
		leave_outcome(hold, hold->never.step, hold->never.folder, &(struct outcome){.state = never, .reason = none, .payload = none});
	hold_never_clear(hold);
}

void hold_never_clear(struct hold *hold)
{
	free(hold->never.folder);
	hold->never = (struct hold_never){0};
}

void hold_result_leave(struct hold *hold)
{
	const struct hold_result *result = &hold->result;
	const struct outcome outcome = {.state = result->state,
					.reason = result->reason,
					.started_us = result->started_us,
					.ended_us = result->ended_us,
					.payload = result->payload,
					.length = result->length,
					.sealed = result->sealed,
					.sealed_length = result->sealed_length};

	if (result->state)
		leave_outcome(hold, result->step, result->folder, &outcome);
}

void hold_result_clear(struct hold *hold)
{
	free(hold->result.state);
	free(hold->result.reason);
	free(hold->result.payload);
	free(hold->result.sealed);
	free(hold->result.folder);
	hold->result = (struct hold_result){0};
}
