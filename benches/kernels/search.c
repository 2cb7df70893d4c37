/* Substring search in 48 KiB of text. It stands for filters that look for words in bodies and headers. Each round looks for six
 * words, first with Horspool's skip table and then with a scan for the first byte and a comparison, and adds up all places. Loads of
 * bytes, address arithmetic and loops of one or two branches. */
#include "kernels.h"

enum { TEXT = 48 * 1024 };

static uint8_t text[TEXT];
static int ready;

static const struct {
    const char *bytes;
    uint32_t length;
} words[] = {
    {"content-type", 12}, {"<script", 7}, {"authorization", 13}, {"zq", 2}, {"union select", 12}, {"etaoinshrdlu etaoin", 19},
};

static int same(const uint8_t *a, const uint8_t *b, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

static NOINLINE uint32_t horspool(const uint8_t *word, uint32_t length)
{
    uint32_t skip[256], h = 0;
    for (uint32_t i = 0; i < 256; i++) skip[i] = length;
    for (uint32_t i = 0; i + 1 < length; i++) skip[word[i]] = length - 1 - i;
    for (uint32_t at = 0; at + length <= TEXT;) {
        uint8_t last = text[at + length - 1];
        if (last == word[length - 1] && same(text + at, word, length - 1)) h = mix(h, at);
        at += skip[last];
    }
    return h;
}

static NOINLINE uint32_t first_byte(const uint8_t *word, uint32_t length)
{
    uint32_t h = 0;
    for (uint32_t at = 0; at + length <= TEXT; at++)
        if (text[at] == word[0] && same(text + at + 1, word + 1, length - 1)) h = mix(h, at);
    return h;
}

/* Letters about as frequent as in English, with one of the words now and then. */
static void search_prepare(void)
{
    static const char letters[] = "eeeeeetttttaaaaoooiiinnnssshhhrrrddlluuccmmffyywwggppbbvvkkxjqz     ,.";
    uint32_t random = 0x5EED0007;
    for (uint32_t i = 0; i < TEXT; i++) text[i] = (uint8_t)letters[below(&random, COUNT(letters) - 1)];
    for (uint32_t at = 100; at + 64 < TEXT; at += 200 + below(&random, 1500)) {
        uint32_t w = below(&random, COUNT(words));
        __builtin_memcpy(text + at, words[w].bytes, words[w].length);
    }
    __builtin_memset(text, ' ', 32);
    ready = 1;
}

KERNEL(search)
{
    uint32_t h = 0;
    if (!ready) search_prepare();
    for (uint32_t round = 0; round < n; round++) {
        text[round % 16] = 'z';
        text[round % 16 + 1] = 'q';
        for (uint32_t w = 0; w < COUNT(words); w++) {
            uint32_t a = horspool((const uint8_t *)words[w].bytes, words[w].length);
            uint32_t b = first_byte((const uint8_t *)words[w].bytes, words[w].length);
            if (a != b) return w;
            h = mix(h, a);
        }
        __builtin_memset(text, ' ', 32);
    }
    return h;
}
