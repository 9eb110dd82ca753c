// Attention over pages: scores, one online-softmax update per tile of 128 slots, weighted values.
//
// For each query row, tiles are walked in ascending order and each makes one update:
//   m' = max(m, max s); p = e^(s - m'); sum = sum * e^(m - m') + p; out = out * e^(m - m') + p V.
// Lanes are cached tokens in the scores and value dimensions in the sums, so a row's bits do not
// depend on how many rows share the pass.  A page element is loaded and widened once for
// MK_ATTEND_ROWS rows (the heads of a group; in prefill also neighbouring queries).
// Quantised pages are read through integer products: the query and the weights are split into
// 15-bit integers 254 * high + low, so the only sizeable error is the page's own.  The keys of q4
// pages meet the high byte alone: it rounds a query to 1/254 of its largest element, a tenth of
// what four bits do to a key, and halves the products.

#define SPLIT 254
/// Rows whose running sums stay in registers; 16-lane columns taken together.
#define ATTEND_ROWS MK_ATTEND_ROWS
#define ATTEND_COLUMNS MK_ATTEND_COLUMNS

/// A tile as integers; see whole.h.
typedef struct {
    int16_t *keys;      // [dimension / 2][128 slots][2]: two channels side by side
    int16_t *values;    // [width / 16][64][16 channels][2]: two tokens side by side
    float *key_units;   // [round_up(dimension, 16)] what a key's integers are multiples of
    float *value_units; // [width]
} mk_whole_tile;

typedef struct {
    float *sums;      // [rows][16] running sums of weights, by lane
    float *factors;   // [rows] e^(m - m') of the tile at hand
    float *weights;   // [ATTEND_ROWS][MK_TILE] scores, then weights
    int8_t *query;    // [rows][2][query_width] high and low bytes of quantised queries
    float *scales;    // [rows] their scales
    int32_t *starts;     // [rows][2][groups] what 8-bit accumulators start from
    float *totals;       // [rows][groups] sums of the quantised query, for 4-bit minima
    int32_t query_width;
    int16_t *whole;      // [rows][whole_width] queries as integers, for sealed pages
    float *padded;       // [rows][whole_width] the same as they are, zeros behind them
    float *steps;        // [rows] steps of the integers
    int32_t whole_width;
    mk_whole_tile whole_tile;
} mk_scratch;

MK_INLINE f32x16 load_codec(mk_codec codec, const uint8_t *p, size_t element) {
    switch (codec) {
    case MK_CODEC_F16: return load_f16(p + element * 2);
    case MK_CODEC_BF16: return load_bf16(p + element * 2);
    default: return load_f32(p + element * 4);
    }
}

/// scores[r][16 * j + lane] = sum over d of q[r][d] * keys_j[d][lane], for `columns` pages.
/// Touches the same places of the pages `ahead` so that memory works while we compute.
MK_INLINE void scores_float(mk_codec codec, const float *const *q, int rows, const uint8_t *const *pages,
                            const uint8_t *const *ahead, int columns, int32_t dimension, float scale,
                            float *scores) {
    const size_t row = codec == MK_CODEC_F32 ? 64 : 32;
    f32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) acc[r][j] = splat(0);
    for (int32_t d = 0; d < dimension; d++) {
        _Pragma("unroll") for (int j = 0; j < columns; j++) {
            f32x16 k = load_codec(codec, pages[j], (size_t)d * 16);
            __builtin_prefetch(ahead[j] + (size_t)d * row, 0, 3);
            _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r][j] = fma16(k, splat(q[r][d]), acc[r][j]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) store_f32(scores + r * MK_TILE + j * 16, acc[r][j] * scale);
}

