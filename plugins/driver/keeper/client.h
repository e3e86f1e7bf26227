/* The connection itself, by libfreerdp2. */
#ifndef PLUGINS_DRIVER_KEEPER_CLIENT_H
#define PLUGINS_DRIVER_KEEPER_CLIENT_H

#include "../keeper_frames.h"

#include <stdbool.h>
#include <stdint.h>

struct client_wish {
	const char *text[KEEPER_TEXTS];
	bool tls_allowed;
	uint32_t width, height, port;
	int socket; /* connected */
};

/* What needs files, while there are any. */
void client_prepare(void);

/* Connects, says each step, and stays connected until the driver has closed its end. Where anything else ends it, it says so and ends. */
void client_keep(const struct client_wish *wish);

#endif
