#include "session/taken.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"
#include "session/folder.h"

#include <dirent.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { HASH_SIZE = 33, TRIES = 3 };

static char *folder_of(const struct session_device *device)
{
	return mem_printf("%s/sessions/taken", device->conf->run_dir);
}

/* What a driver calls its sessions need not be a name of a file: "HASH.DEVICE". */
static void hash_of(const char *session, char to[HASH_SIZE])
{
	unsigned char hash[16];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)session, strlen(session), NULL, 0);
	sodium_bin2hex(to, HASH_SIZE, hash, sizeof hash);
}

void taken_note(const struct session_device *device, const char *session)
{
	AUTO_FREE char *folder = folder_of(device), *path = NULL;
	char hash[HASH_SIZE];
	hst_error err = {0};
	int code = HST_RETRY;

	hash_of(session, hash);
	path = mem_printf("%s/%s.%s", folder, hash, device->device->name);
	/* A watch may be removing the folder because it is empty. */
	for (int i = 0; i < TRIES && code != HST_OK; i++) {
		code = folder_own(folder, 0700, &err);
		if (code == HST_OK)
			code = files_replace_fleeting(path, session, strlen(session), 0600, &err);
	}
	if (code != HST_OK)
		log_warning("device %s: that session %s was taken over could not be written down: %s", device->device->name, session, err.text);
}

static bool is_there(hst_session *sessions, size_t n, const char *hash)
{
	char other[HASH_SIZE];
	bool there = false;

	for (size_t i = 0; i < n; i++) {
		hash_of(sessions[i].id, other);
		if (strncmp(hash, other, HASH_SIZE - 1) != 0)
			continue;
		sessions[i].ours = false;
		there = true;
	}
	return there;
}

void taken_apply(const struct session_device *device, hst_session *sessions, size_t n)
{
	AUTO_FREE char *folder = folder_of(device);
	DIR *listing = opendir(folder);
	struct dirent *entry;

	while (listing && (entry = readdir(listing)) != NULL) {
		const char *name = entry->d_name;

		if (strlen(name) > HASH_SIZE && name[HASH_SIZE - 1] == '.' && strcmp(name + HASH_SIZE, device->device->name) == 0 &&
		    !is_there(sessions, n, name))
			unlinkat(dirfd(listing), name, 0);
	}
	if (!listing)
		return;
	closedir(listing);
	rmdir(folder); /* where it is empty */
}
