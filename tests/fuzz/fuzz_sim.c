/* What people do on a device, as somebody wrote it for driver sim. */
#include "fuzz.h"

#include "../../plugins/driver/memory/sim/play.h"

#include <string.h>

const char fuzz_name[] = "sim";
const int fuzz_cases = 10000;

/* Whatever was taken can be played: those who are there are users, and nobody is there twice. */
static void plays(const struct script *script)
{
	struct play play;
	int64_t before_ms = 0;

	fuzz_must(script->n <= SCRIPT_LINES_MAX);
	for (size_t i = 0; i < script->n; i++) {
		const struct script_line *line = &script->lines[i];

		fuzz_must(line->at_ms >= before_ms && line->number > 0);
		fuzz_must(!line->user || (book_is_user(line->user) && strlen(line->key) == strlen(line->user)));
		fuzz_must(!line->by || book_is_user(line->by));
		before_ms = line->at_ms;
	}
	play_until(&play, script, before_ms);
	for (size_t i = 0; i < play.n; i++)
		fuzz_must(play_person(&play, play.people[i].key) == &play.people[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t *text = fuzz_exactly(bytes, length);
	struct script script = {0};
	hst_error err = {0};

	if (script_read(&script, "play", (const char *)text, length, length % 2 ? "ts-01" : NULL, &err) == HST_OK) {
		plays(&script);
		fuzz_taken++;
	} else {
		fuzz_must(strncmp(err.text, "play:", 5) == 0 && !script.lines);
	}
	script_clear(&script);
	free(text);
	return 0;
}
