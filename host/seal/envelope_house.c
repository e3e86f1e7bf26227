#include "seal/envelope_house.h"

#include <string.h>

_Static_assert((int)ROSTER_CLUSTER_BYTES == (int)ENVELOPE_CLUSTER_BYTES, "one cluster");

static enum envelope_signer signer(const void *arg, const char *name, uint8_t ret_sign[SEAL_KEY_BYTES], unsigned *ret_rights)
{
	const struct roster *roster = arg;
	const struct roster_member *member = roster_member(roster, name);

	if (member && member->has_sign) {
		memcpy(ret_sign, member->sign, SEAL_KEY_BYTES);
		*ret_rights = member->kind == ROSTER_OPERATOR ? member->rights : 0;
		return ENVELOPE_SIGNER_KNOWN;
	}
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_REVOKED && strcmp(roster->members[i].name, name) == 0)
			return ENVELOPE_SIGNER_REVOKED;
	return ENVELOPE_SIGNER_UNKNOWN;
}

void envelope_house_init(struct envelope_house *ret, const struct roster *roster)
{
	*ret = (struct envelope_house){.epoch = roster->epoch, .least = roster->least, .signer = signer, .arg = roster};
	memcpy(ret->cluster, roster->cluster, sizeof ret->cluster);
}
