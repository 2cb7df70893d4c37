/* A decompressor of the LZ77 kind, to 192 KiB of output. It stands for reading compressed bodies: tokens of a byte, runs of literals,
 * and copies from what is already written, often short and often overlapping. The compressed text is generated token by token, so no
 * compressor is needed. All limits are checked, as they must be for input from a network. */
#include "kernels.h"

enum { OUTPUT = 192 * 1024, INPUT = 256 * 1024, SHORTEST = 4 };

static uint8_t input[INPUT], output[OUTPUT];
static uint32_t input_size;

/* The upper half of a token is the number of literals and the lower one the length of the copy less SHORTEST; 15 means that more
 * follows in bytes, up to one that is not 255. The distance is in two bytes. */
static uint8_t *put_more(uint8_t *p, uint32_t v)
{
    if (v < 15) return p;
    for (v -= 15; v >= 255; v -= 255) *p++ = 255;
    *p++ = (uint8_t)v;
    return p;
}

static void lz_prepare(void)
{
    uint32_t random = 0x5EED000E, written = 0;
    uint8_t *p = input;
    while (written + 600 < OUTPUT) {
        uint32_t literals = written ? below(&random, 1u << below(&random, 6)) : 8, copied = below(&random, 1u << below(&random, 9));
        *p++ = (uint8_t)((literals < 15 ? literals : 15) << 4 | (copied < 15 ? copied : 15));
        p = put_more(p, literals);
        for (uint32_t i = 0; i < literals; i++) *p++ = (uint8_t)('a' + below(&random, 26));
        written += literals;
        uint32_t farthest = written < 65535 ? written : 65535, distance = 1 + below(&random, 1u << below(&random, 16));
        if (distance > farthest) distance = farthest;
        *p++ = (uint8_t)distance;
        *p++ = (uint8_t)(distance >> 8);
        p = put_more(p, copied);
        written += copied + SHORTEST;
    }
    input_size = (uint32_t)(p - input);
}

/* Gives the size of the output, or 0 for bad input. */
static uint32_t lz_decompress(uint8_t *to, uint32_t limit, const uint8_t *from, uint32_t size)
{
    uint32_t at = 0, out = 0;
    while (at < size) {
        uint32_t token = from[at++], literals = token >> 4, copied = token & 15, more;
        if (literals == 15)
            do {
                if (at >= size) return 0;
                literals += more = from[at++];
            } while (more == 255);
        if (size - at < 2 || literals > size - at - 2 || literals > limit - out) return 0;
        for (uint32_t i = 0; i < literals; i++) to[out + i] = from[at + i];
        out += literals;
        at += literals;
        uint32_t distance = from[at] | (uint32_t)from[at + 1] << 8;
        at += 2;
        if (copied == 15)
            do {
                if (at >= size) return 0;
                copied += more = from[at++];
            } while (more == 255);
        copied += SHORTEST;
        if (!distance || distance > out || copied > limit - out) return 0;
        for (uint32_t i = 0; i < copied; i++, out++) to[out] = to[out - distance];
    }
    return out;
}

KERNEL(lz)
{
    uint32_t h = 0;
    if (!input_size) lz_prepare();
    for (uint32_t round = 0; round < n; round++) {
        input[1] = (uint8_t)round; /* the first literal */
        uint32_t size = lz_decompress(output, OUTPUT, input, input_size);
        h = mix(h, size);
        for (uint32_t i = 0; i + 4 <= size; i += 4) {
            uint32_t word;
            __builtin_memcpy(&word, output + i, 4);
            h += word ^ i;
        }
    }
    return h;
}
