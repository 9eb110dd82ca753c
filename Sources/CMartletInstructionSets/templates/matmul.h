// Products of a few rows with packed panels, for every weight type.
//
// Accumulation order of one output element: inputs in ascending order, one lane, one fused
// multiply-add per input (f32, bf16), or per block of 32 or half of one, whose integer sums are exact; where blocks
// have minima, a second one.
// Tiles and column chunks only change which elements are computed together: partial sums are
// kept in f32 and resumed, so the bits do not depend on them.

#define ROW_TILE MK_ROW_TILE
/// Inputs walked before the next rows are taken, so that a panel chunk stays in the first cache.
#define COLUMN_CHUNK 1024
/// Rows whose partial sums are held at once.
#define ROW_CHUNK 96

/// Asks for the `bytes` that are `ahead` of p. With 0 they are at hand: the hint costs less than asking whether to.
MK_INLINE void fetch(const uint8_t *p, size_t bytes, size_t ahead) {
    _Pragma("unroll") for (size_t line = 0; line < bytes; line += 64) __builtin_prefetch(p + ahead + line, 0, 3);
}

/// Partial sums of one row tile over columns [from, to): sums[row][panel].
MK_INLINE void tile_f32(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,
                        int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    for (int32_t k = from; k < to; k++) {
        f32x16 w[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            w[p] = load_f32(panels[p] + (size_t)k * 64);
            fetch(panels[p] + (size_t)k * 64, 64, ahead);
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
                         int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    int32_t k = from;
    for (; k + 1 < to; k += 2) {
        u32x16 pair[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            pair[p] = load_u32(panels[p] + (size_t)k * 32);
            fetch(panels[p] + (size_t)k * 32, 64, ahead);
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

/// Sixteen floats of 16 bits for each input.
MK_INLINE void tile_f16(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,
                        int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    for (int32_t k = from; k < to; k++) {
        f32x16 w[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            w[p] = load_f16(panels[p] + (size_t)k * 32);
            if (k % 2 == 0) fetch(panels[p] + (size_t)k * 32, 64, ahead);
        }
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            f32x16 b = splat(x[(size_t)r * m->x_stride + k]);
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = fma16(w[p], b, acc[r][p]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

/// Sixteen floats of 8 bits for each input, and 16 scales for each group of inputs. A weight is rounded to f32 as it
/// is multiplied by its scale, so that products are those of the f32 matrix, bit for bit.
MK_INLINE void tile_fp8(const mk_matmul *m, const uint8_t *const *panels, int panelCount, int32_t row,
                        int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    f32x16 acc[ROW_TILE][2];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const float *x = m->x + (size_t)row * m->x_stride;
    for (int32_t start = from; start < to; start += MK_FP8_GROUP) {
        const int32_t end = to - start < MK_FP8_GROUP ? to : start + MK_FP8_GROUP;
        const uint8_t *group[2];
        f32x16 scale[2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            group[p] = panels[p] + (size_t)(start / MK_FP8_GROUP) * MK_FP8_GROUP_BYTES;
            scale[p] = load_f32(group[p]) * 256.0f;
            fetch(group[p], 64, ahead);
        }
        for (int32_t k = start; k < end; k++) {
            f32x16 w[2];
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                const uint8_t *at = group[p] + 64 + (size_t)(k - start) * 16;
                w[p] = load_e4m3_256th(at) * scale[p];
                if (k % 4 == 0) fetch(at, 64, ahead);
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++) {
                f32x16 b = splat(x[(size_t)r * m->x_stride + k]);
                _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = fma16(w[p], b, acc[r][p]);
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

/// The bits above the lowest four of the integers of group g, at their place; `planes` are the block's.
MK_INLINE u32x16 high_bits(int bits, const u32x16 *planes, int g) {
    if (bits == 5) return (g <= 4 ? planes[0] << (4 - g) : planes[0] >> (g - 4)) & 0x10101010u;
    const int shift = 4 - g % 4 * 2;
    return (shift >= 0 ? planes[g / 4] << shift : planes[g / 4] >> -shift) & 0x30303030u;
}

/// Sixteen scales or minima of a block.
MK_INLINE f32x16 load_scales(mk_scale kind, const uint8_t *p, f32x16 unit) {
    switch (kind) {
    case MK_HALF: return load_f16(p);
    case MK_BYTE: return load_u8(p) * unit;
    case MK_SIGNED_BYTE: return load_i8(p) * unit;
    case MK_MINUS_BYTE: return -(load_u8(p) * unit);
    case MK_POWER: return load_power(p);
    case MK_FLOAT: return load_f32(p);
    case MK_UNIT: return unit;
    case MK_NO_SCALE: break;
    }
    return splat(0);
}

/// Integers with scales: exact sums of products of integers for each block, or each half of one where halves have
/// scales of their own, then one fused multiply-add; a second one for the minimum.
MK_INLINE void tile_blocks(const mk_matmul *m, mk_weight type, const uint8_t *const *panels, int panelCount,
                           int32_t row, int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    const mk_blocks b = mk_blocks_of(type);
    const size_t blockBytes = mk_block_bytes(b), rowBlocks = m->x_blocks;
    const int segments = mk_segments(b), groups = 8 / segments;
    f32x16 acc[ROW_TILE][2], units[2] = {splat(0), splat(0)}, least[2] = {splat(0), splat(0)};
    if (b.unit == MK_PANEL_UNIT)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            units[p] = load_f32(panels[p]);
            least[p] = load_f32(panels[p] + 64);
        }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) acc[r][p] = sums[r * 2 + p];
    const int32_t first = from / MK_BLOCK, last = (to + MK_BLOCK - 1) / MK_BLOCK;
    for (int32_t block = first; block < last; block++) {
        const uint8_t *w[2];
        u32x16 planes[2][2];
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
            w[p] = panels[p] + mk_block_start(b, (size_t)block);
            fetch(w[p], blockBytes, ahead);
            if (b.bits == 5 || b.bits == 6) planes[p][0] = load_u32(w[p] + mk_planes_start(b));
            if (b.bits == 6) planes[p][1] = load_u32(w[p] + mk_planes_start(b) + 64);
        }
        if (b.unit == MK_GROUP_UNIT && (block == first || block % (int32_t)mk_group_blocks(b) == 0))
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                const uint8_t *group = panels[p] + mk_group_start(b, (size_t)block);
                fetch(group, mk_group_bytes(b), ahead);
                units[p] = load_f16(group);
                if (b.minimum != MK_NO_SCALE) least[p] = load_f16(group + 32);
            }
        if (b.unit == MK_ZERO_UNIT && (block == first || block % (int32_t)mk_group_blocks(b) == 0))
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                const uint8_t *group = panels[p] + mk_group_start(b, (size_t)block);
                fetch(group, mk_group_bytes(b), ahead);
                units[p] = load_f32(group);
                least[p] = -(load_u8(group + 64) * units[p]);
            }
        const int8_t *x = m->x_quants + ((size_t)row * rowBlocks + block) * MK_BLOCK;
        _Pragma("unroll") for (int s = 0; s < segments; s++) {
            i32x16 dot[ROW_TILE][2];
            int32_t total[ROW_TILE];
            _Pragma("unroll") for (int r = 0; r < rows; r++) {
                const int32_t *both = m->x_sums + ((size_t)(row + r) * rowBlocks + block) * 2;
                total[r] = !b.is_halved ? both[0] : s == 0 ? both[1] : both[0] - both[1];
                i32x16 start = b.bits == 8 ? wide_start(total[r]) : (i32x16)(-b.centre * total[r]);
                _Pragma("unroll") for (int p = 0; p < panelCount; p++) dot[r][p] = start;
            }
            if (b.bits == 8) {
                _Pragma("unroll") for (int g = s * groups; g < (s + 1) * groups; g++) {
                    u32x16 v[2];
                    _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                        v[p] = load_u32(w[p] + mk_integers_start(b) + 64 * g);
                    _Pragma("unroll") for (int r = 0; r < rows; r++) {
                        int32_t q = load_4(x + (size_t)r * rowBlocks * MK_BLOCK + 4 * g);
                        _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                            dot[r][p] = dot4_wide(dot[r][p], v[p], q);
                    }
                }
            } else {
                _Pragma("unroll") for (int g = s * groups; g < (s + 1) * groups; g += 2) {
                    u32x16 low[2], high[2];
                    _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                        u32x16 v = load_u32(w[p] + mk_integers_start(b) + 32 * g);
                        low[p] = v & 0x0f0f0f0fu;
                        high[p] = (v >> 4) & 0x0f0f0f0fu;
                        if (b.looks_up) {
                            low[p] = look_up(low[p]);
                            high[p] = look_up(high[p]);
                        }
                        if (b.bits > 4) {
                            low[p] |= high_bits(b.bits, planes[p], g);
                            high[p] |= high_bits(b.bits, planes[p], g + 1);
                        }
                    }
                    _Pragma("unroll") for (int r = 0; r < rows; r++) {
                        const int8_t *at = x + (size_t)r * rowBlocks * MK_BLOCK + 4 * g;
                        int32_t q = load_4(at), next = load_4(at + 4);
                        _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                            dot[r][p] = dot4(dot[r][p], low[p], q);
                        _Pragma("unroll") for (int p = 0; p < panelCount; p++)
                            dot[r][p] = dot4(dot[r][p], high[p], next);
                    }
                }
            }
            f32x16 scale[2], minimum[2];
            _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                scale[p] = load_scales(b.scale, w[p] + (size_t)s * mk_scale_bytes(b.scale), units[p]);
                if (b.minimum != MK_NO_SCALE)
                    minimum[p] = load_scales(
                        b.minimum, w[p] + mk_minima_start(b) + (size_t)s * mk_scale_bytes(b.minimum), least[p]);
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++) {
                float factor = m->x_scales[(size_t)(row + r) * rowBlocks + block];
                f32x16 xs = splat(factor), all = splat(factor * (float)total[r]);
                _Pragma("unroll") for (int p = 0; p < panelCount; p++) {
                    acc[r][p] = fma16(to_float(dot[r][p]), scale[p] * xs, acc[r][p]);
                    if (b.minimum != MK_NO_SCALE) acc[r][p] = fma16(minimum[p], all, acc[r][p]);
                }
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int p = 0; p < panelCount; p++) sums[r * 2 + p] = acc[r][p];
}

MK_INLINE void tile_of(const mk_matmul *m, mk_weight type, const uint8_t *const *panels, int panelCount,
                       int32_t row, int rows, int32_t from, int32_t to, size_t ahead, f32x16 *sums) {
    switch (type) {
    case MK_WEIGHT_F32: tile_f32(m, panels, panelCount, row, rows, from, to, ahead, sums); break;
    case MK_WEIGHT_F16: tile_f16(m, panels, panelCount, row, rows, from, to, ahead, sums); break;
    case MK_WEIGHT_FP8: tile_fp8(m, panels, panelCount, row, rows, from, to, ahead, sums); break;
    case MK_WEIGHT_BF16: tile_bf16(m, panels, panelCount, row, rows, from, to, ahead, sums); break;
    default: tile_blocks(m, type, panels, panelCount, row, rows, from, to, ahead, sums); break;
    }
}

// Each tile is a function of its own: inlined side by side, they took each other's registers.
typedef void mk_tile(const mk_matmul *m, const uint8_t *const *panels, int32_t row, int32_t from, int32_t to,
                     size_t ahead, f32x16 *sums);

#define MK_ONE_TILE(NAME, TYPE, PANELS, ROWS)                                                                         \
    static __attribute__((noinline)) void NAME##_##PANELS##_##ROWS(                                                   \
        const mk_matmul *m, const uint8_t *const *panels, int32_t row, int32_t from, int32_t to, size_t ahead,        \
        f32x16 *sums) {                                                                                               \
        tile_of(m, TYPE, panels, PANELS, row, ROWS, from, to, ahead, sums);                                           \
    }
#if MK_ROW_TILE == 6
#define MK_TILES(NAME, TYPE, PANELS)                                                                                  \
    MK_ONE_TILE(NAME, TYPE, PANELS, 1) MK_ONE_TILE(NAME, TYPE, PANELS, 2) MK_ONE_TILE(NAME, TYPE, PANELS, 3)          \
    MK_ONE_TILE(NAME, TYPE, PANELS, 4) MK_ONE_TILE(NAME, TYPE, PANELS, 5) MK_ONE_TILE(NAME, TYPE, PANELS, 6)
#define MK_NAMES(NAME, PANELS)                                                                                        \
    {NAME##_##PANELS##_1, NAME##_##PANELS##_2, NAME##_##PANELS##_3,                                                   \
     NAME##_##PANELS##_4, NAME##_##PANELS##_5, NAME##_##PANELS##_6}
#elif MK_ROW_TILE == 4
#define MK_TILES(NAME, TYPE, PANELS)                                                                                  \
    MK_ONE_TILE(NAME, TYPE, PANELS, 1) MK_ONE_TILE(NAME, TYPE, PANELS, 2)                                             \
    MK_ONE_TILE(NAME, TYPE, PANELS, 3) MK_ONE_TILE(NAME, TYPE, PANELS, 4)
#define MK_NAMES(NAME, PANELS)                                                                                        \
    {NAME##_##PANELS##_1, NAME##_##PANELS##_2, NAME##_##PANELS##_3, NAME##_##PANELS##_4}
#else
#error "row tile of 4 or 6"
#endif

// tiles_NAME[panels - 1][rows - 1]
#if MK_PANEL_TILE == 2
#define MK_TILE_TABLE(NAME, TYPE)                                                                                     \
    MK_TILES(NAME, TYPE, 1)                                                                                           \
    MK_TILES(NAME, TYPE, 2)                                                                                           \
    static mk_tile *const tiles_##NAME[2][MK_ROW_TILE] = {MK_NAMES(NAME, 1), MK_NAMES(NAME, 2)};
#elif MK_PANEL_TILE == 1
#define MK_TILE_TABLE(NAME, TYPE)                                                                                     \
    MK_TILES(NAME, TYPE, 1)                                                                                           \
    static mk_tile *const tiles_##NAME[1][MK_ROW_TILE] = {MK_NAMES(NAME, 1)};
#else
#error "panel tile of 1 or 2"
#endif

MK_TILE_TABLE(f32, MK_WEIGHT_F32)
MK_TILE_TABLE(bf16, MK_WEIGHT_BF16)
MK_TILE_TABLE(q8, MK_WEIGHT_Q8)
MK_TILE_TABLE(q4_plain, MK_WEIGHT_Q4_PLAIN)
MK_TILE_TABLE(q4, MK_WEIGHT_Q4)
MK_TILE_TABLE(q5, MK_WEIGHT_Q5)
MK_TILE_TABLE(q6, MK_WEIGHT_Q6)
MK_TILE_TABLE(q4_1, MK_WEIGHT_Q4_1)
MK_TILE_TABLE(q5_0, MK_WEIGHT_Q5_0)
MK_TILE_TABLE(q5_1, MK_WEIGHT_Q5_1)
MK_TILE_TABLE(q4_k, MK_WEIGHT_Q4_K)
MK_TILE_TABLE(q5_k, MK_WEIGHT_Q5_K)
MK_TILE_TABLE(q6_k, MK_WEIGHT_Q6_K)
MK_TILE_TABLE(mxfp4, MK_WEIGHT_MXFP4)
MK_TILE_TABLE(wide, MK_WEIGHT_WIDE)
MK_TILE_TABLE(f16, MK_WEIGHT_F16)
MK_TILE_TABLE(int4, MK_WEIGHT_INT4)
MK_TILE_TABLE(int4_32, MK_WEIGHT_INT4_32)
MK_TILE_TABLE(fp8, MK_WEIGHT_FP8)

/// The tiles of a weight type for `panels` at once, by rows - 1.
MK_INLINE mk_tile *const *tiles(mk_weight type, int panels) {
    switch (type) {
    case MK_WEIGHT_F32: return tiles_f32[panels - 1];
    case MK_WEIGHT_BF16: return tiles_bf16[panels - 1];
    case MK_WEIGHT_Q8: return tiles_q8[panels - 1];
    case MK_WEIGHT_Q4_PLAIN: return tiles_q4_plain[panels - 1];
    case MK_WEIGHT_Q4: return tiles_q4[panels - 1];
    case MK_WEIGHT_Q5: return tiles_q5[panels - 1];
    case MK_WEIGHT_Q6: return tiles_q6[panels - 1];
    case MK_WEIGHT_Q4_1: return tiles_q4_1[panels - 1];
    case MK_WEIGHT_Q5_0: return tiles_q5_0[panels - 1];
    case MK_WEIGHT_Q5_1: return tiles_q5_1[panels - 1];
    case MK_WEIGHT_Q4_K: return tiles_q4_k[panels - 1];
    case MK_WEIGHT_Q5_K: return tiles_q5_k[panels - 1];
    case MK_WEIGHT_Q6_K: return tiles_q6_k[panels - 1];
    case MK_WEIGHT_MXFP4: return tiles_mxfp4[panels - 1];
    case MK_WEIGHT_WIDE: return tiles_wide[panels - 1];
    case MK_WEIGHT_F16: return tiles_f16[panels - 1];
    case MK_WEIGHT_INT4: return tiles_int4[panels - 1];
    case MK_WEIGHT_INT4_32: return tiles_int4_32[panels - 1];
    case MK_WEIGHT_FP8: return tiles_fp8[panels - 1];
    }
}

/// How many panels share a pass over the rows.
///
/// Two divide the work of reading activations, where there are registers for the sums of both, and hide the latency of
/// floats that are added up input by input. One is read faster, being one stream; with few rows of integers, which
/// leave time to spare, that is what counts.
MK_INLINE int panels_together(const mk_matmul *m) {
    int isQuantised = mk_blocks_of(m->type).bits > 0;
    return isQuantised && m->rows <= ROW_TILE ? 1 : MK_PANEL_TILE;
}

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

/// Reads `panel_bytes` of each panel; what lies behind the last it only names in prefetch hints, which load
/// nothing that is not there.  Tolerance tested against a float64 reference: 1e-6 relative to sum |x||w| for f32 and
/// bf16; for the quantised types the reference uses the same quantised operands, 1e-6 likewise.
static void matmul(const mk_matmul *m) {
    f32x16 sums[ROW_CHUNK * 2];
    int together = panels_together(m), asks = m->type != MK_WEIGHT_F32;
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
                // The first tile of rows reads the chunk from memory. The others find it in a cache and leave memory
                // idle, so the second asks for what comes next: the next chunk, or the next two panels. Not in f32, where
                // it cost 3 %: a chunk is more than a first cache holds, and its way from the second is busy.
                size_t next = 0;
                if (asks && to < m->columns)
                    next = mk_panel_bytes(m->type, chunk);
                else if (asks && base + rows == m->rows && panel + 2 < m->panel_end)
                    next = 2 * m->panel_bytes - mk_panel_bytes(m->type, from);
                for (int32_t r = 0; r < rows; r += ROW_TILE) {
                    size_t ahead = r == 0 ? MK_PREFETCH : r == ROW_TILE ? next : 0;
                    int count = rows - r < ROW_TILE ? rows - r : ROW_TILE;
                    // The sums of panel p stand at even or odd places.
                    for (int p = 0; p < panelCount; p += together) {
                        int n = together < panelCount - p ? together : panelCount - p;
                        tiles(m->type, n)[count - 1](m, panels + p, base + r, from, to, ahead, sums + r * 2 + p);
                    }
                }
            }
            finish(m, panel, panelCount, base, rows, sums);
        }
    }
}
