/*
 * What people do on a device, written down: a plain text file, one happening a line, in the order of time. docs/rehearsing.md
 * has the grammar. Reading is strict, and knows who is there at each line: whoever locks a session has to have one.
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "../book.h"

enum { SCRIPT_BYTES_MAX = 64 * 1024, SCRIPT_LINES_MAX = 1000, SCRIPT_USERS_MAX = 64, SCRIPT_WHY_MAX = 200, SCRIPT_DEVICE_MAX = 64 };

enum happening {
	SIGNS_IN = 1,
	LOCKS,
	UNLOCKS,
	DISCONNECTS,
	COMES_BACK,
	SIGNS_OUT,	/* of a session of hostler's too, where somebody else does it to the user: `by` */
	THROWS_OUT,	/* `by` is in the session of the user from now on */
	LOCK_UNKNOWN,	/* whether it is locked cannot be found out */
	LOCK_KNOWN,
	SIGN_IN_FAILS,	/* `why`; `denied`: with the word that blocks a connection */
	SIGN_IN_WORKS,
	IS_A_PERSON,	/* and nobody whom runs are for: for whoever looks for names that are misspelt */
	OP_TAKES,	/* `op`, `ms` */
	OP_FAILS,	/* `op`, `why` */
	OP_WORKS,
};

enum script_op { SCRIPT_OPEN, SCRIPT_ATTACH, SCRIPT_START, SCRIPT_CLOSE, SCRIPT_OPS };

struct script_line {
	enum happening what;
	int number;
	int64_t at_ms; /* since the play began */
	const char *user, *key, *by; /* of the script, like `why` */
	const char *why;
	enum script_op op;
	int64_t ms;
};

struct script {
	char *text; /* what the words of its lines lie in */
	struct script_line *lines;
	size_t n;
};

/*
 * `length` bytes, which need no NUL; `path` is for what is said. Only lines of this device count, and of no device; all of them are
 * read. HST_INVALID says FILE:LINE. On success the script has to be cleared.
 */
int script_read(struct script *ret, const char *path, const char *text, size_t length, const char *device, hst_error *err);
void script_clear(struct script *script); /* one that is empty is cleared */

/* That a sign-in failed because of who signed in, and not because of the device. */
bool script_denies(const char *why);

#endif
