// Attention over quantised pages: products of integers.
//
// The query and the weights are split into 15-bit integers 254 * high + low, so the only sizeable error is the page's own.
// The keys of q4 pages meet the high byte alone: it rounds a query to 1/254 of its largest element, a tenth of what four
// bits do to a key, and halves the products.

#define SPLIT 254

MK_INLINE i32x16 dot_of(int bits, i32x16 acc, u32x16 w, int32_t x) {
    return bits == 8 ? dot4_wide(acc, w, x) : dot4(acc, w, x);
}

/// Scores of one quantised page for `rows` rows.
MK_INLINE void scores_quantised(int bits, const mk_scratch *s, int row, int rows, const uint8_t *page,
                                const uint8_t *ahead, mk_page_layout at, int32_t dimension,
                                float *scores) {
    f32x16 total[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) total[r] = splat(0);
    for (int32_t g = 0; g < at.key_groups; g++) {
        int32_t from = g * at.key_group;
        int32_t to = dimension - from < at.key_group ? dimension : from + at.key_group;
        i32x16 high[ATTEND_ROWS], low[ATTEND_ROWS];
        const int8_t *q = s->query + (size_t)row * 2 * s->query_width;
        const int32_t *starts = s->starts + (size_t)row * 2 * at.key_groups;
        const float *totals = s->totals + (size_t)row * at.key_groups;
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            high[r] = (i32x16)(bits == 8 ? starts[(r * 2) * at.key_groups + g] : 0);
            low[r] = (i32x16)(bits == 8 ? starts[(r * 2 + 1) * at.key_groups + g] : 0);
        }
        if (bits == 8) {
            for (int32_t d = from; d < to; d += 4) {
                u32x16 k = load_u32(page + (size_t)(d / 4) * 64);
                __builtin_prefetch(ahead + (size_t)(d / 4) * 64, 0, 3);
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    const int8_t *x = q + (size_t)r * 2 * s->query_width + d;
                    high[r] = dot_of(8, high[r], k, load_4(x));
                    low[r] = dot_of(8, low[r], k, load_4(x + s->query_width));
                }
            }
        } else {
            for (int32_t d = from; d < to; d += 8) {
                u32x16 k = load_u32(page + (size_t)(d / 8) * 64);
                __builtin_prefetch(ahead + (size_t)(d / 8) * 64, 0, 3);
                u32x16 first = k & 0x0f0f0f0fu, second = (k >> 4) & 0x0f0f0f0fu;
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    const int8_t *x = q + (size_t)r * 2 * s->query_width + d;
                    high[r] = dot_of(4, high[r], first, load_4(x));
                    high[r] = dot_of(4, high[r], second, load_4(x + 4));
                }
            }
        }
        f32x16 scale = load_f16(page + at.key_scales + (size_t)g * 32);
        __builtin_prefetch(ahead + at.key_scales + (size_t)g * 64, 0, 3);
        f32x16 minimum = splat(0);
        if (bits == 4) minimum = load_f16(page + at.key_scales + (size_t)(at.key_groups + g) * 32);
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 dot = bits == 8 ? fma16(to_float(high[r]), splat(SPLIT), to_float(low[r]))
                                   : to_float(high[r]) * splat(SPLIT);
            total[r] = fma16(dot, scale, total[r]);
            if (bits == 4) total[r] = fma16(minimum, splat(totals[r * at.key_groups + g]), total[r]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        store_f32(scores + r * MK_TILE, total[r] * s->scales[row + r]);
}

/// Weights times one value group's scales, as two bytes each, and what is needed to undo that.
typedef struct {
    int8_t high[ATTEND_ROWS][MK_TILE], low[ATTEND_ROWS][MK_TILE];
    float scale[ATTEND_ROWS], minimum[ATTEND_ROWS];
    int32_t highSum[ATTEND_ROWS], lowSum[ATTEND_ROWS];
} mk_split;

MK_INLINE void split16(f32x16 x, float inverse, int8_t *high, int8_t *low, i32x16 *highs, i32x16 *lows) {
    f32x16 whole = round16(x * inverse);
    f32x16 top = round16(whole * (1.0f / SPLIT));
    i32x16 h = to_int(top), l = to_int(whole - top * (float)SPLIT);
    i8x16 hb = __builtin_convertvector(h, i8x16), lb = __builtin_convertvector(l, i8x16);
    memcpy(high, &hb, 16);
    memcpy(low, &lb, 16);
    *highs += h;
    *lows += l;
}

