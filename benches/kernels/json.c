/* A JSON reader over about 96 KiB of generated objects. It stands for filters that look into request bodies: it reads every token,
 * checks the structure with a stack of open brackets, turns numbers into doubles, decodes escapes and adds it all up. Branches on
 * bytes, short loops and a few floating-point operations. */
#include "kernels.h"

enum { TEXT = 96 * 1024, DEPTH = 32 };

static uint8_t text[TEXT + 512];
static uint32_t length;

static void json_prepare(void)
{
    static const char *const names[] = {"alpha", "a \\\"quoted\\\" one", "tab\\tand\\nline", "caf\\u00e9", "", "something rather longer"};
    static const char *const words[] = {"true", "false", "null"};
    uint32_t random = 0x5EED0002;
    uint8_t *p = put(text, "[");
    while (p < text + TEXT) {
        p = put_number(put(p, "{\n  \"id\": "), below(&random, 50000));
        p = put(put(p, ", \"name\": \""), names[below(&random, COUNT(names))]);
        p = put_number(put(p, "\",\n  \"score\": -"), below(&random, 1000));
        p = put_number(put(p, "."), next_random(&random));
        p = put(put(p, "e-3, \"ok\": "), words[below(&random, COUNT(words))]);
        p = put(p, ", \"tags\": [");
        for (uint32_t tags = below(&random, 5); tags; tags--) p = put(put_number(put(p, "[\"x"), tags), "\", {}], ");
        p = put(p, "0]\n}, ");
    }
    length = (uint32_t)(put(p, "9]") - text);
}

static double power(int e)
{
    double p = 1;
    for (; e > 0; e--) p *= 10;
    return p;
}

/* One pass over the text. A mistake in it would give the position instead of a checksum. */
static uint32_t json_read(void)
{
    uint8_t open[DEPTH];
    uint32_t depth = 0, deepest = 0, strings = 0, bytes = 0, words = 0, h = 0;
    double sum = 0;
    for (uint32_t at = 0; at < length;) {
        uint8_t c = text[at++];
        switch (c) {
        case ' ': case '\n': case ',': case ':': break;
        case '{': case '[':
            if (depth == DEPTH) return at;
            open[depth++] = c;
            if (depth > deepest) deepest = depth;
            break;
        case '}': case ']':
            if (!depth || open[--depth] != (c == '}' ? '{' : '[')) return at;
            h = mix(h, depth);
            break;
        case '"':
            for (; (c = text[at++]) != '"'; bytes++) {
                if (c != '\\') h += c;
                else if (text[at++] == 'u') at += 4;
            }
            strings++;
            break;
        case 't': case 'n': at += 3, words++; break;
        case 'f': at += 4, words++; break;
        default: {
            int negative = c == '-', scale = 0, e = 0;
            if (negative) c = text[at++];
            if (c < '0' || c > '9') return at;
            uint64_t digits = 0;
            for (; c >= '0' && c <= '9'; c = text[at++]) digits = digits * 10 + (uint64_t)(c - '0');
            if (c == '.')
                for (c = text[at++]; c >= '0' && c <= '9'; c = text[at++], scale++) digits = digits * 10 + (uint64_t)(c - '0');
            if (c == 'e') {
                int minus = text[at] == '-';
                at += (uint32_t)minus;
                for (c = text[at++]; c >= '0' && c <= '9'; c = text[at++]) e = e * 10 + (c - '0');
                scale += minus ? e : -e;
            }
            at--;
            double value = (double)digits;
            value = scale > 0 ? value / power(scale) : value * power(-scale);
            sum += negative ? -value : value;
        }
        }
    }
    return mix(mix(mix(h, fold_f64(sum)), strings << 16 ^ bytes), words << 16 ^ deepest << 8 ^ depth);
}

KERNEL(json)
{
    uint32_t h = 0;
    if (!length) json_prepare();
    for (uint32_t round = 0; round < n; round++) {
        text[length - 2] = (uint8_t)('0' + round % 10);
        h = mix(h, json_read());
    }
    return h;
}
