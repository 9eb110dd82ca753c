// Attention over sealed pages: integers are multiplied as integers.
//
// A query is rounded to integers of 16 bits once, and multiplied with the scales of a page's channels: the rounded
// products meet the page's integers two at a time.  Weights are rounded likewise, with the scales of their tokens, once
// for the pages of a tile.  Both are exact to 1/32768 of the largest, far below what a page's own bits lose, and integer
// sums have no order.  A page's integers count from zero on: what their middle adds to each lane is half of their
// number times the sum of what they are multiplied with, and is taken out of the sum.

/// The pages of a tile: where each is, where the unit starts that it is in, and its place there; open ones and holes
/// have neither.
typedef struct {
    const uint8_t *pages[MK_TILE_PAGES], *heads[MK_TILE_PAGES];
    int32_t parts[MK_TILE_PAGES];
} mk_tile_pages;

/// Two integers side by side: number i of those in the words w; the layout is in internal.h.
MK_INLINE u32x16 pair16(int bits, u32x16 w, int i) {
    return (w >> (uint32_t)(bits * i)) & (((1u << bits) - 1) * 0x00010001u);
}

/// Makes what was stored at p be read from there: a number that is multiplied with all lanes comes out of memory for
/// nothing, and out of a register by shuffles, which compilers choose.
MK_INLINE void settle(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

/// Asks for `bytes` at p.
MK_INLINE void ask(const uint8_t *p, size_t bytes) {
    for (size_t line = 0; line < bytes; line += 64) __builtin_prefetch(p + line, 0, 3);
}

/// What a query is rounded to, so that no sum over a page overflows.
MK_INLINE float largest_integer(int32_t dimension) {
    return dimension <= 256 ? 32767.0f : (float)(int32_t)(0x7fffffff / (255 * dimension));
}

/// Rounds the queries to integers.
static void round_queries(const mk_attention *a, const mk_scratch *s, int rows) {
    const float most = largest_integer(a->dimension);
    for (int row = 0; row < rows; row++) {
        const float *q = a->q + (size_t)(row / a->group) * a->query_stride +
                         (size_t)(row % a->group) * a->dimension;
        int16_t *out = s->whole + (size_t)row * s->whole_width;
        f32x16 top = splat(0);
        for (int32_t d = 0; d < a->dimension; d += 16) {
            f32x16 x = load_partial(q + d, a->dimension - d);
            top = max16(top, max16(x, -x));
        }
        const float largest = max_lanes(top), inverse = largest > 0 ? most / largest : 0;
        // Of a scale times an integer the lowest eight bits are rounded off.
        s->steps[row] = largest / most * 256;
        for (int32_t d = 0; d < s->whole_width; d += 16) {
            int32_t left = a->dimension - d;
            f32x16 x = load_partial(q + d, left < 0 ? 0 : left);
            i16x16 integers = __builtin_convertvector(to_int(round16(x * inverse)), i16x16);
            memcpy(out + d, &integers, sizeof integers);
            store_f32(s->padded + (size_t)row * s->whole_width + d, x);
        }
    }
}

/// The scales of 32 channels, as `scaled16` has them multiplied with a query's integers.
MK_INLINE i16x32 key_scales32(const uint8_t *p) {
    typedef uint8_t u8x32 __attribute__((ext_vector_type(32)));
    u8x32 bytes;
    memcpy(&bytes, p, 32);
    return __builtin_convertvector(bytes, i16x32) << 7;
}

/// Channels whose queries are scaled before any are multiplied.
enum { SEALED_BLOCK = 128 };

/// Scores of one sealed page for `rows` rows, 16 each, MK_TILE apart. `head` is its unit.
MK_INLINE void scores_sealed_rows(int bits, mk_seal_layout at, const mk_attention *a, const mk_scratch *s, int row,
                                  int rows, const uint8_t *head, const uint8_t *page, float *out) {
    // Two sums a row where registers allow, so that no product waits for the last one.
    const int ways = ATTEND_ROWS > 4 ? 2 : 1, per = 32 / bits;
    const float *units = (const float *)(head + at.units);
    const int32_t width = s->whole_width, dimension = a->dimension;
    const int16_t *whole = s->whole + (size_t)row * width;
    const float *padded = s->padded + (size_t)row * width;
    i32x16 acc[ATTEND_ROWS][2], sums[ATTEND_ROWS];
    f32x16 least[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        acc[r][0] = acc[r][1] = sums[r] = (i32x16)(0);
        least[r] = splat(0);
    }
    for (int32_t block = 0; block < dimension; block += SEALED_BLOCK) {
        const int32_t end = dimension - block < SEALED_BLOCK ? dimension - block : SEALED_BLOCK;
        int16_t x[ATTEND_ROWS][SEALED_BLOCK];
        for (int32_t d = 0; d < end; d += 32) {
            const i16x32 scales = key_scales32(head + at.key_scales + (size_t)(block + d));
            const f32x16 first = load_i8(head + block + d), second = load_i8(head + block + d + 16);
            _Pragma("unroll") for (int r = 0; r < rows; r++) {
                const float *q = padded + (size_t)r * width + block + d;
                i16x32 v = scaled16(load_i16(whole + (size_t)r * width + block + d), scales);
                memcpy(x[r] + d, &v, sizeof v);
                sums[r] = dot2(sums[r], (u32x16)v, 0x00010001);
                least[r] = fma16(load_f32(q), first, least[r]);
                least[r] = fma16(load_f32(q + 16), second, least[r]);
            }
        }
        settle(x);
        const uint8_t *words = page + at.keys + (size_t)(block / per) * 64;
        for (int32_t d = 0; d < end; d += per, words += 64) {
            u32x16 w = load_u32(words);
            _Pragma("unroll") for (int i = 0; i < per / 2; i++) {
                u32x16 k = pair16(bits, w, i);
                _Pragma("unroll") for (int r = 0; r < rows; r++)
                    acc[r][i % ways] = dot2(acc[r][i % ways], k, load_2(x[r] + d + 2 * i));
            }
        }
    }
    // Lanes that are added up into every token's score.
    const float middle = 0.5f * (float)((1 << bits) - 1), centre = units[1] * a->scale;
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        const float step = units[0] * s->steps[row + r] * a->scale;
        i32x16 total = ways == 2 ? acc[r][0] + acc[r][1] : acc[r][0];
        float rest = sum_lanes(fma16(to_float(sums[r]), splat(-middle * step), least[r] * centre));
        store_f32(out + r * MK_TILE, fma16(to_float(total), splat(step), splat(rest)));
    }
}

