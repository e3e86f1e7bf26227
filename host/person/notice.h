/*
 * The program hostler-notice: tells a person, in their session and as that person, of the attended run in it. A hold starts
 * it with a socket as its standard input, hears of answers over the same, and needs nothing of it: it may be killed at any time.
 *
 *	hostler-notice popup
 */
#ifndef HOST_PERSON_NOTICE_H
#define HOST_PERSON_NOTICE_H

int notice_main(int argc, char **argv);

#endif
