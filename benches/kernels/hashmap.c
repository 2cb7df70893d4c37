/* A hash map with string keys, open addressing and linear probing. It stands for header maps, routing tables and caches: a hash over
 * short keys, a probe, a comparison of bytes. A round fills the map with 2000 keys, looks up 6000, of which half are absent, and
 * counts what it finds. */
#include "kernels.h"

enum { KEYS = 4000, INSERTED = 2000, LOOKUPS = 6000, SLOTS = 4096, LONGEST = 24 };

struct key {
    uint8_t length;
    uint8_t bytes[LONGEST];
};

struct slot {
    const struct key *key;
    uint32_t hash;
    uint32_t value;
};

static struct key keys[KEYS];
static struct slot slots[SLOTS];
static int ready;

static uint32_t hash_of(const struct key *key)
{
    uint32_t h = 0x811C9DC5;
    for (uint32_t i = 0; i < key->length; i++) h = (h ^ key->bytes[i]) * 0x01000193;
    return h ^ h >> 15;
}

static int same(const struct key *a, const struct key *b)
{
    if (a->length != b->length) return 0;
    for (uint32_t i = 0; i < a->length; i++)
        if (a->bytes[i] != b->bytes[i]) return 0;
    return 1;
}

/* The slot that holds the key, or the free one where it belongs. The map is never full. */
static struct slot *find(const struct key *key, uint32_t hash)
{
    for (uint32_t at = hash;; at++) {
        struct slot *slot = &slots[at % SLOTS];
        if (!slot->key || (slot->hash == hash && same(slot->key, key))) return slot;
    }
}

/* Keys look like header names: a common beginning, then letters. The last three letters count, so that no key is there twice. */
static void hashmap_prepare(void)
{
    uint32_t random = 0x5EED0006;
    for (uint32_t k = 0; k < KEYS; k++) {
        uint32_t length = 6 + below(&random, LONGEST - 5);
        keys[k].length = (uint8_t)length;
        for (uint32_t i = 0; i < length; i++) keys[k].bytes[i] = i < 2 ? "x-"[i] : (uint8_t)('a' + below(&random, 26));
        for (uint32_t i = 0, v = k; i < 3; i++, v /= 26) keys[k].bytes[length - 1 - i] = (uint8_t)('a' + v % 26);
    }
    ready = 1;
}

KERNEL(hashmap)
{
    uint32_t h = 0;
    if (!ready) hashmap_prepare();
    for (uint32_t round = 0; round < n; round++) {
        uint32_t random = 0x5EED0106 + round, found = 0;
        __builtin_memset(slots, 0, sizeof slots);
        for (uint32_t i = 0; i < INSERTED; i++) {
            const struct key *key = &keys[(i * 2 + round) % KEYS];
            uint32_t hash = hash_of(key);
            struct slot *slot = find(key, hash);
            slot->key = key;
            slot->hash = hash;
            slot->value += i + round;
        }
        for (uint32_t i = 0; i < LOOKUPS; i++) {
            const struct key *key = &keys[below(&random, KEYS)];
            struct slot *slot = find(key, hash_of(key));
            if (slot->key) found++, h = mix(h, slot->value++);
        }
        h = mix(h, found);
    }
    return h;
}
