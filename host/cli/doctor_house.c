/* The house's side: its processes, whether the host answers, devices, connections, and runs nobody knows about. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "config/standing.h"
#include "os/files.h"
#include "os/lock.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* UTC, as in all answers; whoever reads it as text sees the time of the place. */
static const char *moment(hst_arena *arena, int64_t us)
{
	char iso[40];

	type_write_date((hst_time){us - us % 1000000}, iso, sizeof iso);
	return arena_text(arena, iso);
}

static void look_at_process(struct doctor *doctor, const struct standing *child)
{
	const char *complaint = standing_complaint(doctor->arena, child);
	const char *why = arena_printf(doctor->arena, "%s%s%s%s%s%s", child->hung ? "; " : "", child->hung ? child->hung : "",
				       child->ended ? "; it ended with " : "",
				       child->ended ? child->ended : "", complaint ? ": " : "", complaint ? complaint : "");

	if (strcmp(child->state, "degraded") == 0)
		doctor_problem(doctor, child->name, "Mend what it says, then `hostler reload`, or `hostler down` and `hostler up`.",
			       "given up since %s, after it was started again %lld times%s", moment(doctor->arena, child->since_us),
			       (long long)child->restarts, why);
	else if (strcmp(child->state, "backoff") == 0)
		doctor_problem(doctor, child->name, "It is started again by itself; look at what it says if that goes on.",
			       "not running since %s, started again %lld times%s", moment(doctor->arena, child->since_us),
			       (long long)child->restarts, why);
	else if (strcmp(child->state, "ready") != 0)
		doctor_note(doctor, child->name, NULL, "%s since %s", child->state, moment(doctor->arena, child->since_us));
	else if (child->restarts > 0)
		doctor_note(doctor, child->name, NULL, "ready since %s, started again %lld times%s", moment(doctor->arena, child->since_us),
			    (long long)child->restarts, why);
}

/* Its program was installed anew since it started; where that cannot be seen, it is not said. */
static bool was_replaced(pid_t pid)
{
	static const char deleted[] = " (deleted)";
	char link[40], target[4096];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	n = pid > 0 ? readlink(link, target, sizeof target) : -1;
	return n > (ssize_t)sizeof deleted && memcmp(target + n - (ssize_t)(sizeof deleted - 1), deleted, sizeof deleted - 1) == 0;
}

static void look_at_release(struct doctor *doctor, size_t replaced)
{
	AUTO_FREE char *lock = files_join(doctor->conf->state_dir, "lock");
	pid_t pid = 0;

	if (lock_holder(lock, &pid, NULL) == HST_OK)
		replaced += was_replaced(pid);
	if (replaced)
		doctor_note(doctor, "release", "`hostler reload --upgrade` lets what is installed now take over, while runs go on.",
			    "%zu process%s of an installation that has been replaced since", replaced, replaced == 1 ? " is" : "es are");
}

static void not_running(struct doctor *doctor)
{
	AUTO_FREE char *path = files_join(doctor->conf->state_dir, "lock");
	pid_t pid = 0;

	doctor->running = lock_holder(path, &pid, NULL) == HST_OK;
	if (doctor->running)
		doctor_note(doctor, "processes", "Look again in a moment.", "hostlerd, pid %d, is only just starting, or ending",
			    (int)pid);
	else
		doctor_note(doctor, "processes", "`hostler up` starts the house.", "hostlerd does not run here");
}

