/*
 * A host for one plugin, small enough for tests of that plugin alone: arenas, secrets, log, notes, options.
 * It has no values, no events and no files; a plugin that asks for them ends the test.
 */
#ifndef TESTS_FAKES_FAKE_HOST_H
#define TESTS_FAKES_FAKE_HOST_H

#include <hostler/plugin.h>
#include <hostler/secret.h>

enum { FAKE_NOTES_MAX = 256 };

struct fake_host {
	hst_host host;
	hst_call call; /* as ops get it; its arena lives until fake_host_clear */
	char *notes[FAKE_NOTES_MAX];
	size_t note_count;
	const char *notes_file; /* notes are appended here too, for a reader that outlives this process; NULL:
				   nowhere */
	size_t notes_before_failure; /* hst_note fails once there are so many; SIZE_MAX: never */
	size_t notes_before_death;   /* this process is killed once there are so many; 0: never */
	bool cancelled;
	bool verbose; /* show the plugin's log on stderr */
};

void fake_host_init(struct fake_host *fake, const char *instance);
void fake_host_clear(struct fake_host *fake);

/* The lines of a notes file into fake->notes. */
void fake_host_read_notes(struct fake_host *fake, const char *path);

hst_secret *fake_host_secret(struct fake_host *fake, const char *text);

/*
 * A configuration struct from the plugin's options with their defaults, and `set`, which is name, value,
 * name, value … NULL (NULL: none). Ends the test on an unknown name or a value that does not fit.
 */
void *fake_host_config(struct fake_host *fake, const hst_plugin *plugin, const char *const *set);

/* dlopens FILE and returns its only symbol hst_plugin_NAME; ends the test with the linker's words when it
 * cannot. */
const hst_plugin *fake_host_load(const char *file, const char *name);

#endif
