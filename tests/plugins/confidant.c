/* A connector that keeps what it is told for as long as a test wants, writes it down, says it aloud, or dies of it. */
#include <hostler/connector.h>
#include <hostler/secret.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct confidant_config {
	hst_secret *password;
};

static const hst_field confidant_options[] = {
	HST_FIELD(struct confidant_config, password, .doc = "what it signs in with"),
};

static int confidant_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)config;
	return HST_OK;
}

struct told {
	hst_secret *pin;
	const char *file, *gate;
};

static const hst_field told_fields[] = {
	HST_FIELD(struct told, pin, .required = true, .doc = "a secret"),
	HST_FIELD(struct told, file, .doc = "where it is to be written"),
	HST_FIELD(struct told, gate, .doc = "a file: the secret is kept until it is there"),
};

static void wait_for(hst_call *call, const char *gate)
{
	const struct timespec moment = {.tv_nsec = 10000000};

	while (gate && access(gate, F_OK) != 0 && !hst_cancelled(call))
		nanosleep(&moment, NULL);
}

static int put(hst_call *call, FILE *file, const hst_secret *secret)
{
	size_t length;
	const char *bytes = hst_secret_bytes(call, secret, &length);

	return fwrite(bytes, 1, length, file) == length && fputc('\n', file) == '\n' ? 0 : -1;
}

static int use(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
               hst_error *err)
{
	const struct confidant_config *config = state;
	const struct told *told = input;
	FILE *file;

	(void)values, (void)output, (void)ret_values;
	wait_for(call, told->gate);
	file = told->file ? fopen(told->file, "w") : NULL;
	if (!file)
		return hst_fail(err, HST_INVALID, "there is no file to write it into");
	setvbuf(file, NULL, _IONBF, 0);
	if (put(call, file, told->pin) < 0 || (config->password && put(call, file, config->password) < 0))
		hst_log(call->host, HST_ERROR, "it could not be written");
	fclose(file);
	return HST_OK;
}

static int say(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
               hst_error *err)
{
	const struct confidant_config *config = state;
	const struct told *told = input;
	size_t length;
	const char *pin = hst_secret_bytes(call, told->pin, &length);

	(void)values, (void)output, (void)ret_values;
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("it is %s\n", pin);
	fprintf(stderr, "it is %s, again: %s\n", pin, pin);
	hst_log(call->host, HST_WARNING, "it is %s", pin);
	if (config->password)
		hst_log(call->host, HST_WARNING, "besides %s", (const char *)hst_secret_bytes(call, config->password, &length));
	return hst_fail(err, HST_DENIED, "nobody believes that it is %s", pin);
}

static int die(void *state, hst_call *call, const void *input, const hst_value *values, void *output, const hst_value **ret_values,
               hst_error *err)
{
	const struct told *told = input;
	size_t length;

	(void)state, (void)values, (void)output, (void)ret_values, (void)err;
	wait_for(call, told->gate);
	fprintf(stderr, "the last word is %s\n", (const char *)hst_secret_bytes(call, told->pin, &length));
	abort();
}

static const hst_action actions[] = {
	{.name = "use", .summary = "writes it down", .inputs = HST_FIELDS(told_fields), .input_size = sizeof(struct told), .run = use},
	{.name = "say", .summary = "says it aloud", .inputs = HST_FIELDS(told_fields), .input_size = sizeof(struct told), .run = say},
	{.name = "die", .summary = "dies of it", .inputs = HST_FIELDS(told_fields), .input_size = sizeof(struct told), .run = die},
};

HST_PLUGIN(confidant) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "confidant",
	.version = "1.0",
	.summary = "Is told secrets",
	.options = HST_FIELDS(confidant_options),
	.config_size = sizeof(struct confidant_config),
	.actions = actions,
	.action_count = sizeof actions / sizeof actions[0],
	.open = confidant_open,
};
