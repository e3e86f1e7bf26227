#include "secrecy.h"

#include "say.h"

#include <freerdp/settings.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEAP_AHEAD = 3 << 20, OWN_PAGES_FROM = 256 << 10, PIECE = 128 << 10, PIECES = 8, OVERWRITTEN_WITH = 0x5a };

static struct {
	char message[KEEPER_PASSWORD_MAX + 2]; /* the byte that says that it is one, and the password */
	size_t n;
	char *heap; /* where it begins; NULL: this build has another */
} secrecy;

/* What is free of the heap is taken and given back, so that it grows by as much as it is told to. */
static void grow_heap(void)
{
	void *pieces[PIECES];

	for (int i = 0; i < PIECES; i++)
		pieces[i] = malloc(PIECE);
	for (int i = 0; i < PIECES; i++)
		free(pieces[i]);
}

/* One heap for all threads, grown at once to what connecting takes, so that it can be locked as a whole. */
void secrecy_begin(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	size_t n;

	mallopt(M_PERTURB, OVERWRITTEN_WITH);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, OWN_PAGES_FROM);
	mallopt(M_TRIM_THRESHOLD, 16 * HEAP_AHEAD);
	mallopt(M_TOP_PAD, HEAP_AHEAD);
	grow_heap();
	n = mallinfo2().arena;
	if (n >= HEAP_AHEAD) {
		secrecy.heap = (char *)(((uintptr_t)sbrk(0) - n) & ~(page - 1));
		n = (size_t)((char *)sbrk(0) - secrecy.heap);
		mlock(secrecy.heap, n);
		madvise(secrecy.heap, n, MADV_DONTDUMP);
	}
	mlock(&secrecy, sizeof secrecy);
}

void secrecy_receive(rdpSettings *settings)
{
	secrecy.n = say_hear(secrecy.message, sizeof secrecy.message - 1);
	if (secrecy.message[0] != KEEPER_ASK_PASSWORD || secrecy.n < 2)
		_exit(1);
	secrecy.message[secrecy.n--] = '\0';
	if (!freerdp_settings_set_string(settings, FreeRDP_Password, secrecy.message + 1))
		abort();
}

/* What somebody has kept, or forgotten to give back. */
static void wipe_heap_of(const char *bytes, size_t n)
{
	char *end = sbrk(0);

	for (char *at = secrecy.heap; at && (at = memmem(at, (size_t)(end - at), bytes, n)); at += n)
		explicit_bzero(at, n);
}

void secrecy_forget(rdpSettings *settings)
{
	const char *password = secrecy.message + 1;
	char wide[2 * KEEPER_PASSWORD_MAX] = {0};

	freerdp_settings_set_string(settings, FreeRDP_Password, NULL);
	wipe_heap_of(password, secrecy.n);
	/* As NLA has it, where it is of ASCII. */
	for (size_t i = 0; i < secrecy.n; i++)
		wide[2 * i] = password[i];
	wipe_heap_of(wide, 2 * secrecy.n);
	explicit_bzero(wide, sizeof wide);
	explicit_bzero(secrecy.message, sizeof secrecy.message);
}
