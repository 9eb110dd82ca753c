// Causal attention in training: what forward and backward share, then forward.
//
// Forward, for each query i over the keys j that it sees (start[i] <= j <= i):
//   s = scale q_i . k_j (+ mask_j where i - j > window), o_i = sum of softmax(s)_j v_j, lse_i = log sum e^s.
// Blocks of MK_QUERY_BLOCK queries walk over blocks of MK_KEY_BLOCK keys in ascending order with an
// online softmax, so no more of the scores exists than one block.  Blocks that no query sees are skipped,
// and within a block the row tiles and column panels that no query of the tile sees, so that causality
// costs little more than half of a full square.
//
// Both products are register tiles of TA_ROWS rows times TA_COLUMNS vectors.  Keys are packed transposed
// (lanes are keys in the scores); values keep rows (lanes are dimensions in the outputs).  Scores are kept
// times log2 e, so that a probability is one power of two.
//
// Accumulation order: a score ascends over dimensions in one lane; an output ascends over keys, rescaled
// once for each block of keys; the sum of exponentials runs in 16 lanes and then one tree.  Query heads
// take turns.  Nothing is read or written past the ends of the arrays: packed copies are what is padded.
// Tolerance tested: 2e-6 of the largest value (forward), 1e-5 of the largest gradient.
#include "../../CMartletKernels/training_scratch.h"

/// Accumulators of a register tile: what the set's registers hold, less a row of operands.
#if defined(MK_USE_AVX512)
#define TA_ROWS 12
#define TA_COLUMNS 2
#elif defined(MK_USE_PORTABLE)
#define TA_ROWS 3
#define TA_COLUMNS 1
#else
#define TA_ROWS 6
#define TA_COLUMNS 1
#endif
#define TA_PANEL (16 * TA_COLUMNS)
#define TA_TILES (MK_QUERY_BLOCK / TA_ROWS)

#define LOG2_E 1.44269504088896341f
#define LN_2 0.69314718055994531f
/// Score of an invisible key; what masks end at; what maxima start from.  Their order makes an
/// invisible key's weight 0 and the first visible one's factor 0 without infinities.
#define SCORE_INVISIBLE -3e38f
#define SCORE_LOWEST -1e30f

/// 2^x for x <= 127, relative error under 2.5e-7; 0 below about -126.  NaN stays NaN.
MK_INLINE f32x16 exp2_16(f32x16 x) {
#if !defined(MK_USE_AVX512)
    f32x16 whole = x;
    x = max16(splat(-126.0f), x);
#endif
    f32x16 n = round16(x), r = x - n;
    f32x16 p = splat(1.3264728477e-3f);
    p = fma16(p, r, splat(9.6715129912e-3f));
    p = fma16(p, r, splat(5.5507335812e-2f));
    p = fma16(p, r, splat(2.4022242427e-1f));
    p = fma16(p, r, splat(6.9314700365e-1f));
    p = fma16(p, r, splat(1.0f));
#if defined(MK_USE_AVX512)
    // Scaling by a power of two saturates by itself.
    return (f32x16)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    f32x16 y = p * (f32x16)((to_int(n) + 127) << 23);
    return whole < splat(-126.0f) ? splat(0.0f) : y;
#endif
}

/// acc[r][c] += sum over p < depth of a[r * a_row + p * a_column] * b[p * b_row + 16 c ..], ascending.
MK_INLINE void add_products(f32x16 acc[TA_ROWS][TA_COLUMNS], int columns, const float *a, size_t a_row,
                            size_t a_column, const float *b, size_t b_row, int32_t depth) {
    for (int32_t p = 0; p < depth; p++, a += a_column, b += b_row) {
        f32x16 x[TA_COLUMNS];
        _Pragma("unroll") for (int c = 0; c < columns; c++) x[c] = load_f32(b + c * 16);
        _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++) {
            f32x16 y = splat(a[(size_t)r * a_row]);
            _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = fma16(x[c], y, acc[r][c]);
        }
    }
}

