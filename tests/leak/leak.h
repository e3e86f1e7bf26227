/*
 * The leaks that the programs of tests/leak have, so that a test can show that its search finds each. They are linked from the same
 * objects as the programs that are installed; the linker puts what is here in the place of some functions (-Wl,--wrap) and of crash
 * points (os/crash.h). Nothing of it is ever in a program that is installed.
 *
 * Which leak is open says the file `leak` beside the folder of the programs, by its name; none: nothing leaks. What who uses a secret
 * cannot put where it is to be found lies in the file `spilled` beside it until another program takes it from there.
 */
#ifndef TESTS_LEAK_LEAK_H
#define TESTS_LEAK_LEAK_H

#include <stdbool.h>
#include <stddef.h>

/* LEAK(name, what happens) */
#define LEAKS(LEAK) \
	LEAK(log, "who uses a secret writes it into its log") \
	LEAK(encoded, "who uses a secret writes it into its log in base64, behind other bytes") \
	LEAK(error, "what a plugin says in an error is not searched") \
	LEAK(crash, "what a plugin says before it crashes is not searched") \
	LEAK(environment, "a program is given it in its environment") \
	LEAK(argument, "a program is given it as an argument") \
	LEAK(temporary, "who uses a secret leaves it in a file in /tmp, in hexadecimal") \
	LEAK(message, "an output goes to the engine as it is, and not sealed") \
	LEAK(name, "an envelope has it in its name, which everybody can read, percent-encoded") \
	LEAK(journal, "the gateway writes it into its journal, as UTF-16LE") \
	LEAK(memory, "the gateway has it in its memory") \
	LEAK(vanishing, "the engine writes it into a file, as JSON, and removes the file at once") \
	LEAK(picture, "a session process does not seal a screenshot")

#define LEAK_NAME(name, what) LEAK_##name,
enum leak { LEAKS(LEAK_NAME) LEAK_COUNT };
#undef LEAK_NAME

enum { SPILLED_MAX = 4096 };

bool leaks(enum leak leak);

/* What was opened last by those who may. */
void spill(const void *bytes, size_t length);
size_t spilled(char to[SPILLED_MAX]); /* 0: nothing */

void write_whole(int fd, const void *bytes, size_t length);

#endif
