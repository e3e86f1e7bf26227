#include "making_roster.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s: %s", err->reason, err->text);
}

void roster_add(struct roster *roster, enum roster_kind kind, const char *name, const struct seal_pairs *pairs, unsigned rights)
{
	struct roster_member line = {.kind = kind, .name = mem_text(name), .has_sign = true};

	memcpy(line.sign, pairs->sign_public, sizeof line.sign);
	if (kind == ROSTER_OPERATOR) {
		line.has_wire = line.has_open = true;
		line.rights = rights;
		memcpy(line.wire, pairs->open_public, sizeof line.wire);
		memcpy(line.open, pairs->open_public, sizeof line.open);
	}
	roster_put(roster, &line);
	roster_member_clear(&line);
}

void roster_add_machine(struct roster *roster, const uint8_t seed[SEED_BYTES])
{
	struct seal_pairs machine;

	seal_pairs_derive(seed, ROSTER_MACHINE, &machine);
	roster_add(roster, ROSTER_MACHINES, ROSTER_MACHINE, &machine, 0);
}

void roster_add_member(struct roster *roster, const uint8_t seed[SEED_BYTES], const char *name, struct seal_pairs *ret)
{
	struct seal_pairs machine;
	struct roster_member line;

	seal_pairs_derive(seed, ROSTER_MACHINE, &machine);
	seal_pairs_derive(seed, name, ret);
	roster_certify(roster->cluster, ROSTER_MACHINE, &machine, name, ret, &line);
	roster_put(roster, &line);
	roster_member_clear(&line);
}
