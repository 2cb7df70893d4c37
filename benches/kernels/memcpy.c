/* Copies, moves and fills of 1 byte to 4 KiB between places in 256 KiB. They stand for buffers that are assembled, shifted and
 * cleared, which is much of what a proxy filter does. Sizes are known only at run time, so a Wasm module uses `memory.copy` and
 * `memory.fill` and native code calls libc. Short sizes are the more frequent ones. */
#include "kernels.h"

enum { HALF = 128 * 1024, LARGEST = 4096, PATTERN = 8192, OPERATIONS = 6000 };

static uint8_t buffer[2 * HALF], pattern[PATTERN];
static int ready;

/* From 1 to 2^k for a random k up to 12. */
static uint32_t size_of(uint32_t *random)
{
    uint32_t k = below(random, 13);
    return 1 + below(random, 1u << k);
}

static void memcpy_prepare(void)
{
    uint32_t random = 0x5EED000B;
    for (uint32_t i = 0; i < PATTERN; i++) pattern[i] = (uint8_t)next_random(&random);
    ready = 1;
}

KERNEL(memcpy)
{
    uint32_t h = 0;
    if (!ready) memcpy_prepare();
    for (uint32_t round = 0; round < n; round++) {
        uint32_t random = 0x5EED010B + round;
        for (uint32_t i = 0; i < sizeof buffer; i += PATTERN) __builtin_memcpy(buffer + i, pattern, PATTERN);
        for (uint32_t i = 0; i < OPERATIONS; i++) {
            /* One place in each half, with room after it, so that a copy from one half to the other never overlaps. */
            uint8_t *low = buffer + next_random(&random) % (HALF - 2 * LARGEST);
            uint8_t *high = buffer + HALF + next_random(&random) % (HALF - 2 * LARGEST);
            uint32_t size = size_of(&random);
            switch (next_random(&random) >> 29) {
            case 0: case 1: case 2: __builtin_memcpy(high, low, size); break;
            case 3: case 4: __builtin_memcpy(low, high + LARGEST - size, size); break;
            case 5: __builtin_memmove(low + size / 3, low, size); break;
            case 6: __builtin_memmove(high, high + size / 5, size); break;
            default: __builtin_memset(high, (int)(i & 0xFF), size); break;
            }
            h = mix(h, (uint32_t)high[0] << 16 ^ (uint32_t)low[size / 3] << 8 ^ high[size - 1]);
        }
        for (uint32_t i = 0; i < sizeof buffer; i += 64) h = mix(h, buffer[i]);
    }
    return h;
}
