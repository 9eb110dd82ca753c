// Products of training with factors rounded to bfloat16 and sums in f32, where the machine has the
// instruction: two terms of each sum a step.
//
// The layout is that of training_gemm.h with pairs of depth side by side: out[panel][p / 2][row or column][2].
// Half the bytes leave room for deeper blocks, so that C passes by less often; a sum is cut into as equal blocks as can be.
// Accumulation order of one element: pairs ascending within a block of at most MK_GEMM_PAIR_DEPTH (a pair is added by the
// instruction: two products, then the accumulator, each rounded), blocks ascending.  The instruction flushes
// subnormals to zero.  Tolerance tested: 1e-2 of the root of the sum of squares of the terms, 256 times that of f32.

/// Two floats as one pair of bfloat16, rounded to nearest even; the first in the low half.
static inline uint32_t bf16_pair(float low, float high) {
    return (uint32_t)mk_float_bf16(low) | (uint32_t)mk_float_bf16(high) << 16;
}

/// Pairs of two vectors: lane i is (low[i], high[i]).
MK_INLINE u32x16 bf16_pairs(f32x16 low, f32x16 high) {
    __m256i l = (__m256i)_mm512_cvtneps_pbh((__m512)low), h = (__m256i)_mm512_cvtneps_pbh((__m512)high);
    __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16);
    return (u32x16)_mm512_or_si512(wide, _mm512_cvtepu16_epi32(l));
}

/// Pairs along contiguous lines: out[p / 2 * stride + i] = (x[i * line + p], x[i * line + p + 1]), 16 lanes
/// written, zeros from `width` on.  A vector written spills into the next one's place, as in pack_transposed.
static void pack_line_pairs(const float *x, size_t line, int32_t width, int32_t depth, size_t stride, uint32_t *out) {
    int32_t p = 0;
    for (; p + 32 <= depth; p += 32) {
        f32x16 r[16];
        _Pragma("unroll") for (int i = 0; i < 16; i++) {
            if (i >= width) {
                r[i] = splat(0);
                continue;
            }
            const float *at = x + (size_t)i * line + p;
            // The low half of the result comes from the second argument.
            r[i] = (f32x16)_mm512_cvtne2ps_pbh((__m512)load_f32(at + 16), (__m512)load_f32(at));
        }
        transpose16(r);
        _Pragma("unroll") for (int i = 0; i < 16; i++) store_f32(out + (size_t)(p / 2 + i) * stride, r[i]);
    }
    for (; p < depth; p += 2)
        for (int32_t i = 0; i < 16; i++) {
            const float *at = x + (size_t)i * line + p;
            out[(size_t)(p / 2) * stride + (size_t)i] = i >= width ? 0 : bf16_pair(at[0], p + 1 < depth ? at[1] : 0);
        }
}

/// Pairs across contiguous lines, panel after panel of `panel` lanes: out[i / panel][p / 2][i % panel] =
/// (x[p * line + i], x[(p + 1) * line + i]) for i < width, zeros to the end of the last panel.  Lines are read from
/// their beginning to their end, since each is far from the next.
MK_INLINE void pack_across_pairs(const float *x, size_t line, int32_t width, int32_t depth, int32_t panel,
                                 uint32_t *out) {
    const size_t next = (size_t)((depth + 1) / 2) * (size_t)panel;
    for (int32_t p = 0; p < depth; p += 2) {
        const float *at = x + (size_t)p * line;
        uint32_t *to = out + (size_t)(p / 2) * (size_t)panel;
        for (int32_t i = 0; i < width; i += panel, to += next)
            for (int32_t lane = 0; lane < panel; lane += 16) {
                int32_t left = width - i - lane < 0 ? 0 : width - i - lane;
                // Nothing is behind the last column, not even an address.
                const float *from = left ? at + i + lane : at;
                f32x16 low = load_partial(from, left);
                f32x16 high = p + 1 < depth ? load_partial(from + line, left) : splat(0);
                __mmask16 inside = panel - lane >= 16 ? 0xFFFF : (__mmask16)((1u << (panel - lane)) - 1);
                _mm512_mask_storeu_epi32(to + lane, inside, (__m512i)bf16_pairs(low, high));
            }
    }
}

static void pack_row_pairs(const mk_gemm *g, int32_t row, int32_t rows, int32_t from, int32_t depth,
                           uint32_t *out) {
    const float *x = g->a + (size_t)row * g->a_row + (size_t)from * g->a_column;
    if (g->a_column != 1) return pack_across_pairs(x, g->a_column, rows, depth, MK_GEMM_ROWS, out);
    size_t panel = (size_t)((depth + 1) / 2) * MK_GEMM_ROWS;
    for (int32_t i = 0; i < rows; i += MK_GEMM_ROWS, out += panel)
        pack_line_pairs(x + (size_t)i * g->a_row, g->a_row, rows - i < MK_GEMM_ROWS ? rows - i : MK_GEMM_ROWS, depth,
                        MK_GEMM_ROWS, out);
}

