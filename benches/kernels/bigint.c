/* A modular power with 1024-bit numbers, by Montgomery multiplication on words of 32 bits. It stands for RSA and Diffie-Hellman in
 * portable code: products of 32 by 32 bits into 64, with carries that form one long chain. It shows how 64-bit arithmetic on words of
 * 32 bits is compiled. */
#include "kernels.h"

enum { WORDS = 32, EXPONENT_BITS = 64 };

static const uint32_t unit[WORDS] = {1};
static uint32_t modulus[WORDS], one[WORDS], square[WORDS], base[WORDS], power[WORDS];
static uint32_t inverse; /* minus the inverse of the modulus, modulo 2^32 */
static int ready;

/* a -= b, modulo 2^1024. */
static void subtract(uint32_t *a, const uint32_t *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        a[i] = (uint32_t)d;
        borrow = d >> 63;
    }
}

static int at_least(const uint32_t *a, const uint32_t *b)
{
    for (int i = WORDS - 1; i >= 0; i--)
        if (a[i] != b[i]) return a[i] > b[i];
    return 1;
}

/* to = a * b / 2^1024 mod modulus. `to` may be `a` or `b`. */
static NOINLINE void montgomery(uint32_t *to, const uint32_t *a, const uint32_t *b)
{
    uint32_t t[WORDS + 1] = {0};
    for (int i = 0; i < WORDS; i++) {
        uint64_t sum = (uint64_t)a[0] * b[i] + t[0], carry = sum >> 32;
        uint32_t m = (uint32_t)sum * inverse;
        uint64_t reduced = ((uint64_t)m * modulus[0] + (uint32_t)sum) >> 32;
        for (int j = 1; j < WORDS; j++) {
            sum = (uint64_t)a[j] * b[i] + t[j] + carry;
            carry = sum >> 32;
            reduced += (uint64_t)m * modulus[j] + (uint32_t)sum;
            t[j - 1] = (uint32_t)reduced;
            reduced >>= 32;
        }
        sum = t[WORDS] + carry + reduced;
        t[WORDS - 1] = (uint32_t)sum;
        t[WORDS] = (uint32_t)(sum >> 32);
    }
    if (t[WORDS] || at_least(t, modulus)) subtract(t, modulus);
    __builtin_memcpy(to, t, sizeof modulus);
}

/* The modulus is odd and has its highest bit set. `one` is 2^1024 and `square` is 2^2048, both reduced. */
static void bigint_prepare(void)
{
    uint32_t random = 0x5EED0009;
    for (int i = 0; i < WORDS; i++) modulus[i] = next_random(&random);
    modulus[0] |= 1;
    modulus[WORDS - 1] |= 0x80000000u;
    uint32_t x = 1;
    for (int i = 0; i < 5; i++) x *= 2 - modulus[0] * x;
    inverse = 0 - x;
    subtract(one, modulus);
    __builtin_memcpy(square, one, sizeof one);
    for (int bit = 0; bit < 32 * WORDS; bit++) {
        uint32_t top = square[WORDS - 1] >> 31;
        for (int i = WORDS - 1; i; i--) square[i] = square[i] << 1 | square[i - 1] >> 31;
        square[0] <<= 1;
        if (top || at_least(square, modulus)) subtract(square, modulus);
    }
    ready = 1;
}

KERNEL(bigint)
{
    uint32_t h = 0;
    if (!ready) bigint_prepare();
    for (uint32_t round = 0; round < n; round++) {
        uint32_t random = 0x5EED0109 + round;
        for (int i = 0; i < WORDS; i++) base[i] = next_random(&random);
        base[WORDS - 1] >>= 1;
        uint64_t exponent = (uint64_t)next_random(&random) << 32;
        exponent |= next_random(&random);
        montgomery(base, base, square);
        __builtin_memcpy(power, one, sizeof one);
        for (int bit = EXPONENT_BITS - 1; bit >= 0; bit--) {
            montgomery(power, power, power);
            if (exponent >> bit & 1) montgomery(power, power, base);
        }
        montgomery(power, power, unit);
        for (int i = 0; i < WORDS; i++) h = mix(h, power[i]);
    }
    return h;
}
