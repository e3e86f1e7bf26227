/*
 * What may stand next on the command line, for completion: `hostler --complete WORD…`, the last word being
 * the one under the cursor. Prints one candidate a line, or "FILES" or "FOLDERS" alone. It asks no host and
 * starts nothing.
 */
#ifndef HOST_CLI_COMPLETE_H
#define HOST_CLI_COMPLETE_H

int complete_words(int count, char *const *words); /* returns the exit status */

#endif
