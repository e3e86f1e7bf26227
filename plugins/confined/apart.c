#include "apart.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

int apart_spawn(const char *program, int theirs, pid_t *ret)
{
	char *const argv[] = {(char *)program, NULL}, *const environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0 || posix_spawnattr_init(&attributes) != 0)
		abort();
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	failed = posix_spawn_file_actions_adddup2(&files, theirs, STDIN_FILENO);
	/* Standard error stays until it is confined: what is wrong with its libraries is written there. */
	failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, theirs, STDOUT_FILENO);
	failed = failed ? failed : posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	failed = failed ? failed : posix_spawn(ret, program, &files, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return failed;
}
