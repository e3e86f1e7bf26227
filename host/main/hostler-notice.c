#include "os/harden.h"
#include "person/notice.h"

#include <signal.h>
#include <stddef.h>

int main(int argc, char **argv)
{
	harden_undumpable();
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return notice_main(argc, argv);
}