/// out[r] += weighted values of the `count` sealed pages of a tile at `places`; weights[r][16 * place + slot], MK_TILE
/// apart.
MK_INLINE void values_sealed_rows(int bits, mk_seal_layout at, const float *weights, int rows,
                                  const mk_tile_pages *tile, const uint8_t *const *ahead, const int *places, int count,
                                  float *const *out) {
    const int ways = ATTEND_ROWS > 4 ? 2 : 1, per = 32 / bits;
    for (int32_t g = 0; g < at.groups; g++) {
        f32x16 scales[MK_TILE_PAGES], centres[MK_TILE_PAGES];
        int16_t x[ATTEND_ROWS][MK_TILE];
        float steps[ATTEND_ROWS], rests[ATTEND_ROWS];
        int32_t sums[ATTEND_ROWS];
        for (int j = 0; j < count; j++) {
            const uint8_t *head = tile->heads[places[j]];
            const float *units = (const float *)(head + at.units);
            u8x16 bytes;
            memcpy(&bytes, head + at.tokens + (size_t)(tile->parts[places[j]] * at.groups + g) * 16, 16);
            i32x16 both = __builtin_convertvector(bytes, i32x16);
            scales[j] = to_float(both & 15) * units[2];
            centres[j] = to_float((both >> 4) - 8) * units[3];
        }
        for (int r = 0; r < rows; r++) {
            const float *w = weights + r * MK_TILE;
            f32x16 top = splat(0), least = splat(0);
            for (int j = 0; j < count; j++) {
                f32x16 v = load_f32(w + places[j] * 16);
                top = max16(top, v * scales[j]);
                least = fma16(v, centres[j], least);
            }
            const float largest = max_lanes(top), inverse = largest > 0 ? 32767.0f / largest : 0;
            i32x16 sum = (i32x16)(0);
            for (int j = 0; j < count; j++) {
                i32x16 v = to_int(round16(load_f32(w + places[j] * 16) * scales[j] * inverse));
                sum += v;
                i16x16 integers = __builtin_convertvector(v, i16x16);
                memcpy(x[r] + j * 16, &integers, sizeof integers);
            }
            sums[r] = __builtin_reduce_add(sum);
            steps[r] = largest / 32767.0f;
            rests[r] = 0.5f * (float)sums[r] * steps[r] + sum_lanes(least);
        }
        settle(x);
        const int32_t end = (g + 1) * MK_SEAL_GROUP < at.value_width ? (g + 1) * MK_SEAL_GROUP : at.value_width;
        for (int32_t from = g * MK_SEAL_GROUP; from < end; from += 16) {
            i32x16 acc[ATTEND_ROWS][2];
            _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r][0] = acc[r][1] = (i32x16)(0);
            for (int j = 0; j < count; j++) {
                const uint8_t *column = tile->pages[places[j]] + at.values + (size_t)from * 2 * bits;
                ask(ahead[places[j]] + at.values + (size_t)from * 2 * bits, 32 * (size_t)bits);
                for (int t = 0; t < 16; t += per) {
                    u32x16 w = load_u32(column + (size_t)(t / per) * 64);
                    _Pragma("unroll") for (int i = 0; i < per / 2; i++) {
                        u32x16 v = pair16(bits, w, i);
                        _Pragma("unroll") for (int r = 0; r < rows; r++)
                            acc[r][i % ways] = dot2(acc[r][i % ways], v, load_2(x[r] + j * 16 + t + 2 * i));
                    }
                }
            }
            f32x16 factor = splat(1);
            if (at.is_even) {
                float unit;
                memcpy(&unit, tile->heads[places[0]] + at.factors, 4);
                factor = load_u8(tile->heads[places[0]] + at.factors + 4 + from) * unit;
            }
            _Pragma("unroll") for (int r = 0; r < rows; r++) {
                i32x16 total = (ways == 2 ? acc[r][0] + acc[r][1] : acc[r][0]) - (sums[r] << (bits - 1));
                f32x16 added = fma16(to_float(total), splat(steps[r]), splat(rests[r]));
                f32x16 before = load_f32(out[r] + from);
                store_f32(out[r] + from, at.is_even ? fma16(added, factor, before) : before + added);
            }
        }
    }
}

