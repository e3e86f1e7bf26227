/* How the program that reads mails gives up everything that it does not need for it. */
#ifndef PLUGINS_TRIGGER_EMAIL_PARSING_CONFINE_H
#define PLUGINS_TRIGGER_EMAIL_PARSING_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From here on, for good, this process can read and write what it has open, and get memory up to a ceiling; it can open nothing, reach
 * nobody, start nothing and become nobody else. An attempt to open a file fails; any other call that it has no use for ends it. It ends
 * with its parent. `descriptor` is what it talks through; every other is closed.
 *
 * Returns what is in force (enum email_confined). 0 when the system calls could not be given up, with the reason in `why`: then it must read
 * nothing. A build with sanitizers keeps its system calls, its memory and standard error, since these check nothing without them.
 */
unsigned mail_confine(int descriptor, char *why, size_t size);

/* So much time of the processor from now on, then the process is killed; 0: none is counted. */
void mail_confine_seconds(unsigned seconds);

#endif