MK_INLINE void split_weights(int bits, const float *weights, int rows, const uint8_t *const *pages,
                             int pageCount, mk_page_layout at, int32_t g, mk_split *out) {
    float scale[MK_TILE], minimum[MK_TILE];
    for (int j = 0; j < pageCount; j++) {
        const uint8_t *p = pages[j] + at.value_scales;
        store_f32(scale + j * 16, load_f16(p + (size_t)g * 32));
        if (bits == 4) store_f32(minimum + j * 16, load_f16(p + (size_t)(at.value_groups + g) * 32));
    }
    for (int r = 0; r < rows; r++) {
        f32x16 top = splat(0), minima = splat(0);
        const float *p = weights + r * MK_TILE;
        for (int j = 0; j < pageCount; j++) {
            f32x16 w = load_f32(p + j * 16);
            top = max16(top, w * load_f32(scale + j * 16));
            if (bits == 4) minima = fma16(w, load_f32(minimum + j * 16), minima);
        }
        float largest = max_lanes(top);
        const float steps = SPLIT * 127.0f;
        float inverse = largest > 0 ? steps / largest : 0;
        out->scale[r] = largest / steps;
        out->minimum[r] = bits == 4 ? sum_lanes(minima) : 0;
        i32x16 highs = (i32x16)(0), lows = (i32x16)(0);
        for (int j = 0; j < pageCount; j++)
            split16(load_f32(p + j * 16) * load_f32(scale + j * 16), inverse, out->high[r] + j * 16,
                    out->low[r] + j * 16, &highs, &lows);
        // Only bytes stored as value + 128 need the sums, to take the 128 back out.
        if (bits == 8 && !MK_SIGNED) {
            out->highSum[r] = __builtin_reduce_add(highs);
            out->lowSum[r] = __builtin_reduce_add(lows);
        }
    }
}

/// out[r] += weighted values of the tile, the 16 dims at `from`.
MK_INLINE void values_quantised(int bits, const mk_split *w, int rows, const uint8_t *const *pages,
                                const uint8_t *const *ahead, int pageCount, mk_page_layout at,
                                int32_t from, const float *factors, float *const *out) {
    i32x16 high[ATTEND_ROWS], low[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        high[r] = bits == 8 && !MK_SIGNED ? wide_start(w->highSum[r]) : (i32x16)(0);
        low[r] = bits == 8 && !MK_SIGNED ? wide_start(w->lowSum[r]) : (i32x16)(0);
    }
    for (int page = 0; page < pageCount; page++) {
        const uint8_t *v = pages[page] + at.values + (size_t)from * 4;
        const uint8_t *next = ahead[page] + at.values + (size_t)from * 4;
        if (bits == 8) {
            _Pragma("unroll") for (int t = 0; t < 16; t += 4) {
                u32x16 x = load_u32(v + (size_t)(t / 4) * at.value_width * 4);
                __builtin_prefetch(next + (size_t)(t / 4) * at.value_width * 4, 0, 3);
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    high[r] = dot_of(8, high[r], x, load_4(w->high[r] + page * 16 + t));
                    low[r] = dot_of(8, low[r], x, load_4(w->low[r] + page * 16 + t));
                }
            }
        } else {
            _Pragma("unroll") for (int t = 0; t < 16; t += 8) {
                u32x16 x = load_u32(v + (size_t)(t / 8) * at.value_width * 4);
                __builtin_prefetch(next + (size_t)(t / 8) * at.value_width * 4, 0, 3);
                u32x16 first = x & 0x0f0f0f0fu, second = (x >> 4) & 0x0f0f0f0fu;
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    high[r] = dot_of(4, high[r], first, load_4(w->high[r] + page * 16 + t));
                    low[r] = dot_of(4, low[r], first, load_4(w->low[r] + page * 16 + t));
                    high[r] = dot_of(4, high[r], second, load_4(w->high[r] + page * 16 + t + 4));
                    low[r] = dot_of(4, low[r], second, load_4(w->low[r] + page * 16 + t + 4));
                }
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        f32x16 dot = fma16(to_float(high[r]), splat(SPLIT), to_float(low[r]));
        f32x16 y = fma16(dot, splat(w->scale[r]), splat(w->minimum[r]));
        store_f32(out[r] + from, fma16(load_f32(out[r] + from), splat(factors[r]), y));
    }
}

/// Splits each scaled query into high and low bytes, one scale a row (quantised pages only).
static void split_queries(const mk_attention *a, const mk_scratch *s, mk_page_layout at, int rows) {
    for (int row = 0; row < rows; row++) {
        const float *q = a->q + (size_t)(row / a->group) * a->query_stride +
                         (size_t)(row % a->group) * a->dimension;
        int8_t *high = s->query + (size_t)row * 2 * s->query_width, *low = high + s->query_width;
        int32_t *starts = s->starts + (size_t)row * 2 * at.key_groups;
        float largest = 0;
        for (int32_t d = 0; d < a->dimension; d++) {
            float x = q[d] < 0 ? -q[d] : q[d];
            largest = x > largest ? x : largest;
        }
        const float steps = SPLIT * 127.0f;
        float inverse = largest > 0 ? steps / largest : 0;
        s->scales[row] = largest / steps * a->scale;
        for (int32_t g = 0; g < at.key_groups; g++) {
            i32x16 highs = (i32x16)(0), lows = (i32x16)(0);
            int32_t end = (g + 1) * at.key_group;
            for (int32_t d = g * at.key_group; d < end && d < s->query_width; d += 16)
                split16(load_partial(q + d, a->dimension - d < 0 ? 0 : a->dimension - d), inverse, high + d,
                        low + d, &highs, &lows);
            int32_t highSum = __builtin_reduce_add(highs), lowSum = __builtin_reduce_add(lows);
            starts[g] = wide_start(highSum)[0];
            starts[at.key_groups + g] = wide_start(lowSum)[0];
            s->totals[(size_t)row * at.key_groups + g] = (float)(SPLIT * highSum + lowSum);
        }
    }
}
