// Sealing pages: few bits for pages that nothing is written to any more.
#include "internal.h"

size_t mk_sealed_bytes(mk_seal seal, int32_t dimension) { return mk_sealed_layout(seal, dimension).total; }

/// Where an integer of key channel d, or of value channel d, of token t lies.
typedef struct {
    size_t byte;
    int32_t shift;
} mk_place;

static mk_place in_words(int32_t bits, size_t words, int32_t lane, int32_t field) {
    int32_t per = 32 / bits, at = field % per * bits;
    return (mk_place){words + (size_t)(field / per) * 64 + (size_t)lane * 4 + (size_t)(at / 8), at % 8};
}

static mk_place key_place(mk_seal_layout at, int32_t d, int32_t t) {
    if (at.bits == 8) return (mk_place){(size_t)d * 16 + (size_t)t, 0};
    return in_words(at.bits, 0, t, d);
}

static mk_place value_place(mk_seal_layout at, int32_t d, int32_t t) {
    size_t column = at.values + (size_t)(d / 16) * 32 * (size_t)at.bits;
    if (at.bits == 8) return (mk_place){column + (size_t)t * 16 + (size_t)(d % 16), 0};
    return in_words(at.bits, column, d % 16, t);
}

static void put(uint8_t *page, mk_place place, uint32_t value) {
    page[place.byte] |= (uint8_t)(value << place.shift);
}

static uint32_t get(const uint8_t *page, mk_place place, int32_t bits) {
    return (uint32_t)page[place.byte] >> place.shift & ((1u << bits) - 1);
}

/// Scale and minimum as stored, and from them the integer next to x.
typedef struct {
    float scale, inverse, minimum;
    uint16_t scale_bits, minimum_bits;
    uint32_t largest;
} mk_range;

static mk_range range_for(float low, float high, int32_t bits) {
    mk_range r;
    r.largest = (1u << bits) - 1;
    r.minimum_bits = mk_finite_half(low);
    r.minimum = mk_half_to_float(r.minimum_bits);
    float span = high - r.minimum > 0 ? high - r.minimum : 0;
    r.scale_bits = mk_finite_half(span / (float)r.largest);
    r.scale = mk_half_to_float(r.scale_bits);
    // Rounded down, the scale would not reach the largest value.
    if (r.scale * (float)r.largest < span && r.scale_bits < 0x7bff) r.scale = mk_half_to_float(++r.scale_bits);
    r.inverse = r.scale > 0 ? 1.0f / r.scale : 0;
    return r;
}

static uint32_t nearest(mk_range r, float x) {
    float q = (x - r.minimum) * r.inverse + 0.5f;
    if (!(q > 0)) return 0;
    return q >= (float)r.largest ? r.largest : (uint32_t)q;
}

void mk_seal_page(mk_seal seal, const float *keys, const float *values, int32_t dimension, uint8_t *out) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    memset(out, 0, at.total);
    uint16_t *key_scales = (uint16_t *)(out + at.key_scales);
    for (int32_t d = 0; d < dimension; d++) {
        float low = keys[d], high = keys[d];
        for (int32_t t = 1; t < 16; t++) {
            float x = keys[(size_t)t * dimension + d];
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
        mk_range r = range_for(low, high, at.bits);
        key_scales[d] = r.scale_bits;
        key_scales[dimension + d] = r.minimum_bits;
        for (int32_t t = 0; t < 16; t++)
            put(out, key_place(at, d, t), nearest(r, keys[(size_t)t * dimension + d]));
    }
    uint16_t *factors = (uint16_t *)(out + at.factors), *value_scales = (uint16_t *)(out + at.value_scales);
    float inverse[1024];
    for (int32_t d = 0; d < dimension && d < 1024; d++) {
        inverse[d] = 1;
        if (!at.is_even) continue;
        float largest = 0;
        for (int32_t t = 0; t < 16; t++) {
            float x = fabsf(values[(size_t)t * dimension + d]);
            largest = x > largest ? x : largest;
        }
        factors[d] = mk_finite_half(sqrtf(largest));
        float factor = mk_half_to_float(factors[d]);
        if (factor == 0) factors[d] = 0x3c00;
        else inverse[d] = 1.0f / factor;
    }
    for (int32_t t = 0; t < 16; t++) {
        for (int32_t g = 0; g < at.groups; g++) {
            int32_t from = g * MK_SEAL_GROUP, end = from + MK_SEAL_GROUP < dimension ? from + MK_SEAL_GROUP : dimension;
            float low = INFINITY, high = -INFINITY;
            for (int32_t d = from; d < end; d++) {
                float x = values[(size_t)t * dimension + d] * inverse[d];
                low = x < low ? x : low;
                high = x > high ? x : high;
            }
            mk_range r = range_for(low, high, at.bits);
            value_scales[g * 16 + t] = r.scale_bits;
            value_scales[(at.groups + g) * 16 + t] = r.minimum_bits;
            for (int32_t d = from; d < end; d++)
                put(out, value_place(at, d, t), nearest(r, values[(size_t)t * dimension + d] * inverse[d]));
        }
    }
}

void mk_read_sealed(mk_seal seal, const uint8_t *page, int32_t dimension, int32_t slot, float *key, float *value) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    const uint16_t *key_scales = (const uint16_t *)(page + at.key_scales);
    const uint16_t *value_scales = (const uint16_t *)(page + at.value_scales);
    const uint16_t *factors = (const uint16_t *)(page + at.factors);
    for (int32_t d = 0; d < dimension; d++) {
        key[d] = mk_half_to_float(key_scales[d]) * (float)get(page, key_place(at, d, slot), at.bits) +
                 mk_half_to_float(key_scales[dimension + d]);
        int32_t g = d / MK_SEAL_GROUP;
        float x = mk_half_to_float(value_scales[g * 16 + slot]) * (float)get(page, value_place(at, d, slot), at.bits) +
                  mk_half_to_float(value_scales[(at.groups + g) * 16 + slot]);
        value[d] = at.is_even ? x * mk_half_to_float(factors[d]) : x;
    }
}
