// Attention over tiles that a row sees whole: pages of two bytes a number, multiplied as integers.
//
// Two products of 16-bit integers cost what one of floats does, so a tile's keys and values become integers: once for all
// rows of a unit, or, while these are few, as they are needed.  Each channel has a power of two of its own over the tile:
// what is stored to 11 bits (f16) or 8 (bf16) is then exact down to an eighth of the channel's largest, and wrong by
// 1/16384 of that largest at most.  The queries meet the inverse powers before they are rounded, in parts of 64 channels,
// weights as they are: both as finely as sums of 32 bits allow.  All of it together changes results by 0.54 (heads of 64)
// to 0.68 (more) of what storing them in f16 has.
//
// Only where every slot of the tile is visible to the row: then what is in it, and with it each rounding, is the same
// whatever else the step holds.  Rows that see a part of the tile multiply its floats.  Sums of integers are exact, so
// bits do not depend on which way they were made.

/// The largest integer of a key or value: 2^13.
#define WHOLE_BITS 13
/// Channels that share a sum.
#define WHOLE_PART 64
/// Columns of 16 lanes taken together: with more, sums leave the registers.
#define WHOLE_COLUMNS 2

/// What integers of queries and weights may add up to, so that no sum overflows: 2^31 / 2^13, less what rounding adds.
#define WHOLE_SUM ((float)((1 << (31 - WHOLE_BITS)) - 128))

#ifdef MK_MULTIPLIES_PAIRS

#include "whole_tile.h"

/// Where the integers of a tile come from: made once for many rows, or from its pages as they are needed.
typedef struct {
    mk_page_layout at;
    const uint8_t *const *pages;
    const uint8_t *const *ahead;
} mk_whole_source;

/// Turns the queries of a unit so that lanes are rows: [MK_WHOLE_ROWS rows at a time][channel][16].
static void turn_queries(const mk_attention *a, const mk_scratch *s, int rows) {
    const int32_t width = mk_round_up(a->dimension, 2);
    for (int row = 0; row < rows; row++) {
        const float *q = a->q + (size_t)(row / a->group) * a->query_stride + (size_t)(row % a->group) * a->dimension;
        float *to = s->turned + (size_t)(row / MK_WHOLE_ROWS) * (size_t)width * 16 + row % MK_WHOLE_ROWS;
        for (int32_t d = 0; d < a->dimension; d++) to[(size_t)d * 16] = q[d];
        if (width > a->dimension) to[(size_t)a->dimension * 16] = 0;
    }
}

/// The step of integers whose sum stays within WHOLE_SUM, and each within 16 bits, by lane.
MK_INLINE f32x16 whole_step(f32x16 largest, f32x16 total) {
    // The second where one of them is no number.
    return max16(largest * (1 / 32767.0f), total * (1 / WHOLE_SUM));
}
MK_INLINE f32x16 inverse_of(f32x16 step) { return step > splat(0) ? 1.0f / step : splat(0); }

/// Rounds the queries of MK_WHOLE_ROWS rows, times the units of a tile's keys, to pairs of integers: [channels / 2][16].
static __attribute__((noinline)) void round_turned(const mk_attention *a, const mk_scratch *s, int block) {
    const int32_t width = mk_round_up(a->dimension, 2);
    const float *turned = s->turned + (size_t)block * (size_t)width * 16, *units = s->whole_tile.key_units;
    for (int32_t from = 0; from < width; from += WHOLE_PART) {
        const int32_t to = width - from < WHOLE_PART ? width : from + WHOLE_PART;
        f32x16 top[2] = {splat(0), splat(0)}, total[2] = {splat(0), splat(0)};
        for (int32_t d = from; d < to; d += 2)
            _Pragma("unroll") for (int i = 0; i < 2; i++) {
                const f32x16 x = load_f32(turned + (size_t)(d + i) * 16) * units[d + i];
                const f32x16 m = (f32x16)((u32x16)x & 0x7fffffffu);
                top[i] = max16(top[i], m);
                total[i] += m;
            }
        const f32x16 step = whole_step(max16(top[0], top[1]), total[0] + total[1]), inverse = inverse_of(step);
        store_f32(s->rounded_steps + from / WHOLE_PART * 16, step * a->scale);
        for (int32_t d = from; d < to; d += 2) {
            const f32x16 x = load_f32(turned + (size_t)d * 16) * units[d];
            const f32x16 y = load_f32(turned + (size_t)(d + 1) * 16) * units[d + 1];
            const u32x16 pair = pair_of(x, y, inverse, inverse);
            memcpy(s->rounded + (size_t)d * 8, &pair, 64);
        }
    }
}

