/* An interpreter of a small stack machine. It stands for scripting engines and policy languages inside a plugin: a loop around a dense
 * `switch` that becomes a jump table, with instructions and an operand stack in memory. The interpreted program adds up the lengths of
 * Collatz sequences and counts primes with a sieve. */
#include "kernels.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, AND, XOR, SHR, SHL, LESS, EQUAL, JUMP, ZERO, NONZERO, GET, SET, DUP, INCREMENT, HALT };
enum local { LIMIT, I, J, X, SUM, PRIMES, LOCALS };
enum { STACK = 16, CELLS = 1024 };

struct instruction {
    uint16_t op, operand;
};

static uint32_t cells[CELLS];

static const struct instruction program[] = {
    /* for (i = 1; i < limit; i++) */
    /*  0 */ {PUSH, 1}, {STORE, I},
    /*  2 */ {LOAD, I}, {LOAD, LIMIT}, {LESS, 0}, {ZERO, 30}, {LOAD, I}, {STORE, X},
    /*  8 */ {LOAD, X}, {PUSH, 1}, {EQUAL, 0}, {NONZERO, 28}, {INCREMENT, SUM}, {LOAD, X}, {PUSH, 1}, {AND, 0}, {ZERO, 23},
    /* 17 */ {LOAD, X}, {PUSH, 3}, {MUL, 0}, {PUSH, 1}, {ADD, 0}, {JUMP, 26},
    /* 23 */ {LOAD, X}, {PUSH, 1}, {SHR, 0},
    /* 26 */ {STORE, X}, {JUMP, 8},
    /* 28 */ {INCREMENT, I}, {JUMP, 2},
    /* for (i = 2; i < CELLS; i++) if (!cells[i]) */
    /* 30 */ {PUSH, 2}, {STORE, I},
    /* 32 */ {LOAD, I}, {PUSH, CELLS}, {LESS, 0}, {ZERO, 58}, {LOAD, I}, {GET, 0}, {NONZERO, 56},
    /* 39 */ {INCREMENT, PRIMES}, {LOAD, I}, {DUP, 0}, {MUL, 0}, {STORE, J},
    /* 44 */ {LOAD, J}, {PUSH, CELLS}, {LESS, 0}, {ZERO, 56}, {PUSH, 1}, {LOAD, J}, {SET, 0},
    /* 51 */ {LOAD, J}, {LOAD, I}, {ADD, 0}, {STORE, J}, {JUMP, 44},
    /* 56 */ {INCREMENT, I}, {JUMP, 32},
    /* 58 */ {LOAD, SUM}, {LOAD, PRIMES}, {PUSH, 16}, {SHL, 0}, {XOR, 0}, {HALT, 0},
};

static NOINLINE uint32_t interpret(const struct instruction *code, uint32_t *locals)
{
    uint32_t stack[STACK], *top = stack; /* `top` is the first free place */
    for (const struct instruction *at = code;;) {
        uint32_t operand = at->operand;
        switch ((enum op)at++->op) {
        case PUSH: *top++ = operand; break;
        case LOAD: *top++ = locals[operand]; break;
        case STORE: locals[operand] = *--top; break;
        case ADD: top--, top[-1] += *top; break;
        case SUB: top--, top[-1] -= *top; break;
        case MUL: top--, top[-1] *= *top; break;
        case AND: top--, top[-1] &= *top; break;
        case XOR: top--, top[-1] ^= *top; break;
        case SHR: top--, top[-1] >>= *top & 31; break;
        case SHL: top--, top[-1] <<= *top & 31; break;
        case LESS: top--, top[-1] = top[-1] < *top; break;
        case EQUAL: top--, top[-1] = top[-1] == *top; break;
        case JUMP: at = code + operand; break;
        case ZERO: if (!*--top) at = code + operand; break;
        case NONZERO: if (*--top) at = code + operand; break;
        case GET: top[-1] = cells[top[-1] % CELLS]; break;
        case SET: top -= 2, cells[top[1] % CELLS] = top[0]; break;
        case DUP: *top = top[-1], top++; break;
        case INCREMENT: locals[operand]++; break;
        case HALT: return top[-1];
        }
    }
}

KERNEL(interp)
{
    uint32_t h = 0;
    for (uint32_t round = 0; round < n; round++) {
        uint32_t locals[LOCALS] = {0};
        locals[LIMIT] = 250 + round % 8;
        __builtin_memset(cells, 0, sizeof cells);
        h = mix(h, interpret(program, locals));
        for (uint32_t i = 0; i < LOCALS; i++) h = mix(h, locals[i]);
    }
    return h;
}
