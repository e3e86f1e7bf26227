#include "engine/engine.h"
#include "os/harden.h"

int main(int argc, char **argv)
{
	harden_undumpable();
	return engine_main(argc, argv);
}