/// Scores of `rows` rows, whose integers begin at lane `lane`; keys from memory, or (`codec` not f32) from their pages,
/// asking for their values on the way.
MK_INLINE void whole_scores(mk_codec codec, const mk_attention *a, const mk_scratch *s, const mk_whole_source *source,
                            int lane, int rows) {
    const int32_t width = mk_round_up(a->dimension, 2);
    for (int32_t from = 0; from < width; from += WHOLE_PART) {
        const int32_t count = width - from < WHOLE_PART ? width - from : WHOLE_PART;
        const int32_t *x = s->rounded + (size_t)from * 8 + lane;
        const float *steps = s->rounded_steps + from / WHOLE_PART * 16 + lane;
        const int16_t *keys = s->whole_tile.keys + (size_t)from * MK_TILE;
        for (int j = 0; j < MK_TILE_PAGES; j += WHOLE_COLUMNS) {
            i32x16 acc[ATTEND_ROWS][WHOLE_COLUMNS];
            _Pragma("unroll") for (int r = 0; r < rows; r++)
                _Pragma("unroll") for (int c = 0; c < WHOLE_COLUMNS; c++) acc[r][c] = (i32x16)(0);
            for (int32_t d = 0; d < count / 2; d++) {
                u32x16 k[WHOLE_COLUMNS];
                _Pragma("unroll") for (int c = 0; c < WHOLE_COLUMNS; c++) {
                    if (codec == MK_CODEC_F32) {
                        k[c] = load_u32(keys + ((size_t)d * MK_TILE + (size_t)(j + c) * 16) * 2);
                        continue;
                    }
                    const size_t place = (size_t)(from + 2 * d) * 32;
                    k[c] = key_pair_of(codec, source->pages[j + c] + place, s->whole_tile.key_inverses + from + 2 * d);
                    __builtin_prefetch(source->ahead[j + c] + source->at.values + place, 0, 3);
                }
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    const int32_t q = x[(size_t)d * 16 + r];
                    _Pragma("unroll") for (int c = 0; c < WHOLE_COLUMNS; c++) acc[r][c] = dot2(acc[r][c], k[c], q);
                }
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++)
                _Pragma("unroll") for (int c = 0; c < WHOLE_COLUMNS; c++) {
                    float *to = s->weights + r * MK_TILE + (j + c) * 16;
                    const f32x16 y = to_float(acc[r][c]) * steps[r];
                    store_f32(to, from == 0 ? y : load_f32(to) + y);
                }
        }
    }
}

/// e^x for x <= 0, within 3e-7 of its value: a power of two times 2^f, f within a half of nothing.  `exp16` takes four
/// operations more, which are a sixth of what a tile costs beside its products.
MK_INLINE f32x16 exp_whole(f32x16 x) {
    x = max16(x, splat(-150.0f));
    const f32x16 n = round16(x * 1.44269504088896341f);
    const f32x16 f = fma16(x, splat(1.44269504088896341f), -n);
    f32x16 p = splat(1.32764725e-3f);
    p = fma16(p, f, splat(9.67554096e-3f));
    p = fma16(p, f, splat(5.55071309e-2f));
    p = fma16(p, f, splat(2.40221202e-1f));
    p = fma16(p, f, splat(6.93146944e-1f));
    p = fma16(p, f, splat(1.00000012f));
    return (f32x16)_mm512_scalef_ps((__m512)p, (__m512)n);
}

/// As `soften`, for rows that see all of the tile: the weights become pairs of integers, of two pages' tokens at a time.
MK_INLINE void whole_weights(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows,
                             int32_t (*x)[MK_TILE / 2], float *steps) {
    if (a->cap > 0 || a->bias || (a->sink_scores && tile == 0)) adjust_scores(a, s, tile, row, rows);
    _Alignas(64) float tops[16] = {0}, olds[16] = {0}, totals[16] = {0}, inverses[16];
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        const float *w = s->weights + r * MK_TILE;
        f32x16 top = load_f32(w);
        _Pragma("unroll") for (int j = 1; j < MK_TILE_PAGES; j++) top = max16(top, load_f32(w + j * 16));
        tops[r] = max_lanes(top);
        olds[r] = a->maximum[row + r];
    }
    // A row whose scores are all -inf keeps what it has.
    const f32x16 top = load_f32(tops), old = load_f32(olds), now = max16(old, top);
    const i32x16 sees = top > splat(-INFINITY);
    const f32x16 factor = sees ? exp_whole(old - now) : splat(1), largest = sees ? exp_whole(top - now) : splat(0);
    store_f32(olds, factor);
    store_f32(tops, sees ? now : splat(0));
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        const f32x16 m = splat(tops[r]);
        f32x16 p[MK_TILE_PAGES];
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j++) {
            p[j] = exp_whole(load_f32(s->weights + r * MK_TILE + j * 16) - m);
            store_f32(s->weights + r * MK_TILE + j * 16, p[j]);
        }
        const f32x16 added = ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
        float *sums = s->sums + (size_t)(row + r) * 16;
        store_f32(sums, fma16(load_f32(sums), splat(olds[r]), added));
        totals[r] = sum_lanes(added);
        s->factors[row + r] = olds[r];
    }
    store_f32(tops, now);
    const f32x16 step = whole_step(largest, load_f32(totals));
    store_f32(steps, step);
    store_f32(inverses, inverse_of(step));
    for (int r = 0; r < rows; r++) {
        a->maximum[row + r] = tops[r];
        const f32x16 inverse = splat(inverses[r]);
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j += 2) {
            const float *w = s->weights + r * MK_TILE + j * 16;
            const u32x16 pair = pair_of(load_f32(w), load_f32(w + 16), inverse, inverse);
            memcpy(x[r] + j * 8, &pair, 64);
        }
    }
}

