// Products of training with factors rounded to bfloat16 and sums in f32, where the machine has the
// instruction: two terms of each sum a step.
//
// The layout is that of training_gemm.h with pairs of depth side by side: out[panel][p / 2][row or column][2].
// Accumulation order of one element: pairs ascending within a block of MK_GEMM_DEPTH (a pair is added by the
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

/// Pairs across contiguous lines: out[p / 2 * stride + i] = (x[p * line + i], x[(p + 1) * line + i]).
static void pack_across_pairs(const float *x, size_t line, int32_t width, int32_t depth, size_t stride,
                              uint32_t *out) {
    for (int32_t p = 0; p < depth; p += 2) {
        const float *at = x + (size_t)p * line;
        f32x16 low = load_partial(at, width), high = p + 1 < depth ? load_partial(at + line, width) : splat(0);
        u32x16 pairs = bf16_pairs(low, high);
        memcpy(out + (size_t)(p / 2) * stride, &pairs, sizeof pairs);
    }
}

static void pack_row_pairs(const mk_gemm *g, int32_t row, int32_t rows, int32_t from, int32_t depth,
                           uint32_t *out) {
    size_t panel = (size_t)((depth + 1) / 2) * MK_GEMM_ROWS;
    for (int32_t i = 0; i < rows; i += MK_GEMM_ROWS, out += panel) {
        int32_t width = rows - i < MK_GEMM_ROWS ? rows - i : MK_GEMM_ROWS;
        const float *x = g->a + (size_t)(row + i) * g->a_row + (size_t)from * g->a_column;
        if (g->a_column == 1)
            pack_line_pairs(x, g->a_row, width, depth, MK_GEMM_ROWS, out);
        else
            pack_across_pairs(x, g->a_column, width, depth, MK_GEMM_ROWS, out);
    }
}

static void pack_column_pairs(const mk_gemm *g, int32_t column, int32_t columns, int32_t from, int32_t depth,
                              uint32_t *out) {
    size_t panel = (size_t)((depth + 1) / 2) * MK_GEMM_COLUMNS;
    for (int32_t j = 0; j < columns; j += MK_GEMM_COLUMNS, out += panel)
        for (int32_t half = 0; half < MK_GEMM_COLUMNS; half += 16) {
            int32_t width = columns - j - half;
            width = width < 0 ? 0 : width > 16 ? 16 : width;
            const float *x = g->b + (size_t)from * g->b_row + (size_t)(column + j + half) * g->b_column;
            // Nothing is behind the last column, not even an address.
            if (width == 0) x = g->b;
            if (g->b_column == 1)
                pack_across_pairs(x, g->b_row, width, depth, MK_GEMM_COLUMNS, out + half);
            else
                pack_line_pairs(x, g->b_column, width, depth, MK_GEMM_COLUMNS, out + half);
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
    uint32_t *rows = columns + (size_t)GEMM_COLUMN_BLOCK * MK_GEMM_DEPTH / 2;
    for (int32_t column = g->column_begin; column < g->column_end; column += GEMM_COLUMN_BLOCK) {
        int32_t width = g->column_end - column < GEMM_COLUMN_BLOCK ? g->column_end - column : GEMM_COLUMN_BLOCK;
        for (int32_t from = 0; from < g->k; from += MK_GEMM_DEPTH) {
            int32_t depth = g->k - from < MK_GEMM_DEPTH ? g->k - from : MK_GEMM_DEPTH;
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
