// Times the weight products of a step beside what the same threads read of the same bytes, in turn: the roofline of
// decoding, in one process, since a shared host changes its speed from one to the next.
//
//   clang -O3 -Wno-psabi -I ../../Sources/CMartletInstructionSets/include products.c ../../Sources/CMartletKernels/*.c ../../Sources/CMartletInstructionSets/sets/*.c -lm -lpthread
//   ./a.out [rows …]        # sequences that step together; 1 2 4 8 16 unless told
//
// The shapes are those of Qwen2.5-0.5B, two threads, weights of any value. A line for each instruction set of this
// machine, the portable one left out: gigabytes of weights a second, and the share of what reading alone takes.
#include "../../Sources/CMartletKernels/include/CMartletKernels.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { threads = 2, parts = threads * 6, layers = 24, most_products = layers * 4 + 1, rounds = 15, sets = 6 };

typedef struct {
    mk_matmul work;
    int panels;
    atomic_int next, done;
} product;

static product products[most_products];
static int product_count;
static const mk_kernels *kernels;
static int only_reads;
static atomic_int epoch, finished;
static _Atomic uint64_t sink;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void part_of(product *p, int part) {
    int chunk = ((p->panels + parts - 1) / parts + 1) & ~1;
    int begin = part * chunk, end = begin + chunk < p->panels ? begin + chunk : p->panels;
    if (begin >= end) return;
    if (only_reads) {
        size_t bytes = (size_t)(end - begin) * p->work.panel_bytes / 512 * 512;
        sink += kernels->read_bytes(p->work.weights + (size_t)begin * p->work.panel_bytes, bytes);
        return;
    }
    mk_matmul piece = p->work;
    piece.panel_begin = begin, piece.panel_end = end;
    kernels->matmul(&piece);
}

/// All products in their order; no thread begins one before all have ended the last.
static void step(void) {
    for (int i = 0; i < product_count; i++) {
        product *p = &products[i];
        for (int part; (part = atomic_fetch_add(&p->next, 1)) < parts;) part_of(p, part);
        atomic_fetch_add(&p->done, 1);
        while (atomic_load(&p->done) < threads) mk_pause();
    }
}

static void *work(void *unused) {
    for (int seen = 0;; seen++) {
        while (atomic_load(&epoch) == seen) mk_pause();
        step();
        atomic_fetch_add(&finished, 1);
    }
    return unused;
}

static double timed(const mk_kernels *set, int reads) {
    kernels = set, only_reads = reads;
    for (int i = 0; i < product_count; i++) atomic_store(&products[i].next, 0), atomic_store(&products[i].done, 0);
    atomic_store(&finished, 0);
    double start = now();
    atomic_fetch_add(&epoch, 1);
    step();
    while (atomic_load(&finished) < threads - 1) mk_pause();
    return now() - start;
}

static void *zeros(size_t bytes) { return calloc(bytes + 256, 1); }

/// Lays out the products of a step with `rows` rows; returns the bytes of their weights.
static size_t lay_out(mk_weight type, int rows, uint8_t *base) {
    static const int shapes[4][2] = {{1152, 896}, {896, 896}, {9728, 896}, {896, 4864}};
    size_t at = 0;
    product_count = 0;
    for (int i = 0; i < most_products; i++) {
        int channels = i < layers * 4 ? shapes[i % 4][0] : 151936, columns = i < layers * 4 ? shapes[i % 4][1] : 896;
        int panels = (channels + 15) / 16, blocks = (columns + 31) / 32;
        size_t bytes = mk_panel_bytes(type, columns);
        if (base) {
            product *p = &products[product_count];
            free((void *)p->work.x), free((void *)p->work.x_quants), free((void *)p->work.x_scales);
            free((void *)p->work.x_sums), free(p->work.out);
            p->panels = panels;
            p->work = (mk_matmul){
                .weights = base + at, .panel_bytes = bytes, .channels = channels, .columns = columns, .rows = rows,
                .type = type, .x = zeros((size_t)rows * columns * 4), .x_stride = columns,
                .x_quants = zeros((size_t)rows * blocks * 32), .x_scales = zeros((size_t)rows * blocks * 4),
                .x_sums = zeros((size_t)rows * blocks * 4), .x_blocks = blocks,
                .out = zeros((size_t)rows * channels * 4), .out_stride = channels};
        }
        product_count++;
        at += (bytes * panels + 4095) / 4096 * 4096;
    }
    return at;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times) {
    qsort(times, rounds, sizeof *times, ascending);
    return times[rounds / 2];
}

int main(int count, char **arguments) {
    static const struct { mk_weight type; const char *name; } types[] = {
        {MK_WEIGHT_Q4_PLAIN, "q4-plain"}, {MK_WEIGHT_Q4, "q4"}, {MK_WEIGHT_Q5, "q5"}, {MK_WEIGHT_Q6, "q6"}, {MK_WEIGHT_Q8, "q8"}, {MK_WEIGHT_BF16, "bf16"}, {MK_WEIGHT_F32, "f32"}};
    static const char *names[sets] = {
        [MK_SET_PORTABLE] = "portable", [MK_SET_AVX2] = "avx2", [MK_SET_AVX_VNNI] = "avx-vnni",
        [MK_SET_AVX512] = "avx512", [MK_SET_AVX512_VNNI] = "avx512-vnni", [MK_SET_NEON] = "neon"};
    static const int usual[] = {1, 2, 4, 8, 16};
    size_t room = lay_out(MK_WEIGHT_F32, 1, 0) + (4 << 20);
    uint8_t *base = mmap(0, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return perror("weights"), 1;
    base = (uint8_t *)(((uintptr_t)base + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
#ifdef MADV_HUGEPAGE
    madvise(base, room - (2 << 20), MADV_HUGEPAGE);
#endif
    // No bits of an infinity in any half or float.
    for (size_t i = 0; i + 4 <= room - (2 << 20); i += 4) *(uint32_t *)(base + i) = (uint32_t)rand() & 0x3bff3bff;
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, 0, work, 0)) return perror("thread"), 1;
    }
    printf("%-5s %4s %-12s %8s %8s %6s\n", "type", "rows", "set", "read", "product", "share");
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int r = 0; r < (count > 1 ? count - 1 : 5); r++) {
            int rows = count > 1 ? atoi(arguments[r + 1]) : usual[r];
            if (rows < 1 || rows > 4096) return fprintf(stderr, "rows: expected 1...4096\n"), 1;
            double bytes = (double)lay_out(types[t].type, rows, base);
            for (int set = MK_SET_PORTABLE + 1; set < sets; set++) {
                const mk_kernels *table = mk_table((mk_set)set);
                double reads[rounds], times[rounds];
                if (!table) continue;
                for (int i = 0; i < rounds; i++) reads[i] = timed(table, 1), times[i] = timed(table, 0);
                double read = median(reads), taken = median(times);
                printf("%-5s %4d %-12s %8.1f %8.1f %6.2f\n", types[t].name, rows, names[set], bytes / read * 1e-9,
                       bytes / taken * 1e-9, read / taken);
                fflush(stdout);
            }
        }
    return 0;
}
