// Pages of the cache outside the hot loop: sizes, reading a slot back, merging segments.
#include "internal.h"

size_t mk_page_bytes(mk_codec codec, int32_t dimension) { return mk_layout(codec, dimension).total; }

size_t mk_attention_scratch(int32_t rows, int32_t dimension) {
    size_t n = (size_t)rows, groups = (size_t)(dimension + MK_Q4_KEY_GROUP - 1) / MK_Q4_KEY_GROUP;
    return n * 64 + 8 * MK_TILE * 4 + 2 * mk_align64(n * 4) + mk_align64(n * 8 * groups) +
           mk_align64(n * 4 * groups) + mk_align64(n * 2 * (size_t)mk_round_up(dimension, 16)) + mk_align64(n * 4) +
           n * 6 * (size_t)mk_round_up(dimension, 32) + 64 + (4 * MK_TILE + 8) * (size_t)mk_round_up(dimension, 16) + 44 * (size_t)mk_round_up(dimension, 16) + 128 +
           (n + MK_WHOLE_ROWS - 1) / MK_WHOLE_ROWS * 64 * (size_t)mk_round_up(dimension, 2);
}

void mk_read_slot(mk_codec codec, const uint8_t *page, int32_t dimension, int32_t slot, float *key,
                  float *value) {
    mk_page_layout at = mk_layout(codec, dimension);
    const uint16_t *keyScales = (const uint16_t *)(page + at.key_scales);
    const uint16_t *valueScales = (const uint16_t *)(page + at.value_scales);
    for (int32_t d = 0; d < dimension; d++) {
        size_t k = (size_t)d * 16 + slot, v = (size_t)slot * at.value_width + d;
        switch (codec) {
        case MK_CODEC_F32:
            key[d] = ((const float *)page)[k];
            value[d] = ((const float *)(page + at.values))[v];
            break;
        case MK_CODEC_F16:
            key[d] = mk_half_to_float(((const uint16_t *)page)[k]);
            value[d] = mk_half_to_float(((const uint16_t *)(page + at.values))[v]);
            break;
        case MK_CODEC_BF16:
            key[d] = mk_bf16_float(((const uint16_t *)page)[k]);
            value[d] = mk_bf16_float(((const uint16_t *)(page + at.values))[v]);
            break;
        case MK_CODEC_Q8: {
            key[d] = mk_half_to_float(keyScales[d / at.key_group * 16 + slot]) *
                     (float)(page[(size_t)(d / 4) * 64 + slot * 4 + d % 4] - 128);
            value[d] = mk_half_to_float(valueScales[d / at.value_group * 16 + slot]) *
                       (float)(page[at.values + (size_t)(slot / 4) * at.value_width * 4 + (size_t)d * 4 +
                                    slot % 4] - 128);
            break;
        }
        case MK_CODEC_Q4: {
            int32_t kg = d / at.key_group, vg = d / at.value_group;
            int32_t kq = page[(size_t)(d / 8) * 64 + slot * 4 + d % 4] >> (d / 4 % 2 * 4) & 15;
            int32_t vq = page[at.values + (size_t)(slot / 8) * at.value_width * 4 + (size_t)d * 4 + slot % 4] >>
                             (slot / 4 % 2 * 4) & 15;
            key[d] = mk_half_to_float(keyScales[kg * 16 + slot]) * (float)kq +
                     mk_half_to_float(keyScales[(at.key_groups + kg) * 16 + slot]);
            value[d] = mk_half_to_float(valueScales[vg * 16 + slot]) * (float)vq +
                       mk_half_to_float(valueScales[(at.value_groups + vg) * 16 + slot]);
            break;
        }
        }
    }
}

size_t mk_bounds_bytes(int32_t dimension) { return mk_align64((size_t)mk_round_up(dimension, 16) * 4); }

/// The half next to a rounded one where rounding went the wrong way.
static uint16_t half_below(float x) {
    uint16_t h = mk_finite_half(x);
    if (mk_half_to_float(h) <= x || x < -65504.0f) return h;
    return h == 0 ? 0x8001 : h & 0x8000 ? (uint16_t)(h + 1) : (uint16_t)(h - 1);
}

