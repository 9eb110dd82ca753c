// Products of a few rows with packed panels, for every weight type.
//
// Accumulation order of one output element: inputs in ascending order, one lane, one fused
// multiply-add per input (f32, bf16) or per block of 32 (q8, q4, whose integer sums are exact).
// Tiles and column chunks only change which elements are computed together: partial sums are
// kept in f32 and resumed, so the bits do not depend on them.

#define ROW_TILE MK_ROW_TILE
/// Inputs walked before the next rows are taken, so that a panel chunk stays in the first cache.
#define COLUMN_CHUNK 1024
/// Rows whose partial sums are held at once.
#define ROW_CHUNK 96

/// Partial sums of one row tile over columns [from, to): sums[row][panel].
MK_INLINE void tile_f32(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,
                        int rows, int32_t from, int32_t to, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    for (int32_t k = from; k < to; k++) {
        f32x16 w[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            w[p] = load_f32(panels[p] + (size_t)k * 64);
            __builtin_prefetch(panels[p] + (size_t)k * 64 + MK_PREFETCH, 0, 3);
        }
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 b = splat(x[(size_t)r * m->x_stride + k]);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = fma16(w[p], b, acc[r][p]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

/// bf16 panels hold pairs of inputs: lane c of vector j is (input 2j, input 2j + 1) of channel c.
MK_INLINE void tile_bf16(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,
                         int rows, int32_t from, int32_t to, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    int32_t k = from;
    for (; k + 1 < to; k += 2) {
        u32x16 pair[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            pair[p] = load_u32(panels[p] + (size_t)k * 32);
            __builtin_prefetch(panels[p] + (size_t)k * 32 + MK_PREFETCH, 0, 3);
        }
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 b = splat(x[(size_t)r * m->x_stride + k]);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                acc[r][p] = fma16((f32x16)(pair[p] << 16), b, acc[r][p]);
        }
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 b = splat(x[(size_t)r * m->x_stride + k + 1]);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                acc[r][p] = fma16((f32x16)(pair[p] & 0xffff0000u), b, acc[r][p]);
        }
    }
    if (k < to)
        _Pragma("unroll") for (int r = 0; r < rows; r++)
            _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                acc[r][p] = fma16((f32x16)(load_u32(panels[p] + (size_t)k * 32) << 16),
                                  splat(x[(size_t)r * m->x_stride + k]), acc[r][p]);
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

MK_INLINE void tile_quantised(const mk_matmul *m, int bits, const uint8_t *const *panels, int panelCount,
                              int32_t row, int rows, int32_t from, int32_t to, f32x16 *sums) {
    const size_t blockBytes = bits == 8 ? MK_Q8_BLOCK_BYTES : MK_Q4_BLOCK_BYTES;
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const size_t rowBlocks = m->x_blocks;
    for (int32_t block = from / MK_BLOCK; block < (to + MK_BLOCK - 1) / MK_BLOCK; block++) {
        const uint8_t *w[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            w[p] = panels[p] + (size_t)block * blockBytes;
            _Pragma("unroll") for (size_t line = 0; line < blockBytes; line += 64)
                __builtin_prefetch(w[p] + line + MK_PREFETCH, 0, 3);
        }
        const int8_t *x = m->x_quants + ((size_t)row * rowBlocks + block) * MK_BLOCK;
        i32x16 dot[ROW_TILE][2];
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            int32_t sum = m->x_sums[(size_t)(row + r) * rowBlocks + block];
            i32x16 start = bits == 8 ? wide_start(sum) : (i32x16)(-8 * sum);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) dot[r][p] = start;
        }
        if (bits == 8) {
            _Pragma("unroll") for (int g = 0; g < 8; g++) {
                u32x16 v[2];
                _Pragma("unroll") for (int p = 0; p < panelCount; p++) v[p] = load_u32(w[p] + 32 + 64 * g);
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    int32_t b = load_4(x + (size_t)r * rowBlocks * MK_BLOCK + 4 * g);
                    _Pragma("unroll") for (int p = 0; p < panelCount; p++) dot[r][p] = dot4_wide(dot[r][p], v[p], b);
                }
            }
        } else {
            _Pragma("unroll") for (int g = 0; g < 8; g += 2) {
                u32x16 low[2], high[2];
                _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                    u32x16 v = load_u32(w[p] + 32 + 32 * g);
                    low[p] = v & 0x0f0f0f0fu;
                    high[p] = (v >> 4) & 0x0f0f0f0fu;
                }
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    const int8_t *q = x + (size_t)r * rowBlocks * MK_BLOCK + 4 * g;
                    int32_t b = load_4(q), c = load_4(q + 4);
                    _Pragma("unroll") for (int p = 0; p < panelCount; p++) dot[r][p] = dot4(dot[r][p], low[p], b);
                    _Pragma("unroll") for (int p = 0; p < panelCount; p++) dot[r][p] = dot4(dot[r][p], high[p], c);
                }
            }
        }
        f32x16 scale[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) scale[p] = load_f16(w[p]);
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 xs = splat(m->x_scales[(size_t)(row + r) * rowBlocks + block]);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                acc[r][p] = fma16(to_float(dot[r][p]), scale[p] * xs, acc[r][p]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

MK_INLINE void tile_of(const mk_matmul *m, mk_weight type, const uint8_t *const *panels, int panelCount,
                       int32_t row, int rows, int32_t from, int32_t to, f32x16 *sums) {
    switch (type) {
    case MK_WEIGHT_F32: tile_f32(m, panels, panelCount, row, rows, from, to, sums); break;
    case MK_WEIGHT_BF16: tile_bf16(m, panels, panelCount, row, rows, from, to, sums); break;
    case MK_WEIGHT_Q8: tile_quantised(m, 8, panels, panelCount, row, rows, from, to, sums); break;
    case MK_WEIGHT_Q4: tile_quantised(m, 4, panels, panelCount, row, rows, from, to, sums); break;
    }
}

#define MK_TILE_FUNCTION(NAME, TYPE)                                                                  \
    static void NAME(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,   \
                     int rows, int32_t from, int32_t to, f32x16 *sums) {                              \
        if (panelCount == 2) {                                                                        \
            switch (rows) {                                                                           \
            case 1: tile_of(m, TYPE, panels, 2, row, 1, from, to, sums); return;                      \
            case 2: tile_of(m, TYPE, panels, 2, row, 2, from, to, sums); return;                      \
            case 3: tile_of(m, TYPE, panels, 2, row, 3, from, to, sums); return;                      \
            case 4: tile_of(m, TYPE, panels, 2, row, 4, from, to, sums); return;                      \
            MK_TILE_WIDE(TYPE)                                                                        \
            default: return;                                                                          \
            }                                                                                         \
        }                                                                                             \
        for (int r = 0; r < rows; r++) tile_of(m, TYPE, panels, 1, row + r, 1, from, to, sums + r * 2); \
    }
#if MK_ROW_TILE == 6
#define MK_TILE_WIDE(TYPE)                                                                            \
    case 5: tile_of(m, TYPE, panels, 2, row, 5, from, to, sums); return;                              \
    case 6: tile_of(m, TYPE, panels, 2, row, 6, from, to, sums); return;
#elif MK_ROW_TILE == 4
#define MK_TILE_WIDE(TYPE)
#else
#error "row tile of 4 or 6"
#endif

MK_TILE_FUNCTION(rows_f32, MK_WEIGHT_F32)
MK_TILE_FUNCTION(rows_bf16, MK_WEIGHT_BF16)
MK_TILE_FUNCTION(rows_q8, MK_WEIGHT_Q8)
MK_TILE_FUNCTION(rows_q4, MK_WEIGHT_Q4)

static void finish(const mk_matmul *m, int32_t panel, int panelCount, int32_t row, int rows,
                   const f32x16 *sums) {
    for (int r = 0; r < rows; r++) {
        float *out = m->out + (size_t)(row + r) * m->out_stride;
        if (m->epilogue == MK_EPILOGUE_SWIGLU) {
            int32_t left = m->channels / 2 - panel / 2 * MK_LANES;
            store_partial(out + panel / 2 * MK_LANES, silu16(sums[r * 2]) * sums[r * 2 + 1], left);
            continue;
        }
        for (int p = 0; p < panelCount; p++) {
            int32_t channel = (panel + p) * MK_LANES, left = m->channels - channel;
            f32x16 y = sums[r * 2 + p];
            if (m->bias) y += load_partial(m->bias + channel, left);
            if (m->epilogue == MK_EPILOGUE_ADD) y += load_partial(out + channel, left);
            store_partial(out + channel, y, left);
        }
    }
}

/// Reads `panel_bytes` of each panel and at most MK_PREFETCH bytes past it as a prefetch hint (never
/// a load).  Tolerance tested against a float64 reference: 1e-6 relative to sum |x||w| for f32 and
/// bf16; for q8 and q4 the reference uses the same quantised operands, 1e-6 likewise.
static void matmul(const mk_matmul *m) {
    f32x16 sums[ROW_CHUNK * 2];
    for (int32_t panel = m->panel_begin; panel < m->panel_end; panel += 2) {
        int panelCount = m->panel_end - panel >= 2 ? 2 : 1;
        const uint8_t *panels[2];
        for (int p = 0; p < 2; p++)
            panels[p] = m->weights + (size_t)(panel + (p < panelCount ? p : 0)) * m->panel_bytes;
        for (int32_t base = 0; base < m->rows; base += ROW_CHUNK) {
            int32_t rows = m->rows - base < ROW_CHUNK ? m->rows - base : ROW_CHUNK;
            for (int32_t i = 0; i < rows * 2; i++) sums[i] = splat(0);
            int32_t chunk = rows > ROW_TILE ? COLUMN_CHUNK : m->columns;
            for (int32_t from = 0; from < m->columns; from += chunk) {
                int32_t to = m->columns - from < chunk ? m->columns : from + chunk;
                for (int32_t r = 0; r < rows; r += ROW_TILE) {
                    int count = rows - r < ROW_TILE ? rows - r : ROW_TILE;
                    f32x16 *tile = sums + r * 2;
                    switch (m->type) {
                    case MK_WEIGHT_F32: rows_f32(m, panels, panelCount, base + r, count, from, to, tile); break;
                    case MK_WEIGHT_BF16: rows_bf16(m, panels, panelCount, base + r, count, from, to, tile); break;
                    case MK_WEIGHT_Q8: rows_q8(m, panels, panelCount, base + r, count, from, to, tile); break;
                    case MK_WEIGHT_Q4: rows_q4(m, panels, panelCount, base + r, count, from, to, tile); break;
                    }
                }
            }
            finish(m, panel, panelCount, base, rows, sums);
        }
    }
}
