// Attention over sealed pages: integers are widened to floats lane by lane, then as on float pages.
//
// A channel's scale goes into the query and its minimum into a sum of the query, a token's into its weight and a
// sum of weights: what is left to do for an integer is to take it out of its word and to multiply it once a row.

/// Integer `i` of those that share the words w, or the sixteen bytes at p, as floats; the layout is in internal.h.
MK_INLINE f32x16 field16(int bits, u32x16 w, int i) {
#if defined(MK_USE_AVX512)
    // A look-up in sixteen floats takes an index from the lowest four bits: neither a mask nor a conversion.
    const f32x16 four = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const f32x16 two = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
    if (bits < 8)
        return (f32x16)_mm512_permutexvar_ps((__m512i)(w >> (uint32_t)(bits * i)), (__m512)(bits == 4 ? four : two));
#endif
    return to_float((i32x16)(w >> (uint32_t)(bits * i) & ((1u << bits) - 1)));
}

/// Makes what was stored at p be read from there: a number that is multiplied with all lanes comes out of memory for
/// nothing, and out of a register by shuffles, which compilers choose.
MK_INLINE void settle(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

/// Asks for `bytes` at p.
MK_INLINE void ask(const uint8_t *p, size_t bytes) {
    for (size_t line = 0; line < bytes; line += 64) __builtin_prefetch(p + line, 0, 3);
}

/// Scores of one sealed page for `rows` rows, 16 each, MK_TILE apart.
MK_INLINE void scores_sealed_rows(int bits, mk_seal_layout at, const float *const *q, int rows, const uint8_t *page,
                                  int32_t dimension, float scale, float *out) {
    const uint8_t *scales = page + at.key_scales;
    // Two sums a row where registers allow: channels in turn, so that no multiplication waits for the last one.
    const int ways = ATTEND_ROWS > 4 ? 2 : 1;
    f32x16 acc[ATTEND_ROWS][2], least[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r][0] = acc[r][1] = least[r] = splat(0);
    const int32_t per = bits == 8 ? 16 : 32 / bits;
    for (int32_t from = 0; from < dimension; from += 16) {
        // The last sixteen may reach into what follows in the page, which counts nothing.
        const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        const i32x16 real = lane < dimension - from;
        f32x16 s = load_f16(scales + (size_t)from * 2), m = load_f16(scales + (size_t)(dimension + from) * 2);
        s = real ? s : splat(0);
        m = real ? m : splat(0);
        float scaled[ATTEND_ROWS][16];
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 x = load_partial(q[r] + from, dimension - from);
            store_f32(scaled[r], x * s);
            least[r] = fma16(x, m, least[r]);
        }
        settle(scaled);
        _Pragma("unroll") for (int32_t first = 0; first < 16; first += per) {
            u32x16 w = (u32x16)(0);
            if (bits != 8) w = load_u32(page + (size_t)((from + first) / per) * 64);
            _Pragma("unroll") for (int i = 0; i < per; i++) {
                f32x16 k = bits == 8 ? load_u8(page + (size_t)(from + i) * 16) : field16(bits, w, i);
                _Pragma("unroll") for (int r = 0; r < rows; r++)
                    acc[r][i % ways] = fma16(k, splat(scaled[r][first + i]), acc[r][i % ways]);
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        f32x16 total = ways == 2 ? acc[r][0] + acc[r][1] : acc[r][0];
        store_f32(out + r * MK_TILE, (total + splat(sum_lanes(least[r]))) * scale);
    }
}

/// out[r] += weighted values of `count` sealed pages; weights[r][16 * page + slot], MK_TILE apart.
MK_INLINE void values_sealed_rows(int bits, mk_seal_layout at, const float *weights, int rows,
                                  const uint8_t *const *pages, const uint8_t *const *ahead, int count,
                                  float *const *out) {
    const int per = bits == 8 ? 1 : 32 / bits;
    for (int32_t g = 0; g < at.groups; g++) {
        // A token's scale and minimum go into its weight.
        float scaled[ATTEND_ROWS][MK_TILE], least[ATTEND_ROWS][MK_TILE_PAGES];
        for (int j = 0; j < count; j++) {
            const uint8_t *scales = pages[j] + at.value_scales + (size_t)g * 32;
            f32x16 s = load_f16(scales), m = load_f16(scales + (size_t)at.groups * 32);
            for (int r = 0; r < rows; r++) {
                f32x16 w = load_f32(weights + r * MK_TILE + j * 16);
                store_f32(scaled[r] + j * 16, w * s);
                least[r][j] = sum_lanes(w * m);
            }
        }
        settle(scaled);
        int32_t end = (g + 1) * MK_SEAL_GROUP < at.value_width ? (g + 1) * MK_SEAL_GROUP : at.value_width;
        for (int32_t from = g * MK_SEAL_GROUP; from < end; from += 16) {
            f32x16 total[ATTEND_ROWS];
            _Pragma("unroll") for (int r = 0; r < rows; r++) total[r] = load_f32(out[r] + from);
            for (int j = 0; j < count; j++) {
                const uint8_t *column = pages[j] + at.values + (size_t)from * 2 * bits;
                ask(ahead[j] + at.values + (size_t)from * 2 * bits, 32 * (size_t)bits);
                f32x16 acc[ATTEND_ROWS];
                _Pragma("unroll") for (int r = 0; r < rows; r++)
                    acc[r] = at.is_even ? splat(least[r][j]) : total[r] + least[r][j];
                for (int t = 0; t < 16; t += per) {
                    u32x16 w = (u32x16)(0);
                    if (bits != 8) w = load_u32(column + (size_t)(t / per) * 64);
                    _Pragma("unroll") for (int i = 0; i < per; i++) {
                        f32x16 x = bits == 8 ? load_u8(column + (size_t)t * 16) : field16(bits, w, i);
                        _Pragma("unroll") for (int r = 0; r < rows; r++)
                            acc[r] = fma16(x, splat(scaled[r][j * 16 + t + i]), acc[r]);
                    }
                }
                if (at.is_even) {
                    f32x16 factor = load_f16(pages[j] + at.factors + (size_t)from * 2);
                    _Pragma("unroll") for (int r = 0; r < rows; r++) total[r] = fma16(acc[r], factor, total[r]);
                } else {
                    _Pragma("unroll") for (int r = 0; r < rows; r++) total[r] = acc[r];
                }
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++) store_f32(out[r] + from, total[r]);
        }
    }
}

// Each is a function of its own, as with products: inlined side by side, they take each other's registers.
#define MK_SEALED_FUNCTIONS(N, BITS)                                                                     \
    static __attribute__((noinline)) void scores_sealed_##BITS##_##N(                                    \
        mk_seal_layout at, const float *const *q, const uint8_t *page, int32_t dimension, float scale,   \
        float *out) {                                                                                    \
        scores_sealed_rows(BITS, at, q, N, page, dimension, scale, out);                                 \
    }                                                                                                    \
    static __attribute__((noinline)) void values_sealed_##BITS##_##N(                                    \
        mk_seal_layout at, const float *weights, const uint8_t *const *pages,                            \
        const uint8_t *const *ahead, int count, float *const *out) {                                     \
        values_sealed_rows(BITS, at, weights, N, pages, ahead, count, out);                              \
    }
