// Attention over sealed pages: integers are widened to floats lane by lane, then as on float pages.

typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));

/// The sixteen integers at p as floats; the layout is in internal.h.
MK_INLINE f32x16 unpack16(int bits, const uint8_t *p) {
    if (bits == 8) return load_u8(p);
    u32x16 words;
    if (bits == 4) {
        const u32x16 shift = {0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28};
        uint64_t x;
        memcpy(&x, p, 8);
        u64x8 all = (u64x8)(x);
        memcpy(&words, &all, 64);
        words = words >> shift & 15u;
    } else {
        const u32x16 shift = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
        uint32_t x;
        memcpy(&x, p, 4);
        words = (u32x16)(x) >> shift & 3u;
    }
    return to_float((i32x16)words);
}

/// Scores of one sealed page for `rows` rows, 16 each, MK_TILE apart.
MK_INLINE void scores_sealed_rows(int bits, mk_seal_layout at, const float *const *q, int rows, const uint8_t *page,
                                  int32_t dimension, float scale, float *out) {
    const uint8_t *scales = page + at.key_scales;
    f32x16 acc[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r] = splat(0);
    for (int32_t from = 0; from < dimension; from += 16) {
        // The last sixteen may reach into what follows in the page; only real channels are used.
        float scale16[16], minimum16[16];
        store_f32(scale16, load_f16(scales + (size_t)from * 2));
        store_f32(minimum16, load_f16(scales + (size_t)(dimension + from) * 2));
        int32_t count = dimension - from < 16 ? dimension - from : 16;
        for (int32_t i = 0; i < count; i++) {
            f32x16 k = fma16(unpack16(bits, page + (size_t)(from + i) * 2 * bits), splat(scale16[i]),
                             splat(minimum16[i]));
            _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r] = fma16(k, splat(q[r][from + i]), acc[r]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++) store_f32(out + r * MK_TILE, acc[r] * scale);
}

/// out[r] += weighted values of one sealed page; weights[r][slot], MK_TILE apart.
MK_INLINE void values_sealed_rows(int bits, mk_seal_layout at, const float *weights, int rows, const uint8_t *page,
                                  float *const *out) {
    for (int32_t g = 0; g < at.groups; g++) {
        // A token's scale and minimum go into its weight.
        float scaled[ATTEND_ROWS][16];
        f32x16 start[ATTEND_ROWS];
        const uint8_t *scales = page + at.value_scales + (size_t)g * 32;
        f32x16 s = load_f16(scales), m = load_f16(scales + (size_t)at.groups * 32);
        for (int r = 0; r < rows; r++) {
            f32x16 w = load_f32(weights + r * MK_TILE);
            store_f32(scaled[r], w * s);
            start[r] = splat(sum_lanes(w * m));
        }
        int32_t end = (g + 1) * MK_SEAL_GROUP < at.value_width ? (g + 1) * MK_SEAL_GROUP : at.value_width;
        for (int32_t from = g * MK_SEAL_GROUP; from < end; from += 16) {
            f32x16 acc[ATTEND_ROWS];
            _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r] = start[r];
            for (int32_t t = 0; t < 16; t++) {
                f32x16 x = unpack16(bits, page + at.values + ((size_t)t * at.value_width / 16 + from / 16) * 2 * bits);
                _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r] = fma16(x, splat(scaled[r][t]), acc[r]);
            }
            f32x16 factor = at.is_even ? load_f16(page + at.factors + (size_t)from * 2) : splat(1);
            _Pragma("unroll") for (int r = 0; r < rows; r++)
                store_f32(out[r] + from, fma16(acc[r], factor, load_f32(out[r] + from)));
        }
    }
}

#define MK_SEALED_CASE(N, BITS)                                                                          \
    case N:                                                                                              \
        if (is_scores) scores_sealed_rows(BITS, at, q, N, page, dimension, scale, weights);              \
        else values_sealed_rows(BITS, at, weights, N, page, out);                                        \
        return;
