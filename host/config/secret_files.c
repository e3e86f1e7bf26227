#include "config/secret_files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

enum { NAME_LENGTH_MAX = 48 };

static const char front[] = "secret:";

bool secret_is_meant(const char *value)
{
	return strncmp(value, front, sizeof front - 1) == 0;
}

bool secret_name_fits(const char *name)
{
	size_t length = strlen(name);

	return length && length <= NAME_LENGTH_MAX && strchr(LETTERS, name[0]) && strspn(name, LETTERS "0123456789_-") == length;
}

const char *secret_named(const char *value)
{
	const char *name = value + sizeof front - 1;

	return secret_is_meant(value) && secret_name_fits(name) ? name : NULL;
}

char *secret_file(const char *file, const char *name)
{
	AUTO_FREE char *inside = mem_printf("secrets.d/%s.seal", name);

	return files_beside(file, inside);
}