void mk_page_bounds(mk_codec codec, const uint8_t *page, int32_t dimension, int32_t slots, uint8_t *out) {
    mk_page_layout at = mk_layout(codec, dimension);
    const int32_t width = mk_round_up(dimension, 16);
    const uint16_t *scales = (const uint16_t *)(page + at.key_scales);
    memset(out, 0, mk_bounds_bytes(dimension));
    for (int32_t d = 0; d < dimension; d++) {
        float low = INFINITY, high = -INFINITY;
        for (int32_t s = 0; s < slots; s++) {
            float key = 0;
            size_t k = (size_t)d * 16 + s;
            switch (codec) {
            case MK_CODEC_F32: key = ((const float *)page)[k]; break;
            case MK_CODEC_F16: key = mk_half_to_float(((const uint16_t *)page)[k]); break;
            case MK_CODEC_BF16: key = mk_bf16_float(((const uint16_t *)page)[k]); break;
            case MK_CODEC_Q8:
                key = mk_half_to_float(scales[d / at.key_group * 16 + s]) *
                      (float)(page[(size_t)(d / 4) * 64 + s * 4 + d % 4] - 128);
                break;
            case MK_CODEC_Q4: {
                int32_t g = d / at.key_group, n = page[(size_t)(d / 8) * 64 + s * 4 + d % 4] >> (d / 4 % 2 * 4) & 15;
                key = mk_half_to_float(scales[g * 16 + s]) * (float)n +
                      mk_half_to_float(scales[(at.key_groups + g) * 16 + s]);
                break;
            }
            }
            low = key < low ? key : low;
            high = key > high ? key : high;
        }
        if (slots == 0) low = high = 0;
        uint16_t *halves = (uint16_t *)out;
        halves[d] = half_below(low);
        halves[width + d] = half_below(-high) ^ 0x8000;
    }
}

/// Copies the nibble that two slots of a q4 value share a byte for.
static void copy_nibble(const uint8_t *from, int from_high, uint8_t *to, int to_high) {
    uint8_t bits = *from >> (from_high * 4) & 15;
    *to = (uint8_t)((*to & (to_high ? 0x0f : 0xf0)) | bits << (to_high * 4));
}

void mk_copy_slot(mk_codec codec, int32_t dimension, const uint8_t *from, int32_t a, uint8_t *to, int32_t b) {
    mk_page_layout at = mk_layout(codec, dimension);
    if (codec == MK_CODEC_F32 || codec == MK_CODEC_F16 || codec == MK_CODEC_BF16) {
        size_t size = codec == MK_CODEC_F32 ? 4 : 2, width = (size_t)at.value_width * size;
        for (int32_t d = 0; d < dimension; d++)
            memcpy(to + ((size_t)d * 16 + b) * size, from + ((size_t)d * 16 + a) * size, size);
        memmove(to + at.values + b * width, from + at.values + a * width, width);
        return;
    }
    // A key's bytes are four at a time, its scales (and q4's minima) one for each group.
    int bits = codec == MK_CODEC_Q8 ? 8 : 4, marks = codec == MK_CODEC_Q8 ? 1 : 2;
    int32_t words = (dimension + (bits == 8 ? 3 : 7)) / (bits == 8 ? 4 : 8);
    for (int32_t word = 0; word < words; word++)
        memcpy(to + (size_t)word * 64 + b * 4, from + (size_t)word * 64 + a * 4, 4);
    for (int32_t g = 0; g < at.key_groups * marks; g++)
        memcpy(to + at.key_scales + (size_t)(g * 16 + b) * 2, from + at.key_scales + (size_t)(g * 16 + a) * 2, 2);
    for (int32_t g = 0; g < at.value_groups * marks; g++)
        memcpy(to + at.value_scales + (size_t)(g * 16 + b) * 2, from + at.value_scales + (size_t)(g * 16 + a) * 2,
               2);
    size_t row = (size_t)at.value_width * 4;
    for (int32_t d = 0; d < at.value_width; d++) {
        const uint8_t *x = from + at.values + (size_t)d * 4;
        uint8_t *y = to + at.values + (size_t)d * 4;
        if (bits == 8) y[(size_t)(b / 4) * row + b % 4] = x[(size_t)(a / 4) * row + a % 4];
        else
            copy_nibble(x + (size_t)(a / 8) * row + a % 4, a / 4 % 2, y + (size_t)(b / 8) * row + b % 4, b / 4 % 2);
    }
}

void mk_merge(float *maximum, float *sum, float *vector, float segment_maximum, float segment_sum,
              const float *segment_vector, int32_t dimension) {
    if (segment_maximum == -INFINITY) return;
    float top = *maximum > segment_maximum ? *maximum : segment_maximum;
    float kept = *maximum == top ? 1.0f : *maximum == -INFINITY ? 0.0f : expf(*maximum - top);
    float added = segment_maximum == top ? 1.0f : expf(segment_maximum - top);
    *sum = *sum * kept + segment_sum * added;
    for (int32_t d = 0; d < dimension; d++) vector[d] = vector[d] * kept + segment_vector[d] * added;
    *maximum = top;
}

void mk_normalise(const float *vector, float sum, int32_t dimension, float *out) {
    float inverse = sum > 0 ? 1.0f / sum : 0.0f;
    for (int32_t d = 0; d < dimension; d++) out[d] = vector[d] * inverse;
}
