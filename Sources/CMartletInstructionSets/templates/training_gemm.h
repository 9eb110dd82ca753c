// Products of training: C (+)= A B with either factor transposed, in register tiles.
//
// A block of B, MK_GEMM_DEPTH deep, is packed into panels of MK_GEMM_COLUMNS columns and a block of A
// into panels of MK_GEMM_ROWS rows, so that the inner loop reads both in order: a panel of B stays in the
// first cache while the panels of A pass by from the second.  Packing moves (1 / rows + 1 / columns) of a
// tile's multiplications, a few percent.
//
// Accumulation order of one element: within a block of MK_GEMM_DEPTH ascending, one lane, one fused
// multiply-add per term; blocks are added to C in ascending order.  Padding adds nothing to an element.
// Nothing is read past the ends of A and B.  Tolerance tested: 2e-6 of the sum of magnitudes.

/// Rows of A and columns of B that are packed at a time.
#define GEMM_ROW_BLOCK (MK_GEMM_ROWS * 32)
#define GEMM_COLUMN_BLOCK 512
#define GEMM_VECTORS (MK_GEMM_COLUMNS / 16)

/// Transposes 16 vectors in place.
MK_INLINE void transpose16(f32x16 *r) {
    f32x16 t[16];
    _Pragma("unroll") for (int i = 0; i < 16; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    _Pragma("unroll") for (int i = 0; i < 16; i += 4) {
        r[i] = __builtin_shufflevector(t[i], t[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        r[i + 1] = __builtin_shufflevector(t[i], t[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        r[i + 2] = __builtin_shufflevector(t[i + 1], t[i + 3], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        r[i + 3] = __builtin_shufflevector(t[i + 1], t[i + 3], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
    // r[4 g + c] now holds, in quarter q, column 4 q + c of rows 4 g ..< 4 g + 4.
    _Pragma("unroll") for (int c = 0; c < 4; c++) {
        f32x16 a = __builtin_shufflevector(r[c], r[4 + c], 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
        f32x16 b = __builtin_shufflevector(r[c], r[4 + c], 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        f32x16 d = __builtin_shufflevector(r[8 + c], r[12 + c], 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
        f32x16 e = __builtin_shufflevector(r[8 + c], r[12 + c], 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        t[c] = __builtin_shufflevector(a, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        t[4 + c] = __builtin_shufflevector(a, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        t[8 + c] = __builtin_shufflevector(b, e, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        t[12 + c] = __builtin_shufflevector(b, e, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
    _Pragma("unroll") for (int i = 0; i < 16; i++) r[i] = t[i];
}

/// Writes `width` (at most 16) vectors' worth of lines to out[p * stride + i] = x[i * line + p], p < depth.
/// Lanes from `width` on are written too (zeros) when `stride` leaves room for 16.
MK_INLINE void pack_transposed(const float *x, size_t line, int32_t width, int32_t depth, int32_t stride,
                               float *out) {
    int32_t p = 0;
    for (; p + 16 <= depth; p += 16) {
        f32x16 r[16];
        _Pragma("unroll") for (int i = 0; i < 16; i++)
            r[i] = i < width ? load_f32(x + (size_t)i * line + p) : splat(0);
        transpose16(r);
        _Pragma("unroll") for (int i = 0; i < 16; i++) store_f32(out + (size_t)(p + i) * (size_t)stride, r[i]);
    }
    for (; p < depth; p++)
        for (int32_t i = 0; i < 16; i++)
            out[(size_t)p * (size_t)stride + (size_t)i] = i < width ? x[(size_t)i * line + (size_t)p] : 0;
}

/// Panels of MK_GEMM_ROWS rows: out[panel][p][row].  Each vector written spills into the next p's place,
/// which is written after it; the scratch has room for the last.
static void pack_rows(const mk_gemm *g, int32_t row, int32_t rows, int32_t from, int32_t depth, float *out) {
    for (int32_t i = 0; i < rows; i += MK_GEMM_ROWS, out += (size_t)depth * MK_GEMM_ROWS) {
        int32_t width = rows - i < MK_GEMM_ROWS ? rows - i : MK_GEMM_ROWS;
        const float *x = g->a + (size_t)(row + i) * g->a_row + (size_t)from * g->a_column;
        if (g->a_column == 1) {
            pack_transposed(x, g->a_row, width, depth, MK_GEMM_ROWS, out);
        } else {
            for (int32_t p = 0; p < depth; p++) {
                const float *line = x + (size_t)p * g->a_column;
                float *to = out + (size_t)p * MK_GEMM_ROWS;
                if (width == MK_GEMM_ROWS)
                    memcpy(to, line, MK_GEMM_ROWS * sizeof(float));
                else
                    for (int32_t r = 0; r < MK_GEMM_ROWS; r++) to[r] = r < width ? line[r] : 0;
            }
        }
    }
}

/// Panels of MK_GEMM_COLUMNS columns: out[panel][p][column].
static void pack_columns(const mk_gemm *g, int32_t column, int32_t columns, int32_t from, int32_t depth,
                         float *out) {
    for (int32_t j = 0; j < columns; j += MK_GEMM_COLUMNS, out += (size_t)depth * MK_GEMM_COLUMNS) {
        for (int32_t half = 0; half < MK_GEMM_COLUMNS; half += 16) {
            int32_t width = columns - j - half;
            width = width < 0 ? 0 : width > 16 ? 16 : width;
            const float *x = g->b + (size_t)from * g->b_row + (size_t)(column + j + half) * g->b_column;
            if (width == 0) {
                for (int32_t p = 0; p < depth; p++) store_f32(out + (size_t)p * MK_GEMM_COLUMNS + half, splat(0));
            } else if (g->b_column == 1) {
                for (int32_t p = 0; p < depth; p++)
                    store_f32(out + (size_t)p * MK_GEMM_COLUMNS + half,
                              load_partial(x + (size_t)p * g->b_row, width));
            } else {
                pack_transposed(x, g->b_column, width, depth, MK_GEMM_COLUMNS, out + half);
            }
        }
    }
}

/// One register tile over one block of the depth.
MK_INLINE void gemm_tile(const float *a, const float *b, int32_t depth, float *c, size_t stride, int32_t add) {
    f32x16 acc[MK_GEMM_ROWS][GEMM_VECTORS];
    _Pragma("unroll") for (int i = 0; i < MK_GEMM_ROWS; i++)
        _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++) acc[i][v] = splat(0);
    for (int32_t p = 0; p < depth; p++) {
        f32x16 w[GEMM_VECTORS];
        _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++) w[v] = load_f32(b + v * 16);
        _Pragma("unroll") for (int i = 0; i < MK_GEMM_ROWS; i++) {
            f32x16 x = splat(a[i]);
            _Pragma("unroll") for (int v = 0; v < GEMM_VECTORS; v++) acc[i][v] = fma16(w[v], x, acc[i][v]);
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

/// The part of a tile that is inside C.
static void gemm_store_edge(const float *edge, float *c, size_t stride, int32_t rows, int32_t columns,
                            int32_t add) {
    for (int32_t y = 0; y < rows && y < MK_GEMM_ROWS; y++)
        for (int32_t x = 0; x < columns && x < MK_GEMM_COLUMNS; x++) {
            float value = edge[y * MK_GEMM_COLUMNS + x];
            c[(size_t)y * stride + (size_t)x] = add ? c[(size_t)y * stride + (size_t)x] + value : value;
        }
}

static void gemm(const mk_gemm *g) {
    float *columns = g->scratch;
    float *rows = columns + (size_t)GEMM_COLUMN_BLOCK * MK_GEMM_DEPTH;
    for (int32_t column = g->column_begin; column < g->column_end; column += GEMM_COLUMN_BLOCK) {
        int32_t width = g->column_end - column < GEMM_COLUMN_BLOCK ? g->column_end - column : GEMM_COLUMN_BLOCK;
        for (int32_t from = 0; from < g->k; from += MK_GEMM_DEPTH) {
            int32_t depth = g->k - from < MK_GEMM_DEPTH ? g->k - from : MK_GEMM_DEPTH;
            int32_t add = g->accumulate || from > 0;
            pack_columns(g, column, width, from, depth, columns);
            for (int32_t row = g->row_begin; row < g->row_end; row += GEMM_ROW_BLOCK) {
                int32_t height = g->row_end - row < GEMM_ROW_BLOCK ? g->row_end - row : GEMM_ROW_BLOCK;
                pack_rows(g, row, height, from, depth, rows);
                for (int32_t j = 0; j < width; j += MK_GEMM_COLUMNS) {
                    for (int32_t i = 0; i < height; i += MK_GEMM_ROWS) {
                        const float *a = rows + (size_t)i * (size_t)depth, *b = columns + (size_t)j * (size_t)depth;
                        float *c = g->c + (size_t)(row + i) * g->c_row + column + j;
                        int32_t high = height - i, wide = width - j;
                        if (high >= MK_GEMM_ROWS && wide >= MK_GEMM_COLUMNS) {
                            gemm_tile(a, b, depth, c, g->c_row, add);
                            continue;
                        }
                        float edge[MK_GEMM_ROWS * MK_GEMM_COLUMNS];
                        gemm_tile(a, b, depth, edge, MK_GEMM_COLUMNS, 0);
                        gemm_store_edge(edge, c, g->c_row, high, wide, add);
                    }
                }
            }
        }
    }
}
