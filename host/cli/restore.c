/* restore: a backup takes the place of what is there, and what was unfinished in it waits until somebody releases it. */
#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "cli/connect.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "cli/restore_place.h"
#include "cli/restore_read.h"
#include "cli/restore_store.h"
#include "cli/steer.h"
#include "os/files.h"
#include "os/lock.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UNFINISHED_SHOWN = 20 };

static int release(struct cli *cli)
{
	const hst_value *answer = NULL;
	int status = steer_say(cli, "release", value_make_record(cli->arena), &answer);
	int64_t n = 0;

	if (status || cli->json)
		return status;
	value_integer(value_get(answer, "runs"), &n);
	if (value_boolean(value_get(answer, "changed")))
		printf("%lld run%s go%s on\n", (long long)n, n == 1 ? "" : "s", n == 1 ? "es" : "");
	else
		puts("nothing was held any more");
	return status;
}

static const char *moment(hst_arena *arena, int64_t us)
{
	char iso[40];

	type_write_date((hst_time){us}, iso, sizeof iso);
	return print_time(arena, value_make_text(arena, iso, strlen(iso)));
}

static hst_value *about_value(const struct cli *cli, const char *file, const struct restore_about *about)
{
	hst_value *answer = value_make_record(cli->arena);
	char made[40];

	clock_iso(about->made_us, made, sizeof made);
	value_set_text(answer, "file", file);
	value_set_text(answer, "made", made);
	value_set_integer(answer, "store_version", about->store_version);
	value_set_integer(answer, "runs", about->runs);
	value_set_integer(answer, "unfinished", about->unfinished);
	value_set_boolean(answer, "files", about->files);
	return answer;
}

static int check_only(struct cli *cli, const char *file)
{
	struct restore_about about = {0};
	hst_error err = {0};
	int code = restore_read(file, NULL, &about, &err);

	if (code)
		return cli_fail(cli, CLI_FAILED, "BackupDamaged", "%s", err.text);
	if (cli->json)
		cli_print_json(about_value(cli, file, &about));
	else
		printf("%s is whole: made %s; %lld run%s, %lld of them unfinished; %s the files of runs\n", file,
		       moment(cli->arena, about.made_us), (long long)about.runs, about.runs == 1 ? "" : "s", (long long)about.unfinished,
		       about.files ? "with" : "without");
	return CLI_DONE;
}

static void print_unfinished(struct cli *cli, const hst_value *runs)
{
	static const char *const heads[] = {"RUN", "STATE", "FLOW", "LABEL", NULL};
	struct grid grid;

	grid_init(&grid, cli->arena, heads);
	for (size_t i = 0; i < value_count(runs) && i < UNFINISHED_SHOWN; i++) {
		const hst_value *run = value_at(runs, i);

		grid_add(&grid, arena_printf(cli->arena, "#%s", print_member(cli->arena, run, "number")));
		grid_add(&grid, print_member(cli->arena, run, "state"));
		grid_add(&grid, print_member(cli->arena, run, "flow"));
		grid_add(&grid, print_member(cli->arena, run, "label"));
	}
	grid_print(&grid, stdout);
	grid_clear(&grid);
	if (value_count(runs) > UNFINISHED_SHOWN)
		printf("and %zu more\n", value_count(runs) - UNFINISHED_SHOWN);
}

static void say_done(struct cli *cli, const char *file, const struct restore_about *about, const struct restore_place *place,
		     const struct restore_next *next)
{
	hst_value *answer;

	if (cli->json) {
		answer = about_value(cli, file, about);
		value_set_integer(answer, "generation", next->generation);
		value_set_text(answer, "aside", place->aside);
		value_set(answer, "held", next->unfinished);
		cli_print_json(answer);
		return;
	}
	printf("Restored from the backup of %s: %lld run%s. What was here before is in %s.\n", moment(cli->arena, about->made_us),
	       (long long)about->runs, about->runs == 1 ? "" : "s", place->aside);
	if (!value_count(next->unfinished)) {
		puts("Nothing was unfinished. `hostler up` starts the house.");
		return;
	}
	print_unfinished(cli, next->unfinished);
	puts("These were unfinished then, and may have ended since. `hostler up` starts the house and none of them; cancel what must not\n"
	     "happen again, then `hostler restore --release` lets the others go on.");
}

/* With the lock of the house. */
static int restore(struct cli *cli, const struct conf *conf, const char *file)
{
	struct restore_next next = {.arena = cli->arena, .now_us = clock_wall_us(), .present = conf->store_path, .unfinished = value_make_list(cli->arena)};
	struct restore_place place = {.conf = NULL};
	struct restore_about about = {0};
	hst_error err = {0};
	int code = restore_place_open(&place, conf, next.now_us, &err);

	if (code >= 0)
		code = restore_read(file, place.staging, &about, &err);
	next.made_us = about.made_us;
	if (code >= 0)
		code = restore_store(place.store, &next, &err);
	if (code >= 0)
		code = restore_place_exchange(&place, &err);
	if (code >= 0)
		say_done(cli, file, &about, &place, &next);
	restore_place_close(&place);
	if (code < 0)
		return cli_fail(cli, CLI_FAILED, code == HST_INVALID ? "BackupDamaged" : "RestoreFailed", "%s", err.text);
	return CLI_DONE;
}

static int restore_locked(struct cli *cli, const struct conf *conf, const char *file)
{
	AUTO_FREE char *path = files_join(conf->state_dir, "lock");
	AUTO_CLOSE int lock = -1;
	hst_error err = {0};
	int code = files_make_directory(conf->state_dir, 0700, &err);

	if (code >= 0)
		code = lock_take(path, &lock, &err);
	if (code < 0)
		return cli_fail(cli, CLI_FAILED, code == HST_DENIED ? "HostRuns" : "Broken", "%s", err.text);
	return restore(cli, conf, file);
}

int restore_command(struct cli *cli)
{
	const char *file = cli->options.argument_count ? cli->options.arguments[0] : NULL;
	struct conf *conf = NULL;
	int status;

	if (options_has(&cli->options, "release") == (file != NULL))
		return cli_fail(cli, CLI_USAGE, "Usage", "usage: hostler restore FILE | restore --release");
	if (!file)
		return release(cli);
	if (options_has(&cli->options, "check"))
		return check_only(cli, file);
	status = connect_configuration(cli, &conf);
	if (!status && !conf->has_host)
		status = cli_fail(cli, CLI_USAGE, "NoHost", "%s has no [host] section: a gateway has nothing to restore", conf->path);
	if (!status)
		status = restore_locked(cli, conf, file);
	conf_free(conf);
	return status;
}
