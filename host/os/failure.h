/* From errno to an error: one place decides which code a failed system call stands for. */
#ifndef HOST_OS_FAILURE_H
#define HOST_OS_FAILURE_H

#include <hostler/error.h>

/* "cannot DOING SUBJECT: why", with the code of `number`, an errno. */
int failure_of(int number, hst_error *err, const char *doing, const char *subject);

#endif
