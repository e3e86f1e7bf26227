/*
 * Scope frees what it owns: AUTO_FREE char *path = …; AUTO_CLOSE int fd = …; AUTO(text) struct text line = …;
 * take(p) hands a pointer on and leaves NULL behind, so that the scope frees nothing.
 */
#ifndef HOST_BASE_AUTO_H
#define HOST_BASE_AUTO_H

#include <stdlib.h>
#include <unistd.h>

static inline void auto_free(void *at)
{
	free(*(void **)at);
}

static inline void auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))

/* AUTO(text) calls text_clear(&variable) at the end of the scope. */
#define AUTO(room) __attribute__((cleanup(room##_clear)))

#define take(pointer)                                   \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
