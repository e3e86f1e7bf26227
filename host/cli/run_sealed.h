/* Files of runs that are sealed to the operators: screenshots that could show a secret. They are opened here, for this screen. */
#ifndef HOST_CLI_RUN_SEALED_H
#define HOST_CLI_RUN_SEALED_H

#include "cli/connect.h"

enum { RUN_SEALED_MAX = 17 << 20 }; /* bytes of one, as it is kept */

/* Whether the name of a file says so. */
bool run_is_sealed(const char *name);

/* The name of a picture as people know it: "screenshots/error.png" of "screenshots/error.png.sealed". */
const char *run_unsealed_name(hst_arena *arena, const char *name);

/* Opens it with the key of whoever calls, if it is that file of that step. `run` is the id of the first run of its chain. The caller wipes and frees *ret. */
int run_sealed_open(struct connect *connect, const char *run, const char *step, const char *name, const void *bytes, size_t length,
                    uint8_t **ret, size_t *ret_length);

#endif