/// out[r][from ..< from + 16 * columns] of every row; values likewise, asking for the keys of the pages ahead.
MK_INLINE void whole_columns(mk_codec codec, const mk_whole_tile *tile, const mk_whole_source *source,
                             int32_t (*x)[MK_TILE / 2], const float *steps, const float *factors, int rows, int32_t from,
                             int columns, float *out, size_t stride) {
    i32x16 acc[ATTEND_ROWS][WHOLE_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = (i32x16)(0);
    const int16_t *values = tile->values + (size_t)from * MK_TILE;
    for (int32_t t = 0; t < MK_TILE / 2; t++) {
        u32x16 v[WHOLE_COLUMNS];
        if (codec == MK_CODEC_F32) {
            _Pragma("unroll") for (int c = 0; c < columns; c++)
                v[c] = load_u32(values + (size_t)c * 16 * MK_TILE + (size_t)t * 32);
        } else {
            const size_t place = (size_t)(t % 16) * (size_t)source->at.value_width * 2 + (size_t)from * 2;
            const int page = t / 16 * 2;
            const uint8_t *first = source->pages[page] + source->at.values + place;
            const uint8_t *second = source->pages[page + 1] + source->at.values + place;
            _Pragma("unroll") for (int c = 0; c < columns; c++)
                v[c] = value_pair_of(codec, first + c * 32, second + c * 32, tile->value_inverses + from + c * 16);
            __builtin_prefetch(source->ahead[page] + place, 0, 3);
            __builtin_prefetch(source->ahead[page + 1] + place, 0, 3);
        }
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            const int32_t w = x[r][t];
            _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = dot2(acc[r][c], v[c], w);
        }
    }
    _Pragma("unroll") for (int c = 0; c < columns; c++) {
        const f32x16 units = load_f32(tile->value_units + from + c * 16);
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            float *to = out + (size_t)r * stride + from + c * 16;
            const f32x16 added = to_float(acc[r][c]) * (units * steps[r]);
            store_f32(to, fma16(load_f32(to), splat(factors[r]), added));
        }
    }
}

/// Weighted values of rows [row, row + rows).
MK_INLINE void whole_values(mk_codec codec, const mk_attention *a, const mk_scratch *s, const mk_whole_source *source,
                            int row, int rows, int32_t (*x)[MK_TILE / 2], const float *steps) {
    const int32_t width = mk_round_up(a->dimension, 16);
    float *out = a->out + (size_t)row * a->out_stride;
    const float *factors = s->factors + row;
    int32_t from = 0;
    for (; from + 16 * WHOLE_COLUMNS <= width; from += 16 * WHOLE_COLUMNS)
        whole_columns(codec, &s->whole_tile, source, x, steps, factors, rows, from, WHOLE_COLUMNS, out, a->out_stride);
    for (; from < width; from += 16)
        whole_columns(codec, &s->whole_tile, source, x, steps, factors, rows, from, 1, out, a->out_stride);
}

/// Rows [row, row + rows) over a tile whose integers are in memory; those of the rows begin at lane `lane`.
MK_INLINE void whole_rows(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int lane, int rows) {
    _Alignas(64) int32_t x[ATTEND_ROWS][MK_TILE / 2];
    _Alignas(64) float steps[16];
    whole_scores(MK_CODEC_F32, a, s, 0, lane, rows);
    whole_weights(a, s, tile, row, rows, x, steps);
    settle(x);
    whole_values(MK_CODEC_F32, a, s, 0, row, rows, x, steps);
}

