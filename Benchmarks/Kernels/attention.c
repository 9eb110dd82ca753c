// Times attention over an f16 cache, for each instruction set of this machine but the portable one.
//
//   clang -O3 -Wno-psabi -I ../../Sources/CMartletInstructionSets/include attention.c ../../Sources/CMartletKernels/*.c ../../Sources/CMartletInstructionSets/sets/*.c -lm
//   ./a.out [dimension queries group tiles [runs]]    # 64 32 7 64 20 unless told; 64 1 3 1024 decodes at depth
//
// One thread, keys and values of any value. A line a set: nanoseconds for seven rows and a tile of 128 tokens, the best
// run, and thousand million multiplications a second.
#include "../../Sources/CMartletKernels/include/CMartletKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t state = 12345;
static float random_float(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1;
}

static void *bytes(size_t count) {
    void *p = aligned_alloc(64, (count + 127) / 64 * 64);
    memset(p, 0, (count + 127) / 64 * 64);
    return p;
}

int main(int count, char **arguments) {
    int given[5] = {64, 32, 7, 64, 20};
    for (int i = 1; i < count && i <= 5; i++) given[i - 1] = atoi(arguments[i]);
    const int dimension = given[0], queries = given[1], group = given[2], tiles = given[3], runs = given[4];
    if (dimension < 1 || queries < 1 || group < 1 || tiles < 1 || runs < 1) {
        fprintf(stderr, "expected positive numbers: dimension queries group tiles runs\n");
        return 64;
    }
    const int pages = tiles * MK_TILE_PAGES, rows = queries * group, width = (dimension + 15) / 16 * 16;
    const size_t page_bytes = mk_page_bytes(MK_CODEC_F16, dimension);
    uint8_t *arena = bytes(page_bytes * (size_t)(pages + 1));
    int32_t *ids = bytes((size_t)pages * 4);
    float *q = bytes((size_t)rows * (size_t)dimension * 4), *key = bytes((size_t)width * 4);
    for (int i = 0; i < pages; i++) ids[i] = i;
    for (int i = 0; i < rows * dimension; i++) q[i] = random_float() * 3;
    const mk_kernels *fill = mk_table(MK_SET_PORTABLE);
    for (int slot = 0; slot < pages * 16; slot++) {
        for (int d = 0; d < dimension; d++) key[d] = random_float();
        fill->append(MK_CODEC_F16, arena + (size_t)(slot / 16) * page_bytes, dimension, slot % 16, key, key);
    }
    mk_attention work = {.arena = arena, .page_bytes = page_bytes, .zero_page = arena + page_bytes * (size_t)pages,
                         .head_ids = ids, .head_pages = pages, .tail_ids = ids, .tail_base = pages,
                         .codec = MK_CODEC_F16, .dimension = dimension, .queries = queries, .group = group, .q = q,
                         .query_stride = (size_t)group * (size_t)dimension, .scale = 1 / sqrtf((float)dimension),
                         .first_end = tiles * MK_TILE, .window = 1 << 30, .tile_end = tiles,
                         .maximum = bytes((size_t)rows * 4), .sum = bytes((size_t)rows * 4),
                         .out = bytes((size_t)rows * (size_t)width * 4), .out_stride = (size_t)width,
                         .scratch = bytes(mk_attention_scratch(rows, dimension))};
    const mk_set sets[] = {MK_SET_AVX2, MK_SET_AVX_VNNI, MK_SET_AVX512, MK_SET_AVX512_VNNI, MK_SET_NEON};
    const char *names[] = {"avx2", "avx-vnni", "avx512", "avx512-vnni", "neon"};
    for (int set = 0; set < 5; set++) {
        const mk_kernels *kernels = mk_table(sets[set]);
        if (!kernels) continue;
        double best = INFINITY;
        for (int run = 0; run < runs; run++) {
            const double start = now();
            kernels->attend(&work);
            const double took = now() - start;
            best = took < best ? took : best;
        }
        const double products = 2.0 * rows * dimension * tiles * MK_TILE;
        printf("%-11s %8.0f ns, %6.1f G/s\n", names[set], best * 1e9 / tiles / (rows / 7.0), products / best / 1e9);
    }
    return 0;
}
