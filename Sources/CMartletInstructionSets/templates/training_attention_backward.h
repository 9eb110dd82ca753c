// Derivatives of causal attention in training.
//
// With P = softmax of the scores, recomputed as e^(s - lse), and D_i = d_out_i . out_i:
//   dP = d_out V^T, dS = P (dP - D), dQ = scale dS K, dK = scale dS^T Q, dV = P^T d_out,
//   d_mask_j = sum of dS_ij over heads and the queries with i - j > window.
// Blocks of queries are outermost and keys inside, both ascending: dQ of a block stays near, dK and dV are
// summed in scratch over heads, then blocks, then queries.  All five products are the register tiles of
// forward; only P and dS of one block exist at a time.

/// sums[r] += column r of the weights (depth rows of them) x rows of b, 16 * columns of the width.
MK_INLINE void gather_columns(const float *weights, int32_t depth, const float *b, size_t width, int columns,
                              float *sums) {
    f32x16 acc[TA_ROWS][TA_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = load_f32(sums + (size_t)r * width + c * 16);
    add_products(acc, columns, weights, 1, MK_KEY_BLOCK, b, width, depth);
    _Pragma("unroll") for (int r = 0; r < TA_ROWS; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) store_f32(sums + (size_t)r * width + c * 16, acc[r][c]);
}
static __attribute__((noinline)) void gather_tile(const float *weights, int32_t depth, const float *b, size_t width,
                                                  int32_t columns, float *sums) {
    if (columns == TA_COLUMNS) gather_columns(weights, depth, b, width, TA_COLUMNS, sums);
    else gather_columns(weights, depth, b, width, 1, sums);
}

/// Of one tile: s - lse to P, dP - D to dS; zeros where no query sees, for the sums over queries read whole
/// tiles of keys.
static void differentiate_tile(const mk_training_attention *a, const mk_training_scratch *s, const mk_query_tile *t,
                               int32_t row, mk_seen seen, int32_t key) {
    const int32_t begin = seen.panel_begin * TA_PANEL, end = seen.panel_end * TA_PANEL;
    const int plain = sees_plainly(a, t, seen, key);
    const int masks = a->mask && a->d_mask && t->last - key > a->window;
    for (int32_t r = 0; r < TA_ROWS; r++) {
        float *p = s->scores + (size_t)(row + r) * MK_KEY_BLOCK, *d = s->d_scores + (size_t)(row + r) * MK_KEY_BLOCK;
        for (int32_t c = 0; c < begin; c += 16) store_f32(p + c, splat(0)), store_f32(d + c, splat(0));
        for (int32_t c = end; c < MK_KEY_BLOCK; c += 16) store_f32(p + c, splat(0)), store_f32(d + c, splat(0));
        if (plain) {
            for (int32_t c = begin; c < end; c += 16) {
                f32x16 x = exp2_16(load_f32(p + c));
                store_f32(p + c, x);
                store_f32(d + c, x * load_f32(d + c));
            }
            continue;
        }
        for (int32_t c = begin; c < end; c += 16) {
            i32x16 visible;
            f32x16 x = exp2_16(ruled_scores(a, s, load_f32(p + c), t->first + r, key + c, &visible));
            x = visible ? x : splat(0);
            f32x16 dx = visible ? x * load_f32(d + c) : splat(0);
            store_f32(p + c, x);
            store_f32(d + c, dx);
            if (masks) {
                const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
                f32x16 counted = lane + (key + c) < t->first + r - a->window ? dx : splat(0);
                store_f32(s->d_mask + key + c, load_f32(s->d_mask + key + c) + counted);
            }
        }
    }
}

/// The block's queries and output gradients, and where their scores and dP start from.
static void prepare_block(const mk_training_attention *a, const mk_training_scratch *s, int32_t head, int32_t query,
                          int32_t rows) {
    const size_t column = (size_t)head * (size_t)a->dimension;
    pack_padded(s, a->q + (size_t)query * a->q_stride + column, a->q_stride, rows, a->scale * LOG2_E, s->q);
    pack_padded(s, a->d_out + (size_t)query * a->out_stride + column, a->out_stride, rows, 1.0f, s->d_out);
    for (int32_t r = 0; r < MK_QUERY_BLOCK; r++) {
        s->maximum[r] = s->factors[r] = 0;
        if (r >= rows) continue;
        const float *out = a->out + (size_t)(query + r) * a->out_stride + column;
        f32x16 sum = splat(0);
        for (int32_t d = 0; d < a->dimension; d += 16)
            sum = fma16(load_partial(out + d, a->dimension - d), load_f32(s->d_out + (size_t)r * (size_t)s->width + d),
                        sum);
        s->factors[r] = -sum_lanes(sum);
        s->maximum[r] = -LOG2_E * a->lse[(size_t)head * (size_t)a->tokens + (size_t)(query + r)];
    }
    memset(s->sums, 0, sizeof(float) * MK_QUERY_BLOCK * (size_t)s->width);
}

/// The sums over the block's queries: dV and dK of one block of keys.
static void gather_block(const mk_training_scratch *s, const mk_query_tile *tiles, int32_t count, int32_t key,
                         int32_t query, int32_t rows) {
    const size_t width = (size_t)s->width;
    for (int32_t d = 0; d < s->width; d += TA_PANEL) {
        const int32_t columns = s->width - d < TA_PANEL ? 1 : TA_COLUMNS;
        for (int32_t j = 0; j < MK_KEY_BLOCK && key + j < query + rows; j += TA_ROWS) {
            // Queries before the first key see none of the tile, nor do documents that start after it.
            int32_t from = key + j > query ? key + j - query : 0, to = count;
            while (to > 0 && tiles[to - 1].low >= key + j + TA_ROWS) to--;
            int32_t end = to * TA_ROWS < rows ? to * TA_ROWS : rows;
            if (from >= end) continue;
            const size_t weights = (size_t)from * MK_KEY_BLOCK + (size_t)j;
            const size_t b = (size_t)from * width + (size_t)d, sums = (size_t)(key + j) * width + (size_t)d;
            gather_tile(s->scores + weights, end - from, s->d_out + b, width, columns, s->d_values + sums);
            gather_tile(s->d_scores + weights, end - from, s->q + b, width, columns, s->d_keys + sums);
        }
    }
}

static void backward_block(const mk_training_attention *a, const mk_training_scratch *s, int32_t head, int32_t query) {
    const size_t width = (size_t)s->width;
    const int32_t rows = a->tokens - query < MK_QUERY_BLOCK ? a->tokens - query : MK_QUERY_BLOCK;
    mk_query_tile tiles[TA_TILES];
    const int32_t count = divide_queries(a, s, query, tiles);
    prepare_block(a, s, head, query, rows);
    int32_t low = query;
    for (int32_t t = 0; t < count; t++) low = tiles[t].low < low ? tiles[t].low : low;
    for (int32_t key = low / MK_KEY_BLOCK * MK_KEY_BLOCK; key < query + rows; key += MK_KEY_BLOCK) {
        mk_seen seen[TA_TILES];
        for (int32_t t = 0; t < count; t++) seen[t] = seen_columns(&tiles[t], key);
        for (int32_t p = 0; p < MK_KEY_BLOCK / TA_PANEL; p++)
            for (int32_t t = 0; t < count; t++) {
                if (p < seen[t].panel_begin || p >= seen[t].panel_end) continue;
                const size_t tile = (size_t)t * TA_ROWS * width;
                const size_t at = (size_t)(t * TA_ROWS * MK_KEY_BLOCK + p * TA_PANEL);
                const size_t panel = (size_t)(key + p * TA_PANEL) * (size_t)s->dimension;
                score_tile(s->q + tile, s->keys_across + panel, s, s->maximum + t * TA_ROWS, s->scores + at);
                score_tile(s->d_out + tile, s->values_across + panel, s, s->factors + t * TA_ROWS, s->d_scores + at);
            }
        for (int32_t t = 0; t < count; t++) differentiate_tile(a, s, &tiles[t], t * TA_ROWS, seen[t], key);
        gather_block(s, tiles, count, key, query, rows);
        for (int32_t d = 0; d < s->width; d += TA_PANEL)
            for (int32_t t = 0; t < count; t++)
                if (seen[t].end > 0)
                    weigh_tile(s->d_scores + t * TA_ROWS * MK_KEY_BLOCK + seen[t].begin, seen[t].end - seen[t].begin,
                               s->keys + (size_t)(key + seen[t].begin) * width + d, width,
                               s->width - d < TA_PANEL ? 1 : TA_COLUMNS, 0, s->sums + (size_t)t * TA_ROWS * width + d);
    }
}

/// out (+)= sums * factor, `rows` rows.
static void put_gradient(const mk_training_scratch *s, const float *sums, int32_t rows, float factor, float *out,
                         size_t stride, int32_t add) {
    for (int32_t i = 0; i < rows; i++)
        for (int32_t d = 0; d < s->dimension; d += 16) {
            float *to = out + (size_t)i * stride + d;
            f32x16 v = load_f32(sums + (size_t)i * (size_t)s->width + d) * factor;
            if (add) v += load_partial(to, s->dimension - d);
            store_partial(to, v, s->dimension - d);
        }
}

static void attention_backward(const mk_training_attention *a) {
    const mk_training_scratch s = mk_divide_training(a->scratch, a->tokens, a->dimension);
    const size_t padded = (size_t)mk_round_up(a->tokens, MK_KEY_BLOCK);
    pack_rules(a, &s);
    pack_across(&s, a->k, a->kv_stride, a->tokens, s.keys_across);
    pack_across(&s, a->v, a->kv_stride, a->tokens, s.values_across);
    pack_padded(&s, a->k, a->kv_stride, a->tokens, 1.0f, s.keys);
    memset(s.d_keys, 0, padded * (size_t)s.width * sizeof(float));
    memset(s.d_values, 0, padded * (size_t)s.width * sizeof(float));
    memset(s.d_mask, 0, padded * sizeof(float));
    for (int32_t head = 0; head < a->group; head++)
        for (int32_t query = 0; query < a->tokens; query += MK_QUERY_BLOCK) {
            backward_block(a, &s, head, query);
            if (!a->d_q) continue;
            int32_t rows = a->tokens - query < MK_QUERY_BLOCK ? a->tokens - query : MK_QUERY_BLOCK;
            put_gradient(&s, s.sums, rows, a->scale,
                         a->d_q + (size_t)query * a->q_stride + (size_t)head * (size_t)a->dimension, a->q_stride,
                         a->add_q);
        }
    // The packed queries carry scale * log2 e.
    if (a->d_k) put_gradient(&s, s.d_keys, a->tokens, LN_2, a->d_k, a->kv_stride, a->add_k);
    if (a->d_v) put_gradient(&s, s.d_values, a->tokens, 1.0f, a->d_v, a->kv_stride, a->add_v);
    for (int32_t j = 0; a->mask && a->d_mask && j < a->tokens; j++) {
        float *to = a->d_mask + (size_t)j * a->mask_stride;
        *to = (a->add_mask ? *to : 0) + s.d_mask[j];
    }
}
