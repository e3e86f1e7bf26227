/* hostler: the command line. */
#include "cli/dispatch.h"
#include "os/harden.h"

int main(int argc, char **argv)
{
	harden_undumpable();
	return cli_main(argc, argv);
}
