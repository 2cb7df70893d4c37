/* Calls through a table of functions. They stand for virtual methods, callbacks and filter chains: in Wasm each is a bounds check, a
 * check of the signature and an indirect call. Small functions are called in a fixed order that is long and repeats, so that the
 * branch predictor has a chance, and every tenth round of the inner loop picks targets by the data. */
#include "kernels.h"

typedef uint32_t function(uint32_t a, uint32_t b);

static uint32_t f_add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t f_sub(uint32_t a, uint32_t b) { return b - a; }
static uint32_t f_xor(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t f_mul(uint32_t a, uint32_t b) { return a * (b | 1); }
static uint32_t f_rotate(uint32_t a, uint32_t b) { return rotl32(a, 7) + b; }
static uint32_t f_shift(uint32_t a, uint32_t b) { return (a >> 3) ^ (b << 4) ^ a; }
static uint32_t f_max(uint32_t a, uint32_t b) { return a > b ? a + 1 : b + 3; }
static uint32_t f_mix(uint32_t a, uint32_t b) { return mix(a, b); }
static uint32_t f_select(uint32_t a, uint32_t b) { return (a & 0x00FF00FF) | (b & 0xFF00FF00); }
static uint32_t f_step(uint32_t a, uint32_t b) { return a & 1 ? a * 3 + b : (a >> 1) + b; }
static uint32_t f_swap(uint32_t a, uint32_t b) { return (a << 16 | a >> 16) + (b >> 1); }
static uint32_t f_not(uint32_t a, uint32_t b) { return ~a + (b ^ 0x55555555); }

static function *const functions[] = {f_add, f_sub, f_xor, f_mul, f_rotate, f_shift, f_max, f_mix, f_select, f_step, f_swap, f_not};

enum { ORDER = 61, TURNS = 600 };

/* One link of a chain, as an object with a method has it. */
struct link {
    function *call;
    uint32_t argument;
};

static struct link chain[ORDER];

static NOINLINE uint32_t run_chain(const struct link *link, uint32_t value)
{
    for (uint32_t i = 0; i < ORDER; i++) value = link[i].call(value, link[i].argument);
    return value;
}

static NOINLINE uint32_t run_by_data(uint32_t value)
{
    for (uint32_t i = 0; i < ORDER; i++) value = functions[(value >> 8) % COUNT(functions)](value, i + 0x9E3779B9);
    return value;
}

KERNEL(indirect)
{
    uint32_t h = 0, random = 0x5EED000A;
    for (uint32_t i = 0; i < ORDER; i++) {
        chain[i].call = functions[below(&random, COUNT(functions))];
        chain[i].argument = next_random(&random);
    }
    for (uint32_t round = 0; round < n; round++) {
        uint32_t value = round * 0x9E3779B1u + 1;
        for (uint32_t turn = 0; turn < TURNS; turn++) {
            value = turn % 10 == 9 ? run_by_data(value) : run_chain(chain, value + turn);
            h = mix(h, value);
        }
    }
    return h;
}