/// scores[r][TA_PANEL] = first[r] + rows x panel, for one tile of rows and one panel of transposed keys.
static __attribute__((noinline)) void score_tile(const float *rows, const float *panel, const mk_training_scratch *s,
                                                 const float *first, float *scores) {
    f32x16 acc[TA_ROWS][TA_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < TA_COLUMNS; c++) acc[r][c] = splat(first ? first[r] : 0.0f);
    add_products(acc, TA_COLUMNS, rows, (size_t)s->width, 1, panel, TA_PANEL, s->dimension);
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < TA_COLUMNS; c++)
            store_f32(scores + r * MK_KEY_BLOCK + c * 16, acc[r][c]);
}

/// sums[r] = sums[r] * factors[r] + weights[r] x rows of b, 16 * columns of the width.
MK_INLINE void weigh_columns(const float *weights, int32_t depth, const float *b, size_t width, int columns,
                             const float *factors, float *sums) {
    f32x16 acc[TA_ROWS][TA_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) {
            acc[r][c] = load_f32(sums + (size_t)r * width + c * 16);
            if (factors) acc[r][c] *= factors[r];
        }
    add_products(acc, columns, weights, MK_KEY_BLOCK, 1, b, width, depth);
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) store_f32(sums + (size_t)r * width + c * 16, acc[r][c]);
}
static __attribute__((noinline)) void weigh_tile(const float *weights, int32_t depth, const float *b, size_t width,
                                                 int32_t columns, const float *factors, float *sums) {
    if (columns == TA_COLUMNS) weigh_columns(weights, depth, b, width, TA_COLUMNS, factors, sums);
    else weigh_columns(weights, depth, b, width, 1, factors, sums);
}

/// One tile of queries: places [first, last] in the sequence and the range of their `start`.
typedef struct {
    int32_t first, last, low, high;
} mk_query_tile;

/// Columns of a block of keys that a tile of queries sees: whole panels, and the first and last key.
typedef struct {
    int32_t panel_begin, panel_end, begin, end;
} mk_seen;

MK_INLINE mk_seen seen_columns(const mk_query_tile *t, int32_t key) {
    int32_t begin = t->low - key, end = t->last + 1 - key;
    begin = begin < 0 ? 0 : begin;
    end = end > MK_KEY_BLOCK ? MK_KEY_BLOCK : end;
    if (end <= begin) return (mk_seen){0, 0, 0, 0};
    return (mk_seen){begin / TA_PANEL, (end + TA_PANEL - 1) / TA_PANEL, begin, end};
}

/// Whether every query of the tile sees every key of those panels, and none of them is masked.
MK_INLINE int sees_plainly(const mk_training_attention *a, const mk_query_tile *t, mk_seen seen, int32_t key) {
    int32_t from = key + seen.panel_begin * TA_PANEL, to = key + seen.panel_end * TA_PANEL - 1;
    return t->high <= from && to <= t->first && (!a->mask || t->last - from <= a->window);
}

/// Tiles of the block of queries at `query`; returns how many.
static int32_t divide_queries(const mk_training_attention *a, const mk_training_scratch *s, int32_t query,
                              mk_query_tile *tiles) {
    int32_t count = 0;
    for (int32_t i = query; i < a->tokens && i < query + MK_QUERY_BLOCK; i += TA_ROWS, count++) {
        mk_query_tile t = {i, i + TA_ROWS < a->tokens ? i + TA_ROWS - 1 : a->tokens - 1, INT32_MAX, 0};
        for (int32_t r = i; r < i + TA_ROWS; r++) {
            t.low = s->start[r] < t.low ? s->start[r] : t.low;
            t.high = s->start[r] > t.high ? s->start[r] : t.high;
        }
        tiles[count] = t;
    }
    return count;
}

/// Copies `count` rows times `factor`, padded with zeros to the width and to whole tiles.
static void pack_padded(const mk_training_scratch *s, const float *x, size_t stride, int32_t count, float factor,
                        float *out) {
    for (int32_t i = 0; i < mk_round_up(count, TA_ROWS); i++)
        for (int32_t d = 0; d < s->width; d += 16) {
            f32x16 v = splat(0);
            if (i < count) v = load_partial(x + (size_t)i * stride + d, s->dimension - d) * factor;
            store_f32(out + (size_t)i * (size_t)s->width + d, v);
        }
}

