/* The product of two 96 by 96 matrices of doubles. It stands for numeric code: two loads for each multiply and add, nested counted
 * loops. Four sums are kept at a time, over a transposed right side. No compiler may reorder such sums, so nobody vectorises the loop
 * and the kernel compares scalar code. */
#include "kernels.h"

enum { SIZE = 96 };

static double left[SIZE][SIZE], right[SIZE][SIZE], turned[SIZE][SIZE], product[SIZE][SIZE];
static int ready;

static void transpose(void)
{
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) turned[j][i] = right[i][j];
}

static void multiply(void)
{
    for (int i = 0; i < SIZE; i += 2) {
        const double *a0 = left[i], *a1 = left[i + 1];
        for (int j = 0; j < SIZE; j += 2) {
            const double *b0 = turned[j], *b1 = turned[j + 1];
            double c00 = 0, c01 = 0, c10 = 0, c11 = 0;
            for (int k = 0; k < SIZE; k++) {
                c00 += a0[k] * b0[k];
                c01 += a0[k] * b1[k];
                c10 += a1[k] * b0[k];
                c11 += a1[k] * b1[k];
            }
            product[i][j] = c00;
            product[i][j + 1] = c01;
            product[i + 1][j] = c10;
            product[i + 1][j + 1] = c11;
        }
    }
}

static void matmul_prepare(void)
{
    uint32_t random = 0x5EED0008;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            left[i][j] = (double)(int32_t)next_random(&random) / 65536.0;
            right[i][j] = (double)(int32_t)next_random(&random) / 65536.0;
        }
    ready = 1;
}

KERNEL(matmul)
{
    uint32_t h = 0;
    if (!ready) matmul_prepare();
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < SIZE; i++) right[i][i] = (double)(round + 1) / (double)(i + 1);
        transpose();
        multiply();
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) h = mix(h, fold_f64(product[i][j]));
    }
    return h;
}
