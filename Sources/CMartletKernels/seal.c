// Sealing pages: few bits for pages that nothing is written to any more.
#include "internal.h"

size_t mk_sealed_bytes(mk_seal seal, int32_t dimension) { return mk_sealed_layout(seal, dimension).total; }

int32_t mk_sealed_pages(mk_seal seal) { return mk_sealed_layout(seal, 16).pages; }

mk_page_class mk_sealed_class(mk_seal seal, int32_t dimension, int32_t first, const uint8_t *arena) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    return (mk_page_class){.first = first, .seal = seal, .arena = arena, .unit_pages = at.pages,
                           .unit_bytes = at.total, .body_bytes = at.body};
}

/// Where integer `field` of a lane's words lies; see internal.h.
typedef struct {
    size_t byte;
    int32_t shift;
} mk_place;

static mk_place in_words(int32_t bits, size_t words, int32_t lane, int32_t field) {
    // Shifts: a division for each integer would take longer than all the rest of sealing.
    const int32_t fields = bits == 8 ? 2 : bits == 4 ? 3 : 4, within = field & ((1 << fields) - 1);
    const int32_t at = (within >> 1) * bits + (within & 1) * 16;
    return (mk_place){words + (size_t)(field >> fields) * 64 + (size_t)lane * 4 + (size_t)(at >> 3), at & 7};
}

/// Of key channel d of token t of a unit, and of value channel d.
static mk_place key_place(mk_seal_layout at, int32_t d, int32_t t) {
    return in_words(at.bits, at.keys + (size_t)(t / 16) * at.body, t % 16, d);
}

static mk_place value_place(mk_seal_layout at, int32_t d, int32_t t) {
    size_t column = at.values + (size_t)(t / 16) * at.body + (size_t)(d / 16) * 32 * (size_t)at.bits;
    return in_words(at.bits, column, d % 16, t % 16);
}

static void put(uint8_t *unit, mk_place place, uint32_t value) {
    unit[place.byte] |= (uint8_t)(value << place.shift);
}

static uint32_t get(const uint8_t *unit, mk_place place, int32_t bits) {
    return (uint32_t)unit[place.byte] >> place.shift & ((1u << bits) - 1);
}

/// Where a token's byte of a group of value channels is.
static size_t token_place(mk_seal_layout at, int32_t g, int32_t t) {
    return at.tokens + (size_t)(t / 16 * at.groups + g) * 16 + (size_t)(t % 16);
}

/// Largest scales and largest magnitudes of centres that are stored.
enum { KEY_SCALES = 255, KEY_CENTRES = 127, VALUE_SCALES = 15, VALUE_CENTRES = 7 };

static float larger(float a, float b) { return a > b ? a : b; }

/// The smallest and the largest of some numbers.
typedef struct {
    float low, high;
} mk_ends;

static mk_ends ends_of(const float *x, int32_t count) {
    mk_ends e = {x[0], x[0]};
    for (int32_t i = 1; i < count; i++) {
        e.low = x[i] < e.low ? x[i] : e.low;
        e.high = x[i] > e.high ? x[i] : e.high;
    }
    return e;
}

/// The multiple of `unit` next to a centre; what is left of the range is for the scale to cover.
static int32_t centre_for(mk_ends e, float unit, int32_t largest) {
    if (!(unit > 0)) return 0;
    float c = (e.low * 0.5f + e.high * 0.5f) / unit;
    int32_t nearest = (int32_t)(c < 0 ? c - 0.5f : c + 0.5f);
    return nearest > largest ? largest : nearest < -largest ? -largest : nearest;
}

/// The step at which the integers around a stored centre reach both ends.
static float step_for(mk_ends e, float centre, int32_t levels) {
    return 2 * larger(e.high - centre, centre - e.low) / (float)levels;
}

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef int32_t i32x4 __attribute__((ext_vector_type(4)));

/// The numbers that share a scale, at most, in lanes of four.
enum { RANGE = 16 * MK_SEAL_UNIT };

/// How numbers become integers 0 ... levels around a centre.
typedef struct {
    float step, inverse, centre, middle, levels;
} mk_grid;

static mk_grid grid_of(float step, float centre, int32_t levels) {
    return (mk_grid){step, step > 0 ? 1 / step : 0, centre, 0.5f * (float)levels, (float)levels};
}

