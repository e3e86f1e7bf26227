#include "cli/pin.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/value.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FRESH_S = 600 };

static char *pin_path(const char *key_path, const uint8_t host[KEY_BYTES])
{
	AUTO_FREE char *folder = files_beside(key_path, "rosters");
	char name[KEY_TEXT];

	keys_text(host, name);
	return files_join(folder, name);
}

int pin_read(const struct cli *cli, const char *key_path, const uint8_t host[KEY_BYTES], struct roster **ret)
{
	AUTO_FREE char *path = pin_path(key_path, host);
	hst_error err = {{0}, {0}};
	int code = roster_read_file(path, ret, &err);

	if (code == HST_OK)
		return CLI_DONE;
	*ret = NULL;
	if (code == HST_NOT_FOUND)
		return CLI_DONE;
	return cli_fail(cli, CLI_FAILED, err.reason[0] ? err.reason : "Broken",
	                "%s; remove the file, and what the host shows next is believed", err.text);
}

/* Under sudo the key may be another person's: root writes nothing along a path of theirs. */
static bool is_own(const char *key_path)
{
	struct stat found;

	return stat(key_path, &found) == 0 && found.st_uid == geteuid();
}

static int check_next(const struct cli *cli, const char *path, const struct roster *pinned, const struct roster *roster)
{
	hst_error err = {{0}, {0}};
	int code = pinned ? roster_verify_next(pinned, roster, &err) : roster_verify_first(roster, &err);

	if (code == HST_OK)
		return CLI_DONE;
	return cli_fail(cli, CLI_FAILED, err.reason,
	                "the roster that the host shows is not believed: %s. What was believed so far is %s; if the house was begun anew or "
	                "was restored from a backup, and you know that, remove it",
	                err.text, path);
}

/* `pinned` NULL: there is none. */
static int keep(const struct cli *cli, const char *key_path, const uint8_t host[KEY_BYTES], const struct roster *pinned,
                const struct roster *roster)
{
	AUTO_FREE char *path = pin_path(key_path, host);
	AUTO_FREE char *folder = files_beside(path, ".");
	AUTO_FREE char *text = roster_write(roster);
	AUTO_FREE char *kept = pinned ? roster_write(pinned) : NULL;
	hst_error err = {{0}, {0}};
	int code, status = check_next(cli, path, pinned, roster);

	if (status || !is_own(key_path))
		return status;
	if (kept && strcmp(kept, text) == 0) {
		utimensat(AT_FDCWD, path, NULL, 0); /* seen today, too */
		return CLI_DONE;
	}
	code = files_make_directory(folder, 0700, &err);
	if (code == HST_OK)
		code = files_replace(path, text, strlen(text), 0600, true, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(cli, code, &err);
}

int pin_keep(const struct cli *cli, const char *key_path, const uint8_t host[KEY_BYTES], const struct roster *roster)
{
	struct roster *pinned = NULL;
	int status = pin_read(cli, key_path, host, &pinned);

	if (!status)
		status = keep(cli, key_path, host, pinned, roster);
	roster_free(pinned);
	return status;
}

/* From the one that is kept to today's; *ret_epoch is that of the host, whichever it got to. */
static int follow(struct connect *connect, const hst_value *filters, struct roster **ret, int64_t *ret_epoch)
{
	const hst_value *answer = NULL, *texts;
	hst_error err = {{0}, {0}};
	int status = connect_ask(connect, "roster", filters, &answer);

	texts = status ? NULL : value_get(answer, "rosters");
	for (size_t i = 0; i < value_count(texts) && !status; i++) {
		const hst_value *text = value_at(texts, i);
		struct roster *roster = NULL;

		if (value_kind(text) != HST_VALUE_TEXT ||
		    roster_read(value_text(text), value_length(text), "the roster of the host", &roster, &err) != HST_OK)
			return cli_fail(connect->cli, CLI_FAILED, "RosterForm", "%s", err.text[0] ? err.text : "the host shows no roster");
		status = keep(connect->cli, connect->key_path, connect->ring.host, *ret, roster);
		roster_free(*ret);
		*ret = roster;
	}
	if (!status && (!*ret || !value_integer(value_get(answer, "epoch"), ret_epoch)))
		return cli_fail(connect->cli, CLI_FAILED, "RosterForm", "the host shows no roster");
	return status;
}

int pin_ask(struct connect *connect, struct roster **ret)
{
	struct roster *roster = NULL;
	int64_t epoch = 0;
	int status = pin_read(connect->cli, connect->key_path, connect->ring.host, &roster);

	for (int i = 0; !status && (!roster || roster->epoch != epoch); i++) {
		hst_value *filters = value_make_record(connect->cli->arena);
		int64_t before = roster ? roster->epoch : 0;

		if (roster)
			value_set_integer(filters, "since", roster->epoch);
		status = follow(connect, filters, &roster, &epoch);
		if (!status && i && roster->epoch == before && epoch != before)
			status = cli_fail(connect->cli, CLI_FAILED, "RosterEpoch", "the host does not show how its roster came about");
	}
	if (status)
		roster_free(roster);
	else
		*ret = roster;
	return status;
}

static bool is_fresh(const char *path)
{
	struct stat found;
	int64_t now_s = clock_wall_us() / 1000000;

	return stat(path, &found) == 0 && found.st_mtime <= now_s && now_s - found.st_mtime < FRESH_S;
}

void pin_refresh(struct connect *connect)
{
	AUTO_FREE char *path = pin_path(connect->key_path, connect->ring.host);
	const struct cli *cli = connect->cli;
	struct cli silent = *cli;
	struct roster *roster = NULL;
	hst_error err = {{0}, {0}};

	if (cli->hasty || cli->kept || is_fresh(path) || !is_own(connect->key_path))
		return;
	silent.hasty = true;
	silent.kept = &err;
	connect->cli = &silent;
	if (pin_ask(connect, &roster) != CLI_DONE && strncmp(err.reason, "Roster", 6) == 0)
		fprintf(stderr, "hostler: warning: %s\n", err.text);
	connect->cli = cli;
	roster_free(roster);
}
