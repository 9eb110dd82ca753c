// Sealing pages: few bits for pages that nothing is written to any more.
#include "internal.h"

size_t mk_sealed_bytes(mk_seal seal, int32_t dimension) { return mk_sealed_layout(seal, dimension).total; }

/// Stores integer `value` as lane `lane` of the sixteen at p.
static void put_lane(uint8_t *p, int32_t bits, int32_t lane, uint32_t value) {
    if (bits == 8) {
        p[lane] = (uint8_t)value;
        return;
    }
    int32_t at = bits == 4 ? lane % 2 * 32 + lane / 2 * 4 : lane * 2;
    p[at / 8] |= (uint8_t)(value << (at % 8));
}

static uint32_t get_lane(const uint8_t *p, int32_t bits, int32_t lane) {
    if (bits == 8) return p[lane];
    int32_t at = bits == 4 ? lane % 2 * 32 + lane / 2 * 4 : lane * 2;
    return (uint32_t)p[at / 8] >> (at % 8) & ((1u << bits) - 1);
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
    const int32_t bytes = 2 * at.bits;
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
            put_lane(out + (size_t)d * bytes, at.bits, t, nearest(r, keys[(size_t)t * dimension + d]));
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
                put_lane(out + at.values + ((size_t)t * at.value_width / 16 + d / 16) * bytes, at.bits, d % 16,
                         nearest(r, values[(size_t)t * dimension + d] * inverse[d]));
        }
    }
}

void mk_read_sealed(mk_seal seal, const uint8_t *page, int32_t dimension, int32_t slot, float *key, float *value) {
    mk_seal_layout at = mk_sealed_layout(seal, dimension);
    const int32_t bytes = 2 * at.bits;
    const uint16_t *key_scales = (const uint16_t *)(page + at.key_scales);
    const uint16_t *value_scales = (const uint16_t *)(page + at.value_scales);
    const uint16_t *factors = (const uint16_t *)(page + at.factors);
    for (int32_t d = 0; d < dimension; d++) {
        key[d] = mk_half_to_float(key_scales[d]) * (float)get_lane(page + (size_t)d * bytes, at.bits, slot) +
                 mk_half_to_float(key_scales[dimension + d]);
        int32_t g = d / MK_SEAL_GROUP;
        const uint8_t *p = page + at.values + ((size_t)slot * at.value_width / 16 + d / 16) * bytes;
        float x = mk_half_to_float(value_scales[g * 16 + slot]) * (float)get_lane(p, at.bits, d % 16) +
                  mk_half_to_float(value_scales[(at.groups + g) * 16 + slot]);
        value[d] = at.is_even ? x * mk_half_to_float(factors[d]) : x;
    }
}
