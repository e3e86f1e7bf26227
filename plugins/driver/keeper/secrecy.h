/* The password in this process: from the driver's socket into freerdp, and gone again once the connection is made. */
#ifndef PLUGINS_DRIVER_KEEPER_SECRECY_H
#define PLUGINS_DRIVER_KEEPER_SECRECY_H

struct rdp_settings; /* freerdp's */

/*
 * Before any library has memory of its own: what is freed is overwritten from here on, which freerdp and its libraries do not do by
 * themselves, and what the heap has by then is kept out of swap, as far as this user may lock memory.
 */
void secrecy_begin(void);

/* Waits for the driver to say the password, and puts it where freerdp looks for it. */
void secrecy_receive(struct rdp_settings *settings);

/* Nothing needs it any more. */
void secrecy_forget(struct rdp_settings *settings);

#endif
