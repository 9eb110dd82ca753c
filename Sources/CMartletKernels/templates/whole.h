// Attention over tiles that a row sees whole: pages of two bytes a number, multiplied as integers.
//
// Two products of 16-bit integers cost what one of floats does, so a tile's keys and values become integers once for all
// rows of a unit.  Each channel has a power of two of its own over the tile: what is stored to 11 bits (f16) or 8 (bf16)
// is then exact down to an eighth of the channel's largest, and wrong by 1/16384 of that largest at most.  The queries
// meet the inverse powers before they are rounded, in parts of 64 channels, weights as they are: both as finely as sums
// of 32 bits allow.  All of it together changes results by 0.54 (heads of 64) to 0.68 (more)
// of what storing them in f16 has.
//
// Only where every slot of the tile is visible to the row: then what is in it, and with it each rounding, is the same
// whatever else the step holds.  Rows that see a part of the tile multiply its floats.

/// The largest integer of a key or value: 2^13.
#define WHOLE_BITS 13
/// Channels that share a sum.
#define WHOLE_PART 64
/// What integers of queries and weights may add up to, so that no sum overflows: 2^31 / 2^13, less what rounding adds.
#define WHOLE_SUM ((float)((1 << (31 - WHOLE_BITS)) - 128))

#ifdef MK_MULTIPLIES_PAIRS

/// The magnitudes of 32 numbers of two bytes, which are ordered as integers are.
MK_INLINE i16x32 magnitudes(const uint8_t *p) {
    i16x32 v;
    memcpy(&v, p, sizeof v);
    return v & (int16_t)0x7fff;
}

/// The power of two that magnitudes up to `top` are multiples of, and its inverse; false where one is no number.
MK_INLINE u32x16 units_of(mk_codec codec, i16x16 top, f32x16 *units, f32x16 *inverses) {
    f32x16 largest = load_codec(codec, (const uint8_t *)&top, 0);
    // Its exponent, less the bits; nothing smaller than what leaves the inverse a number.
    i32x16 exponent = (i32x16)largest >> 23;
    exponent = exponent < 32 ? (i32x16)(32) : exponent;
    *units = (f32x16)((exponent - (WHOLE_BITS - 1)) << 23);
    *inverses = (f32x16)((254 - exponent + (WHOLE_BITS - 1)) << 23);
    return (u32x16)(largest < splat(INFINITY));
}

/// x * inverse, rounded, in the low 16 bits of each lane.
MK_INLINE u32x16 low_integers(f32x16 x, f32x16 inverse) {
    return (u32x16)fma16(x, inverse, splat(12582912.0f));
}

/// The integers of 16 channels of a tile's values, whose largest magnitudes are `top`.
MK_INLINE u32x16 whole_values_of(mk_codec codec, mk_page_layout at, const uint8_t *const *pages, int32_t from,
                                 i16x16 top, mk_whole_tile *out) {
    f32x16 units, inverses;
    const u32x16 finite = units_of(codec, top, &units, &inverses);
    store_f32(out->value_units + from, units);
    int16_t *to = out->values + (size_t)from * MK_TILE;
    for (int j = 0; j < MK_TILE_PAGES; j++) {
        const uint8_t *v = pages[j] + at.values + (size_t)from * 2;
        _Pragma("unroll") for (int t = 0; t < 16; t += 2) {
            u32x16 a = low_integers(load_codec(codec, v + (size_t)t * at.value_width * 2, 0), inverses);
            u32x16 b = low_integers(load_codec(codec, v + (size_t)(t + 1) * at.value_width * 2, 0), inverses);
            u32x16 both = (a & 0xffffu) | (b << 16);
            memcpy(to + ((size_t)j * 8 + (size_t)t / 2) * 32, &both, 64);
        }
    }
    return finite;
}

