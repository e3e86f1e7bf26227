#include "wire/messages.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct message_row messages[WORD_COUNT] = {
#define M(word_, sender_, right_, reply_, head_, payload_) \
	[WORD_##word_] = {                                 \
		.word = #word_,                            \
		.reply = reply_,                           \
		.head = head_,                             \
		.payload = payload_,                       \
		.sender = sender_,                         \
		.right = right_,                           \
	},
	MESSAGES(M)
#undef M
};

/* Words by hash, open addressing; a power of two with room for three times the list. */
enum { INDEX_SIZE = 256 };
static unsigned char messages_index[INDEX_SIZE];
_Static_assert(WORD_COUNT < INDEX_SIZE / 3, "enlarge the index of words");

static size_t messages_hash(const char *word, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)word[i]) * 16777619u;
	return (hash ^ hash >> 16) & (INDEX_SIZE - 1);
}

__attribute__((noreturn)) static void messages_wrong(const struct message_row *row, const char *what)
{
	fprintf(stderr, "the row of %s in wire/messages.h is wrong: %s\n", row->word, what);
	abort();
}

/* "name:t?" between blanks. Bytes of JSON: a member takes its name, two quotes, a colon and a comma; then its
 * value. */
static void messages_take_apart(struct message_row *row)
{
	size_t fixed = 2;

	for (const char *at = row->head; *at; at += *at == ' ') {
		size_t name = strcspn(at, ":");
		struct message_member *member = &row->members[row->member_count];

		if (row->member_count == HEAD_MEMBERS_MAX)
			messages_wrong(row, "too many members");
		if (name == 0 || name >= sizeof member->name || at[name] != ':')
			messages_wrong(row, "a member is no \"name:type\"");
		memcpy(member->name, at, name);
		member->length = (unsigned char)name;
		at += name + 1;
		member->type = *at;
		if (!*at || !strchr("tib", *at++))
			messages_wrong(row, "a type is not t, i or b");
		member->optional = *at == '?';
		at += member->optional;
		if (*at && *at != ' ')
			messages_wrong(row, "members are separated by one blank");
		fixed += name + 4 + (member->type == 't' ? 2 : member->type == 'i' ? 20 : 5);
		row->member_count++;
	}
	if (fixed > HEAD_BYTES_MAX)
		messages_wrong(row, "its members do not fit into a head");
	row->text_max = HEAD_BYTES_MAX - fixed;
	if (strstr(row->payload, "sealed items"))
		row->sealed_max = SEALED_BYTES_MAX;
	if (row->payload[0] && strcmp(row->payload, "sealed items") != 0)
		row->payload_max = strcmp(row->payload, "bytes: up to 256 KiB") == 0 ? PART_BYTES_MAX
										     : PAYLOAD_BYTES_MAX;
}

/* Before main, so that the rows are constants for every thread. */
__attribute__((constructor)) static void messages_prepare(void)
{
	for (size_t word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		size_t slot = messages_hash(messages[word].word, strlen(messages[word].word));

		messages_take_apart(&messages[word]);
		while (messages_index[slot])
			slot = (slot + 1) & (INDEX_SIZE - 1);
		messages_index[slot] = (unsigned char)word;
	}
}

const struct message_row *message_row(enum word word)
{
	return word > WORD_NONE && word < WORD_COUNT ? &messages[word] : NULL;
}

enum word message_word(const char *word, size_t length)
{
	for (size_t slot = messages_hash(word, length);; slot = (slot + 1) & (INDEX_SIZE - 1)) {
		const char *known;

		if (!messages_index[slot])
			return WORD_NONE;
		known = messages[messages_index[slot]].word;
		if (strlen(known) == length && memcmp(known, word, length) == 0)
			return (enum word)messages_index[slot];
	}
}

unsigned message_speaker(const char *peer)
{
	static const struct {
		const char *first;
		unsigned speaker;
	} speakers[] = {
		{"operator/", SPEAKER_CLIENT},
		{"worker/", SPEAKER_WORKER},
		{"gateway/", SPEAKER_GATEWAY},
	};

	for (size_t i = 0; i < sizeof speakers / sizeof *speakers; i++) {
		size_t length = strlen(speakers[i].first);

		if (strncmp(peer, speakers[i].first, length) == 0 && peer[length])
			return speakers[i].speaker;
	}
	return 0;
}
