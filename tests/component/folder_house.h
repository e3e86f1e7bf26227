/* A folder with the trigger "file" upon it, a host that keeps what it emits (contract/emitted.h), and a clock that tests set. */
#ifndef TESTS_COMPONENT_FOLDER_HOUSE_H
#define TESTS_COMPONENT_FOLDER_HOUSE_H

#include "../contract/emitted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_begin, folder_end)
#define SECOND INT64_C(1000000)

extern int64_t now_us;
extern struct emitted emitted;
extern struct staged staged;
extern char home[64], incoming[96]; /* `incoming` is the folder, and lies in the other */

int folder_begin(void **unused);
int folder_end(void **unused);

/* A process of the trigger, after the last one if there was one: nothing is left of that but what the host has kept. */
void start(const char *const *more);

int look(void);	      /* once */
void must_look(void); /* until nothing is left to do at once */

const char *at(const char *name); /* the path of what is called so in the folder; one of four */
void drop(const char *name, const char *text);
bool is_there(const char *name);

size_t events_of(const char *name);
void assert_made(size_t event, const char *text); /* the file of the run has these bytes */

#endif
