/* The connection to the server, made before this process gives up making any. */
#ifndef PLUGINS_DRIVER_KEEPER_REACH_H
#define PLUGINS_DRIVER_KEEPER_REACH_H

/* A connected socket that notices within half a minute that nobody is there any more. Says what is wrong and ends, or that it is reached. */
int reach(const char *host, const char *port);

#endif
