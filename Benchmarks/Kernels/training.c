// Times the training kernels of the fastest instruction set, one thread: products in three layouts, in f32 and
// (where the machine can) bf16, and causal attention forward and backward.
//
//   clang -O3 -Wno-psabi -I ../../Sources/CMartletInstructionSets/include training.c ../../Sources/CMartletKernels/*.c ../../Sources/CMartletInstructionSets/sets/*.c -lm
//   ./a.out && python torch_training.py   # with the requirements of ../Peers
#include "../../Sources/CMartletKernels/include/CMartletKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float *numbers(size_t count) {
    float *p = aligned_alloc(64, (count * sizeof(float) + 127) / 64 * 64);
    for (size_t i = 0; i < count; i++) p[i] = (float)rand() / (float)RAND_MAX * 2 - 1;
    return p;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void products(const mk_training *kernels) {
    const int shapes[][3] = {{4096, 256, 256}, {4096, 704, 256}, {256, 256, 4096}};
    void *scratch = aligned_alloc(64, (mk_gemm_scratch() + 63) / 64 * 64);
    for (int shape = 0; shape < 3; shape++)
        for (int layout = 0; layout < 3; layout++)
            for (int half = 0; half <= (kernels->gemm_bf16 && mk_has_bf16_products()); half++) {
                int m = shapes[shape][0], n = shapes[shape][1], k = shapes[shape][2];
                float *a = numbers((size_t)m * k), *b = numbers((size_t)n * k), *c = numbers((size_t)m * n);
                mk_gemm g = {.a = a, .b = b, .c = c, .c_row = n, .k = k, .row_end = m, .column_end = n, .scratch = scratch};
                g.a_row = layout == 2 ? 1 : k, g.a_column = layout == 2 ? m : 1;
                g.b_row = layout == 0 ? 1 : n, g.b_column = layout == 0 ? k : 1;
                double times[15];
                for (int round = 0; round < 15; round++) {
                    double start = now();
                    (half ? kernels->gemm_bf16 : kernels->gemm)(&g);
                    times[round] = now() - start;
                }
                qsort(times, 15, sizeof(double), ascending);
                double worst = 0;
                for (int probe = 0; probe < 200; probe++) {
                    int i = rand() % m, j = rand() % n;
                    double sum = 0, squares = 1e-9;
                    for (int p = 0; p < k; p++) {
                        double term = (double)a[i * g.a_row + p * g.a_column] * b[p * g.b_row + j * g.b_column];
                        sum += term, squares += term * term;
                    }
                    worst = fmax(worst, fabs(c[(size_t)i * n + j] - sum) / sqrt(squares));
                }
                printf("%s %s %4d x %3d x %4d  %6.1f GFLOP/s  error %.1e\n", layout == 0 ? "NT" : layout == 1 ? "NN" : "TN",
                       half ? "bf16" : "f32 ", m, n, k, 2.0 * m * n * k / times[7] / 1e9, worst);
                free(a), free(b), free(c);
            }
    free(scratch);
}

static void attention(const mk_training *kernels) {
    const int shapes[][2] = {{512, 32}, {512, 64}, {2048, 32}, {2048, 64}};
    for (int shape = 0; shape < 4; shape++) {
        int tokens = shapes[shape][0], d = shapes[shape][1], heads = 8, stride = heads * d;
        size_t count = (size_t)tokens * stride;
        float *q = numbers(count), *k = numbers(count), *v = numbers(count), *out = numbers(count), *dy = numbers(count);
        float *dq = numbers(count), *dk = numbers(count), *dv = numbers(count), *lse = numbers((size_t)tokens * heads);
        int32_t *start = calloc(tokens, sizeof *start);
        void *scratch = aligned_alloc(64, (mk_training_attention_scratch(tokens, d, 1) + 63) / 64 * 64);
        double forward[9], backward[9];
        for (int round = 0; round < 9; round++)
            for (int pass = 0; pass < 2; pass++) {
                double begin = now();
                for (int h = 0; h < heads; h++) {
                    mk_training_attention job = {
                        .tokens = tokens, .dimension = d, .group = 1, .q = q + h * d, .q_stride = stride, .k = k + h * d,
                        .v = v + h * d, .kv_stride = stride, .scale = 0.125f, .start = start, .out = out + h * d,
                        .out_stride = stride, .lse = lse + h * tokens, .scratch = scratch, .d_out = dy + h * d,
                        .d_q = dq + h * d, .d_k = dk + h * d, .d_v = dv + h * d};
                    (pass ? kernels->attention_backward : kernels->attention_forward)(&job);
                }
                (pass ? backward : forward)[round] = now() - begin;
            }
        qsort(forward, 9, sizeof(double), ascending), qsort(backward, 9, sizeof(double), ascending);
        printf("attention %4d tokens of %d  forward %6.2f ms  backward %6.2f ms\n", tokens, d, forward[4] * 1e3, backward[4] * 1e3);
        free(q), free(k), free(v), free(out), free(dy), free(dq), free(dk), free(dv), free(lse), free(start), free(scratch);
    }
}

int main(void) {
    const mk_kernels *table = 0;
    for (int set = MK_SET_NEON; set >= 0 && !table; set--) table = mk_table((mk_set)set);
    products(&table->training);
    attention(&table->training);
}
