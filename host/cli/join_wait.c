/* What a gateway says of itself in state_dir/gateway/now.json: waited for, and told to whoever has it join. */
#include "cli/join.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/print.h"
#include "os/files.h"
#include "os/lock.h"
#include "schema/value.h"

#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A gateway that was refused tries its own key once more: the host may know it although its answer was lost. */
enum { NOW_MAX = 1 << 20, LOOK_EACH_MS = 100, WAIT_MS = 60000, REFUSED_MS = 8000 };

static char *now_path(const struct join *join)
{
	return files_join(join->conf->state_dir, "gateway/now.json");
}

void join_forget_now(const struct join *join)
{
	AUTO_FREE char *path = now_path(join);

	unlink(path);
}

static const hst_value *read_now(const struct join *join)
{
	AUTO_FREE char *path = now_path(join);
	AUTO_FREE char *bytes = NULL;
	const hst_value *now = NULL;
	size_t length = 0;

	if (files_read(path, NOW_MAX, &bytes, &length, NULL) == HST_OK)
		value_parse_json(join->cli->arena, bytes, length, &now, NULL);
	return now;
}

static bool is_shown(const hst_value *now)
{
	const hst_value *devices = value_get(now, "devices");

	if (strcmp(value_text(value_get(now, "state")), "connected") != 0)
		return false;
	for (size_t i = 0; i < value_count(devices); i++)
		if (!value_boolean(value_get(value_at(devices, i), "shown")))
			return false;
	return value_count(devices) > 0;
}

bool join_is_online(struct join *join)
{
	AUTO_FREE char *lock = join->conf ? files_join(join->conf->state_dir, "lock") : NULL;
	pid_t pid;

	return lock && lock_holder(lock, &pid, NULL) == HST_OK && is_shown(read_now(join));
}

static void add_missing(hst_value *list, hst_arena *arena, const char *text)
{
	value_append(list, value_make_text(arena, text, strlen(text)));
}

/* What would keep runs from starting although the gateway is there. */
static hst_value *find_missing(const struct join *join, const hst_value *now)
{
	hst_arena *arena = join->cli->arena;
	hst_value *missing = value_make_list(arena);
	const hst_value *devices = value_get(now, "devices");

	for (size_t i = 0; i < value_count(devices); i++) {
		const hst_value *device = value_at(devices, i), *accounts = value_get(device, "accounts");

		if (!value_count(accounts))
			add_missing(missing, arena,
				    arena_printf(arena, "nobody may have runs on %s yet: say accounts = USER, … in the [gateway] of %s, and "
							"restart hostlerd",
						 print_member(arena, device, "name"), join->path));
		for (size_t a = 0; a < value_count(accounts); a++)
			if (!getpwnam(value_text(value_at(accounts, a))))
				add_missing(missing, arena,
					    arena_printf(arena, "there is no user \"%s\" on this machine",
							 print_value(arena, value_at(accounts, a))));
	}
	if (geteuid() != 0)
		add_missing(missing, arena, "hostlerd runs as you and not as root, so it can open sessions for nobody else");
	return missing;
}

static void print_device(hst_arena *arena, const hst_value *device)
{
	const hst_value *accounts = value_get(device, "accounts");

	printf("\nThe device %s is online.\n", print_member(arena, device, "name"));
	printf("  system    %s\n", print_member(arena, device, "system"));
	printf("  driver    %s\n", print_member(arena, device, "driver"));
	printf("  strategy  %s\n", print_member(arena, device, "strategy"));
	printf("  accounts  %s\n", value_count(accounts) ? print_list(arena, accounts) : "nobody");
	printf("  slots     %s\n", print_member(arena, device, "slots"));
}

static int tell(const struct join *join, const hst_value *now)
{
	hst_arena *arena = join->cli->arena;
	const hst_value *devices = value_get(now, "devices"), *missing = find_missing(join, now);

	if (join->cli->json) {
		hst_value *answer = value_make_record(arena);

		value_set_text(answer, "name", join->invitation.name);
		value_set_text(answer, "host", join->invitation.address);
		value_set_text(answer, "configuration", join->path);
		value_set(answer, "devices", devices);
		value_set(answer, "missing", missing);
		cli_print_json(answer);
		return CLI_DONE;
	}
	printf("This machine is the gateway %s of the host at %s; its [gateway] stands in %s.\n", join->invitation.name,
	       join->invitation.address, join->path);
	for (size_t i = 0; i < value_count(devices); i++)
		print_device(arena, value_at(devices, i));
	for (size_t i = 0; i < value_count(missing); i++)
		printf("%smissing: %s.\n", i ? "" : "\n", print_value(arena, value_at(missing, i)));
	return CLI_DONE;
}

/* The gateway works, and one of its devices does not. */
static const char *first_problem(const hst_value *now)
{
	const hst_value *devices = value_get(now, "devices");

	for (size_t i = 0; i < value_count(devices); i++)
		if (*value_text(value_get(value_at(devices, i), "problem")))
			return value_text(value_get(value_at(devices, i), "problem"));
	return NULL;
}

static int fail(const struct join *join, const hst_value *now)
{
	const char *problem = first_problem(now), *text = value_text(value_get(now, "text"));
	const char *reason = value_text(value_get(now, "reason"));

	if (problem)
		return cli_fail(join->cli, CLI_FAILED, "DeviceNotOnline",
				"the gateway has joined, and its device is not online: %s; hostlerd goes on trying, and %s/hostlerd.log says more",
				problem, join->conf->state_dir);
	return cli_fail(join->cli, CLI_FAILED, *reason ? reason : "NotOnline",
			"%s; hostlerd runs and goes on trying; the [gateway] stands in %s, and %s/hostlerd.log says more",
			*text ? text : "the gateway is not online yet", join->path, join->conf->state_dir);
}

int join_wait(struct join *join)
{
	const int64_t begun_us = clock_steady_us();
	const hst_value *now = NULL;
	int64_t waited_ms = 0;

	while (waited_ms < WAIT_MS) {
		now = read_now(join);
		if (is_shown(now))
			return tell(join, now);
		if (waited_ms >= REFUSED_MS && strcmp(value_text(value_get(now, "state")), "refused") == 0)
			break;
		poll(NULL, 0, LOOK_EACH_MS);
		waited_ms = (clock_steady_us() - begun_us) / 1000;
	}
	return fail(join, now);
}