/// Turns the pages of a tile into integers, and asks for the pages `ahead`; false where a number is not finite.
MK_INLINE int whole_tile_of(mk_codec codec, mk_page_layout at, int32_t dimension, const uint8_t *const *pages,
                            const uint8_t *const *ahead, mk_whole_tile *out) {
    u32x16 finite = (u32x16)(0xffffffffu);
    const int32_t pairs = (dimension + 1) / 2;
    for (int32_t pair = 0; pair < pairs; pair++) {
        const int hasSecond = 2 * pair + 1 < dimension;
        i16x32 top = (i16x32)(0);
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j++) {
            // Behind the last channel of an odd number are values, or nothing: never past the page.
            i16x32 m = magnitudes(pages[j] + (size_t)pair * 64);
            top = __builtin_elementwise_max(top, m);
            __builtin_prefetch(ahead[j] + (size_t)pair * 64, 0, 3);
        }
        const int16_t first = __builtin_reduce_max(top.lo), second = __builtin_reduce_max(top.hi);
        // Two lanes are enough.
        i16x16 both = (i16x16)(first);
        both.s1 = hasSecond ? second : 0;
        f32x16 units, inverses;
        finite &= units_of(codec, both, &units, &inverses);
        out->key_units[2 * pair] = units.s0;
        out->key_units[2 * pair + 1] = units.s1;
        const f32x16 low = splat(inverses.s0), high = splat(hasSecond ? inverses.s1 : 0);
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j++) {
            u32x16 a = low_integers(load_codec(codec, pages[j] + (size_t)pair * 64, 0), low);
            u32x16 b = low_integers(hasSecond ? load_codec(codec, pages[j] + (size_t)pair * 64 + 32, 0) : splat(0), high);
            u32x16 v = (a & 0xffffu) | (b << 16);
            memcpy(out->keys + ((size_t)pair * MK_TILE + (size_t)j * 16) * 2, &v, 64);
        }
    }
    for (int32_t d = 2 * pairs; d < mk_round_up(dimension, 16); d++) out->key_units[d] = 0;
    int32_t from = 0;
    for (; from + 32 <= at.value_width; from += 32) {
        i16x32 top = (i16x32)(0);
        for (int j = 0; j < MK_TILE_PAGES; j++) {
            const uint8_t *v = pages[j] + at.values + (size_t)from * 2, *next = ahead[j] + at.values + (size_t)from * 2;
            _Pragma("unroll") for (int t = 0; t < 16; t++) {
                top = __builtin_elementwise_max(top, magnitudes(v + (size_t)t * at.value_width * 2));
                __builtin_prefetch(next + (size_t)t * at.value_width * 2, 0, 3);
            }
        }
        finite &= whole_values_of(codec, at, pages, from, top.lo, out);
        finite &= whole_values_of(codec, at, pages, from + 16, top.hi, out);
    }
    if (from < at.value_width) {
        i16x16 top = (i16x16)(0);
        for (int j = 0; j < MK_TILE_PAGES; j++)
            for (int t = 0; t < 16; t++) {
                i16x16 x;
                memcpy(&x, pages[j] + at.values + ((size_t)t * at.value_width + (size_t)from) * 2, sizeof x);
                top = __builtin_elementwise_max(top, x & (int16_t)0x7fff);
            }
        finite &= whole_values_of(codec, at, pages, from, top, out);
    }
    return __builtin_reduce_and(finite) != 0;
}

/// Rounds x[i] * factors[i] (factors NULL: x[i] alone) to integers that add up to at most WHOLE_SUM; the result is what
/// they are multiples of.
MK_INLINE float round_whole(const float *x, const float *factors, int32_t count, int16_t *out) {
    f32x16 top = splat(0), total = splat(0), v[MK_TILE_PAGES];
    const int32_t blocks = (count + 15) / 16;
    for (int32_t i = 0; i < blocks; i++) {
        v[i] = load_partial(x + i * 16, count - i * 16);
        if (factors) v[i] *= load_f32(factors + i * 16);
        f32x16 m = max16(v[i], -v[i]);
        top = max16(top, m);
        total += m;
    }
    const float sum = sum_lanes(total), largest = max_lanes(top);
    // In steps of a sum that rises with its largest, the bound that is reached first.
    const float step = largest * (1 / 32767.0f) > sum * (1 / WHOLE_SUM) ? largest * (1 / 32767.0f) : sum * (1 / WHOLE_SUM);
    const float inverse = step > 0 ? 1 / step : 0;
    for (int32_t i = 0; i < blocks; i++) {
        i16x16 integers = __builtin_convertvector(to_int(round16(v[i] * inverse)), i16x16);
        memcpy(out + i * 16, &integers, sizeof integers);
    }
    // A sum that is not finite makes a step that is none, and shows in the result.
    return step;
}

MK_INLINE void whole_scores(const mk_attention *a, const mk_scratch *s, const mk_whole_tile *tile, int row, int rows) {
    _Alignas(64) int16_t x[ATTEND_ROWS][WHOLE_PART];
    float steps[ATTEND_ROWS];
    for (int32_t from = 0; from < a->dimension; from += WHOLE_PART) {
        const int32_t count = a->dimension - from < WHOLE_PART ? a->dimension - from : WHOLE_PART;
        for (int r = 0; r < rows; r++) {
            const float *q = a->q + (size_t)((row + r) / a->group) * a->query_stride +
                             (size_t)((row + r) % a->group) * a->dimension + from;
            steps[r] = round_whole(q, tile->key_units + from, count, x[r]) * a->scale;
        }
        settle(x);
        const int16_t *keys = tile->keys + (size_t)from * MK_TILE;
        for (int j = 0; j < MK_TILE_PAGES; j += ATTEND_COLUMNS) {
            i32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
            _Pragma("unroll") for (int r = 0; r < rows; r++)
                _Pragma("unroll") for (int c = 0; c < ATTEND_COLUMNS; c++) acc[r][c] = (i32x16)(0);
            for (int32_t d = 0; d < count; d += 2) {
                u32x16 k[ATTEND_COLUMNS];
                _Pragma("unroll") for (int c = 0; c < ATTEND_COLUMNS; c++)
                    memcpy(&k[c], keys + ((size_t)d / 2 * MK_TILE + (size_t)(j + c) * 16) * 2, 64);
                _Pragma("unroll") for (int r = 0; r < rows; r++) {
                    const int32_t q = load_2(x[r] + d);
                    _Pragma("unroll") for (int c = 0; c < ATTEND_COLUMNS; c++) acc[r][c] = dot2(acc[r][c], k[c], q);
                }
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++)
                _Pragma("unroll") for (int c = 0; c < ATTEND_COLUMNS; c++) {
                    float *to = s->weights + r * MK_TILE + (j + c) * 16;
                    const f32x16 before = from == 0 ? splat(0) : load_f32(to);
                    store_f32(to, fma16(to_float(acc[r][c]), splat(steps[r]), before));
                }
        }
    }
}

