/* CRC-32 (the polynomial of gzip) of 96 KiB, one byte at a time through a table of 256 words. It stands for checksums of frames and
 * files: a load that depends on the load before it, so the latency of address computation and of the memory access is what counts. */
#include "kernels.h"

enum { DATA = 96 * 1024 };

static uint8_t data[DATA];
static uint32_t table[256];
static int ready;

static uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t size)
{
    crc = ~crc;
    while (size--) crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xFF];
    return ~crc;
}

static void crc32_prepare(void)
{
    uint32_t random = 0x5EED000C;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        table[i] = c;
    }
    for (uint32_t i = 0; i < DATA; i++) data[i] = (uint8_t)next_random(&random);
    ready = 1;
}

KERNEL(crc32)
{
    uint32_t crc = 0;
    if (!ready) crc32_prepare();
    for (uint32_t round = 0; round < n; round++) {
        data[0] = (uint8_t)round;
        crc = crc32(crc, data, DATA);
    }
    return crc;
}
