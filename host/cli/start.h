/* What starts work says it to the host, prints what was accepted and, with --wait, stays until it is done. */
#ifndef HOST_CLI_START_H
#define HOST_CLI_START_H

#include "cli/connect.h"

/* What is to be started, as the host hears it. */
struct start {
	enum word word;
	const char *member; /* of the head, with the name; NULL: it is empty */
	const char *key;    /* likewise; NULL: none */
	const hst_value *carried;
	const hst_value *what;  /* names the same for typed_secrets */
	const hst_value *given; /* readable inputs */
	bool asks;		/* for the inputs that are required and not among these, where there is a terminal */
};

/* An exit status, with everything said. */
int start_work(struct cli *cli, const struct start *start);

#endif
