// Times the weight products of a prompt beside what the same core multiplies from its registers, in turn: the roofline of a
// prompt, one thread, the fastest instruction set of this machine.
//
//   clang -O3 -Wno-psabi -I ../../Sources/CMartletInstructionSets/include tiles.c ../../Sources/CMartletKernels/*.c ../../Sources/CMartletInstructionSets/sets/*.c -lm
//   ./a.out [rows channels columns]        # 96 4864 896 unless told: Qwen2.5-0.5B's gate
//
// A line for each weight type: the median of its share of the peak of products of bytes.
#include "../../Sources/CMartletKernels/include/CMartletKernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { rounds = 41 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// Multiplications of bytes a second, from registers.
static double peak(const mk_kernels *kernels) {
    double start = now();
    int64_t count = kernels->multiply(MK_PRODUCT_BYTES, 6000);
    return (double)count / (now() - start);
}

int main(int count, char **arguments) {
    int rows = count > 1 ? atoi(arguments[1]) : 96, channels = count > 2 ? atoi(arguments[2]) : 4864;
    int columns = count > 3 ? atoi(arguments[3]) : 896, blocks = columns / 32;
    if (rows < 1 || channels < 16 || columns < 256 || columns % 32 || channels % 16)
        return fprintf(stderr, "expected rows, channels in sixteens and columns of 256 or more in blocks of 32\n"), 1;
    static const struct { mk_weight type; const char *name; } types[] = {
        {MK_WEIGHT_Q8, "q8"}, {MK_WEIGHT_Q4_PLAIN, "q4-plain"}, {MK_WEIGHT_Q5_0, "q5_0"},
        {MK_WEIGHT_Q4_K, "q4_k"}, {MK_WEIGHT_Q6_K, "q6_k"}, {MK_WEIGHT_INT4, "int4"}};
    const mk_kernels *kernels = 0;
    for (int set = MK_SET_PORTABLE; set <= MK_SET_NEON; set++)
        if (mk_table((mk_set)set)) kernels = mk_table((mk_set)set);
    int8_t *quants = malloc((size_t)rows * columns);
    float *scales = malloc((size_t)rows * blocks * 4), *out = aligned_alloc(64, (size_t)rows * channels * 4);
    int32_t *sums = calloc((size_t)rows * blocks * 2, 4);
    for (int i = 0; i < rows * columns; i++) quants[i] = (int8_t)(rand() % 255 - 127);
    for (int i = 0; i < rows * blocks; i++) {
        scales[i] = (float)(rand() % 100) * 1e-3f;
        for (int j = 0; j < 32; j++) {
            sums[i * 2] += quants[i * 32 + j];
            if (j < 16) sums[i * 2 + 1] += quants[i * 32 + j];
        }
    }
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        size_t bytes = mk_panel_bytes(types[t].type, columns);
        uint8_t *weights = aligned_alloc(64, bytes * (size_t)(channels / 16) + 8192);
        // No bits of an infinity in any half.
        for (size_t i = 0; i + 4 <= bytes * (size_t)(channels / 16); i += 4)
            *(uint32_t *)(weights + i) = (uint32_t)rand() & 0x3bff3bff;
        mk_matmul work = {
            .weights = weights, .panel_bytes = bytes, .panel_end = channels / 16, .channels = channels, .columns = columns,
            .rows = rows, .type = types[t].type, .x_quants = quants, .x_scales = scales, .x_sums = sums, .x_blocks = (size_t)blocks,
            .out = out, .out_stride = (size_t)channels};
        double shares[rounds];
        for (int i = 0; i < rounds; i++) {
            double before = peak(kernels), start = now();
            kernels->matmul(&work);
            double rate = (double)rows * channels * columns / (now() - start);
            shares[i] = rate * 2 / (before + peak(kernels));
        }
        qsort(shares, rounds, sizeof *shares, ascending);
        printf("%-8s %.2f of the peak\n", types[t].name, shares[rounds / 2]);
        free(weights);
    }
    return 0;
}
