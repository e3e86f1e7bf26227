/* `hostlerd --down`: asks the hostlerd of this configuration to end and waits until it has. */
#ifndef HOST_SUPERVISE_DOWN_H
#define HOST_SUPERVISE_DOWN_H

struct conf;

/* Prints dots while it waits. Exit status: 0 it has ended, 1 it did not within a minute or may not be asked, 3 none runs. */
int down_run(const struct conf *conf);

#endif
