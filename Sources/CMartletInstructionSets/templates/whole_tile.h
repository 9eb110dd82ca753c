// The integers of a tile that rows see whole (whole.h): the powers of two of its channels, and its numbers in pairs.

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

/// Two integers side by side in each lane.
MK_INLINE u32x16 pair_of(f32x16 a, f32x16 b, f32x16 inverse, f32x16 inverse_of_b) {
    return (low_integers(a, inverse) & 0xffffu) | (low_integers(b, inverse_of_b) << 16);
}

/// The units of the `count` (16 or 32) channels of a tile's values from `from` on; asks for the same places of the pages
/// `ahead`, unless it is NULL.
MK_INLINE u32x16 value_units_of(mk_codec codec, mk_page_layout at, const uint8_t *const *pages,
                                const uint8_t *const *ahead, int32_t from, const int count, mk_whole_tile *out) {
    const size_t start = at.values + (size_t)from * 2, stride = (size_t)at.value_width * 2;
    i16x32 top = (i16x32)(0);
    for (int j = 0; j < MK_TILE_PAGES; j++) {
        const uint8_t *v = pages[j] + start, *next = (ahead ? ahead : pages)[j] + start;
        if (count == 32)
            _Pragma("unroll") for (int t = 0; t < 16; t++, v += stride, next += stride) {
                top = __builtin_elementwise_max(top, magnitudes(v));
                if (ahead) __builtin_prefetch(next, 0, 3);
            }
        else
            for (int t = 0; t < 16; t++, v += stride) {
                i16x16 x;
                memcpy(&x, v, sizeof x);
                top.lo = __builtin_elementwise_max(top.lo, x & (int16_t)0x7fff);
            }
    }
    u32x16 finite = (u32x16)(0xffffffffu);
    _Pragma("unroll") for (int c = 0; c < count / 16; c++) {
        f32x16 units, inverses;
        finite &= units_of(codec, c == 0 ? top.lo : top.hi, &units, &inverses);
        store_f32(out->value_units + from + c * 16, units);
        store_f32(out->value_inverses + from + c * 16, inverses);
    }
    return finite;
}

/// The pair of a channel's numbers in two tokens, as integers; `v` and `w` are those tokens' values.
MK_INLINE u32x16 value_pair_of(mk_codec codec, const uint8_t *v, const uint8_t *w, const float *inverses) {
    const f32x16 inverse = load_f32(inverses);
    return pair_of(load_codec(codec, v, 0), load_codec(codec, w, 0), inverse, inverse);
}

MK_INLINE void whole_values_of(mk_codec codec, mk_page_layout at, const uint8_t *const *pages, int32_t from,
                               const int count, mk_whole_tile *out) {
    const size_t start = at.values + (size_t)from * 2, stride = (size_t)at.value_width * 2;
    int16_t *to = out->values + (size_t)from * MK_TILE;
    for (int j = 0; j < MK_TILE_PAGES; j += 2) {
        const uint8_t *v = pages[j] + start, *w = pages[j + 1] + start;
        _Pragma("unroll") for (int t = 0; t < 16; t++, v += stride, w += stride, to += 32)
            _Pragma("unroll") for (int c = 0; c < count / 16; c++) {
                const u32x16 pair = value_pair_of(codec, v + c * 32, w + c * 32, out->value_inverses + from + c * 16);
                memcpy(to + (size_t)c * 16 * MK_TILE, &pair, 64);
            }
    }
}

/// The largest of 16 numbers, of the two channels of each of 8 vectors, by channel.
MK_INLINE u32x16 tops_of(const i16x32 *v) {
    typedef int64_t i64x8 __attribute__((ext_vector_type(8)));
    i16x32 w[4], u[2];
    _Pragma("unroll") for (int i = 0; i < 4; i++) {
        const i64x8 a = (i64x8)v[2 * i], b = (i64x8)v[2 * i + 1];
        w[i] = __builtin_elementwise_max((i16x32)__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13),
                                         (i16x32)__builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15));
    }
    _Pragma("unroll") for (int i = 0; i < 2; i++) {
        const i64x8 a = (i64x8)w[2 * i], b = (i64x8)w[2 * i + 1];
        u[i] = __builtin_elementwise_max((i16x32)__builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14),
                                         (i16x32)__builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15));
    }
    const i32x16 a = (i32x16)u[0], b = (i32x16)u[1];
    // By channel: 0, 1, 2, 3 of the first, 4 to 7 behind them, then those of the second.
    const i16x32 x = __builtin_elementwise_max(
        (i16x32)__builtin_shufflevector(a, b, 0, 4, 8, 12, 2, 6, 10, 14, 16, 20, 24, 28, 18, 22, 26, 30),
        (i16x32)__builtin_shufflevector(a, b, 1, 5, 9, 13, 3, 7, 11, 15, 17, 21, 25, 29, 19, 23, 27, 31));
    return (u32x16)__builtin_elementwise_max(x, (i16x32)((u32x16)x >> 16)) & 0xffffu;
}