#if MK_ATTEND_ROWS == 7
#define MK_SEALED_ROWS(BITS)                                                                             \
    MK_SEALED_CASE(1, BITS) MK_SEALED_CASE(2, BITS) MK_SEALED_CASE(3, BITS) MK_SEALED_CASE(4, BITS)      \
    MK_SEALED_CASE(5, BITS) MK_SEALED_CASE(6, BITS) MK_SEALED_CASE(7, BITS)
#else
#define MK_SEALED_ROWS(BITS)                                                                             \
    MK_SEALED_CASE(1, BITS) MK_SEALED_CASE(2, BITS) MK_SEALED_CASE(3, BITS) MK_SEALED_CASE(4, BITS)
#endif

/// Either the scores of a sealed page into `weights`, or its values by `weights` into `out`.
static void sealed_page(int is_scores, mk_seal_layout at, const float *const *q, int rows, const uint8_t *page,
                        int32_t dimension, float scale, float *weights, float *const *out) {
    if (at.bits == 8) switch (rows) { MK_SEALED_ROWS(8) default: return; }
    if (at.bits == 4) switch (rows) { MK_SEALED_ROWS(4) default: return; }
    switch (rows) { MK_SEALED_ROWS(2) default: return; }
}

/// Scores of a tile in which pages differ.
static void mixed_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const uint8_t *const *pages, int row, int n) {
    const float *q[ATTEND_ROWS];
    for (int r = 0; r < n; r++)
        q[r] = a->q + (size_t)((row + r) / a->group) * a->query_stride + (size_t)((row + r) % a->group) * a->dimension;
    for (int i = 0; i < run_count; i++) {
        mk_scratch part = *s;
        part.weights = s->weights + runs[i].begin * 16;
        const uint8_t *const *first = pages + runs[i].begin;
        int count = runs[i].end - runs[i].begin;
        if (runs[i].class < 0) {
            open_scores(a, &part, at, first, first, count, row, n);
            continue;
        }
        mk_seal_layout sealed = mk_sealed_layout(a->classes[runs[i].class].seal, a->dimension);
        for (int j = 0; j < count; j++)
            sealed_page(1, sealed, q, n, first[j], a->dimension, a->scale, part.weights + j * 16, 0);
    }
}

/// Values likewise; the running sums are scaled once, before the first run.
static void mixed_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const uint8_t *const *pages, int row, int n) {
    float *out[ATTEND_ROWS];
    for (int r = 0; r < n; r++) {
        out[r] = a->out + (size_t)(row + r) * a->out_stride;
        for (int32_t d = 0; d < at.value_width; d += 16)
            store_f32(out[r] + d, load_f32(out[r] + d) * s->factors[row + r]);
        s->factors[row + r] = 1;
    }
    for (int i = 0; i < run_count; i++) {
        mk_scratch part = *s;
        part.weights = s->weights + runs[i].begin * 16;
        const uint8_t *const *first = pages + runs[i].begin;
        int count = runs[i].end - runs[i].begin;
        if (runs[i].class < 0) {
            open_values(a, &part, at, first, first, count, row, n);
            continue;
        }
        mk_seal_layout sealed = mk_sealed_layout(a->classes[runs[i].class].seal, a->dimension);
        for (int j = 0; j < count; j++)
            sealed_page(0, sealed, 0, n, first[j], a->dimension, a->scale, part.weights + j * 16, out);
    }
}

static mk_scratch divide_scratch(const mk_attention *a, mk_page_layout at, int rows) {
    mk_scratch s;
    uint8_t *free_bytes = a->scratch;
    s.sums = (float *)free_bytes;
    free_bytes += (size_t)rows * 64;
    s.weights = (float *)free_bytes;
    free_bytes += (size_t)ATTEND_ROWS * MK_TILE * 4;
    s.factors = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.scales = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.starts = (int32_t *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 8 * (at.key_groups ? at.key_groups : 1));
    s.totals = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4 * (at.key_groups ? at.key_groups : 1));
    s.query = (int8_t *)free_bytes;
    s.query_width = at.value_width;
    return s;
}
