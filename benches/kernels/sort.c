/* Quicksort of 8192 words, with insertion sort for short ranges. It stands for code with branches that no predictor can learn and
 * with recursion of moderate depth. Each round sorts new numbers. */
#include "kernels.h"

enum { ITEMS = 8192, SHORT = 12 };

static uint32_t items[ITEMS];

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void insertion_sort(uint32_t *a, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t v = a[i], j = i;
        for (; j && a[j - 1] > v; j--) a[j] = a[j - 1];
        a[j] = v;
    }
}

/* The smaller part is sorted by recursion and the larger one by the loop, so the depth is at most the logarithm of the size. */
static NOINLINE void quicksort(uint32_t *a, uint32_t count)
{
    while (count > SHORT) {
        uint32_t middle = count / 2, last = count - 1;
        if (a[middle] < a[0]) swap(&a[middle], &a[0]);
        if (a[last] < a[0]) swap(&a[last], &a[0]);
        if (a[last] < a[middle]) swap(&a[last], &a[middle]);
        uint32_t pivot = a[middle], i = 0, j = last;
        for (;;) {
            do i++;
            while (a[i] < pivot);
            do j--;
            while (a[j] > pivot);
            if (i >= j) break;
            swap(&a[i], &a[j]);
        }
        uint32_t left = j + 1;
        if (left < count - left) {
            quicksort(a, left);
            a += left;
            count -= left;
        } else {
            quicksort(a + left, count - left);
            count = left;
        }
    }
    insertion_sort(a, count);
}

KERNEL(sort)
{
    uint32_t h = 0;
    for (uint32_t round = 0; round < n; round++) {
        uint32_t random = 0x5EED0005 + round;
        for (uint32_t i = 0; i < ITEMS; i++) items[i] = next_random(&random);
        quicksort(items, ITEMS);
        uint32_t previous = 0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (items[i] < previous) return i;
            previous = items[i];
            h = mix(h, previous);
        }
    }
    return h;
}
