// Writing one token's key and value into a page, in the page's own representation.

/// Smallest and largest of x[0 ..< count].
MK_INLINE void range_of(const float *x, int32_t count, float *lowest, float *highest) {
    float low = x[0], high = x[0];
    for (int32_t i = 1; i < count; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *lowest = low;
    *highest = high;
}

MK_INLINE void put_nibble(uint8_t *byte, int high, int value) {
    *byte = high ? (uint8_t)((*byte & 0x0f) | (value << 4)) : (uint8_t)((*byte & 0xf0) | value);
}

/// q8: one scale for each 64 dimensions, value = scale * (byte - 128).  The stored scale is the
/// f16 one and the bytes are chosen for it, so the error of an element is at most half a step.
static void append_q8(uint8_t *page, mk_page_layout at, int32_t dimension, int32_t slot,
                      const float *key, const float *value) {
    for (int isValue = 0; isValue < 2; isValue++) {
        const int32_t size = isValue ? at.value_group : at.key_group;
        const int32_t groups = isValue ? at.value_groups : at.key_groups;
        for (int32_t g = 0; g < groups; g++) {
            const int32_t from = g * size;
            const int32_t count = dimension - from < size ? dimension - from : size;
            const float *x = (isValue ? value : key) + from;
            float low, high;
            range_of(x, count, &low, &high);
            float largest = -low > high ? -low : high;
            uint16_t half = mk_finite_half(largest / 127.0f);
            float scale = mk_half_to_float(half);
            if (scale * 127.0f < largest && half < 0x7bff) {
                half++;
                scale = mk_half_to_float(half);
            }
            float inverse = scale > 0 ? 1.0f / scale : 0.0f;
            uint16_t *scales = (uint16_t *)(page + (isValue ? at.value_scales : at.key_scales));
            scales[g * 16 + slot] = half;
            for (int32_t i = 0; i < count; i++) {
                float scaled = x[i] * inverse;
                int32_t q = (int32_t)(scaled + (scaled < 0 ? -0.5f : 0.5f));
                q = q > 127 ? 127 : q < -127 ? -127 : q;
                int32_t d = from + i;
                if (isValue)
                    page[at.values + (size_t)(slot / 4) * at.value_width * 4 + (size_t)d * 4 + slot % 4] =
                        (uint8_t)(q + 128);
                else
                    page[(size_t)(d / 4) * 64 + slot * 4 + d % 4] = (uint8_t)(q + 128);
            }
        }
    }
}

/// q4: scale and minimum for each 32 dimensions of a key and 64 of a value; value = scale * nibble + minimum.
static void append_q4(uint8_t *page, mk_page_layout at, int32_t dimension, int32_t slot,
                      const float *key, const float *value) {
    for (int isValue = 0; isValue < 2; isValue++) {
        const int32_t size = isValue ? at.value_group : at.key_group;
        const int32_t groups = isValue ? at.value_groups : at.key_groups;
        for (int32_t g = 0; g < groups; g++) {
            const int32_t from = g * size;
            const int32_t count = dimension - from < size ? dimension - from : size;
            const float *x = (isValue ? value : key) + from;
            float low, high;
            range_of(x, count, &low, &high);
            uint16_t minimumHalf = mk_finite_half(low);
            float minimum = mk_half_to_float(minimumHalf);
            float span = high - minimum > 0 ? high - minimum : 0;
            uint16_t half = mk_finite_half(span / 15.0f);
            float scale = mk_half_to_float(half);
            float inverse = scale > 0 ? 1.0f / scale : 0.0f;
            uint16_t *scales = (uint16_t *)(page + (isValue ? at.value_scales : at.key_scales));
            scales[g * 16 + slot] = half;
            scales[(groups + g) * 16 + slot] = minimumHalf;
            for (int32_t i = 0; i < count; i++) {
                float scaled = (x[i] - minimum) * inverse + 0.5f;
                int32_t q = scaled < 0 ? 0 : scaled > 15.5f ? 15 : (int32_t)scaled;
                q = q > 15 ? 15 : q;
                int32_t d = from + i;
                if (isValue)
                    put_nibble(page + at.values + (size_t)(slot / 8) * at.value_width * 4 + (size_t)d * 4 +
                                   slot % 4,
                               slot / 4 % 2, q);
                else
                    put_nibble(page + (size_t)(d / 8) * 64 + slot * 4 + d % 4, d / 4 % 2, q);
            }
        }
    }
}

static void append(mk_codec codec, uint8_t *page, int32_t dimension, int32_t slot, const float *key,
                   const float *value) {
    mk_page_layout at = mk_layout(codec, dimension);
    switch (codec) {
    case MK_CODEC_F32: {
        float *keys = (float *)page;
        for (int32_t d = 0; d < dimension; d++) keys[d * 16 + slot] = key[d];
        memcpy(page + at.values + (size_t)slot * at.value_width * 4, value, (size_t)dimension * 4);
        break;
    }
    case MK_CODEC_F16:
    case MK_CODEC_BF16: {
        uint16_t *keys = (uint16_t *)page;
        uint16_t *values = (uint16_t *)(page + at.values) + (size_t)slot * at.value_width;
        for (int32_t d = 0; d < dimension; d++) {
            keys[d * 16 + slot] = codec == MK_CODEC_F16 ? mk_finite_half(key[d]) : mk_float_bf16(key[d]);
            values[d] = codec == MK_CODEC_F16 ? mk_finite_half(value[d]) : mk_float_bf16(value[d]);
        }
        break;
    }
    case MK_CODEC_Q8: append_q8(page, at, dimension, slot, key, value); break;
    case MK_CODEC_Q4: append_q4(page, at, dimension, slot, key, value); break;
    }
}
