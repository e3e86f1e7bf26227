/*
 * Screenshots of a hold's session. One that could show a secret is taken into the folder of the session below run_dir, where nobody
 * else can read it and which on most systems is memory, and is written sealed, to the operators alone.
 */
#include "session/hold_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/flowrun.h"
#include "os/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int hold_picture(struct hold *hold, const char *path, hst_error *err)
{
	hst_call call = session_device_call(&hold->device, FLOW_SCREENSHOT_MS);

	return driver_screenshot(hold->device.driver, &call, hold->session, path, err);
}

static int write_sealed(struct hold *hold, const char *run, const char *name, const char *taken, const char *path, hst_error *err)
{
	AUTO_FREE uint8_t *sealed = NULL;
	char *bytes = NULL;
	size_t length, sealed_length;
	int code = files_read(taken, ENVELOPE_FILE_MAX, &bytes, &length, err);

	if (code != HST_OK)
		return code;
	code = vault_seal_file(&hold->vault, bytes, length, name, run, &sealed, &sealed_length, err);
	explicit_bzero(bytes, length);
	free(bytes);
	return code == HST_OK ? files_replace(path, (const char *)sealed, sealed_length, 0600, false, err) : code;
}

int hold_picture_sealed(struct hold *hold, const char *run, const char *step, const char *path, hst_error *err)
{
	AUTO_FREE char *taken = files_join(hold->run_dir, "picture");
	AUTO_FREE char *name = mem_printf("%s.%s", step, strrchr(path, '/') + 1);
	int code;

	unlink(taken);
	code = hold_picture(hold, taken, err);
	if (code == HST_OK)
		code = write_sealed(hold, run, name, taken, path, err);
	unlink(taken);
	return code;
}