/// Transposes the rows of all tokens into panels.
static void pack_across(const mk_training_scratch *s, const float *x, size_t stride, int32_t tokens, float *out) {
    for (int32_t j = 0; j < tokens; j += TA_PANEL)
        for (int32_t c = 0; c < TA_PANEL; c += 16) {
            float *to = out + (size_t)j * (size_t)s->dimension + c;
            int32_t left = tokens - j - c;
            if (left > 0)
                pack_transposed(x + (size_t)(j + c) * stride, stride, left < 16 ? left : 16, s->dimension, TA_PANEL,
                                to);
            else
                for (int32_t d = 0; d < s->dimension; d++) store_f32(to + (size_t)d * TA_PANEL, splat(0));
        }
}

static void pack_rules(const mk_training_attention *a, const mk_training_scratch *s) {
    const int32_t padded = mk_round_up(a->tokens, MK_KEY_BLOCK);
    for (int32_t i = 0; i < padded; i++) s->start[i] = i < a->tokens ? a->start[i] : INT32_MAX;
    for (int32_t j = 0; a->mask && j < padded; j++)
        s->mask[j] = j < a->tokens ? a->mask[(size_t)j * a->mask_stride] * LOG2_E : 0;
}

/// Adds the mask to, and hides what is invisible from, 16 scores of query i from key j on.
MK_INLINE f32x16 ruled_scores(const mk_training_attention *a, const mk_training_scratch *s, f32x16 x, int32_t i,
                              int32_t j, i32x16 *visible) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    i32x16 key = lane + j;
    if (a->mask && i - j > a->window) {
        f32x16 masked = max16(splat(SCORE_LOWEST), x + load_f32(s->mask + j));
        x = key < i - a->window ? masked : x;
    }
    *visible = (key >= s->start[i]) & (key <= i);
    return x;
}

/// Scores of a tile to weights: the maximum and the sums of exponentials move on, and `factors` is what
/// the outputs so far are to be multiplied by.
static void soften_tile(const mk_training_attention *a, const mk_training_scratch *s, const mk_query_tile *t,
                        int32_t row, mk_seen seen, int32_t key) {
    const int32_t begin = seen.panel_begin * TA_PANEL, end = seen.panel_end * TA_PANEL;
    const int plain = sees_plainly(a, t, seen, key);
    float *scores = s->scores + (size_t)row * MK_KEY_BLOCK;
    float next[16] = {0};
    for (int32_t r = 0; r < TA_ROWS; r++, scores += MK_KEY_BLOCK) {
        f32x16 top = splat(s->maximum[row + r]);
        for (int32_t c = begin; c < end; c += 16) {
            f32x16 x = load_f32(scores + c);
            if (!plain) {
                i32x16 visible;
                x = ruled_scores(a, s, x, t->first + r, key + c, &visible);
                x = visible ? x : splat(SCORE_INVISIBLE);
                store_f32(scores + c, x);
            }
            top = max16(top, x);
        }
        next[r] = max_lanes(top);
    }
    f32x16 now = load_f32(next), factors = exp2_16(load_partial(s->maximum + row, TA_ROWS) - now);
    store_partial(s->maximum + row, now, TA_ROWS);
    store_partial(s->factors + row, factors, TA_ROWS);
    scores = s->scores + (size_t)row * MK_KEY_BLOCK;
    for (int32_t r = 0; r < TA_ROWS; r++, scores += MK_KEY_BLOCK) {
        f32x16 sum = load_f32(s->lanes + (size_t)(row + r) * 16) * s->factors[row + r];
        for (int32_t c = begin; c < end; c += 16) {
            f32x16 p = exp2_16(load_f32(scores + c) - next[r]);
            store_f32(scores + c, p);
            sum += p;
        }
        store_f32(s->lanes + (size_t)(row + r) * 16, sum);
    }
}

