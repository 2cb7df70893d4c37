/* Fibonacci by recursion. It stands for call-heavy code: prologues, epilogues, stack checks and values that live across calls. Both
 * calls are real ones: the function is never inlined, and the way the two results are combined leaves no tail call to turn into a
 * loop. One round makes about 94 000 calls; the checksum is that of all the additions. */
#include "kernels.h"

static NOINLINE uint32_t fib(uint32_t n, uint32_t seed)
{
    if (n < 2) return n + seed;
    uint32_t a = fib(n - 1, seed);
    uint32_t b = fib(n - 2, seed ^ n);
    return rotl32(a, 1) + b;
}

/* A second shape: two functions that call one another with more arguments than one. */
static NOINLINE uint32_t odd(uint32_t n, uint32_t a, uint32_t b, uint32_t c);

static NOINLINE uint32_t even(uint32_t n, uint32_t a, uint32_t b, uint32_t c)
{
    if (n == 0) return a ^ b ^ c;
    return odd(n - 1, b, c, a + n) * 3 + a;
}

static NOINLINE uint32_t odd(uint32_t n, uint32_t a, uint32_t b, uint32_t c)
{
    if (n == 0) return a + b + c;
    return even(n - 1, c ^ n, a, b) * 5 + c;
}

KERNEL(fib)
{
    uint32_t h = 0;
    for (uint32_t round = 0; round < n; round++) {
        h = mix(h, fib(22, round));
        for (uint32_t i = 0; i < 200; i++) h = mix(h, even(180 + i % 2, i, round, h));
    }
    return h;
}
