/* A hand-made automaton over 96 KiB of log lines. It stands for generated lexers and compiled regular expressions, as header matchers
 * and log filters have them: one `switch` on the state for each byte, with short comparisons in every arm. It finds IPv4-like
 * addresses, ` 5xx ` status fields and quoted strings. */
#include "kernels.h"

enum { TEXT = 96 * 1024 };

static uint8_t text[TEXT + 256];
static uint32_t length;

static void scan_prepare(void)
{
    static const char *const paths[] = {"/", "/index.html", "/api/v1/users/17", "/static/app.js?v=1.2.3.x", "/search?q=a+b"};
    static const char *const agents[] = {"curl/7.88.1", "Mozilla/5.0 (X11; Linux x86_64)", "probe 1.0.0", "-"};
    uint32_t random = 0x5EED0004;
    uint8_t *p = text;
    while (p < text + TEXT) {
        for (int part = 0; part < 4; part++) p = put(put_number(p, below(&random, 256)), part < 3 ? "." : " - [");
        p = put_number(p, next_random(&random));
        p = put(put(p, "] \"GET "), paths[below(&random, COUNT(paths))]);
        p = put_number(put(p, "\" "), 100 * (2 + below(&random, 4)));
        p = put(put_number(put(p, " "), below(&random, 60000)), " \"");
        p = put(put(p, agents[below(&random, COUNT(agents))]), "\"\n");
    }
    length = (uint32_t)(p - text);
}

static int is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

static uint32_t scan(void)
{
    enum { START, OCTET1, DOT1, OCTET2, DOT2, OCTET3, DOT3, OCTET4, WORD, SPACE, FIVE, FIVE1, FIVE2, QUOTED, ESCAPED } state = START;
    uint32_t addresses = 0, errors = 0, quoted = 0, lines = 0, h = 0;
    for (uint32_t at = 0; at < length; at++) {
        uint8_t c = text[at];
        switch (state) {
        case START: state = is_digit(c) ? OCTET1 : c == ' ' ? SPACE : c == '"' ? QUOTED : c == '\n' ? START : WORD; break;
        case OCTET1: state = is_digit(c) ? OCTET1 : c == '.' ? DOT1 : c == ' ' ? SPACE : c == '\n' ? START : WORD; break;
        case DOT1: state = is_digit(c) ? OCTET2 : c == ' ' ? SPACE : WORD; break;
        case OCTET2: state = is_digit(c) ? OCTET2 : c == '.' ? DOT2 : c == ' ' ? SPACE : WORD; break;
        case DOT2: state = is_digit(c) ? OCTET3 : c == ' ' ? SPACE : WORD; break;
        case OCTET3: state = is_digit(c) ? OCTET3 : c == '.' ? DOT3 : c == ' ' ? SPACE : WORD; break;
        case DOT3: state = is_digit(c) ? OCTET4 : c == ' ' ? SPACE : WORD; break;
        case OCTET4:
            if (is_digit(c)) break;
            if (c != '.') addresses++, h = mix(h, at);
            state = c == ' ' ? SPACE : c == '\n' ? START : WORD;
            break;
        case WORD: state = c == ' ' ? SPACE : c == '"' ? QUOTED : c == '\n' ? START : WORD; break;
        case SPACE: state = c == '5' ? FIVE : is_digit(c) ? OCTET1 : c == ' ' ? SPACE : c == '"' ? QUOTED : c == '\n' ? START : WORD; break;
        case FIVE: state = is_digit(c) ? FIVE1 : c == '.' ? DOT1 : c == ' ' ? SPACE : WORD; break;
        case FIVE1: state = is_digit(c) ? FIVE2 : c == '.' ? DOT1 : c == ' ' ? SPACE : WORD; break;
        case FIVE2:
            if (c == ' ') errors++, h = mix(h, at);
            state = is_digit(c) ? OCTET1 : c == '.' ? DOT1 : c == ' ' ? SPACE : WORD;
            break;
        case QUOTED: quoted++, state = c == '"' ? WORD : c == '\\' ? ESCAPED : QUOTED; break;
        case ESCAPED: state = QUOTED; break;
        }
        lines += c == '\n';
    }
    return mix(mix(mix(mix(h, addresses), errors), quoted), lines);
}

KERNEL(scan)
{
    uint32_t h = 0;
    if (!length) scan_prepare();
    for (uint32_t round = 0; round < n; round++) {
        text[0] = (uint8_t)('0' + round % 10);
        h = mix(h, scan());
    }
    return h;
}