static void pack_column_pairs(const mk_gemm *g, int32_t column, int32_t columns, int32_t from, int32_t depth,
                              uint32_t *out) {
    const float *x = g->b + (size_t)from * g->b_row + (size_t)column * g->b_column;
    if (g->b_column == 1) return pack_across_pairs(x, g->b_row, columns, depth, MK_GEMM_COLUMNS, out);
    size_t panel = (size_t)((depth + 1) / 2) * MK_GEMM_COLUMNS;
    for (int32_t j = 0; j < columns; j += MK_GEMM_COLUMNS, out += panel)
        for (int32_t half = 0; half < MK_GEMM_COLUMNS; half += 16) {
            int32_t width = columns - j - half;
            width = width < 0 ? 0 : width > 16 ? 16 : width;
            pack_line_pairs(width ? x + (size_t)(j + half) * g->b_column : x, g->b_column, width, depth,
                            MK_GEMM_COLUMNS, out + half);
        }
}

MK_INLINE void gemm_tile_bf16(const uint32_t *a, const uint32_t *b, int32_t pairs, float *c, size_t stride,
                              int32_t add) {
    f32x16 acc[MK_GEMM_ROWS][GEMM_VECTORS];
    _Pragma("unroll") for (int i = 0; i < MK_GEMM_ROWS; i++)
        _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++) acc[i][v] = splat(0);
    for (int32_t p = 0; p < pairs; p++) {
        __m512bh w[GEMM_VECTORS];
        _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++)
            w[v] = (__m512bh)_mm512_loadu_si512((const void *)(b + v * 16));
        _Pragma("unroll") for (int i = 0; i < MK_GEMM_ROWS; i++) {
            __m512bh x = (__m512bh)_mm512_set1_epi32((int32_t)a[i]);
            _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++)
                acc[i][v] = (f32x16)_mm512_dpbf16_ps((__m512)acc[i][v], w[v], x);
        }
        a += MK_GEMM_ROWS;
        b += MK_GEMM_COLUMNS;
    }
    _Pragma("unroll") for (int i = 0; i < MK_GEMM_ROWS; i++)
        _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++) {
            float *to = c + (size_t)i * stride + v * 16;
            store_f32(to, add ? load_f32(to) + acc[i][v] : acc[i][v]);
        }
}

static void gemm_bf16(const mk_gemm *g) {
    uint32_t *columns = g->scratch;
    uint32_t *rows = columns + (size_t)GEMM_COLUMN_BLOCK * MK_GEMM_PAIR_DEPTH / 2;
    const int32_t blocks = (g->k + MK_GEMM_PAIR_DEPTH - 1) / MK_GEMM_PAIR_DEPTH;
    // Whole groups of 32, which are packed in registers.
    const int32_t block = blocks > 1 ? mk_round_up((g->k + blocks - 1) / blocks, 32) : g->k;
    for (int32_t column = g->column_begin; column < g->column_end; column += GEMM_COLUMN_BLOCK) {
        int32_t width = g->column_end - column < GEMM_COLUMN_BLOCK ? g->column_end - column : GEMM_COLUMN_BLOCK;
        for (int32_t from = 0; from < g->k; from += block) {
            int32_t depth = g->k - from < block ? g->k - from : block;
            int32_t pairs = (depth + 1) / 2, add = g->accumulate || from > 0;
            pack_column_pairs(g, column, width, from, depth, columns);
            for (int32_t row = g->row_begin; row < g->row_end; row += GEMM_ROW_BLOCK) {
                int32_t height = g->row_end - row < GEMM_ROW_BLOCK ? g->row_end - row : GEMM_ROW_BLOCK;
                pack_row_pairs(g, row, height, from, depth, rows);
                for (int32_t j = 0; j < width; j += MK_GEMM_COLUMNS)
                    for (int32_t i = 0; i < height; i += MK_GEMM_ROWS) {
                        const uint32_t *a = rows + (size_t)i * (size_t)pairs, *b = columns + (size_t)j * (size_t)pairs;
                        float *c = g->c + (size_t)(row + i) * g->c_row + column + j;
                        int32_t high = height - i, wide = width - j;
                        if (high >= MK_GEMM_ROWS && wide >= MK_GEMM_COLUMNS) {
                            gemm_tile_bf16(a, b, pairs, c, g->c_row, add);
                            continue;
                        }
                        float edge[MK_GEMM_ROWS * MK_GEMM_COLUMNS];
                        gemm_tile_bf16(a, b, pairs, edge, MK_GEMM_COLUMNS, 0);
                        gemm_store_edge(edge, c, g->c_row, high, wide, add);
                    }
            }
        }
    }
}