/// out[r] += sum over the tile's slots of weights[r][slot] * values[slot], 16 * columns dims at `from`.
MK_INLINE void values_float(mk_codec codec, const float *weights, int rows, const uint8_t *const *pages,
                            const uint8_t *const *ahead, int pageCount, size_t values, int32_t width,
                            int32_t from, int columns, const float *factors, float *const *out) {
    const size_t bytes = codec == MK_CODEC_F32 ? 4 : 2;
    f32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++)
            acc[r][j] = load_f32(out[r] + from + j * 16) * factors[r];
    for (int page = 0; page < pageCount; page++) {
        const uint8_t *v = pages[page] + values, *next = ahead[page] + values;
        const float *w = weights + page * 16;
        for (int32_t t = 0; t < 16; t++) {
            _Pragma("unroll") for (int j = 0; j < columns; j++) {
                __builtin_prefetch(next + ((size_t)t * width + from + j * 16) * bytes, 0, 3);
                f32x16 x = load_codec(codec, v, (size_t)t * width + from + j * 16);
                _Pragma("unroll") for (int r = 0; r < rows; r++)
                    acc[r][j] = fma16(x, splat(w[r * MK_TILE + t]), acc[r][j]);
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) store_f32(out[r] + from + j * 16, acc[r][j]);
}

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

/// One row tile of one attention tile: scores, then (after the softmax) values.
MK_INLINE void scores_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at,
                           const uint8_t *const *pages, const uint8_t *const *ahead, int pageCount,
                           int row, int rows, mk_codec codec) {
    if (codec == MK_CODEC_Q8 || codec == MK_CODEC_Q4) {
        for (int j = 0; j < pageCount; j++)
            scores_quantised(codec == MK_CODEC_Q8 ? 8 : 4, s, row, rows, pages[j], ahead[j], at, a->dimension,
                             s->weights + j * 16);
        return;
    }
    const float *q[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        q[r] = a->q + (size_t)((row + r) / a->group) * a->query_stride +
               (size_t)((row + r) % a->group) * a->dimension;
    int j = 0;
    for (; j + ATTEND_COLUMNS <= pageCount; j += ATTEND_COLUMNS)
        scores_float(codec, q, rows, pages + j, ahead + j, ATTEND_COLUMNS, a->dimension, a->scale,
                     s->weights + j * 16);
    for (; j < pageCount; j++)
        scores_float(codec, q, rows, pages + j, ahead + j, 1, a->dimension, a->scale, s->weights + j * 16);
}

MK_INLINE void values_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at,
                           const uint8_t *const *pages, const uint8_t *const *ahead, int pageCount,
                           int row, int rows, mk_codec codec) {
    float *out[ATTEND_ROWS], factors[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        out[r] = a->out + (size_t)(row + r) * a->out_stride;
        factors[r] = s->factors[row + r];
    }
    if (codec == MK_CODEC_Q8 || codec == MK_CODEC_Q4) {
        int bits = codec == MK_CODEC_Q8 ? 8 : 4;
        mk_split split;
        for (int32_t g = 0; g < at.value_groups; g++) {
            int32_t end = (g + 1) * at.value_group;
            end = end > at.value_width ? at.value_width : end;
            split_weights(bits, s->weights, rows, pages, pageCount, at, g, &split);
            for (int32_t from = g * at.value_group; from < end; from += 16)
                values_quantised(bits, &split, rows, pages, ahead, pageCount, at, from, factors, out);
        }
        return;
    }
    int32_t from = 0;
    for (; from + 16 * ATTEND_COLUMNS <= at.value_width; from += 16 * ATTEND_COLUMNS)
        values_float(codec, s->weights, rows, pages, ahead, pageCount, at.values, at.value_width, from,
                     ATTEND_COLUMNS, factors, out);
    for (; from < at.value_width; from += 16)
        values_float(codec, s->weights, rows, pages, ahead, pageCount, at.values, at.value_width, from, 1,
                     factors, out);
}

