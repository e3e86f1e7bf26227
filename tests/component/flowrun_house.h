/*
 * Real processes on a real loop, for the tests of desktop/flowrun: each test writes a package with a shell
 * script, runs it, and looks at what is left.
 */
#ifndef TESTS_COMPONENT_FLOWRUN_HOUSE_H
#define TESTS_COMPONENT_FLOWRUN_HOUSE_H

#include "base/text.h"
#include "desktop/flowrun.h"
#include "desktop/flowrun_place.h"
#include "desktop/flowrun_place.h"

struct house {
	char root[64];
	hst_arena *arena;
	struct loop *loop;
	struct package *package;
	struct flowrun *run;
	struct flowrun_spec spec;
	struct flowrun_role role;
	struct flow_place place;
	char *work, *results;
	bool over, late;
	enum flowrun_end end;
	char reason[64], text[512];
	struct text outputs; /* JSON */
	int progress;
	char action[256];
	void (*on_progress)(struct house *house);
	int pictures;
	char pauses[64];     /* "paused runs " */
	bool resume_at_once; /* as soon as it is paused */
};

/* For cmocka: a fresh folder and a run that only lacks its package. */
int house_set_up(void **state);
int house_tear_down(void **state);

/* `manifest` follows [desktop-flow] with name and run = sh $HOSTLER_PACKAGE/flow.sh; caller frees the
 * manifest's path. */
char *house_package(struct house *house, const char *manifest, const char *script);

/* `inputs` is JSON or NULL. */
void house_start(struct house *house, const char *manifest, const char *script, const char *inputs);
void house_wait_for_end(struct house *house);
void house_run(struct house *house, const char *manifest, const char *script, const char *inputs);

/* A file of the results; "" when it is not there; caller frees. */
char *house_result(struct house *house, const char *name, size_t *ret_length);
bool house_has_result(struct house *house, const char *name);

/* The run ended like this, and its sentence has `text` in it. */
void house_assert_end(struct house *house, enum flowrun_end end, const char *reason, const char *text);

/* A driver that takes pictures. */
bool house_screenshot(void *arg, const char *path);

/* For role.paused. */
void house_paused(void *arg, bool paused);

/* Whether the process is there and is no zombie. */
bool house_is_alive(const char *pid_text);

/* Once per program: the loop, SIGCHLD, and the PATH to hostler-event. */
void house_open(void);
void house_close(void);

#define HOUSE_CASE(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)

#endif
