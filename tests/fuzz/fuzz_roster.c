/*
 * Rosters. There is one way to write each, and none is believed but for signatures: what was changed is at most another text under
 * the head of the one that is pinned, with nobody in it who was not let in.
 */
#include "fuzz.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "seal/roster.h"

#include <sodium.h>
#include <string.h>

const char fuzz_name[] = "roster";
const int fuzz_cases = 6000;

static struct roster *pinned;

static void begin(void)
{
	const char *source = getenv("SRCDIR");
	AUTO_FREE char *path = mem_printf("%s/tests/fixtures/seal/roster-1", source ? source : ".");
	hst_error err = {0};

	if (pinned)
		return;
	fuzz_must(sodium_init() >= 0);
	if (roster_read_file(path, &pinned, &err) != HST_OK)
		fprintf(stderr, "%s\n", err.text);
	fuzz_must(pinned && roster_verify_first(pinned, &err) == HST_OK);
}

static void answered(int code, const hst_error *err)
{
	fuzz_must(code == HST_OK || ((code == HST_INVALID || code == HST_DENIED) && err->text[0]));
}

static bool is_same(const struct roster_member *one, const struct roster_member *other)
{
	return one && other && one->has_open == other->has_open && memcmp(one->sign, other->sign, sizeof one->sign) == 0 &&
	       (!one->has_open || memcmp(one->open, other->open, sizeof one->open) == 0);
}

/* No change of bytes makes a signature, so whoever is in it is in the pinned one, with the same keys. */
static void adds_nobody(const struct roster *next)
{
	static const char *const names[] = {"operator/ada", "operator/bob", "operator/eve", "gateway/ts-01", "gateway/ts-02", "gateway/ts-03",
	                                    "connector/post", "trigger/inbox", "operator/mallory"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct roster_member *there = roster_member(next, names[i]);

		fuzz_must(!there || is_same(there, roster_member(pinned, names[i])));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE char *text = fuzz_text(bytes, length);
	AUTO_FREE char *again = NULL;
	struct roster *roster = NULL;
	struct roster_member member = {0};
	hst_error err = {0};
	int code;

	begin();
	code = roster_read(text, length, "fuzzed", &roster, &err);
	answered(code, &err);
	if (code == HST_OK) {
		again = roster_write(roster);
		fuzz_must(strlen(again) == length && memcmp(again, text, length) == 0);
		fuzz_taken++;
		answered(roster_verify_first(roster, &err), &err);
		code = roster_verify_next(pinned, roster, &err);
		answered(code, &err);
		if (code == HST_OK)
			adds_nobody(roster);
		roster_free(roster);
	}
	code = roster_read_join(pinned, text, "gateway/ts-02", 1700000000000000, &member, &err);
	answered(code, &err);
	if (code == HST_OK)
		roster_member_clear(&member);
	return 0;
}
