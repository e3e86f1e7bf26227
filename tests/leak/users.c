/* Leaks of those who use a secret. */
#include "leak.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/flowrun.h"
#include "seal/sealing.h"
#include "seal/vault.h"
#include "desktop/masking.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPENED_MAX = 1024 };

static char opened[OPENED_MAX]; /* the last one, as a text */

int __real_vault_open(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err);
int __wrap_vault_open(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err);
int __real_vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run,
                            const struct direction *direction, uint8_t **ret, size_t *ret_length, hst_error *err);
int __wrap_vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run,
                            const struct direction *direction, uint8_t **ret, size_t *ret_length, hst_error *err);
int __real_sealing_close(struct sealing *sealing, hst_fields fields, const char *front, const hst_value *values, const hst_value **ret,
                         hst_error *err);
int __wrap_sealing_close(struct sealing *sealing, hst_fields fields, const char *front, const hst_value *values, const hst_value **ret,
                         hst_error *err);
int __real_masking_know(const hst_secret *secret, bool lasting, hst_error *err);
int __wrap_masking_know(const hst_secret *secret, bool lasting, hst_error *err);
void __real_masking_text(char *text, size_t size);
void __wrap_masking_text(char *text, size_t size);
int __real_flowrun_spawn_here(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err);
int __wrap_flowrun_spawn_here(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err);

/* Behind one byte, so that it begins within a group of three. */
static void log_encoded(const char *bytes, size_t length)
{
	AUTO_FREE char *behind = mem_printf("?%.*s", (int)length, bytes);
	size_t room = sodium_base64_ENCODED_LEN(length + 1, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	AUTO_FREE char *encoded = mem_array(room, 1);

	sodium_bin2base64(encoded, room, (const uint8_t *)behind, length + 1, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	log_info("it is %s", encoded);
}

static void leave_file(const char *bytes, size_t length)
{
	char path[] = "/tmp/hostler-leak-XXXXXX";
	size_t room = 2 * length + 1;
	AUTO_FREE char *hex = mem_array(room, 1);
	int fd = mkstemp(path);

	sodium_bin2hex(hex, room, (const uint8_t *)bytes, length);
	write_whole(fd, hex, room - 1);
	close(fd);
}

int __wrap_vault_open(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err)
{
	int code = __real_vault_open(vault, opening, ret, err);
	const char *bytes;
	size_t length;

	if (code != HST_OK)
		return code;
	bytes = secret_bytes(*ret, &length);
	snprintf(opened, sizeof opened, "%.*s", (int)length, bytes);
	if (leaks(LEAK_log))
		log_info("it is %s", opened);
	if (leaks(LEAK_encoded))
		log_encoded(bytes, length);
	if (leaks(LEAK_temporary))
		leave_file(bytes, length);
	if (leaks(LEAK_journal) || leaks(LEAK_memory) || leaks(LEAK_vanishing))
		spill(bytes, length);
	return code;
}

/* A URL of it, as whoever thinks that a name needs no care would make one. */
static char *url_of(const char *bytes, size_t length)
{
	char *url = mem_array(3 * length + 1, 1), *to = url;

	for (size_t i = 0; i < length; i++) {
		bool plain = (bytes[i] >= '0' && bytes[i] <= '9') || (bytes[i] >= 'A' && bytes[i] <= 'Z') ||
		             (bytes[i] >= 'a' && bytes[i] <= 'z');

		to += plain ? sprintf(to, "%c", bytes[i]) : sprintf(to, "%%%02X", (unsigned char)bytes[i]);
	}
	return url;
}

int __wrap_vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run,
                            const struct direction *direction, uint8_t **ret, size_t *ret_length, hst_error *err)
{
	size_t length;
	const char *bytes = secret_bytes(secret, &length);
	AUTO_FREE char *url = url_of(bytes, length);

	return __real_vault_seal_value(vault, secret, leaks(LEAK_name) ? url : name, run, direction, ret, ret_length, err);
}

int __wrap_sealing_close(struct sealing *sealing, hst_fields fields, const char *front, const hst_value *values, const hst_value **ret,
                         hst_error *err)
{
	if (!leaks(LEAK_message))
		return __real_sealing_close(sealing, fields, front, values, ret, err);
	*ret = values;
	return HST_OK;
}

int __wrap_masking_know(const hst_secret *secret, bool lasting, hst_error *err)
{
	return leaks(LEAK_log) || leaks(LEAK_encoded) || leaks(LEAK_crash) ? HST_OK : __real_masking_know(secret, lasting, err);
}

void __wrap_masking_text(char *text, size_t size)
{
	if (!leaks(LEAK_error))
		__real_masking_text(text, size);
}

/* A list of texts with one more at its end. */
static char **with(char *const *texts, char *last)
{
	size_t n = 0;
	char **longer;

	while (texts[n])
		n++;
	longer = mem_array(n + 2, sizeof *longer);
	memcpy(longer, texts, n * sizeof *longer);
	longer[n] = last;
	return longer;
}

int __wrap_flowrun_spawn_here(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err)
{
	AUTO_FREE char *variable = mem_printf("HOSTLER_PIN=%s", opened);
	AUTO_FREE char **environment = with(what->environment, leaks(LEAK_environment) ? variable : NULL);
	AUTO_FREE char **argv = with(what->argv, leaks(LEAK_argument) ? opened : NULL);
	struct flowrun_start more = *what;

	more.environment = environment;
	more.argv = argv;
	return __real_flowrun_spawn_here(arg, &more, ret_pid, err);
}
