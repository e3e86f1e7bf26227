#include "roster_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void roster_pairs(const char *name, struct seal_pairs *ret)
{
	static const uint8_t seed[SEAL_SEED_BYTES] = {5, 4, 3, 2, 1};

	seal_pairs_derive(seed, name, ret);
}

/* A line with all keys of that name, as far as its kind has them. */
static struct roster_member line_of(enum roster_kind kind, const char *name, bool wire, bool open)
{
	struct roster_member line = {.kind = kind, .name = mem_text(name), .has_wire = wire, .has_open = open, .has_sign = true};
	struct seal_pairs pairs, on_wire;
	char *wired = mem_printf("%s on the wire", name);

	roster_pairs(name, &pairs);
	roster_pairs(wired, &on_wire);
	free(wired);
	if (wire)
		memcpy(line.wire, on_wire.open_public, sizeof line.wire);
	if (open)
		memcpy(line.open, pairs.open_public, sizeof line.open);
	memcpy(line.sign, pairs.sign_public, sizeof line.sign);
	return line;
}

struct roster_member roster_house_operator(const char *name, unsigned rights)
{
	struct roster_member line = line_of(ROSTER_OPERATOR, name, true, true);

	line.rights = rights;
	return line;
}

int roster_house_sign(struct roster *roster, const char *signer, hst_error *err)
{
	struct seal_pairs pairs;

	roster_pairs(signer, &pairs);
	return roster_sign(roster, signer, &pairs, err);
}

static void put(struct roster *roster, struct roster_member line)
{
	roster_put(roster, &line);
	roster_member_clear(&line);
}

static void put_invitation(struct roster *roster, const char *name, const char *key)
{
	struct roster_member line = line_of(ROSTER_INVITED, key, false, false);

	free(line.name);
	line.name = mem_text(name);
	line.until_us = INT64_C(1800000000000000);
	put(roster, line);
}

static void put_joined(struct roster *roster, const char *name, const char *key)
{
	struct roster_member own = line_of(ROSTER_GATEWAY, name, true, true), line;
	struct seal_pairs invitation;

	roster_pairs(key, &invitation);
	roster_join(roster->cluster, invitation.sign_secret, name, own.wire, own.open, own.sign, &line);
	put(roster, line);
	roster_member_clear(&own);
}

static void put_member(struct roster *roster, const char *name)
{
	struct roster_member line;
	struct seal_pairs machine, own;

	roster_pairs(ROSTER_MACHINE, &machine);
	roster_pairs(name, &own);
	roster_certify(roster->cluster, ROSTER_MACHINE, &machine, name, &own, &line);
	put(roster, line);
}

struct roster *roster_house(void)
{
	struct roster *roster = roster_new();
	struct roster_member eve = roster_house_operator("operator/eve", RIGHT_LOOK | RIGHT_PRESS);
	hst_error err;

	for (size_t i = 0; i < sizeof roster->cluster; i++)
		roster->cluster[i] = (uint8_t)i;
	eve.has_open = eve.has_sign = false;
	put(roster, eve);
	put(roster, roster_house_operator("operator/ada", RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN));
	put(roster, roster_house_operator("operator/bob", RIGHT_LOOK));
	put(roster, line_of(ROSTER_MACHINES, ROSTER_MACHINE, false, false));
	put(roster, line_of(ROSTER_GATEWAY, "gateway/ts-01", true, true));
	put_invitation(roster, "gateway/ts-03", "the invitation of ts-03");
	put_invitation(roster, "gateway/ts-02", "the invitation of ts-02");
	put(roster, line_of(ROSTER_REVOKED, "operator/mallory", false, false));
	put_member(roster, "trigger/inbox");
	put_member(roster, "connector/post");
	put_joined(roster, "gateway/ts-02", "the invitation of ts-02");
	if (roster_house_sign(roster, "operator/ada", &err) != HST_OK)
		fail_msg("%s", err.text);
	return roster;
}

char *roster_fixture(const char *name)
{
	const char *top = getenv("SRCDIR");

	return mem_printf("%s/tests/fixtures/seal/%s", top ? top : ".", name);
}
