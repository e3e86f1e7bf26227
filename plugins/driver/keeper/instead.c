#include "instead.h"

#include <freerdp/codecs.h>
#include <poll.h>
#include <winpr/synch.h>

static int waking = -1;

void instead_wake_by(int descriptor)
{
	waking = descriptor;
}

/* No decoder of pictures is ever set up, which takes a third of a second, 20 MB and eight threads, and is what nobody looks at. */
BOOL freerdp_client_codecs_prepare(rdpCodecs *codecs, UINT32 flags, UINT32 width, UINT32 height)
{
	(void)codecs, (void)flags, (void)width, (void)height;
	return TRUE;
}

/* freerdp looks for an answer ten times a second while it connects, and a server answers half a dozen times. */
VOID Sleep(DWORD ms)
{
	struct pollfd connection = {waking, POLLIN, 0};

	poll(&connection, 1, (int)ms);
}
