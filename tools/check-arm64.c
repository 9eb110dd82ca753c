// Compares the NEON kernels with the portable ones, for machines where the Swift tests cannot run.
// Built and run by check-arm64.sh; prints one line per kernel and fails on a difference that
// rounding does not explain.
#include "../Sources/CMartletKernels/internal.h"
#include <stdio.h>
#include <stdlib.h>

static int failures = 0;
static uint64_t state = 1;

static float random_float(void) {
    state += 0x9E3779B97F4A7C15ull;
    uint64_t z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (float)((int32_t)((z ^ (z >> 31)) >> 40) - (1 << 23)) / (1 << 23);
}

static float *random_floats(size_t count) {
    float *x = malloc((count + 1) * 4);
    for (size_t i = 0; i < count; i++) x[i] = random_float();
    return x;
}

static uint8_t *bytes(size_t count) {
    uint8_t *p = aligned_alloc(64, mk_align64(count) + 64);
    memset(p, 0, mk_align64(count) + 64);
    return p;
}

static void report(const char *what, int variant, double worst, double bound) {
    printf("%-10s %d: worst %.2e, bound %.0e%s\n", what, variant, worst, bound,
           worst <= bound ? "" : "  FAILED");
    if (!(worst <= bound)) failures++;
}

static double difference(const float *a, const float *b, size_t count) {
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)a[i] - b[i]);
        if (!(d <= worst)) worst = d;
    }
    return worst;
}

static void check_matmul(const mk_kernels *a, const mk_kernels *b, mk_weight type) {
    const int32_t sizes[] = {1, 31, 33, 64, 100, 1000, 2500}, rowCounts[] = {1, 3, 4, 5, 17, 97};
    double worst = 0;
    for (int s = 0; s < 7; s++) {
        int32_t columns = sizes[s], channels = 66, panels = 5, blocks = (columns + 31) / 32;
        size_t stride = mk_panel_bytes(type, columns);
        uint8_t *weights = bytes(stride * panels);
        float *w = random_floats((size_t)channels * columns);
        for (int p = 0; p < panels; p++) {
            int32_t count = channels - p * 16 < 16 ? channels - p * 16 : 16;
            mk_pack_panel(type, w + (size_t)p * 16 * columns, columns, count, columns, weights + p * stride);
        }
        for (int n = 0; n < 6; n++) {
            int32_t rows = rowCounts[n];
            float *x = random_floats((size_t)rows * columns), *bias = random_floats(channels);
            int8_t *q[2];
            float *scales[2], *out[2];
            int32_t *sums[2];
            const mk_kernels *sets[2] = {a, b};
            for (int k = 0; k < 2; k++) {
                q[k] = (int8_t *)bytes((size_t)rows * blocks * 32);
                scales[k] = (float *)bytes((size_t)rows * blocks * 4);
                // Of a block, and of its first half.
                sums[k] = (int32_t *)bytes((size_t)rows * blocks * 8);
                out[k] = (float *)bytes((size_t)rows * channels * 4);
                for (int32_t r = 0; r < rows; r++)
                    sets[k]->quantise(x + (size_t)r * columns, columns, q[k] + (size_t)r * blocks * 32,
                                      scales[k] + (size_t)r * blocks, sums[k] + (size_t)r * blocks * 2);
                mk_matmul m = {.weights = weights, .panel_bytes = stride, .panel_begin = 0,
                               .panel_end = panels, .channels = channels, .columns = columns,
                               .rows = rows, .type = type, .x = x, .x_stride = columns,
                               .x_quants = q[k], .x_scales = scales[k], .x_sums = sums[k],
                               .x_blocks = blocks, .bias = bias, .out = out[k], .out_stride = channels};
                sets[k]->matmul(&m);
            }
            if (memcmp(q[0], q[1], (size_t)rows * blocks * 32)) {
                printf("quantise: integers differ\n");
                failures++;
            }
            double d = difference(out[0], out[1], (size_t)rows * channels) / sqrt(columns);
            if (!(d <= worst)) worst = d;
            // One row alone must give the bits it gives among others.
            float *alone = (float *)bytes((size_t)channels * 4);
            mk_matmul m = {.weights = weights, .panel_bytes = stride, .panel_begin = 0,
                           .panel_end = panels, .channels = channels, .columns = columns, .rows = 1,
                           .type = type, .x = x + (size_t)(rows - 1) * columns, .x_stride = columns,
                           .x_quants = q[1] + (size_t)(rows - 1) * blocks * 32,
                           .x_scales = scales[1] + (size_t)(rows - 1) * blocks,
                           .x_sums = sums[1] + (size_t)(rows - 1) * blocks * 2, .x_blocks = blocks,
                           .bias = bias, .out = alone, .out_stride = channels};
            b->matmul(&m);
            if (memcmp(alone, out[1] + (size_t)(rows - 1) * channels, (size_t)channels * 4)) {
                printf("matmul %d: a row alone differs, %d rows of %d\n", type, rows, columns);
                failures++;
            }
        }
    }
    report("matmul", type, worst, 1e-5);
}

