// Attention over sealed pages: integers are widened to floats lane by lane, then as on float pages.

typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));

/// The sixteen integers at p as floats; the layout is in internal.h.
MK_INLINE f32x16 unpack16(int bits, const uint8_t *p) {
    if (bits == 8) {
        u8x16 x;
        memcpy(&x, p, 16);
        return __builtin_convertvector(x, f32x16);
    }
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
