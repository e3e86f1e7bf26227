#include "plugin/load.h"

#include "base/auto.h"
#include "base/mem.h"
#include "plugin/guard.h"
#include "plugin/name.h"
#include "plugin/verify.h"
#include "plugin/writers.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <string.h>

/* The file's name without ".so", caller frees; NULL when the path breaks the rules of load.h. */
static char *plugin_name(const char *path)
{
	const char *file = strrchr(path, '/');
	size_t length;
	char *name;

	if (path[0] != '/' || !file)
		return NULL;
	file++;
	length = strlen(file);
	if (length < 4 || strcmp(file + length - 3, ".so") != 0)
		return NULL;
	name = mem_copy(file, length - 3);
	if (!name_fits(name, NAME_PLUGIN_MAX, true)) {
		free(name);
		return NULL;
	}
	return name;
}

/*
 * libltdl reports every failure as "file not found", an unresolved symbol included. Asking the loader itself
 * once more gives the true text; where that attempt succeeds, libltdl's own text is all there is.
 */
static int say_why(const char *path, const char *ltdl_text, hst_error *err)
{
	void *again;
	const char *text;

	guard_enter(path, "loading it", GUARD_LOAD_MS);
	again = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	guard_leave();
	text = again ? ltdl_text : dlerror();

	hst_fail(err, HST_INVALID, "%s cannot be loaded: %s", path, text ? text : "no reason was given");
	if (again)
		dlclose(again);
	return HST_INVALID;
}

/*
 * Local, so that two plugins may use the same names inside; resident, so that no pointer into a plugin ever
 * dangles. The path is absolute, so neither LTDL_LIBRARY_PATH nor LD_LIBRARY_PATH is searched, and it ends in
 * ".so", so no ".la" file beside it is followed.
 */
static int open_library(const char *path, lt_dlhandle *ret, hst_error *err)
{
	static bool ready;
	lt_dladvise advise;
	lt_dlhandle handle;

	if (!ready && lt_dlinit() != 0)
		return hst_fail(err, HST_BROKEN, "libltdl cannot be used: %s", lt_dlerror());
	ready = true;
	if (lt_dladvise_init(&advise) != 0)
		return hst_fail(err, HST_BROKEN, "libltdl cannot be used: %s", lt_dlerror());
	lt_dladvise_local(&advise);
	lt_dladvise_resident(&advise);
	/* Its constructors run here. */
	guard_enter(path, "loading it", GUARD_LOAD_MS);
	handle = lt_dlopenadvise(path, advise);
	guard_leave();
	lt_dladvise_destroy(&advise);
	if (!handle)
		return say_why(path, lt_dlerror(), err);
	*ret = handle;
	return HST_OK;
}

int plugin_load(const char *path, const hst_plugin **ret, hst_error *err)
{
	AUTO_FREE char *name = plugin_name(path);
	AUTO_FREE char *symbol = NULL;
	const hst_plugin *plugin;
	lt_dlhandle handle = NULL;
	hst_error wrong;
	int code;

	if (!name)
		return hst_fail(err, HST_INVALID,
				"%s: a plugin is an absolute path that ends in NAME.so, NAME being a "
				"lower-case letter and up to 31 of a-z 0-9 _ -",
				path);
	if ((code = writers_check(path, err)) != HST_OK)
		return code;
	if ((code = open_library(path, &handle, err)) != HST_OK)
		return code;

	symbol = mem_printf("hst_plugin_%s", name);
	for (char *at = symbol; *at; at++)
		if (*at == '-')
			*at = '_';
	plugin = lt_dlsym(handle, symbol);
	if (!plugin)
		return hst_fail(err, HST_INVALID, "%s exports no %s; a plugin is defined with HST_PLUGIN(%s)",
				path, symbol, symbol + strlen("hst_plugin_"));
	if ((code = plugin_verify(plugin, name, &wrong)) != HST_OK)
		return hst_fail(err, (hst_code)code, "%s: %s", path, wrong.text);
	*ret = plugin;
	return HST_OK;
}
