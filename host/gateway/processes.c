/* Session processes: asked of the supervisor by a record, received as a socketpair's end. */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/channel.h"
#include "os/crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A hold stops its flow and closes its session within a minute; then it is gone, whatever it did. */
enum { WATCH_FIRST_MS = 1000, WATCH_MAX_MS = 60000, WATCH_SETTLED_MS = 60000, ASK_AGAIN_MS = 20, STRANGERS_MS = 90 * 1000 };

static void process_key(uint32_t number, char to[16])
{
	snprintf(to, 16, "%u", number);
}

struct gateway_process *processes_of(struct gateway *gateway, uint32_t number)
{
	char key[16];

	process_key(number, key);
	return table_get(&gateway->processes, key);
}

static void ask_supervisor(void *arg)
{
	struct gateway_process *process = arg;
	struct gateway *gateway = process->device->gateway;
	struct channel_record record = {.what = process->watch ? CHANNEL_WANT_WATCH : CHANNEL_WANT_HOLD, .number = process->number};
	hst_error err = {{0}, {0}};
	int rc;

	process->again = NULL;
	snprintf(record.device, sizeof record.device, "%s", process->device->conf->name);
	rc = channel_send(gateway->channel, &record, -1, &err);
	if (rc == HST_RETRY)
		process->again = loop_in(gateway->loop, ASK_AGAIN_MS, ask_supervisor, process);
	else if (rc < 0)
		log_error("the supervisor could not be asked for a session process: %s", err.text);
}

static struct gateway_process *process_new(struct gateway_device *device, uint32_t number)
{
	struct gateway_process *process = mem_alloc(sizeof *process);
	char key[16];

	process->device = device;
	process->number = number;
	table_init(&process->questions);
	process_key(number, key);
	table_set(&device->gateway->processes, key, process);
	return process;
}

void processes_want(struct gateway_device *device, bool watch)
{
	struct gateway_process *process = process_new(device, ++device->gateway->next_number);

	process->watch = watch;
	if (watch)
		device->watch_wanted_us = clock_steady_us();
	ask_supervisor(process);
}

void processes_kill(struct gateway_process *process)
{
	struct channel_record record = {.what = CHANNEL_KILL, .number = process->number};

	channel_send(process->device->gateway->channel, &record, -1, NULL);
}

void processes_end_watch(struct gateway_device *device)
{
	TABLE_EACH(&device->gateway->processes, entry) {
		struct gateway_process *process = entry->value;

		if (process->device != device || !process->watch || process->replaced)
			continue;
		process->replaced = true;
		processes_kill(process);
	}
	device->watch = NULL;
}

void processes_replace_watch(struct gateway_device *device)
{
	processes_end_watch(device);
	processes_want(device, true);
}

static void process_free(struct gateway *gateway, struct gateway_process *process)
{
	char key[16];

	process_key(process->number, key);
	table_remove(&gateway->processes, key);
	if (process->device->watch == process)
		process->device->watch = NULL;
	TABLE_EACH(&process->questions, entry)
		free(entry->value);
	table_clear(&process->questions);
	loop_cancel(gateway->loop, &process->again);
	loop_cancel(gateway->loop, &process->late);
	stream_free(process->stream);
	free(process);
}

void processes_clear(struct gateway *gateway)
{
	TABLE_EACH(&gateway->processes, entry)
		process_free(gateway, entry->value);
	table_clear(&gateway->processes);
}

static void listen_to(struct gateway_process *process, int fd)
{
	struct stream_role role = {.peer = SPEAKER_SESSION, .message = on_session_message, .ended = on_session_ended, .arg = process};

	process->stream = stream_new(process->device->gateway->loop, fd, &role);
}

static void process_started(struct gateway_process *process, int fd)
{
	struct admission_event event = {.kind = ADMISSION_HOLD_READY, .number = process->number};

	listen_to(process, fd);
	rosters_tell(process);
	if (process->watch && !process->replaced)
		process->device->watch = process;
	else if (!process->watch)
		gateway_event(process->device, &event);
}

static void strangers_are_gone(void *arg)
{
	struct gateway *gateway = arg;

	gateway->strangers_gone = NULL;
	gateway->strangers = false;
	/* One may have left word of a flow that this gateway never knew. */
	results_sweep(gateway, gateway->results_dir);
}

/* Only when all that may have a run have spoken is it known what none of them has. */
static void look_whether_gathered(struct gateway *gateway)
{
	static const struct admission_event gathered = {.kind = ADMISSION_GATHERED};

	if (!gateway->gathered)
		return;
	TABLE_EACH(&gateway->processes, entry)
		if (((struct gateway_process *)entry->value)->silent)
			return;
	TABLE_EACH(&gateway->devices, entry)
		gateway_event(entry->value, &gathered);
}

/* One of a device that is configured no more is left alone: it closes its session by itself. */
static void process_adopted(struct gateway *gateway, const struct channel_record *record, int fd)
{
	struct gateway_device *device = table_get(&gateway->devices, record->device);
	struct gateway_process *process;

	if (!device) {
		log_warning("a session process of device %s was handed over, which is not configured any more", record->device);
		close(fd);
		return;
	}
	process = process_new(device, record->number);
	process->silent = true;
	process->old = record->status != 0;
	listen_to(process, fd);
}