// Each is a function of its own, as with products: inlined side by side, they take each other's registers.
#define MK_SEALED_FUNCTIONS(N, BITS)                                                                     \
    static __attribute__((noinline)) void scores_sealed_##BITS##_##N(                                    \
        mk_seal_layout at, const mk_attention *a, const mk_scratch *s, int row, const uint8_t *head,     \
        const uint8_t *page, float *out) {                                                               \
        scores_sealed_rows(BITS, at, a, s, row, N, head, page, out);                                     \
    }                                                                                                    \
    static __attribute__((noinline)) void values_sealed_##BITS##_##N(                                    \
        mk_seal_layout at, const float *weights, const mk_tile_pages *tile,                              \
        const uint8_t *const *ahead, const int *places, int count, float *const *out) {                  \
        values_sealed_rows(BITS, at, weights, N, tile, ahead, places, count, out);                       \
    }
typedef void mk_sealed_scores(mk_seal_layout at, const mk_attention *a, const mk_scratch *s, int row,
                              const uint8_t *head, const uint8_t *page, float *out);
typedef void mk_sealed_values(mk_seal_layout at, const float *weights, const mk_tile_pages *tile,
                              const uint8_t *const *ahead, const int *places, int count, float *const *out);

#define MK_SEALED_BITS(N) MK_SEALED_FUNCTIONS(N, 2) MK_SEALED_FUNCTIONS(N, 4) MK_SEALED_FUNCTIONS(N, 8)
MK_SEALED_BITS(1) MK_SEALED_BITS(2) MK_SEALED_BITS(3) MK_SEALED_BITS(4)
#if MK_ATTEND_ROWS == 7
MK_SEALED_BITS(5) MK_SEALED_BITS(6) MK_SEALED_BITS(7)
#define MK_SEALED_NAMES(KIND, BITS)                                                                      \
    {KIND##_sealed_##BITS##_1, KIND##_sealed_##BITS##_2, KIND##_sealed_##BITS##_3, KIND##_sealed_##BITS##_4, \
     KIND##_sealed_##BITS##_5, KIND##_sealed_##BITS##_6, KIND##_sealed_##BITS##_7}
#else
#define MK_SEALED_NAMES(KIND, BITS)                                                                      \
    {KIND##_sealed_##BITS##_1, KIND##_sealed_##BITS##_2, KIND##_sealed_##BITS##_3, KIND##_sealed_##BITS##_4}
#endif

// By bits (2, 4, 8) and rows - 1.
static mk_sealed_scores *const sealed_scores[3][ATTEND_ROWS] = {
    MK_SEALED_NAMES(scores, 2), MK_SEALED_NAMES(scores, 4), MK_SEALED_NAMES(scores, 8)};
static mk_sealed_values *const sealed_values[3][ATTEND_ROWS] = {
    MK_SEALED_NAMES(values, 2), MK_SEALED_NAMES(values, 4), MK_SEALED_NAMES(values, 8)};

MK_INLINE int place_of(int bits) { return bits == 8 ? 2 : bits == 4 ? 1 : 0; }

/// Scores of a tile in which pages differ.
static void mixed_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const mk_tile_pages *tile, const uint8_t *const *ahead, int row, int n) {
    for (int i = 0; i < run_count; i++) {
        mk_scratch part = *s;
        const int begin = runs[i].begin, count = runs[i].end - begin;
        part.weights = s->weights + begin * 16;
        if (runs[i].class < 0) {
            open_scores(a, &part, at, tile->pages + begin, ahead + begin, count, row, n);
            continue;
        }
        mk_seal_layout sealed = mk_sealed_layout(a->classes[runs[i].class].seal, a->dimension);
        mk_sealed_scores *scores = sealed_scores[place_of(sealed.bits)][n - 1];
        for (int j = begin; j < begin + count; j++) {
            if (ahead[j] != tile->pages[j]) ask(ahead[j], sealed.values);
            scores(sealed, a, s, row, tile->heads[j], tile->pages[j], s->weights + j * 16);
        }
    }
}

/// Values likewise; the running sums are scaled once, before the first run.  All pages of a kind are taken together,
/// wherever in the tile they are and whichever class holds them: the integers that weights are rounded to must not
/// depend on which pages between them are gone, or still outside of the cache.
static void mixed_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const mk_run *runs,
                         int run_count, const mk_tile_pages *tile, const uint8_t *const *ahead, int row, int n) {
    float *out[ATTEND_ROWS];
    for (int r = 0; r < n; r++) {
        out[r] = a->out + (size_t)(row + r) * a->out_stride;
        for (int32_t d = 0; d < at.value_width; d += 16)
            store_f32(out[r] + d, load_f32(out[r] + d) * s->factors[row + r]);
        s->factors[row + r] = 1;
    }
    unsigned kinds = 0;
    for (int i = 0; i < run_count; i++) {
        mk_scratch part = *s;
        const int begin = runs[i].begin;
        part.weights = s->weights + begin * 16;
        if (runs[i].class < 0) open_values(a, &part, at, tile->pages + begin, ahead + begin, runs[i].end - begin, row, n);
        else kinds |= 1u << a->classes[runs[i].class].seal;
    }
    for (int kind = 0; kinds >> kind; kind++) {
        if (!(kinds >> kind & 1)) continue;
        const mk_seal_layout sealed = mk_sealed_layout((mk_seal)kind, a->dimension);
        int places[MK_TILE_PAGES], count = 0;
        for (int i = 0; i < run_count; i++)
            for (int j = runs[i].begin; j < runs[i].end; j++)
                if (runs[i].class >= 0 && (int)a->classes[runs[i].class].seal == kind) places[count++] = j;
        // Pages of one unit share their channels' factors.
        for (int first = 0, next; first < count; first = next) {
            next = count;
            if (sealed.is_even)
                for (next = first + 1; next < count && tile->heads[places[next]] == tile->heads[places[first]];) next++;
            sealed_values[place_of(sealed.bits)][n - 1](sealed, s->weights, tile, ahead, places + first, next - first,
                                                        out);
        }
    }
}
