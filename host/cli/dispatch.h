/* From argv to an exit status: what was asked is read, and help, a completion or the command answers it. */
#ifndef HOST_CLI_DISPATCH_H
#define HOST_CLI_DISPATCH_H

/* The program's life; returns the exit status. */
int cli_main(int argc, char **argv);

#endif