/* Nothing is in it yet: the next session is to be one of the version that is installed now. */
static void end_spare(struct gateway_process *process)
{
	process->replaced = true;
	processes_kill(process);
}

void processes_held(struct gateway_process *process, const struct message *held)
{
	static const struct {
		const char *state;
		enum admission_adopted adopted;
	} states[] = {{"warm", ADMISSION_ADOPTED_WARM}, {"idle", ADMISSION_ADOPTED_IDLE}, {"running", ADMISSION_ADOPTED_RUNNING}};
	struct admission_event event = {.kind = ADMISSION_ADOPTED, .number = process->number, .session = message_text(held, "session"),
	                                .user = message_text(held, "user"), .key = message_text(held, "key"),
	                                .login = message_text(held, "login"),
	                                .attended = message_boolean(held, "attended"),
	                                .step = message_integer(held, "step"), .token = message_integer(held, "token")};
	struct message done;

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(message_text(held, "state"), states[i].state) == 0)
			event.adopted = states[i].adopted;
	if (!process->silent || !event.adopted)
		return;
	process->silent = false;
	message_init(&done, WORD_done, held->id);
	stream_send(process->stream, &done, NULL);
	rosters_tell(process);
	log_info("device %s: a session process goes on with this gateway: %s (protocol %d.%lld)", process->device->conf->name,
	         message_text(held, "state"), PROTOCOL_MAJOR, (long long)message_integer(held, "minor"));
	if (process->old && event.adopted == ADMISSION_ADOPTED_WARM)
		end_spare(process);
	else
		gateway_event(process->device, &event);
	crash_point(CRASH_gateway_adopted);
	look_whether_gathered(process->device->gateway);
}

static bool is_watched(const struct gateway_device *device)
{
	TABLE_EACH(&device->gateway->processes, entry) {
		const struct gateway_process *process = entry->value;

		if (process->device == device && process->watch && !process->replaced)
			return true;
	}
	return false;
}

static void watch_again(void *arg)
{
	struct gateway_device *device = arg;

	if (!device->let_go && !is_watched(device))
		processes_want(device, true);
}

/* One that lived for a minute is asked for again after a second; each that did not, after twice as long as the one before. */
static int64_t watch_pause_ms(struct gateway_device *device)
{
	bool settled = clock_steady_us() - device->watch_wanted_us >= WATCH_SETTLED_MS * INT64_C(1000);
	int64_t ms = settled || !device->watch_pause_ms ? WATCH_FIRST_MS : 2 * device->watch_pause_ms;

	device->watch_pause_ms = ms < WATCH_MAX_MS ? ms : WATCH_MAX_MS;
	return device->watch_pause_ms;
}

void processes_blind(struct gateway_device *device, const char *why)
{
	struct admission_event event = {.kind = ADMISSION_BLIND, .text = why};

	gateway_event(device, &event);
}

/* Without its watch a device is blind; another one is asked for, after a breath in case it cannot live. */
static void process_ended(struct gateway_process *process, int code, const char *how)
{
	struct gateway_device *device = process->device;
	struct admission_event event = {.kind = ADMISSION_HOLD_ENDED, .number = process->number, .code = code, .text = how};

	if (process->replaced) {
		log_debug("device %s: a process that another takes the place of has ended", device->conf->name);
	} else if (process->watch) {
		log_warning("device %s: the process that watches its sessions ended: %s", device->conf->name, how);
		free(device->problem);
		device->problem = mem_printf("the process that watches its sessions ended: %s", how);
		processes_blind(device, device->problem);
		loop_in(device->gateway->loop, watch_pause_ms(device), watch_again, device);
	} else if (admission_hold_of(device->admission, process->number)) {
		gateway_event(device, &event);
	} else if (!process->silent) {
		event.kind = ADMISSION_HOLD_FAILED;
		gateway_event(device, &event);
	}
	process_free(device->gateway, process);
	look_whether_gathered(device->gateway);
}

void processes_channel(void *arg, int fd, short ready)
{
	struct gateway *gateway = arg;
	struct channel_record record;
	hst_error err = {{0}, {0}};
	int rc, passed = -1;

	(void)ready;
	while ((rc = channel_receive(fd, &record, &passed, &err)) >= 0) {
		struct gateway_process *process = processes_of(gateway, record.number);

		if (record.what == CHANNEL_ADOPT && passed >= 0) {
			process_adopted(gateway, &record, passed);
			continue;
		}
		if (record.what == CHANNEL_GATHERED) {
			gateway->gathered = true;
			gateway->strangers = record.status != 0;
			if (gateway->strangers) {
				looks_strangers(gateway);
				gateway->strangers_gone = loop_in(gateway->loop, STRANGERS_MS, strangers_are_gone, gateway);
			}
			look_whether_gathered(gateway);
		}
		if (!process) {
			if (passed >= 0)
				close(passed);
			continue;
		}
		if (record.what == CHANNEL_STARTED && passed >= 0) {
			process_started(process, passed);
		} else if (record.what == CHANNEL_ENDED) {
			process_ended(process, record.status == 0 ? HST_OK : HST_BROKEN, record.text);
		} else if (record.what == CHANNEL_FAILED) {
			process_ended(process, HST_BROKEN, record.text);
		}
	}
	if (rc != HST_RETRY) {
		log_warning("the supervisor is gone; ending");
		loop_stop(gateway->loop, 0);
	}
}
