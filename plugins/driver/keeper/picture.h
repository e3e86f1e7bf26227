/*
 * What the server draws is thrown away unread: no image, glyph or pointer of a stranger is ever decoded in this process, which is where
 * clients of remote desktops have had most of their holes.
 */
#ifndef PLUGINS_DRIVER_KEEPER_PICTURE_H
#define PLUGINS_DRIVER_KEEPER_PICTURE_H

struct rdp_update; /* freerdp's */

/* After the connection was made, since freerdp sets up a cache of pointers then. */
void picture_ignore(struct rdp_update *update);

#endif
