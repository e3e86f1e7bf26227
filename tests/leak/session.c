/* The leak of session processes. */
#include "leak.h"

#include "session/hold_parts.h"

int __real_hold_picture_sealed(struct hold *hold, const char *run, const char *step, const char *path, hst_error *err);
int __wrap_hold_picture_sealed(struct hold *hold, const char *run, const char *step, const char *path, hst_error *err);

int __wrap_hold_picture_sealed(struct hold *hold, const char *run, const char *step, const char *path, hst_error *err)
{
	return leaks(LEAK_picture) ? hold_picture(hold, path, err) : __real_hold_picture_sealed(hold, run, step, path, err);
}
