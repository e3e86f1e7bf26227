/* Folders that nobody named, and whether the ones there are can be used. */
#include "config/conf_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A socket's path has 107 bytes on Linux; ZeroMQ refuses longer ones, and some room is left for what may
 * come. */
enum { SOCKET_PATH_MAX = 100 };

static const char *absolute_or_null(const char *path)
{
	return path && path[0] == '/' ? path : NULL;
}

char *conf_default_state_dir(const struct conf_person *person)
{
	const char *state_home = absolute_or_null(person->state_home), *home = absolute_or_null(person->home);

	if (person->uid == 0)
		return mem_text("/var/lib/hostler");
	if (state_home)
		return files_join(state_home, "hostler");
	return home ? files_join(home, ".local/state/hostler") : NULL;
}

/*
 * Everybody may make files in /tmp, so a folder that is there already must be ours alone. Whoever makes it
 * when it is not there makes it 0700.
 */
static void check_shared_run_dir(struct conf_reading *reading, const char *run_dir)
{
	struct stat status;

	if (lstat(run_dir, &status) < 0) {
		if (errno != ENOENT)
			problems_add(reading->problems, NULL, 0, "cannot look at %s: %s", run_dir,
				     strerror(errno));
		return;
	}
	if (!S_ISDIR(status.st_mode) || status.st_uid != reading->person->uid || (status.st_mode & 077))
		problems_add(reading->problems, NULL, 0,
			     "%s is there but is not a folder of your own with mode 0700; remove it, or say "
			     "run_dir",
			     run_dir);
}

static char *default_run_dir(struct conf_reading *reading)
{
	const struct conf_person *person = reading->person;
	char *run_dir;

	if (person->uid == 0)
		return mem_text("/run/hostler");
	if (absolute_or_null(person->runtime_dir))
		return files_join(person->runtime_dir, "hostler");
	run_dir = mem_printf("/tmp/hostler-%lu", (unsigned long)person->uid);
	check_shared_run_dir(reading, run_dir);
	return run_dir;
}

static void check_socket_path(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;
	const char *kind = conf->has_host ? "host" : "gateway";
	AUTO_FREE char *endpoint = conf_engine_endpoint(conf);
	size_t length = strlen(endpoint) - strlen("ipc://");

	if (length > SOCKET_PATH_MAX)
		problems_add(reading->problems, conf->document->file, conf_line(conf, kind, NULL, "run_dir"),
			     "\"run_dir\" is too long: the socket %s has %zu bytes, at most %d are possible",
			     endpoint + strlen("ipc://"), length, SOCKET_PATH_MAX);
}

void conf_settle_paths(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	if (!conf->state_dir)
		conf->state_dir = conf_default_state_dir(reading->person);
	if (!conf->state_dir)
		problems_add(reading->problems, conf->document->file,
			     conf_line(conf, conf->has_host ? "host" : "gateway", NULL, "state_dir"),
			     "say state_dir: there is no home directory to put it into");
	if (!conf->run_dir)
		conf->run_dir = default_run_dir(reading);
	if (!conf->plugins)
		conf->plugins = mem_text(files_plugin_directory());
	if (conf->has_host && conf->state_dir) {
		char *path = files_join(conf->state_dir, conf->store_path ? conf->store_path : "store/hostler.db");

		free(conf->store_path);
		conf->store_path = path;
	}
	check_socket_path(reading);
}