/// Masks the scores of the rows' first `pages` pages, turns them into weights and updates the running state.  Pages
/// beyond have weights of nothing, which change no bit of a sum: a short tile need not compute them.
MK_INLINE void soften_pages(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows,
                            const int pages) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int r = 0; r < rows; r++) {
        int query = (row + r) / a->group;
        int32_t end = a->first_end + query;
        int32_t begin = end > a->window ? end - a->window : 0;
        int32_t first = tile * MK_TILE;
        float *w = s->weights + r * MK_TILE;
        if (a->sink_scores && tile == 0 && query >= a->sink_first_query)
            for (int32_t i = 0; i < a->sinks; i++) w[i] = a->sink_scores[(size_t)(row + r) * a->sinks + i];
        f32x16 p[MK_TILE_PAGES];
        _Pragma("unroll") for (int j = 0; j < pages; j++) p[j] = load_f32(w + j * 16);
        if (a->cap > 0)
            _Pragma("unroll") for (int j = 0; j < pages; j++) p[j] = cap16(p[j], a->cap);
        if (a->bias)
            _Pragma("unroll") for (int j = 0; j < pages; j++) p[j] += load_f32(a->bias + first + j * 16);
        if (begin > first || end < first + MK_TILE || a->until) {
            _Pragma("unroll") for (int j = 0; j < pages; j++) {
                i32x16 slot = lane + (first + j * 16);
                i32x16 visible = (slot < end) & ((slot >= begin) | (slot < a->sinks));
                if (a->until) visible &= (i32x16)load_u32(a->until + first + j * 16) > a->first_position + query;
                p[j] = visible ? p[j] : splat(-INFINITY);
            }
        }
        f32x16 tops = p[0];
        _Pragma("unroll") for (int j = 1; j < pages; j++) tops = max16(tops, p[j]);
        float top = max_lanes(tops);
        if (top == -INFINITY) {
            s->factors[row + r] = 1;
            _Pragma("unroll") for (int j = 0; j < pages; j++) store_f32(w + j * 16, splat(0));
            continue;
        }
        float old = a->maximum[row + r];
        float now = old > top ? old : top;
        f32x16 factor = exp16(splat(old - now));
        _Pragma("unroll") for (int j = 0; j < pages; j++) {
            p[j] = exp16(p[j] - now);
            store_f32(w + j * 16, p[j]);
        }
        float *sums = s->sums + (size_t)(row + r) * 16;
        f32x16 added = p[0] + p[1];
        if (pages > 2) added += p[2] + p[3];
        if (pages > 4) added += (p[4] + p[5]) + (p[6] + p[7]);
        store_f32(sums, fma16(load_f32(sums), factor, added));
        a->maximum[row + r] = now;
        s->factors[row + r] = factor.x;
    }
}

/// As `soften_pages` for the `count` pages of a tile, rounded up to a size that it is compiled for.
MK_INLINE void soften(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows, int count) {
    const int pages = count <= 2 ? 2 : count <= 4 ? 4 : MK_TILE_PAGES;
    for (int r = 0; r < rows; r++)
        for (int j = count; j < pages; j++) store_f32(s->weights + r * MK_TILE + j * 16, splat(0));
    if (pages == 2) soften_pages(a, s, tile, row, rows, 2);
    else if (pages == 4) soften_pages(a, s, tile, row, rows, 4);
    else soften_pages(a, s, tile, row, rows, MK_TILE_PAGES);
}

#define MK_ROWS_FUNCTION(NAME, CODEC)                                                                 \
    static void NAME##_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at,          \
                              const uint8_t *const *pages, const uint8_t *const *ahead, int count,    \
                              int row, int rows) {                                                    \
        switch (rows) { MK_EACH_ROWS(scores_rows, CODEC) default: return; }                           \
    }                                                                                                 \
    static void NAME##_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at,          \
                              const uint8_t *const *pages, const uint8_t *const *ahead, int count,    \
                              int row, int rows) {                                                    \
        switch (rows) { MK_EACH_ROWS(values_rows, CODEC) default: return; }                           \
    }
#define MK_ROWS_CASE(CALL, CODEC, N) case N: CALL(a, s, at, pages, ahead, count, row, N, CODEC); return;
#if MK_ATTEND_ROWS == 7
#define MK_EACH_ROWS(CALL, CODEC)                                                                     \
    MK_ROWS_CASE(CALL, CODEC, 1) MK_ROWS_CASE(CALL, CODEC, 2) MK_ROWS_CASE(CALL, CODEC, 3)            \
    MK_ROWS_CASE(CALL, CODEC, 4) MK_ROWS_CASE(CALL, CODEC, 5) MK_ROWS_CASE(CALL, CODEC, 6)            \
    MK_ROWS_CASE(CALL, CODEC, 7)
#elif MK_ATTEND_ROWS == 4
#define MK_EACH_ROWS(CALL, CODEC)                                                                     \
    MK_ROWS_CASE(CALL, CODEC, 1) MK_ROWS_CASE(CALL, CODEC, 2) MK_ROWS_CASE(CALL, CODEC, 3)            \
    MK_ROWS_CASE(CALL, CODEC, 4)
#else
#error "attention rows of 4 or 7"
#endif

MK_ROWS_FUNCTION(f32, MK_CODEC_F32)
MK_ROWS_FUNCTION(f16, MK_CODEC_F16)
MK_ROWS_FUNCTION(bf16, MK_CODEC_BF16)
MK_ROWS_FUNCTION(q8, MK_CODEC_Q8)
MK_ROWS_FUNCTION(q4, MK_CODEC_Q4)

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

