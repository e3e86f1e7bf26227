/*
 * Where the configuration and its flows name secrets, and who has to be able to open them there. A secret that is sealed later is
 * sealed for just these sinks and these members.
 */
#ifndef HOST_DEFINITIONS_SECRET_USES_H
#define HOST_DEFINITIONS_SECRET_USES_H

#include "definitions/definitions.h"

struct secret_use {
	const char *secret; /* NAME of secret:NAME */
	const char *sink;   /* docs/security.md: "trigger/inbox.password" */
	const char *file;
	int line;
	const struct conf_instance *instance; /* whose option it is; NULL: of a connection or a step */
	const char *members[64]; /* "trigger/inbox"; "gateway/ts-01", of a cluster several */
	size_t member_count;
};

/* In the order of the configuration, flows behind it. All of it lives as long as the definitions and the arena. Returns how many. */
size_t secret_uses(const struct definitions *definitions, hst_arena *arena, const struct secret_use **ret);

#endif
