/* The addresses of this machine that other machines may reach. */
#ifndef HOST_OS_ADDRESSES_H
#define HOST_OS_ADDRESSES_H

#include <stddef.h>

enum { ADDRESSES_MAX = 32, ADDRESS_TEXT = 64 };

/* As text, IPv4 before IPv6 and each as the system lists them; none that only this machine or its link knows. */
size_t addresses_own(char to[ADDRESSES_MAX][ADDRESS_TEXT]);

#endif
