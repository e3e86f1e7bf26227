/* Which configuration file is meant. */
#include "config/conf.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <unistd.h>

static char *if_there(char *path_take)
{
	AUTO_FREE char *path = path_take;

	return path && access(path, F_OK) == 0 ? take(path) : NULL;
}

char *conf_find(const char *given)
{
	const char *home = getenv("HOME");
	char *found;

	if (!given || !*given)
		given = getenv("HOSTLER_CONF");
	if (given && *given)
		return mem_text(given);
	found = if_there(mem_text("./hostler.ini"));
	if (!found && home && *home)
		found = if_there(files_join(home, ".config/hostler/hostler.ini"));
	return found ? found : if_there(mem_text("/etc/hostler/hostler.ini"));
}