/// Pages in a tile that are alike: open ones (class -1) or sealed ones of one class.
typedef struct {
    int begin, end, class;
} mk_run;

/// Id of a page, -1 for a hole.
MK_INLINE int32_t id_of(const mk_attention *a, int32_t page) {
    if (page < a->head_pages) return a->head_ids[page];
    if (page >= a->tail_base && page - a->tail_base < a->tail_pages) return a->tail_ids[page - a->tail_base];
    return -1;
}

/// Class of a page, -1 for an open one or a hole.
MK_INLINE int class_of(const mk_attention *a, int32_t id) {
    int found = -1;
    for (int c = 0; c < a->class_count; c++) found = id >= a->classes[c].first ? c : found;
    return found;
}

/// First byte of the unit that a sealed page is in, and its place there.
MK_INLINE const uint8_t *unit_of(const mk_page_class *class, int32_t id, int32_t *part) {
    const int32_t index = id - class->first;
    *part = index % class->unit_pages;
    return class->arena + (size_t)(index / class->unit_pages) * class->unit_bytes;
}

/// Where a page is: for sealed ones so that what the layout of a unit says of the first page holds.
MK_INLINE const uint8_t *page_at(const mk_attention *a, int32_t page) {
    const int32_t id = id_of(a, page), class = class_of(a, id);
    if (class >= 0) {
        int32_t part;
        const uint8_t *unit = unit_of(&a->classes[class], id, &part);
        return part == 0 ? unit : unit + (size_t)part * a->classes[class].body_bytes;
    }
    return id < 0 ? a->zero_page : a->arena + (size_t)id * a->page_bytes;
}

static void open_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const uint8_t *const *pages,
                        const uint8_t *const *touch, int count, int row, int n) {
    switch (a->codec) {
    case MK_CODEC_F32: f32_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_F16: f16_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_BF16: bf16_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q8: q8_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q4: q4_scores(a, s, at, pages, touch, count, row, n); break;
    }
}

static void open_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const uint8_t *const *pages,
                        const uint8_t *const *touch, int count, int row, int n) {
    switch (a->codec) {
    case MK_CODEC_F32: f32_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_F16: f16_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_BF16: bf16_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q8: q8_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q4: q4_values(a, s, at, pages, touch, count, row, n); break;
    }
}

#include "sealed.h"
#include "whole.h"

/// The parts of a unit's scratch.
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
    s.steps = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.whole_width = mk_round_up(a->dimension, 32);
    s.whole = (int16_t *)free_bytes;
    free_bytes += (size_t)rows * 2 * (size_t)s.whole_width;
    s.padded = (float *)free_bytes;
    free_bytes += (size_t)rows * 4 * (size_t)s.whole_width;
    s.query = (int8_t *)free_bytes;
    s.query_width = at.value_width;
    free_bytes += mk_align64((size_t)rows * 2 * (size_t)s.query_width);
    s.whole_tile.keys = (int16_t *)free_bytes;
    free_bytes += (size_t)MK_TILE * 2 * (size_t)at.value_width;
    s.whole_tile.values = (int16_t *)free_bytes;
    free_bytes += (size_t)MK_TILE * 2 * (size_t)at.value_width;
    s.whole_tile.key_units = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4;
    s.whole_tile.value_units = (float *)free_bytes;
    return s;
}

/// Scores, weights and values of the rows [begin, end) over a tile, whose numbers are floats or stored integers.
static void attend_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at, int32_t tile, int begin, int end,
                        const mk_run *runs, int run_count, const mk_tile_pages *here, const uint8_t *const *ahead,
                        int count) {
    for (int row = begin; row < end; row += ATTEND_ROWS) {
        int n = end - row < ATTEND_ROWS ? end - row : ATTEND_ROWS;
        // Later queries of a chunk see more: nothing here is visible to the earlier rows.
        if (a->first_end + (row + n - 1) / a->group <= tile * MK_TILE) continue;
        const uint8_t *const *pages = here->pages, *const *touch = row == 0 ? ahead : pages;
        if (run_count > 0) mixed_scores(a, s, at, runs, run_count, here, touch, row, n);
        else open_scores(a, s, at, pages, touch, count, row, n);
        soften(a, s, tile, row, n, count);
        if (run_count > 0) mixed_values(a, s, at, runs, run_count, here, touch, row, n);
        else open_values(a, s, at, pages, touch, count, row, n);
    }
}