/// out[r][from ..< from + 16 * columns] of every row.
MK_INLINE void whole_columns(const mk_whole_tile *tile, int16_t (*x)[MK_TILE], const float *steps, const float *factors,
                             int rows, int32_t from, int columns, float *const *out) {
    i32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = (i32x16)(0);
    const int16_t *values = tile->values + (size_t)from * MK_TILE;
    for (int32_t t = 0; t < MK_TILE; t += 2) {
        u32x16 v[ATTEND_COLUMNS];
        _Pragma("unroll") for (int c = 0; c < columns; c++)
            memcpy(&v[c], values + (size_t)c * 16 * MK_TILE + (size_t)t * 16, 64);
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            const int32_t w = load_2(x[r] + t);
            _Pragma("unroll") for (int c = 0; c < columns; c++) acc[r][c] = dot2(acc[r][c], v[c], w);
        }
    }
    _Pragma("unroll") for (int c = 0; c < columns; c++) {
        const f32x16 units = load_f32(tile->value_units + from + c * 16);
        _Pragma("unroll") for (int r = 0; r < rows; r++) {
            float *to = out[r] + from + c * 16;
            const f32x16 added = to_float(acc[r][c]) * (units * steps[r]);
            store_f32(to, fma16(load_f32(to), splat(factors[r]), added));
        }
    }
}

MK_INLINE void whole_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_whole_tile *tile,
                            int row, int rows) {
    _Alignas(64) int16_t x[ATTEND_ROWS][MK_TILE];
    float steps[ATTEND_ROWS], factors[ATTEND_ROWS], *out[ATTEND_ROWS];
    for (int r = 0; r < rows; r++) {
        steps[r] = round_whole(s->weights + r * MK_TILE, 0, MK_TILE, x[r]);
        factors[r] = s->factors[row + r];
        out[r] = a->out + (size_t)(row + r) * a->out_stride;
    }
    settle(x);
    int32_t from = 0;
    for (; from + 16 * ATTEND_COLUMNS <= at.value_width; from += 16 * ATTEND_COLUMNS)
        whole_columns(tile, x, steps, factors, rows, from, ATTEND_COLUMNS, out);
    for (; from < at.value_width; from += 16) whole_columns(tile, x, steps, factors, rows, from, 1, out);
}

// Each is a function of its own, as with floats.
#define MK_WHOLE_FUNCTIONS(N)                                                                                   \
    static __attribute__((noinline)) void whole_scores_##N(const mk_attention *a, const mk_scratch *s,          \
                                                           const mk_whole_tile *tile, int row) {                \
        whole_scores(a, s, tile, row, N);                                                                       \
    }                                                                                                           \
    static __attribute__((noinline)) void whole_values_##N(const mk_attention *a, const mk_scratch *s,          \
                                                           mk_page_layout at, const mk_whole_tile *tile, int row) { \
        whole_values(a, s, at, tile, row, N);                                                                   \
    }
MK_WHOLE_FUNCTIONS(1) MK_WHOLE_FUNCTIONS(2) MK_WHOLE_FUNCTIONS(3) MK_WHOLE_FUNCTIONS(4)
MK_WHOLE_FUNCTIONS(5) MK_WHOLE_FUNCTIONS(6) MK_WHOLE_FUNCTIONS(7)

typedef void mk_whole_scores(const mk_attention *a, const mk_scratch *s, const mk_whole_tile *tile, int row);
typedef void mk_whole_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_whole_tile *tile,
                             int row);
// By rows - 1.
static mk_whole_scores *const scores_of_whole[ATTEND_ROWS] = {whole_scores_1, whole_scores_2, whole_scores_3, whole_scores_4,
                                                              whole_scores_5, whole_scores_6, whole_scores_7};
static mk_whole_values *const values_of_whole[ATTEND_ROWS] = {whole_values_1, whole_values_2, whole_values_3, whole_values_4,
                                                              whole_values_5, whole_values_6, whole_values_7};

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
