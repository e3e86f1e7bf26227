/* What people are told of a thing that happens to a run or step: the words of history, follow and events. */
#ifndef HOST_CLI_WORDING_H
#define HOST_CLI_WORDING_H

#include "cli/print.h"

/* `body` has the members of its detail: "offered to here". Cleaned, in the arena. */
const char *wording_line(hst_arena *arena, const char *what, const hst_value *body);
enum print_tone wording_tone(const char *what, const hst_value *body);

#endif
