/* backup: everything that must not be lost, in one file, while the house runs or not. */
#include "cli/backup_pack.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "os/files.h"
#include "os/lock.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 50 };

/* One word of `manage` about the copy that the engine makes. */
static int tell(struct connect *connect, const char *what, const hst_value **ret)
{
	struct connect_answer answer;
	struct message message;
	hst_error err = {0};
	int status;

	message_init(&message, WORD_manage, 0);
	message_set_text(&message, "what", what);
	status = connect_request(connect, &message, CONNECT_ANSWER_MS, &answer);
	if (status)
		return status;
	if (value_parse_json(connect->cli->arena, answer.payload, answer.length, ret, &err) != HST_OK)
		return cli_fail(connect->cli, CLI_FAILED, "Broken", "the host's answer cannot be read: %s", err.text);
	return CLI_DONE;
}

static int wait_for_copy(const struct cli *cli, struct connect *connect, const hst_value **state)
{
	int status = CLI_DONE;

	while (!status && !value_boolean(value_get(*state, "over"))) {
		int64_t done = 0, total = 0;

		value_integer(value_get(*state, "done"), &done);
		value_integer(value_get(*state, "total"), &total);
		backup_progress(cli, "copying the store", done, total);
		poll(NULL, 0, LOOK_EVERY_MS);
		status = tell(connect, "backup_state", state);
	}
	return status;
}

/* The copy is opened and then has no name any more, so that nothing is left whatever happens to us. */
static int open_copy(struct backup_pack *pack, const char *path, hst_error *err)
{
	int code = store_look(path, true, &pack->look, err);

	pack->made_us = clock_wall_us();
	if (code)
		return code;
	pack->store = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return pack->store >= 0 ? HST_OK : hst_fail(err, HST_BROKEN, "%s: %s", path, strerror(errno));
}

static int copy_online(struct cli *cli, struct backup_pack *pack)
{
	const hst_value *state = NULL;
	struct connect connect;
	hst_error err = {0};
	int status = connect_open(&connect, cli), code;

	if (!status)
		status = tell(&connect, "backup_begin", &state);
	if (!status)
		status = wait_for_copy(cli, &connect, &state);
	if (!status) {
		code = open_copy(pack, value_text(value_get(state, "path")), &err);
		if (code)
			status = cli_fail_as(cli, code, &err);
		if (status)
			tell(&connect, "backup_end", &state);
		else
			status = tell(&connect, "backup_end", &state);
	}
	connect_close(&connect);
	return status;
}

/* Nobody has the store, and nobody takes it meanwhile: the lock is ours. */
static int copy_offline(struct cli *cli, struct backup_pack *pack, int lock)
{
	AUTO_FREE char *path = mem_printf("%s.backup", pack->conf->store_path);
	AUTO_CLOSE int held = lock;
	hst_error err = {0};
	int code = store_copy_file(pack->conf->store_path, path, &err);

	if (!code)
		code = open_copy(pack, path, &err);
	unlink(path);
	if (code == HST_NOT_FOUND)
		return cli_fail(cli, CLI_FAILED, "NotFound", "there is nothing to back up: %s is not there", pack->conf->store_path);
	return code ? cli_fail_as(cli, code, &err) : CLI_DONE;
}

static int copy_store(struct cli *cli, struct backup_pack *pack)
{
	AUTO_FREE char *path = files_join(pack->conf->state_dir, "lock");
	hst_error err = {0};
	int lock = -1;

	if (access(pack->conf->state_dir, F_OK) == 0 && lock_take(path, &lock, &err) == HST_OK)
		return copy_offline(cli, pack, lock);
	if (access(pack->conf->state_dir, F_OK) < 0)
		return cli_fail(cli, CLI_FAILED, "NotFound", "there is nothing to back up: %s is not there", pack->conf->state_dir);
	return copy_online(cli, pack);
}

static int check(struct cli *cli, const struct backup_pack *pack)
{
	AUTO_FREE char *seed = files_join(pack->conf->state_dir, "host.seed");

	if (!pack->conf->has_host)
		return cli_fail(cli, CLI_USAGE, "NoHost", "%s has no [host] section: a gateway has nothing to back up", pack->conf->path);
	if (access(seed, R_OK) < 0 && errno == EACCES)
		return cli_fail(cli, CLI_FAILED, "Denied",
				"%s cannot be read: a backup has the keys of the host in it, so only root, or the user that the house runs as, "
				"can make one",
				seed);
	if (!pack->force && access(pack->file, F_OK) == 0)
		return cli_fail(cli, CLI_FAILED, "Exists", "%s is there already; say --force to replace it", pack->file);
	return CLI_DONE;
}

static void say_done(const struct cli *cli, const struct backup_pack *pack)
{
	struct stat status = {.st_size = 0};
	hst_value *answer;

	stat(pack->file, &status);
	if (!cli->json) {
		printf("%s: %lld run%s, %lld of them unfinished; %lld KiB%s\n", pack->file, (long long)pack->look.runs,
		       pack->look.runs == 1 ? "" : "s", (long long)pack->look.unfinished, (long long)(status.st_size + 1023) / 1024,
		       pack->files ? "" : ", without the files of runs (--files takes them along)");
		puts("It has the keys of this host in it: keep it where nobody else reads it.");
		return;
	}
	answer = value_make_record(cli->arena);
	value_set_text(answer, "file", pack->file);
	value_set_integer(answer, "bytes", status.st_size);
	value_set_integer(answer, "runs", pack->look.runs);
	value_set_integer(answer, "unfinished", pack->look.unfinished);
	value_set_boolean(answer, "files", pack->files);
	cli_print_json(answer);
}

int backup_command(struct cli *cli)
{
	struct backup_pack pack = {.cli = cli, .store = -1};
	struct conf *conf = NULL;
	hst_error err = {0};
	int status = connect_configuration(cli, &conf), code;

	pack.conf = conf;
	pack.file = cli->options.arguments[0];
	pack.force = options_has(&cli->options, "force");
	pack.files = options_has(&cli->options, "files");
	if (!status)
		status = check(cli, &pack);
	if (!status)
		status = copy_store(cli, &pack);
	if (!status) {
		code = backup_pack(&pack, &err);
		backup_progress_over(cli);
		if (code)
			status = cli_fail(cli, CLI_FAILED, err.reason[0] ? err.reason : "BackupFailed", "%s", err.text);
		else
			say_done(cli, &pack);
	}
	if (pack.store >= 0)
		close(pack.store);
	free(pack.look.restored);
	conf_free(conf);
	return status;
}
