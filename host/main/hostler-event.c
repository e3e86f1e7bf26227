#include "desktop/event.h"
#include "os/harden.h"

#include <signal.h>
#include <stddef.h>

int main(int argc, char **argv)
{
	harden_undumpable();
	/* A hostler that is gone is an error to be told, not a signal to die of. */
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return event_main(argc, argv);
}
