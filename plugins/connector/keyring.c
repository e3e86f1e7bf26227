/*
 * A keyring: named secrets, of which a flow gets the one whose name it has from its data.
 *
 *	[connector keyring]
 *	plugin             = keyring
 *	secret.ledger-east = secret:ledger-east
 *	secret.ledger-west = secret:ledger-west
 */
#include <hostler/connector.h>
#include <hostler/secret.h>
#include <hostler/value.h>

#include <string.h>

struct keyring_config {
	const hst_value *secrets;
};

static const hst_field keyring_options[] = {
	HST_FIELD(struct keyring_config, secrets, .name = "secret.*", .as = HST_TYPE_SECRET,
		  .doc = "a secret of this name: secret.NAME = secret:NAME"),
};

struct keyring_get {
	const char *name;
};

static const hst_field keyring_get_inputs[] = {
	HST_FIELD(struct keyring_get, name, .required = true, .min = 1, .max = 100, .doc = "which one; may come from data"),
};

struct keyring_got {
	hst_secret *value;
};

static const hst_field keyring_get_outputs[] = {
	HST_FIELD(struct keyring_got, value, .required = true, .doc = "the secret"),
};

static int keyring_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)(uintptr_t)config;
	return HST_OK;
}

/* Which others there are is nobody's business who does not know their names. */
static int keyring_run_get(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
			   const hst_value **ret_values, hst_error *err)
{
	const struct keyring_config *config = state;
	const struct keyring_get *get = input;
	const hst_value *secret = hst_get(call, config->secrets, get->name);
	struct keyring_got *got = output;

	(void)values, (void)ret_values;
	if (!secret)
		return hst_fail(err, HST_NOT_FOUND, "the keyring has no secret of that name; secret.NAME = secret:NAME in its section adds one");
	got->value = hst_make_secret(call, hst_text(call, secret), hst_length(call, secret));
	return got->value ? HST_OK : hst_fail(err, HST_DENIED, "no memory can be locked for a secret");
}

static const hst_action keyring_actions[] = {
	{
		.name = "get",
		.summary = "Gives the secret of a name",
		.flags = HST_IDEMPOTENT,
		.inputs = HST_FIELDS(keyring_get_inputs),
		.input_size = sizeof(struct keyring_get),
		.outputs = HST_FIELDS(keyring_get_outputs),
		.output_size = sizeof(struct keyring_got),
		.run = keyring_run_get,
	},
};

HST_PLUGIN(keyring) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "keyring",
	.version = "1.0",
	.summary = "Gives named secrets to flows that learn the name from data",
	.options = HST_FIELDS(keyring_options),
	.config_size = sizeof(struct keyring_config),
	.actions = keyring_actions,
	.action_count = sizeof keyring_actions / sizeof keyring_actions[0],
	.open = keyring_open,
	.about = "Where a flow knows the name of a secret when it is written, `input.password = secret:ledger` is all that is\n"
		 "needed. This is for flows that learn it from what they work on: `input.name = ledger-${find.row.region}`.\n"
		 "`hostler seal NAME` seals each to this connector, whose worker alone can open it; what `get` gives goes on\n"
		 "sealed to the step that uses it. A name in a section has small letters, digits and `_`, `-` or `.`.",
};
