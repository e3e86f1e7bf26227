#include "seal/pinned.h"

#include "base/auto.h"
#include "seal/roster_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PIN_TEXT >= ROSTER_CLUSTER_TEXT + SEAL_KEY_TEXT, "a pin fits");

void pinned_pin_text(const struct pin *pin, char to[PIN_TEXT])
{
	char cluster[ROSTER_CLUSTER_TEXT], sign[SEAL_KEY_TEXT];

	roster_cluster_text(pin->cluster, cluster);
	seal_key_text(pin->sign, sign);
	snprintf(to, PIN_TEXT, "%s %s", cluster, sign);
}

int pinned_pin_read(const char *text, struct pin *ret, hst_error *err)
{
	char cluster[ROSTER_CLUSTER_TEXT] = "";
	size_t length = strcspn(text, " ");
	struct pin pin;
	int code;

	if (length >= sizeof cluster || text[length] != ' ')
		return hst_fail(err, HST_INVALID, "a pin reads \"CLUSTER SIGN\"");
	memcpy(cluster, text, length);
	code = roster_cluster_read(cluster, pin.cluster, err);
	if (code == HST_OK)
		code = seal_key_read(text + length + 1, pin.sign, err);
	if (code == HST_OK)
		*ret = pin;
	return code;
}

int pinned_begin(struct pinned *pinned, const char *roster, const char *pin, hst_error *err)
{
	int code = HST_OK;

	*pinned = (struct pinned){.roster = NULL};
	if (roster)
		code = roster_read(roster, strlen(roster), "the roster", &pinned->roster, err);
	if (code == HST_OK && pin)
		code = pinned_pin_read(pin, &pinned->pin, err);
	if (code != HST_OK)
		pinned_clear(pinned);
	else
		pinned->has_pin = pin != NULL;
	return code;
}

void pinned_clear(struct pinned *pinned)
{
	roster_free(pinned->roster);
	*pinned = (struct pinned){.roster = NULL};
}

/* The first one after an invitation. */
static int verify_pin(const struct pin *pin, const struct roster *roster, hst_error *err)
{
	const struct roster_member *signer = roster->signer ? roster_member(roster, roster->signer) : NULL;

	if (memcmp(pin->cluster, roster->cluster, ROSTER_CLUSTER_BYTES) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterCluster", "the roster is of another cluster than the invitation");
	if (!signer || !signer->has_sign || memcmp(signer->sign, pin->sign, SEAL_KEY_BYTES) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterSigner",
		                   "the roster is signed by %s, and not with the key of whoever has invited this machine: invite it again",
		                   roster->signer ? roster->signer : "nobody");
	return roster_verify_first(roster, err);
}

static int verify(const struct pinned *pinned, const struct roster *roster, hst_error *err)
{
	if (pinned->roster)
		return roster_verify_next(pinned->roster, roster, err);
	if (pinned->has_pin)
		return verify_pin(&pinned->pin, roster, err);
	return hst_fail_as(err, HST_DENIED, "RosterUnknown",
	                   "nothing says which roster to believe here: it comes with an invitation, or the host's own state_dir/roster is "
	                   "carried here by hand");
}

static bool is_same(const struct roster *roster, const char *bytes, size_t length)
{
	AUTO_FREE char *text = roster ? roster_write(roster) : NULL;

	return text && strlen(text) == length && memcmp(text, bytes, length) == 0;
}

int pinned_take(struct pinned *pinned, const char *bytes, size_t length, bool *ret_changed, hst_error *err)
{
	struct roster *roster = NULL;
	int code;

	*ret_changed = false;
	if (is_same(pinned->roster, bytes, length))
		return HST_OK;
	code = roster_read(bytes, length, "the roster", &roster, err);
	if (code == HST_OK)
		code = verify(pinned, roster, err);
	if (code != HST_OK) {
		roster_free(roster);
		return code;
	}
	roster_free(pinned->roster);
	pinned->roster = roster;
	*ret_changed = true;
	return HST_OK;
}
