/* A connector that has a secret, takes secrets, gives secrets, and says more than it should. */
#include <hostler/connector.h>
#include <hostler/secret.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct secretive_config {
	hst_secret *password;
};

static const hst_field secretive_options[] = {
	HST_FIELD(struct secretive_config, password, .doc = "what it signs in with"),
};

static int secretive_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)config;
	return HST_OK;
}

struct given {
	hst_secret *pin;
	const char *note;
};

static const hst_field given_fields[] = {
	HST_FIELD(struct given, pin, .doc = "a secret"),
	HST_FIELD(struct given, note, .doc = "a text"),
};

struct result {
	hst_secret *password, *pin;
	const char *note;
	int64_t length;
};

static const hst_field result_fields[] = {
	HST_FIELD(struct result, password, .doc = "the option"),
	HST_FIELD(struct result, pin, .doc = "what was given"),
	HST_FIELD(struct result, note, .derived = true, .doc = "what was given"),
	HST_FIELD(struct result, length, .doc = "bytes of what was given"),
};

static int give(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
                hst_error *err)
{
	const struct secretive_config *config = state;
	const struct given *given = input;
	struct result *result = output;
	size_t length = 0;

	(void)values, (void)ret_values, (void)err;
	result->password = config->password;
	result->note = given->note;
	if (given->pin) {
		const void *bytes = hst_secret_bytes(call, given->pin, &length);

		result->pin = hst_make_secret(call, bytes, length);
	}
	result->length = (int64_t)length;
	return HST_OK;
}

/* One secret in two writes, so that no single look at what comes through sees all of it. */
static void print_in_pieces(const char *secret)
{
	size_t half = strlen(secret) / 2;

	fprintf(stderr, "printed %s and once more ", secret);
	fflush(stderr);
	(void)!write(2, secret, half);
	(void)!write(2, secret + half, strlen(secret) - half);
	(void)!write(2, "\n", 1);
}

static int leak(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
                hst_error *err)
{
	const struct secretive_config *config = state;
	const struct given *given = input;
	size_t length = 0;
	const char *pin = given->pin ? hst_secret_bytes(call, given->pin, &length) : "";

	(void)values, (void)output, (void)ret_values;
	if (config->password)
		hst_log(call->host, HST_INFO, "signing in with %s", (const char *)hst_secret_bytes(call, config->password, &length));
	hst_log(call->host, HST_WARNING, "the pin is %s", pin);
	if (*pin)
		print_in_pieces(pin);
	return hst_fail(err, HST_DENIED, "%s was not accepted as a pin", pin);
}

static const hst_action actions[] = {
	{.name = "give", .summary = "gives back what it has", .inputs = HST_FIELDS(given_fields), .input_size = sizeof(struct given),
	 .outputs = HST_FIELDS(result_fields), .output_size = sizeof(struct result), .run = give},
	{.name = "leak", .summary = "says all that it has", .inputs = HST_FIELDS(given_fields), .input_size = sizeof(struct given),
	 .run = leak},
};

HST_PLUGIN(secretive) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "secretive",
	.version = "1.0",
	.summary = "Has secrets, and talks",
	.options = HST_FIELDS(secretive_options),
	.config_size = sizeof(struct secretive_config),
	.actions = actions,
	.action_count = sizeof actions / sizeof actions[0],
	.open = secretive_open,
};
