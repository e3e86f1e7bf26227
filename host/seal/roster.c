#include "seal/roster.h"

#include "base/mem.h"

#include <string.h>

void roster_free(struct roster *roster)
{
	if (!roster)
		return;
	for (size_t i = 0; i < roster->member_count; i++)
		roster_member_clear(&roster->members[i]);
	free(roster->members);
	free(roster->signer);
	free(roster->head);
	free(roster);
}

bool roster_is_revoked(const struct roster *roster, const uint8_t sign[SEAL_KEY_BYTES])
{
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_REVOKED && memcmp(roster->members[i].sign, sign, SEAL_KEY_BYTES) == 0)
			return true;
	return false;
}

const struct roster_member *roster_member(const struct roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->member_count; i++) {
		const struct roster_member *member = &roster->members[i];

		if (member->kind != ROSTER_INVITED && member->kind != ROSTER_REVOKED && strcmp(member->name, name) == 0)
			return member->has_sign && roster_is_revoked(roster, member->sign) ? NULL : member;
	}
	return NULL;
}

const struct roster_member *roster_invited(const struct roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_INVITED && strcmp(roster->members[i].name, name) == 0)
			return &roster->members[i];
	return NULL;
}

size_t roster_escrow(const struct roster *roster, const struct roster_member *ret[ROSTER_OPERATORS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < roster->member_count && n < ROSTER_OPERATORS_MAX; i++)
		if (roster->members[i].kind == ROSTER_OPERATOR && (roster->members[i].rights & RIGHT_ADMIN) && roster->members[i].has_open)
			ret[n++] = &roster->members[i];
	return n;
}