static void check_attend(const mk_kernels *a, const mk_kernels *b, mk_codec codec) {
    const int32_t dimensions[] = {2, 6, 8, 19, 38, 64, 80, 128}, lengths[] = {1, 15, 17, 64, 65, 200, 1000};
    double worst = 0;
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 7; j++) {
            int32_t dimension = dimensions[i], length = lengths[j], group = 1 + (i + j) % 8;
            int32_t queries = length < 5 ? length : 5, rows = queries * group, pages = (length + 15) / 16;
            size_t size = mk_page_bytes(codec, dimension), width = mk_round_up(dimension, 16);
            uint8_t *arena[2], *zero = bytes(size);
            float *q = random_floats((size_t)rows * dimension), *out[2], *maximum[2], *sum[2];
            int32_t *ids = malloc((size_t)pages * 4);
            for (int32_t p = 0; p < pages; p++) ids[p] = pages - 1 - p;
            const mk_kernels *sets[2] = {a, b};
            float *tokens = random_floats((size_t)length * 2 * dimension);
            for (int k = 0; k < 2; k++) {
                arena[k] = bytes(size * pages);
                for (int32_t t = 0; t < length; t++)
                    sets[k]->append(codec, arena[k] + (size_t)ids[t / 16] * size, dimension, t % 16,
                                    tokens + (size_t)t * 2 * dimension,
                                    tokens + (size_t)t * 2 * dimension + dimension);
                out[k] = (float *)bytes(rows * width * 4);
                maximum[k] = (float *)bytes((size_t)rows * 4);
                sum[k] = (float *)bytes((size_t)rows * 4);
                mk_attention w = {.arena = arena[0], .page_bytes = size, .zero_page = zero,
                                  .head_ids = ids, .head_pages = pages, .tail_ids = ids,
                                  .tail_base = pages, .codec = codec, .dimension = dimension,
                                  .queries = queries, .group = group, .q = q,
                                  .query_stride = (size_t)group * dimension,
                                  .scale = 1 / sqrtf((float)dimension),
                                  .first_end = length - queries + 1, .window = j % 2 ? 100 : INT32_MAX,
                                  .sinks = j % 2 ? 4 : 0, .tile_end = (length + MK_TILE - 1) / MK_TILE,
                                  .maximum = maximum[k], .sum = sum[k], .out = out[k],
                                  .out_stride = width,
                                  .scratch = bytes(mk_attention_scratch(rows, dimension))};
                sets[k]->attend(&w);
                for (int32_t r = 0; r < rows; r++)
                    mk_normalise(out[k] + r * width, sum[k][r], dimension, out[k] + r * width);
            }
            if (memcmp(arena[0], arena[1], size * pages)) {
                printf("append %d: pages differ, dimension %d\n", codec, dimension);
                failures++;
            }
            for (int32_t r = 0; r < rows; r++) {
                double d = difference(out[0] + r * width, out[1] + r * width, (size_t)dimension);
                if (!(d <= worst)) worst = d;
            }
        }
    report("attend", codec, worst, codec >= MK_CODEC_Q8 ? 1e-4 : 1e-5);
}

