/* For each command what somebody might really type; --help ends with it. Lines end with NULL. */
#ifndef HOST_CLI_EXAMPLES_H
#define HOST_CLI_EXAMPLES_H

const char *const *examples_of(const char *command); /* NULL: there are none */

#endif
