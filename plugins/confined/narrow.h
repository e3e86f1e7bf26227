/*
 * What a process that reads from strangers gives up before it does, whoever it is: some of it, in the order that suits it. Which system
 * calls it is left with is its own to say. None of it is given back.
 */
#ifndef CONFINED_NARROW_H
#define CONFINED_NARROW_H

#include <stdbool.h>
#include <sys/resource.h>

/* Under sanitizers, which read files and have much memory, less can be given up. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZERS 1
#endif
#endif
#ifndef WITH_SANITIZERS
#define WITH_SANITIZERS 0
#endif

/* Both limits, the soft and the hard. */
void narrow_limit(__rlimit_resource_t what, rlim_t most);

/* All that a version of Landlock can forbid, and nothing allowed. False: there is none, and a filter of calls stands alone. */
bool narrow_files(void);

/* Those that it has, and those that it could come to have by an exec. */
void narrow_capabilities(void);

#endif