/// Sealed pages among open ones, rules for single slots, and scores of pages by their bounds.
static void check_pages(const mk_kernels *a, const mk_kernels *b, mk_seal seal) {
    const int32_t dimensions[] = {6, 19, 64, 128};
    double worst = 0, worst_scores = 0;
    for (int i = 0; i < 4; i++) {
        int32_t dimension = dimensions[i], pages = 16, length = pages * 16 - 51, group = 1 + 2 * i;
        size_t size = mk_page_bytes(MK_CODEC_F16, dimension), width = mk_round_up(dimension, 16);
        int32_t unit = mk_sealed_pages(seal);
        size_t sealed = mk_sealed_bytes(seal, dimension), bounds = mk_bounds_bytes(dimension);
        uint8_t *arena = bytes(size * pages), *small = bytes(sealed * (size_t)(pages / unit)), *zero = bytes(size);
        uint8_t *described = bytes(bounds * pages);
        float *tokens = random_floats((size_t)pages * 32 * dimension);
        float *q = random_floats((size_t)group * dimension), *bias = random_floats(256);
        int32_t *ids = malloc((size_t)pages * 4), *until = malloc(256 * 4);
        for (int32_t s = 0; s < 256; s++) until[s] = s % 5 ? INT32_MAX : 100;
        for (int32_t p = 0; p < pages; p++) {
            float *keys = tokens + (size_t)p * 16 * dimension, *values = keys + (size_t)pages * 16 * dimension;
            for (int32_t t = 0; t < 16; t++)
                a->append(MK_CODEC_F16, arena + (size_t)p * size, dimension, t, keys + (size_t)t * dimension,
                          values + (size_t)t * dimension);
            mk_page_bounds(MK_CODEC_F16, arena + (size_t)p * size, dimension, 16, described + (size_t)p * bounds);
            if (p % unit == 0) mk_seal_pages(seal, keys, values, dimension, small + (size_t)(p / unit) * sealed);
            ids[p] = p % 3 == 1 ? p : pages + p;
        }
        const mk_page_class class = mk_sealed_class(seal, dimension, pages, small);
        const mk_kernels *sets[2] = {a, b};
        float *out[2], *scores[2];
        for (int k = 0; k < 2; k++) {
            float *maximum = (float *)bytes((size_t)group * 4), *sum = (float *)bytes((size_t)group * 4);
            out[k] = (float *)bytes((size_t)group * width * 4);
            scores[k] = (float *)bytes((size_t)pages * 8);
            mk_attention w = {.arena = arena, .page_bytes = size, .zero_page = zero, .head_ids = ids,
                              .head_pages = pages, .tail_ids = ids, .tail_base = pages, .codec = MK_CODEC_F16,
                              .dimension = dimension, .queries = 1, .group = group, .q = q,
                              .query_stride = (size_t)group * dimension, .scale = 1 / sqrtf((float)dimension),
                              .first_end = length, .window = INT32_MAX, .until = until,
                              .first_position = length - 1, .bias = bias, .classes = &class, .class_count = 1,
                              .tile_end = (length + MK_TILE - 1) / MK_TILE, .maximum = maximum, .sum = sum,
                              .out = out[k], .out_stride = width,
                              .scratch = bytes(mk_attention_scratch(group, dimension))};
            sets[k]->attend(&w);
            for (int32_t r = 0; r < group; r++)
                mk_normalise(out[k] + r * width, sum[r], dimension, out[k] + r * width);
            int32_t *open = malloc((size_t)pages * 4);
            for (int32_t p = 0; p < pages; p++) open[p] = pages - 1 - p;
            for (int m = 0; m < 2; m++)
                sets[k]->page_scores(q, dimension, group, dimension, described, bounds, open, pages, m,
                                     scores[k] + m * pages);
        }
        for (int32_t r = 0; r < group; r++) {
            double d = difference(out[0] + r * width, out[1] + r * width, (size_t)dimension);
            if (!(d <= worst)) worst = d;
        }
        double d = difference(scores[0], scores[1], (size_t)pages * 2);
        if (!(d <= worst_scores)) worst_scores = d;
    }
    report("sealed", seal, worst, 1e-5);
    report("bounds", seal, worst_scores, 1e-4);
}

static void check_elementwise(const mk_kernels *a, const mk_kernels *b) {
    const mk_kernels *sets[2] = {a, b};
    const int32_t sizes[] = {1, 15, 16, 17, 33, 100, 1000};
    double worst[6] = {0};
    for (int s = 0; s < 7; s++) {
        int32_t count = sizes[s];
        float *x = random_floats(count), *w = random_floats(count), *out[2][6];
        for (int32_t i = 0; i < count; i++) x[i] *= 10;
        for (int k = 0; k < 2; k++) {
            for (int o = 0; o < 6; o++) {
                out[k][o] = (float *)bytes((size_t)count * 4);
                memcpy(out[k][o], x, (size_t)count * 4);
            }
            sets[k]->rms_norm(x, w, 1e-5f, count, out[k][0]);
            sets[k]->layer_norm(x, w, w, 1e-5f, count, out[k][1]);
            sets[k]->rotate(out[k][2], w, w, count / 2);
            sets[k]->gelu(out[k][3], count, 0);
            sets[k]->gelu(out[k][4], count, 1);
            sets[k]->swiglu(out[k][5], w, count);
            if (sets[0]->argmax(x, count) != sets[k]->argmax(x, count)) failures++;
        }
        for (int o = 0; o < 6; o++) {
            double d = difference(out[0][o], out[1][o], (size_t)count);
            if (!(d <= worst[o])) worst[o] = d;
        }
    }
    const char *names[] = {"rms_norm", "layer_norm", "rotate", "gelu_erf", "gelu_tanh", "swiglu"};
    for (int o = 0; o < 6; o++) report(names[o], 0, worst[o], 1e-5);
}

int main(void) {
    const mk_kernels *a = mk_table(MK_SET_PORTABLE), *b = mk_table(MK_SET_NEON);
    if (!b) {
        printf("this machine has no NEON with dot products\n");
        return 2;
    }
    const mk_weight types[] = {MK_WEIGHT_F32, MK_WEIGHT_BF16, MK_WEIGHT_F16, MK_WEIGHT_Q8,
                               MK_WEIGHT_Q6,  MK_WEIGHT_Q5,   MK_WEIGHT_Q4,  MK_WEIGHT_Q4_PLAIN};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) check_matmul(a, b, types[i]);
    for (int codec = 0; codec < 5; codec++) check_attend(a, b, (mk_codec)codec);
    for (int seal = 0; seal < 5; seal++) check_pages(a, b, (mk_seal)seal);
    check_elementwise(a, b);
    printf(failures ? "%d failures\n" : "all kernels agree\n", failures);
    return failures != 0;
}
