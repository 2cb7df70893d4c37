/* Validation and decoding of UTF-8 over 96 KiB. It stands for the checks that string types and header parsers do on every input: a
 * branch on the leading byte, then a few bytes that must follow, with the rules against overlong forms, surrogates and numbers that
 * are too large. Three quarters of the characters are ASCII, and a mistake comes now and then. */
#include "kernels.h"

enum { TEXT = 96 * 1024 };

static uint8_t text[TEXT + 8];
static uint32_t length;

static void utf8_prepare(void)
{
    uint32_t random = 0x5EED000D;
    uint8_t *p = text;
    while (p < text + TEXT) {
        uint32_t kind = below(&random, 1024), c;
        if (kind < 768) {
            *p++ = (uint8_t)(' ' + below(&random, 95));
        } else if (kind < 900) {
            c = 0x80 + below(&random, 0x780);
            *p++ = (uint8_t)(0xC0 | c >> 6);
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        } else if (kind < 1000) {
            c = 0x800 + below(&random, 0xD000);
            *p++ = (uint8_t)(0xE0 | c >> 12);
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        } else if (kind < 1020) {
            c = 0x10000 + below(&random, 0xFFFF);
            *p++ = (uint8_t)(0xF0 | c >> 18);
            *p++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
            *p++ = (uint8_t)(0x80 | (c & 0x3F));
        } else {
            *p++ = (uint8_t)(0x80 + below(&random, 0x80));
        }
    }
    length = (uint32_t)(p - text);
}

static int follows(uint8_t c) { return (c & 0xC0) == 0x80; }

/* Bytes after the end of the text are zero, so a character that is cut off is a mistake like any other. */
static uint32_t utf8_check(void)
{
    uint32_t characters = 0, mistakes = 0, h = 0;
    for (uint32_t at = 0; at < length; characters++) {
        const uint8_t *p = text + at;
        uint32_t c = p[0], size = 1;
        if (c < 0x80) {
        } else if (c >= 0xC2 && c < 0xE0 && follows(p[1])) {
            c = (c & 0x1F) << 6 | (p[1] & 0x3Fu);
            size = 2;
        } else if ((c & 0xF0) == 0xE0 && follows(p[1]) && follows(p[2])) {
            c = (c & 0x0F) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
            size = c >= 0x800 && (c < 0xD800 || c > 0xDFFF) ? 3 : 0;
        } else if (c >= 0xF0 && c < 0xF5 && follows(p[1]) && follows(p[2]) && follows(p[3])) {
            c = (c & 0x07) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
            size = c >= 0x10000 && c <= 0x10FFFF ? 4 : 0;
        } else {
            size = 0;
        }
        if (!size) {
            mistakes++;
            c = 0xFFFD;
            size = 1;
        }
        h = h * 31 + c;
        at += size;
    }
    return mix(mix(h, characters), mistakes);
}

KERNEL(utf8)
{
    uint32_t h = 0;
    if (!length) utf8_prepare();
    for (uint32_t round = 0; round < n; round++) {
        text[0] = (uint8_t)(' ' + round % 64);
        h = mix(h, utf8_check());
    }
    return h;
}