#ifdef MK_MULTIPLIES_PAIRS
/// Likewise over a tile that all of these rows see whole; false where its numbers cannot be integers.
static int attend_whole(const mk_attention *a, mk_scratch *s, mk_page_layout at, int32_t tile, int begin, int end,
                        const uint8_t *const *pages, const uint8_t *const *ahead) {
    const int isFinite = a->codec == MK_CODEC_F16 ? whole_tile_f16(at, a->dimension, pages, ahead, &s->whole_tile)
                                                  : whole_tile_bf16(at, a->dimension, pages, ahead, &s->whole_tile);
    if (!isFinite) return 0;
    for (int row = begin; row < end; row += ATTEND_ROWS) {
        const int n = end - row < ATTEND_ROWS ? end - row : ATTEND_ROWS;
        scores_of_whole[n - 1](a, s, &s->whole_tile, row);
        soften(a, s, tile, row, n, MK_TILE_PAGES);
        values_of_whole[n - 1](a, s, at, &s->whole_tile, row);
    }
    return 1;
}
#endif

/// Tolerance tested against float64 attention over the decoded pages: 1e-6 (float codecs) and 4e-5
/// (q8; from the 15-bit split) of the largest value; q4 within a fifth of what storing in four bits
/// changes.  Reads whole pages only.
static void attend(const mk_attention *a) {
    const int rows = a->queries * a->group;
    const mk_page_layout at = mk_layout(a->codec, a->dimension);
    mk_scratch s = divide_scratch(a, at, rows);
    for (int r = 0; r < rows; r++) {
        a->maximum[r] = -INFINITY;
        store_f32(s.sums + (size_t)r * 16, splat(0));
        for (int32_t d = 0; d < at.value_width; d += 16) store_f32(a->out + (size_t)r * a->out_stride + d, splat(0));
    }
    if (at.key_groups) split_queries(a, &s, at, rows);
    if (a->class_count > 0) round_queries(a, &s, rows);
    const int32_t last_end = a->first_end + a->queries - 1;
    const int32_t first_begin = a->first_end > a->window ? a->first_end - a->window : 0;
    for (int32_t tile = a->tile_begin; tile < a->tile_end; tile++) {
        if (tile * MK_TILE >= a->sinks && first_begin / MK_TILE > tile) tile = first_begin / MK_TILE;
        if (tile >= a->tile_end || tile * MK_TILE >= last_end) break;
        int32_t count = (last_end - tile * MK_TILE + 15) / 16;
        count = count > MK_TILE_PAGES ? MK_TILE_PAGES : count;
        mk_tile_pages here;
        const uint8_t **pages = here.pages, *ahead[MK_TILE_PAGES];
        int32_t next = tile + 1;
        if (next * MK_TILE >= a->sinks && first_begin / MK_TILE > next) next = first_begin / MK_TILE;
        for (int j = 0; j < MK_TILE_PAGES; j++) {
            pages[j] = j < count ? page_at(a, tile * MK_TILE_PAGES + j) : a->zero_page;
            ahead[j] = next < a->tile_end ? page_at(a, next * MK_TILE_PAGES + j) : pages[j];
        }
        mk_run runs[MK_TILE_PAGES];
        int run_count = 0;
        for (int j = 0; a->class_count > 0 && j < count; j++) {
            const int32_t id = id_of(a, tile * MK_TILE_PAGES + j);
            const int class = class_of(a, id);
            if (class >= 0) here.heads[j] = unit_of(&a->classes[class], id, &here.parts[j]);
            if (run_count > 0 && runs[run_count - 1].class == class) runs[run_count - 1].end++;
            else runs[run_count++] = (mk_run){j, j + 1, class};
        }
        if (run_count == 1 && runs[0].class < 0) run_count = 0;
        int begin = 0, end = 0;
#ifdef MK_MULTIPLIES_PAIRS
        rows_of_whole(a, tile, &begin, &end);
        if (begin == end || !attend_whole(a, &s, at, tile, begin, end, pages, ahead)) begin = end = 0;
#endif
        attend_rows(a, &s, at, tile, 0, begin, runs, run_count, &here, ahead, count);
        attend_rows(a, &s, at, tile, end, rows, runs, run_count, &here, ahead, count);
    }
    for (int r = 0; r < rows; r++) a->sum[r] = sum_lanes(load_f32(s.sums + (size_t)r * 16));
}