static i32x4 round4(mk_grid g, f32x4 x) {
    f32x4 q = (x - g.centre) * g.inverse + (g.middle + 0.5f);
    const f32x4 none = (f32x4)(0), most = (f32x4)(g.levels);
    q = q > none ? q : none;
    q = q < most ? q : most;
    return __builtin_convertvector(q, i32x4);
}

static f32x4 load4(const float *x) {
    f32x4 v;
    memcpy(&v, x, sizeof v);
    return v;
}

/// The integers next to `count` numbers, a multiple of four.
static void round_all(const float *x, int32_t count, mk_grid g, int32_t *out) {
    for (int32_t i = 0; i < count; i += 4) {
        i32x4 near = round4(g, load4(x + i));
        memcpy(out + i, &near, sizeof near);
    }
}

/// What they lose: the sum of squares.
static float lost_by(const float *x, int32_t count, mk_grid g) {
    f32x4 sum = (f32x4)(0);
    for (int32_t i = 0; i < count; i += 4) {
        f32x4 v = load4(x + i);
        f32x4 off = g.centre + g.step * (__builtin_convertvector(round4(g, v), f32x4) - g.middle) - v;
        sum += off * off;
    }
    return (sum.x + sum.y) + (sum.z + sum.w);
}

/// The multiple of `unit` that loses least, of the one that reaches both ends and the next smaller ones: with few
/// numbers in a range, two of them may be cut short for the others' sake.
static int32_t scale_for(const float *x, int32_t count, mk_ends e, float centre, float unit, int32_t largest,
                         int32_t levels) {
    if (!(unit > 0)) return 0;
    int32_t most = (int32_t)ceilf(step_for(e, centre, levels) / unit * 0.99999f), best = 0;
    most = most > largest ? largest : most;
    // A sixteenth less each time, and where units are larger than that, one.
    const int32_t less = most / 16 > 1 ? most / 16 : 1;
    float least = INFINITY;
    for (int32_t b = most; b >= 0 && b > most - 4 * less; b -= less) {
        float lost = lost_by(x, count, grid_of(unit * (float)b, centre, levels));
        if (!(lost < least)) continue;
        least = lost;
        best = b;
    }
    return best;
}

/// The units of `count` ranges: those in which the largest centre and the largest step are whole.
static void units_for(const mk_ends *e, int32_t count, int32_t levels, int32_t scales, int32_t centres, float *scale,
                      float *centre) {
    float largest = 0, steepest = 0;
    for (int32_t i = 0; i < count; i++) largest = larger(largest, fabsf(e[i].low * 0.5f + e[i].high * 0.5f));
    *centre = largest / (float)centres;
    for (int32_t i = 0; i < count; i++)
        steepest = larger(steepest, step_for(e[i], *centre * (float)centre_for(e[i], *centre, centres), levels));
    *scale = steepest / (float)scales;
}

/// The widest head.
enum { WIDEST = 1024 };

static void seal_keys(mk_seal_layout at, const float *keys, int32_t dimension, uint8_t *out) {
    const int32_t tokens = at.pages * 16, levels = (1 << at.bits) - 1;
    mk_ends ends[WIDEST];
    float *units = (float *)(out + at.units), channel[RANGE];
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int32_t d = 0; d < dimension; d++) {
            for (int32_t t = 0; t < tokens; t++) channel[t] = keys[(size_t)t * dimension + d];
            if (pass == 0) {
                ends[d] = ends_of(channel, tokens);
                continue;
            }
            int32_t c = centre_for(ends[d], units[1], KEY_CENTRES), integers[RANGE];
            float centre = units[1] * (float)c;
            int32_t b = scale_for(channel, tokens, ends[d], centre, units[0], KEY_SCALES, levels);
            out[d] = (uint8_t)(int8_t)c;
            out[at.key_scales + (size_t)d] = (uint8_t)b;
            round_all(channel, tokens, grid_of(units[0] * (float)b, centre, levels), integers);
            for (int32_t t = 0; t < tokens; t++) put(out, key_place(at, d, t), (uint32_t)integers[t]);
        }
        if (pass == 0) units_for(ends, dimension, levels, KEY_SCALES, KEY_CENTRES, &units[0], &units[1]);
    }
}

