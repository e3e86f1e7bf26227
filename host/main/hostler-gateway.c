#include "gateway/gateway.h"
#include "os/harden.h"

int main(int argc, char **argv)
{
	harden_undumpable();
	return gateway_main(argc, argv);
}
