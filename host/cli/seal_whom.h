/* Whom a secret is sealed to, and for what: by the configuration, or by --for. */
#ifndef HOST_CLI_SEAL_WHOM_H
#define HOST_CLI_SEAL_WHOM_H

#include "cli/seal_desk.h"
#include "seal/envelope.h"

enum { SEAL_MEMBERS_MAX = 128 };

struct seal_whom {
	const char *sinks[ENVELOPE_SINKS_MAX];
	size_t sink_count;
	const char *members[SEAL_MEMBERS_MAX]; /* who have keys: "connector/post", "gateway/ts-01" */
	size_t member_count;
	const char *missing[SEAL_MEMBERS_MAX]; /* who need it and have none yet */
	size_t missing_count;
	const struct roster_member *operators[ROSTER_OPERATORS_MAX];
	size_t operator_count;
};

/* From what the configuration says of this secret. Says what is wrong: nobody names it, it is too much for one envelope. */
int seal_whom_named(const struct seal_desk *desk, const char *secret, struct seal_whom *ret);

/* From --for SINK=MEMBER,MEMBER; behind "trigger/" and "connector/" the member may be left out. */
int seal_whom_given(const struct seal_desk *desk, struct seal_whom *ret);

/* Everybody, as envelope_seal wants them. Returns how many. */
size_t seal_whom_recipients(const struct seal_desk *desk, const struct seal_whom *whom,
                            struct envelope_recipient ret[SEAL_MEMBERS_MAX + ROSTER_OPERATORS_MAX]);

#endif
