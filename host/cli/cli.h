/*
 * What every command is given, and how it says what went wrong: for people as one line on stderr, with --json as
 * {"error":{"code","text"}} on stdout. The exit status is the contract of scripts.
 */
#ifndef HOST_CLI_CLI_H
#define HOST_CLI_CLI_H

#include "cli/options.h"
#include "schema/problems.h"

#include <hostler/value.h>

enum cli_status {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* the thing asked about failed */
	CLI_USAGE = 2,	/* usage or bad input */
	CLI_AWAY = 3,	/* the host cannot be reached */
};

struct cli {
	struct options options;
	bool json;
	hst_arena *arena; /* as long as the command */
	bool hasty;	  /* a host that does not answer within half a second is none */
	hst_error *kept;  /* what fails is kept here instead of being said; NULL: it is said */
};

/* Says it and returns `status`. `code` is one word for programs: "Usage", or a reason code. */
__attribute__((format(printf, 4, 5))) int cli_fail(const struct cli *cli, enum cli_status status,
						   const char *code, const char *format, ...);

/* The same for a failure of the house: HST_INVALID and HST_NOT_FOUND are bad input, the rest has failed. */
int cli_fail_as(const struct cli *cli, int code, const hst_error *err);

/* Every problem as "FILE:LINE: error: TEXT", then their number on a line that begins with `what`. Returns
 * CLI_USAGE. */
int cli_fail_problems(const struct cli *cli, const char *what, const struct problems *problems);

/* One JSON value and a newline, on stdout. */
void cli_print_json(const hst_value *value);

#endif