void doctor_processes(struct doctor *doctor)
{
	const struct standing *children;
	hst_error err = {0};
	size_t n = 0, ready = 0, replaced = 0;
	int code;

	if (!doctor->conf->state_dir)
		return;
	code = standing_read(doctor->arena, doctor->conf->state_dir, &children, &n, &err);
	if (code == HST_NOT_FOUND) {
		not_running(doctor);
		return;
	}
	doctor->running = true;
	if (code != HST_OK) {
		doctor_note(doctor, "processes", "Look as root, or as a member of the group hostler.", "%s", err.text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		ready += strcmp(children[i].state, "ready") == 0;
		replaced += was_replaced((pid_t)children[i].pid);
		look_at_process(doctor, &children[i]);
	}
	look_at_release(doctor, replaced);
	if (ready == n)
		doctor_good(doctor, "processes", "all %zu are ready", n);
}

static const char *text_of(const hst_value *record, const char *name)
{
	return value_text(value_get(record, name));
}

/* One that should be closed and is not holds a slot. */
static void look_at_session(struct doctor *doctor, const char *area, const hst_value *session)
{
	const hst_value *reason = value_get(session, "reason");

	if (*text_of(reason, "code"))
		doctor_problem(doctor, area, arena_text(doctor->arena, text_of(reason, "remedy")), "the session %s of %s: %s: %s",
			       print_member(doctor->arena, session, "id"), print_member(doctor->arena, session, "user"),
			       text_of(reason, "code"), text_of(reason, "text"));
}

/* Out of service because somebody said so, which is easily forgotten. */
static void look_at_disabled(struct doctor *doctor, const char *kind, const hst_value *row)
{
	const hst_value *disabled = value_get(row, "disabled");
	const char *name = text_of(row, "name");

	if (value_kind(disabled) == HST_VALUE_RECORD)
		doctor_note(doctor, arena_printf(doctor->arena, "%s %s", kind, name),
			    arena_printf(doctor->arena, "hostler enable %s:%s", kind, name), "disabled since %s by %s",
			    text_of(disabled, "since"), print_member(doctor->arena, disabled, "who"));
}

static void look_at_flow(struct doctor *doctor, const hst_value *flow)
{
	look_at_disabled(doctor, "flow", flow);
}

/* Of a house that is another user's, this is all that can be known of its workers. */
static void look_at_trigger(struct doctor *doctor, const hst_value *trigger)
{
	look_at_disabled(doctor, "trigger", trigger);
	if (doctor->guest && *text_of(trigger, "why"))
		doctor_problem(doctor, arena_printf(doctor->arena, "trigger %s", text_of(trigger, "name")),
			       arena_text(doctor->arena, text_of(trigger, "remedy")), "%s", text_of(trigger, "why"));
}

/* The host's own sentence has the remedy in it. */
static void look_at_device(struct doctor *doctor, const hst_value *device)
{
	const char *area = arena_printf(doctor->arena, "device %s", text_of(device, "name")), *state = text_of(device, "state");
	const char *text = text_of(device, "text");
	const hst_value *sessions = value_get(device, "sessions");

	for (size_t i = 0; i < value_count(sessions); i++)
		look_at_session(doctor, area, value_at(sessions, i));
	if (strcmp(text_of(device, "containment"), "processes") == 0)
		doctor_note(doctor, area,
			    "Let the house write to cgroup v2: Delegate=yes in its unit, or a writable /sys/fs/cgroup in its container.",
			    "its sessions have no cgroup of their own: a program that means to outlives a session process that is killed");
	if (strcmp(state, "online") == 0 && !*text)
		doctor_good(doctor, area, "online; %s of %s slots taken", print_member(doctor->arena, device, "running"),
			    print_member(doctor->arena, device, "slots"));
	else if (strcmp(state, "draining") == 0)
		doctor_note(doctor, area, arena_printf(doctor->arena, "hostler device resume %s", text_of(device, "name")),
			    "in maintenance");
	else
		doctor_problem(doctor, area, "Do what it says; `hostler devices` shows when it is there.", "%s%s%s", state,
			       *text ? ": " : "", text);
}

static void look_at_connection(struct doctor *doctor, const hst_value *connection)
{
	const hst_value *block = value_get(connection, "blocked"), *reason = value_get(block, "reason");
	const char *name = text_of(connection, "name");

	if (value_kind(block) == HST_VALUE_RECORD)
		doctor_problem(doctor, arena_printf(doctor->arena, "connection %s", name),
			       arena_printf(doctor->arena, "Put the account in order, then `hostler connection unblock %s`.", name),
			       "blocked since %s: %s: %s", text_of(block, "at"),
			       print_member(doctor->arena, reason, "code"), print_sentence(doctor->arena, reason, "text"));
}

/* A lost run has its step's sentence; `why` has the line to say. */
static void look_at_lost(struct doctor *doctor, const hst_value *run)
{
	const char *number = print_member(doctor->arena, run, "number");

	doctor_problem(doctor, arena_printf(doctor->arena, "run #%s", number),
		       arena_printf(doctor->arena, "`hostler why %s` says what is known and how to end it.", number),
		       "%s is lost: nobody knows how far it came", print_member(doctor->arena, run, "flow"));
}

/* Nothing that was unfinished at the time of the backup starts before somebody says so. */
static void look_at_keeping(struct doctor *doctor, struct connect *connect)
{
	const hst_value *answer = NULL, *restored;
	int64_t held = 0;

	if (connect_ask(connect, "keeping", NULL, &answer) != CLI_DONE)
		return;
	restored = value_get(answer, "restored");
	value_integer(value_get(restored, "held"), &held);
	if (held == 0 || value_kind(value_get(restored, "released")) == HST_VALUE_TEXT)
		return;
	doctor_problem(doctor, "restore",
		       "Look at them with `hostler runs`, cancel what must not happen again, then say `hostler restore --release`.",
		       "the host was restored at %s from a backup of %s; %lld unfinished run%s held (RestoreHeld)",
		       print_time(doctor->arena, value_get(restored, "at")), print_time(doctor->arena, value_get(restored, "made")),
		       (long long)held, held == 1 ? " is" : "s are");
}

/* One question; every row of its answer is looked at. A question that this host does not know is passed over. */
static void ask(struct doctor *doctor, struct connect *connect, const char *what, const hst_value *filters,
		void (*look)(struct doctor *doctor, const hst_value *row))
{
	const hst_value *rows = NULL;

	if (connect_ask(connect, what, filters, &rows) != CLI_DONE)
		return;
	for (size_t i = 0; i < value_count(rows); i++)
		look(doctor, value_at(rows, i));
}

void doctor_house(struct doctor *doctor)
{
	hst_error said = {0};
	struct cli quiet = *doctor->cli;
	hst_value *lost = value_make_record(doctor->arena);
	struct connect connect;

	if (!doctor->conf->has_host || !doctor->running)
		return;
	quiet.kept = &said;
	value_set_text(lost, "state", "lost");
	if (connect_open(&connect, &quiet) == CLI_DONE) {
		doctor_good(doctor, "host", "it answers this user");
		look_at_keeping(doctor, &connect);
		ask(doctor, &connect, "devices", NULL, look_at_device);
		ask(doctor, &connect, "connections", NULL, look_at_connection);
		ask(doctor, &connect, "flows", NULL, look_at_flow);
		ask(doctor, &connect, "triggers", NULL, look_at_trigger);
		ask(doctor, &connect, "runs", lost, look_at_lost);
	} else {
		(doctor->guest ? doctor_note : doctor_problem)(doctor, "host", "Look as the user who started it, or start it with `hostler up`.", "%s", said.text);
	}
	connect_close(&connect);
}
