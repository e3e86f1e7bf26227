/*
 * The program hostler-event: the desktop-flow protocol for any language that can start a program.
 *
 *	hostler-event progress SUBFLOW ACTION
 *	hostler-event output NAME VALUE       VALUE "-": from stdin, one newline at its end left out
 *	hostler-event error TEXT
 *	hostler-event checkpoint              waits while paused; exit 0: go on, 10: stop
 *	hostler-event input NAME              from the JSON object on stdin, else from HOSTLER_INPUT_NAME
 *
 * Exit 1: it could not be done, 2: wrong usage. Values go as text; hostler reads them as the declared type.
 */
#ifndef HOST_DESKTOP_EVENT_H
#define HOST_DESKTOP_EVENT_H

enum { EVENT_GO_ON = 0, EVENT_FAILED = 1, EVENT_USAGE = 2, EVENT_STOP = 10 };

/* Returns the exit status. Says on stderr what went wrong. */
int event_main(int argc, char **argv);

#endif