/// One block of queries of one head.
static void forward_block(const mk_training_attention *a, const mk_training_scratch *s, int32_t head, int32_t query) {
    const size_t width = (size_t)s->width;
    const int32_t rows = a->tokens - query < MK_QUERY_BLOCK ? a->tokens - query : MK_QUERY_BLOCK;
    mk_query_tile tiles[TA_TILES];
    const int32_t count = divide_queries(a, s, query, tiles);
    const float *q = a->q + (size_t)query * a->q_stride + (size_t)head * (size_t)a->dimension;
    pack_padded(s, q, a->q_stride, rows, a->scale * LOG2_E, s->q);
    for (int32_t r = 0; r < MK_QUERY_BLOCK; r++) s->maximum[r] = SCORE_LOWEST;
    memset(s->lanes, 0, sizeof(float) * 16 * MK_QUERY_BLOCK);
    memset(s->sums, 0, sizeof(float) * MK_QUERY_BLOCK * width);
    int32_t low = query;
    for (int32_t t = 0; t < count; t++) low = tiles[t].low < low ? tiles[t].low : low;
    for (int32_t key = low / MK_KEY_BLOCK * MK_KEY_BLOCK; key < query + rows; key += MK_KEY_BLOCK) {
        mk_seen seen[TA_TILES];
        for (int32_t t = 0; t < count; t++) seen[t] = seen_columns(&tiles[t], key);
        // Panels outermost: one stays in the nearest cache while the tiles of queries pass.
        for (int32_t p = 0; p < MK_KEY_BLOCK / TA_PANEL; p++)
            for (int32_t t = 0; t < count; t++)
                if (seen[t].panel_begin <= p && p < seen[t].panel_end)
                    score_tile(s->q + (size_t)t * TA_ROWS * width,
                               s->keys_across + (size_t)(key + p * TA_PANEL) * (size_t)s->dimension, s, 0,
                               s->scores + t * TA_ROWS * MK_KEY_BLOCK + p * TA_PANEL);
        for (int32_t t = 0; t < count; t++)
            if (seen[t].end > 0) soften_tile(a, s, &tiles[t], t * TA_ROWS, seen[t], key);
        for (int32_t d = 0; d < s->width; d += TA_PANEL)
            for (int32_t t = 0; t < count; t++)
                if (seen[t].end > 0)
                    weigh_tile(s->scores + t * TA_ROWS * MK_KEY_BLOCK + seen[t].begin, seen[t].end - seen[t].begin,
                               s->values + (size_t)(key + seen[t].begin) * width + d, width,
                               s->width - d < TA_PANEL ? 1 : TA_COLUMNS, s->factors + t * TA_ROWS,
                               s->sums + (size_t)t * TA_ROWS * width + d);
    }
    for (int32_t r = 0; r < rows; r++) {
        float sum = sum_lanes(load_f32(s->lanes + r * 16)), inverse = 1.0f / sum;
        float *out = a->out + (size_t)(query + r) * a->out_stride + (size_t)head * (size_t)a->dimension;
        for (int32_t d = 0; d < a->dimension; d += 16)
            store_partial(out + d, load_f32(s->sums + (size_t)r * width + d) * inverse, a->dimension - d);
        a->lse[(size_t)head * (size_t)a->tokens + (size_t)(query + r)] = s->maximum[r] * LN_2 + logf(sum);
    }
}

static void attention_forward(const mk_training_attention *a) {
    const mk_training_scratch s = mk_divide_training(a->scratch, a->tokens, a->dimension);
    pack_rules(a, &s);
    pack_across(&s, a->k, a->kv_stride, a->tokens, s.keys_across);
    pack_padded(&s, a->v, a->kv_stride, a->tokens, 1.0f, s.values);
    for (int32_t head = 0; head < a->group; head++)
        for (int32_t query = 0; query < a->tokens; query += MK_QUERY_BLOCK) forward_block(a, &s, head, query);
}

#include "training_attention_backward.h"