typedef void mk_sealed_scores(mk_seal_layout at, const float *const *q, const uint8_t *page, int32_t dimension,
                              float scale, float *out);
typedef void mk_sealed_values(mk_seal_layout at, const float *weights, const uint8_t *const *pages,
                              const uint8_t *const *ahead, int count, float *const *out);

#define MK_SEALED_BITS(N) MK_SEALED_FUNCTIONS(N, 2) MK_SEALED_FUNCTIONS(N, 4) MK_SEALED_FUNCTIONS(N, 8)
MK_SEALED_BITS(1) MK_SEALED_BITS(2) MK_SEALED_BITS(3) MK_SEALED_BITS(4)
#if MK_ATTEND_ROWS == 7
MK_SEALED_BITS(5) MK_SEALED_BITS(6) MK_SEALED_BITS(7)
#define MK_SEALED_NAMES(KIND, BITS)                                                                      \
    {KIND##_sealed_##BITS##_1, KIND##_sealed_##BITS##_2, KIND##_sealed_##BITS##_3, KIND##_sealed_##BITS##_4, \
     KIND##_sealed_##BITS##_5, KIND##_sealed_##BITS##_6, KIND##_sealed_##BITS##_7}
#else
#define MK_SEALED_NAMES(KIND, BITS)                                                                      \
    {KIND##_sealed_##BITS##_1, KIND##_sealed_##BITS##_2, KIND##_sealed_##BITS##_3, KIND##_sealed_##BITS##_4}
#endif

// By bits (2, 4, 8) and rows - 1.
static mk_sealed_scores *const sealed_scores[3][ATTEND_ROWS] = {
    MK_SEALED_NAMES(scores, 2), MK_SEALED_NAMES(scores, 4), MK_SEALED_NAMES(scores, 8)};
static mk_sealed_values *const sealed_values[3][ATTEND_ROWS] = {
    MK_SEALED_NAMES(values, 2), MK_SEALED_NAMES(values, 4), MK_SEALED_NAMES(values, 8)};

MK_INLINE int place_of(int bits) { return bits == 8 ? 2 : bits == 4 ? 1 : 0; }

/// Scores of a tile in which pages differ.
static void mixed_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const uint8_t *const *pages, const uint8_t *const *ahead, int row, int n) {
    const float *q[ATTEND_ROWS];
    for (int r = 0; r < n; r++)
        q[r] = a->q + (size_t)((row + r) / a->group) * a->query_stride + (size_t)((row + r) % a->group) * a->dimension;
    for (int i = 0; i < run_count; i++) {
        mk_scratch part = *s;
        part.weights = s->weights + runs[i].begin * 16;
        const uint8_t *const *first = pages + runs[i].begin, *const *next = ahead + runs[i].begin;
        int count = runs[i].end - runs[i].begin;
        if (runs[i].class < 0) {
            open_scores(a, &part, at, first, next, count, row, n);
            continue;
        }
        mk_seal_layout sealed = mk_sealed_layout(a->classes[runs[i].class].seal, a->dimension);
        mk_sealed_scores *scores = sealed_scores[place_of(sealed.bits)][n - 1];
        for (int j = 0; j < count; j++) {
            if (next[j] != first[j]) ask(next[j], sealed.values);
            scores(sealed, q, first[j], a->dimension, a->scale, part.weights + j * 16);
        }
    }
}

/// Values likewise; the running sums are scaled once, before the first run.
static void mixed_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const uint8_t *const *pages, const uint8_t *const *ahead, int row, int n) {
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
        const uint8_t *const *first = pages + runs[i].begin, *const *next = ahead + runs[i].begin;
        int count = runs[i].end - runs[i].begin;
        if (runs[i].class < 0) {
            open_values(a, &part, at, first, next, count, row, n);
            continue;
        }
        mk_seal_layout sealed = mk_sealed_layout(a->classes[runs[i].class].seal, a->dimension);
        sealed_values[place_of(sealed.bits)][n - 1](sealed, part.weights, first, next, count, out);
    }
}
