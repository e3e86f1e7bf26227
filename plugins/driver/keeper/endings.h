/* What freerdp's numbers of failure and of farewell mean: tables, without the library at work. */
#ifndef PLUGINS_DRIVER_KEEPER_ENDINGS_H
#define PLUGINS_DRIVER_KEEPER_ENDINGS_H

#include "../keeper_frames.h"

#include <stdbool.h>
#include <stdint.h>

/* Of freerdp_get_last_error, where no connection came about. */
enum keeper_cause ending_of_connecting(uint32_t failed);

/* Of the server's own word (errorInfo of MS-RDPBCGR 2.2.5.1.1), which is not 0. */
enum keeper_cause ending_of_server(uint32_t said, bool connected);

/* Its name there, "" for none that is known. */
const char *ending_words(uint32_t said);

/* Of what a server tells of the sign-in (MS-RDPBCGR 2.2.10.1.1.4.1.1). 0: it goes on. */
enum keeper_cause ending_of_sign_in(uint32_t type, uint32_t data);

#endif