/// The units of 16 channels of a tile's keys from `from` on; asks for the same places of the pages `ahead` likewise.
MK_INLINE u32x16 key_units_of(mk_codec codec, int32_t dimension, const uint8_t *const *pages,
                              const uint8_t *const *ahead, int32_t from, mk_whole_tile *out) {
    i16x32 tops[8];
    _Pragma("unroll") for (int i = 0; i < 8; i++) {
        const int32_t d = from + 2 * i;
        tops[i] = (i16x32)(0);
        if (d >= dimension) continue;
        // Behind the last channel of an odd number are values, or nothing: never past the page.
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j++) {
            tops[i] = __builtin_elementwise_max(tops[i], magnitudes(pages[j] + (size_t)d * 32));
            if (ahead) __builtin_prefetch(ahead[j] + (size_t)d * 32, 0, 3);
        }
        if (d + 1 == dimension) tops[i].hi = (i16x16)(0);
    }
    f32x16 units, inverses;
    const u32x16 finite = units_of(codec, __builtin_convertvector(tops_of(tops), i16x16), &units, &inverses);
    store_f32(out->key_units + from, units);
    store_f32(out->key_inverses + from, inverses);
    for (int32_t d = dimension; d < from + 16; d++) out->key_units[d] = out->key_inverses[d] = 0;
    return finite;
}

/// The units of a whole tile's keys; 0 where one is not finite.
MK_INLINE int key_units(mk_codec codec, int32_t dimension, const uint8_t *const *pages, const uint8_t *const *ahead,
                        mk_whole_tile *out) {
    u32x16 finite = (u32x16)(0xffffffffu);
    for (int32_t d = 0; d < dimension; d += 16) finite &= key_units_of(codec, dimension, pages, ahead, d, out);
    return __builtin_reduce_and(finite) != 0;
}

/// Likewise of its values.
MK_INLINE int value_units(mk_codec codec, mk_page_layout at, const uint8_t *const *pages, const uint8_t *const *ahead,
                          mk_whole_tile *out) {
    u32x16 finite = (u32x16)(0xffffffffu);
    int32_t from = 0;
    for (; from + 32 <= at.value_width; from += 32) finite &= value_units_of(codec, at, pages, ahead, from, 32, out);
    if (from < at.value_width) finite &= value_units_of(codec, at, pages, ahead, from, 16, out);
    return __builtin_reduce_and(finite) != 0;
}

/// The pair of a slot's numbers in two channels, as integers.
MK_INLINE u32x16 key_pair_of(mk_codec codec, const uint8_t *k, const float *inverses) {
    return pair_of(load_codec(codec, k, 0), load_codec(codec, k + 32, 0), splat(inverses[0]), splat(inverses[1]));
}

/// Turns the pages of a tile into integers, and asks for the pages `ahead`; false where a number is not finite.
MK_INLINE int whole_tile_of(mk_codec codec, mk_page_layout at, int32_t dimension, const uint8_t *const *pages,
                            const uint8_t *const *ahead, mk_whole_tile *out) {
    // Their own copies: as far as a compiler knows, what is stored may be the addresses.
    const uint8_t *here[MK_TILE_PAGES], *next[MK_TILE_PAGES];
    for (int j = 0; j < MK_TILE_PAGES; j++) here[j] = pages[j], next[j] = ahead[j];
    if (!key_units(codec, dimension, here, next, out) || !value_units(codec, at, here, next, out)) return 0;
    int16_t *to = out->keys;
    for (int32_t d = 0; d + 1 < dimension; d += 2, to += 2 * MK_TILE)
        _Pragma("unroll") for (int j = 0; j < MK_TILE_PAGES; j++) {
            const u32x16 pair = key_pair_of(codec, here[j] + (size_t)d * 32, out->key_inverses + d);
            memcpy(to + j * 32, &pair, 64);
        }
    for (int j = 0; dimension % 2 == 1 && j < MK_TILE_PAGES; j++) {
        const f32x16 k = load_codec(codec, here[j] + (size_t)(dimension - 1) * 32, 0);
        const u32x16 pair = pair_of(k, splat(0), splat(out->key_inverses[dimension - 1]), splat(0));
        memcpy(to + j * 32, &pair, 64);
    }
    int32_t from = 0;
    for (; from + 32 <= at.value_width; from += 32) whole_values_of(codec, at, here, from, 32, out);
    if (from < at.value_width) whole_values_of(codec, at, here, from, 16, out);
    return 1;
}
