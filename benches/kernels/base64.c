/* Base64 of 128 KiB, there and back. It stands for cookies, tokens and basic authentication: shifts and masks on three bytes at a time
 * and table look-ups, with a check of every character on the way back. Loads and stores of bytes dominate. */
#include "kernels.h"

enum { PLAIN = 128 * 1024, CODED = (PLAIN + 2) / 3 * 4 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t plain[PLAIN], coded[CODED], decoded[PLAIN + 2];
static uint8_t values[256];
static int ready;

static uint32_t base64_encode(uint8_t *to, const uint8_t *from, uint32_t size)
{
    uint8_t *start = to;
    uint32_t at = 0;
    for (; at + 3 <= size; at += 3, to += 4) {
        uint32_t v = (uint32_t)from[at] << 16 | (uint32_t)from[at + 1] << 8 | from[at + 2];
        to[0] = (uint8_t)alphabet[v >> 18];
        to[1] = (uint8_t)alphabet[v >> 12 & 63];
        to[2] = (uint8_t)alphabet[v >> 6 & 63];
        to[3] = (uint8_t)alphabet[v & 63];
    }
    if (at < size) {
        uint32_t v = (uint32_t)from[at] << 16 | (at + 1 < size ? (uint32_t)from[at + 1] << 8 : 0);
        to[0] = (uint8_t)alphabet[v >> 18];
        to[1] = (uint8_t)alphabet[v >> 12 & 63];
        to[2] = at + 1 < size ? (uint8_t)alphabet[v >> 6 & 63] : '=';
        to[3] = '=';
        to += 4;
    }
    return (uint32_t)(to - start);
}

/* Gives the number of bytes, or 0 for a character outside the alphabet. */
static uint32_t base64_decode(uint8_t *to, const uint8_t *from, uint32_t size)
{
    uint8_t *start = to;
    uint32_t padding = 0;
    if (size < 4 || size % 4) return 0;
    if (from[size - 1] == '=') padding = from[size - 2] == '=' ? 2 : 1;
    for (uint32_t at = 0; at < size; at += 4, to += 3) {
        uint32_t a = values[from[at]], b = values[from[at + 1]], c = values[from[at + 2]], d = values[from[at + 3]];
        if ((a | b | c | d) & 0x80) {
            if (at + 4 < size || !padding) return 0;
            if (d & 0x80) d = 0;
            if (padding == 2 && c & 0x80) c = 0;
            if ((a | b | c | d) & 0x80) return 0;
        }
        uint32_t v = a << 18 | b << 12 | c << 6 | d;
        to[0] = (uint8_t)(v >> 16);
        to[1] = (uint8_t)(v >> 8);
        to[2] = (uint8_t)v;
    }
    return (uint32_t)(to - start) - padding;
}

static void base64_prepare(void)
{
    uint32_t random = 0x5EED0003;
    for (unsigned i = 0; i < PLAIN; i++) plain[i] = (uint8_t)next_random(&random);
    __builtin_memset(values, 0xFF, sizeof values);
    for (unsigned i = 0; i < 64; i++) values[(uint8_t)alphabet[i]] = (uint8_t)i;
    ready = 1;
}

KERNEL(base64)
{
    uint32_t h = 0;
    if (!ready) base64_prepare();
    for (uint32_t round = 0; round < n; round++) {
        plain[0] = (uint8_t)round;
        uint32_t size = PLAIN - round % 3;
        uint32_t length = base64_encode(coded, plain, size);
        uint32_t back = base64_decode(decoded, coded, length);
        h = mix(mix(h, length), back);
        for (uint32_t i = 0; i < back; i += 2) h += (uint32_t)decoded[i] ^ (uint32_t)coded[i] << 8;
        if (back != size || decoded[size - 1] != plain[size - 1]) return ~h;
    }
    return h;
}