/// Likewise for rows so few that storing a tile's integers is not worth it.  The first of them find the tile's units, and
/// return 0 where a number is not finite.
MK_INLINE int few_rows(mk_codec codec, const mk_attention *a, mk_scratch *s, mk_page_layout at, int32_t tile, int row,
                       int rows, int is_first, const uint8_t *const *pages, const uint8_t *const *ahead) {
    _Alignas(64) int32_t x[ATTEND_ROWS][MK_TILE / 2];
    _Alignas(64) float steps[16];
    const uint8_t *here[MK_TILE_PAGES], *next[MK_TILE_PAGES];
    for (int j = 0; j < MK_TILE_PAGES; j++) here[j] = pages[j], next[j] = ahead[j];
    const mk_whole_source source = {at, here, next};
    if (is_first && !key_units(codec, a->dimension, here, 0, &s->whole_tile)) return 0;
    if (is_first || row % MK_WHOLE_ROWS == 0) round_turned(a, s, row / MK_WHOLE_ROWS);
    whole_scores(codec, a, s, &source, row % MK_WHOLE_ROWS, rows);
    if (is_first && !value_units(codec, at, here, 0, &s->whole_tile)) return 0;
    whole_weights(a, s, tile, row, rows, x, steps);
    settle(x);
    whole_values(codec, a, s, &source, row, rows, x, steps);
    return 1;
}

// Each is a function of its own, as with floats.
#define MK_WHOLE_FUNCTION(N)                                                                                    \
    static __attribute__((noinline)) void whole_rows_##N(const mk_attention *a, const mk_scratch *s, int32_t tile, \
                                                         int row, int lane) {                                   \
        whole_rows(a, s, tile, row, lane, N);                                                                   \
    }                                                                                                           \
    static __attribute__((noinline)) int few_rows_##N(const mk_attention *a, mk_scratch *s, mk_page_layout at,  \
                                                      int32_t tile, int row, int is_first,                      \
                                                      const uint8_t *const *pages, const uint8_t *const *ahead) { \
        return a->codec == MK_CODEC_F16 ? few_rows(MK_CODEC_F16, a, s, at, tile, row, N, is_first, pages, ahead) \
                                        : few_rows(MK_CODEC_BF16, a, s, at, tile, row, N, is_first, pages, ahead); \
    }
MK_WHOLE_FUNCTION(1) MK_WHOLE_FUNCTION(2) MK_WHOLE_FUNCTION(3) MK_WHOLE_FUNCTION(4)
MK_WHOLE_FUNCTION(5) MK_WHOLE_FUNCTION(6) MK_WHOLE_FUNCTION(7)

typedef void mk_whole_rows(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int lane);
typedef int mk_few_rows(const mk_attention *a, mk_scratch *s, mk_page_layout at, int32_t tile, int row,
                        int is_first, const uint8_t *const *pages, const uint8_t *const *ahead);
// By rows - 1.
static mk_whole_rows *const rows_of_whole_tile[ATTEND_ROWS] = {whole_rows_1, whole_rows_2, whole_rows_3, whole_rows_4,
                                                               whole_rows_5, whole_rows_6, whole_rows_7};
static mk_few_rows *const few_rows_of_tile[ATTEND_ROWS] = {few_rows_1, few_rows_2, few_rows_3, few_rows_4,
                                                           few_rows_5, few_rows_6, few_rows_7};

static __attribute__((noinline)) int whole_tile_f16(mk_page_layout at, int32_t dimension, const uint8_t *const *pages,
                                                    const uint8_t *const *ahead, mk_whole_tile *out) {
    return whole_tile_of(MK_CODEC_F16, at, dimension, pages, ahead, out);
}
static __attribute__((noinline)) int whole_tile_bf16(mk_page_layout at, int32_t dimension, const uint8_t *const *pages,
                                                     const uint8_t *const *ahead, mk_whole_tile *out) {
    return whole_tile_of(MK_CODEC_BF16, at, dimension, pages, ahead, out);
}

/// The rows that see every slot of a tile; none where its numbers stay floats.
MK_INLINE void rows_of_whole(const mk_attention *a, int32_t tile, int *begin, int *end) {
    *begin = *end = 0;
    if ((a->codec != MK_CODEC_F16 && a->codec != MK_CODEC_BF16) || a->class_count > 0) return;
    const int32_t first = tile * MK_TILE, last = first + MK_TILE;
    int32_t from = last - a->first_end, to = a->queries;
    from = from < 0 ? 0 : from;
    // The window of query i begins at first_end + i - window.
    if (a->sinks < last && (int64_t)first + a->window - a->first_end + 1 < to) to = first + a->window - a->first_end + 1;
    if (a->until) {
        i32x16 least = (i32x16)load_u32(a->until + first);
        for (int j = 1; j < MK_TILE_PAGES; j++)
            least = __builtin_elementwise_min(least, (i32x16)load_u32(a->until + first + j * 16));
        const int64_t seen = (int64_t)__builtin_reduce_min(least) - a->first_position;
        to = seen < to ? (int32_t)(seen < 0 ? 0 : seen) : to;
    }
    if (from >= to) return;
    *begin = from * a->group;
    *end = to * a->group;
}

#endif
