#include "wire/peers.h"

#include "base/mem.h"

void peers_init(struct peers *peers, const struct key_ring *ring)
{
	char key[KEY_TEXT];

	table_init(&peers->by_key);
	for (size_t i = 0; i < ring->peer_count; i++) {
		struct peer *peer = mem_alloc(sizeof *peer);

		peer->name = mem_text(ring->peers[i].name);
		peer->speaker = (enum speaker)message_speaker(peer->name);
		peer->rights = ring->peers[i].rights;
		peer->standing = ring->peers[i].standing;
		peer->until_us = ring->peers[i].at_us;
		keys_text(ring->peers[i].public_key, key);
		table_set(&peers->by_key, key, peer);
	}
}

void peers_clear(struct peers *peers)
{
	TABLE_EACH (&peers->by_key, entry) {
		struct peer *peer = entry->value;

		free(peer->name);
		free(peer);
	}
	table_clear(&peers->by_key);
}

const struct peer *peers_find(const struct peers *peers, const char *key_text)
{
	return key_text ? table_get(&peers->by_key, key_text) : NULL;
}