/// What each channel is divided by before, and multiplied by after: the root of its largest magnitude.
static void find_factors(mk_seal_layout at, const float *values, int32_t dimension, uint8_t *out) {
    float roots[WIDEST], largest = 0;
    for (int32_t d = 0; d < dimension; d++) {
        roots[d] = 0;
        for (int32_t t = 0; t < at.pages * 16; t++) roots[d] = larger(roots[d], fabsf(values[(size_t)t * dimension + d]));
        roots[d] = sqrtf(roots[d]);
        largest = larger(largest, roots[d]);
    }
    const float unit = largest > 0 ? largest / 255 : 1;
    memcpy(out, &unit, 4);
    for (int32_t d = 0; d < dimension; d++) {
        int32_t factor = (int32_t)(roots[d] / unit + 0.5f);
        out[4 + d] = (uint8_t)(factor < 1 ? 1 : factor > 255 ? 255 : factor);
    }
}

/// What a value channel is multiplied by after.
static float factor_of(const uint8_t *unit, mk_seal_layout at, int32_t d) {
    float factor;
    memcpy(&factor, unit + at.factors, 4);
    return factor * (float)unit[at.factors + 4 + (size_t)d];
}

static void seal_values(mk_seal_layout at, const float *values, int32_t dimension, uint8_t *out) {
    const int32_t levels = (1 << at.bits) - 1;
    mk_ends ends[WIDEST / MK_SEAL_GROUP * RANGE];
    float *units = (float *)(out + at.units) + 2, x[MK_SEAL_GROUP];
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < at.pages * 16 * at.groups; i++) {
            int32_t t = i / at.groups, from = i % at.groups * MK_SEAL_GROUP, left = dimension - from;
            int32_t count = left < MK_SEAL_GROUP ? left : MK_SEAL_GROUP;
            for (int32_t d = 0; d < count; d++) {
                x[d] = values[(size_t)t * dimension + from + d];
                if (at.is_even) x[d] /= factor_of(out, at, from + d);
            }
            if (pass == 0) {
                ends[i] = ends_of(x, count);
                continue;
            }
            // Four at a time: the last is there as often as that takes.
            const int32_t padded = mk_round_up(count, 4);
            for (int32_t d = count; d < padded; d++) x[d] = x[count - 1];
            int32_t c = centre_for(ends[i], units[1], VALUE_CENTRES), integers[MK_SEAL_GROUP];
            float centre = units[1] * (float)c;
            int32_t b = scale_for(x, padded, ends[i], centre, units[0], VALUE_SCALES, levels);
            out[token_place(at, i % at.groups, t)] = (uint8_t)(b | (c + 8) << 4);
            round_all(x, padded, grid_of(units[0] * (float)b, centre, levels), integers);
            for (int32_t d = 0; d < count; d++) put(out, value_place(at, from + d, t), (uint32_t)integers[d]);
        }
        if (pass == 0)
            units_for(ends, at.pages * 16 * at.groups, levels, VALUE_SCALES, VALUE_CENTRES, &units[0], &units[1]);
    }
}

void mk_seal_pages(mk_seal seal, const float *keys, const float *values, int32_t dimension, uint8_t *out) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    memset(out, 0, at.total);
    if (dimension > WIDEST) return;
    seal_keys(at, keys, dimension, out);
    if (at.is_even) find_factors(at, values, dimension, out + at.factors);
    seal_values(at, values, dimension, out);
}

void mk_read_sealed(mk_seal seal, const uint8_t *unit, int32_t dimension, int32_t slot, float *key, float *value) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    const float *units = (const float *)(unit + at.units), middle = 0.5f * (float)((1 << at.bits) - 1);
    for (int32_t d = 0; d < dimension; d++) {
        key[d] = units[0] * (float)unit[at.key_scales + (size_t)d] * ((float)get(unit, key_place(at, d, slot), at.bits) - middle) +
                 units[1] * (float)(int8_t)unit[d];
        uint8_t token = unit[token_place(at, d / MK_SEAL_GROUP, slot)];
        float x = units[2] * (float)(token & 15) * ((float)get(unit, value_place(at, d, slot), at.bits) - middle) +
                  units[3] * (float)((token >> 4) - 8);
        value[d] = at.is_even ? x * factor_of(unit, at, d) : x;
    }
}
