/* What all kernels share. A kernel is one C file with one exported function, `uint32_t k_NAME(uint32_t n)`: it does `n` rounds of
 * work and returns a checksum of all of them. The same `n` gives the same checksum on every call and in every engine, so inputs come
 * from a fixed generator and no address enters a checksum. Input that is too large to rebuild in each round is built at the first
 * call. No libc: only the compiler's own headers and `__builtin_mem*`. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define KERNEL(name)                                                              \
    __attribute__((visibility("default"))) uint32_t k_##name(uint32_t n);         \
    __attribute__((visibility("default"))) uint32_t k_##name(uint32_t n)

#define NOINLINE __attribute__((noinline))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline uint32_t rotl32(uint32_t x, unsigned k) { return (x << k) | (x >> (32 - k)); }
static inline uint32_t rotr32(uint32_t x, unsigned k) { return (x >> k) | (x << (32 - k)); }

/* Adds one word to a checksum. The order of the words matters. */
static inline uint32_t mix(uint32_t h, uint32_t v) { return (rotl32(h, 5) ^ v) * 0x9E3779B1u; }

/* The bits of a double as one word. */
static inline uint32_t fold_f64(double x)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return (uint32_t)bits ^ (uint32_t)(bits >> 32);
}

/* Xorshift32. The state must not be zero. */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* A number below `limit`; `limit` is at most 2^16. */
static inline uint32_t below(uint32_t *state, uint32_t limit) { return ((next_random(state) >> 16) * limit) >> 16; }

/* Text generation: both write at `p` and give the place after it. */
static inline uint8_t *put(uint8_t *p, const char *s)
{
    while (*s) *p++ = (uint8_t)*s++;
    return p;
}

static inline uint8_t *put_number(uint8_t *p, uint32_t v)
{
    uint8_t digits[10];
    uint32_t count = 0;
    do digits[count++] = (uint8_t)('0' + v % 10);
    while (v /= 10);
    while (count) *p++ = digits[--count];
    return p;
}

#endif
