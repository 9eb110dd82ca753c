// Quantising rows of weights into the blocks that GGUF files hold.
//
// Types with blocks of 32 round as ggml's reference does, so that files are the same byte for byte. Types of 256 have
// no such reference: theirs is a weighted search, of which this is one of our own.
#include "internal.h"

static void put_half(uint8_t *p, float x) {
    uint16_t half = mk_float_to_half(x);
    p[0] = (uint8_t)half;
    p[1] = (uint8_t)(half >> 8);
}
static float get_half(const uint8_t *p) { return mk_half_to_float((uint16_t)(p[0] | p[1] << 8)); }

static int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

/// Low nibbles are the first half of a block, high ones the second.
static void put_nibbles(const uint8_t q[32], uint8_t *codes) {
    for (int i = 0; i < 16; i++) codes[i] = (uint8_t)((q[i] & 15) | (q[i + 16] & 15) << 4);
}
static void put_fifth_bits(const uint8_t q[32], uint8_t *p) {
    memset(p, 0, 4);
    for (int i = 0; i < 32; i++) p[i / 8] |= (uint8_t)((q[i] >> 4) << i % 8);
}

static void store_8(const float *x, uint8_t *p) {
    float largest = 0;
    for (int i = 0; i < 32; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    const float scale = largest / 127, inverse = scale != 0 ? 1 / scale : 0;
    put_half(p, scale);
    for (int i = 0; i < 32; i++) p[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
}

/// Integers about zero: the extreme weight, with its sign, has the integer that reaches furthest.
static void store_centred(int bits, const float *x, uint8_t *p) {
    const int centre = 1 << (bits - 1);
    float extreme = 0;
    for (int i = 0; i < 32; i++)
        if (fabsf(x[i]) > fabsf(extreme)) extreme = x[i];
    const float scale = extreme / (float)-centre, inverse = scale != 0 ? 1 / scale : 0;
    uint8_t q[32];
    put_half(p, scale);
    for (int i = 0; i < 32; i++)
        q[i] = (uint8_t)clamp((int)(x[i] * inverse + (float)centre + 0.5f), 0, 2 * centre - 1);
    if (bits == 5) put_fifth_bits(q, p + 2);
    put_nibbles(q, p + (bits == 5 ? 6 : 2));
}

/// Integers from the least weight on.
static void store_from_least(int bits, const float *x, uint8_t *p) {
    const int largest = (1 << bits) - 1;
    float low = x[0], high = x[0];
    for (int i = 1; i < 32; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    const float scale = (high - low) / (float)largest, inverse = scale != 0 ? 1 / scale : 0;
    uint8_t q[32];
    put_half(p, scale);
    put_half(p + 2, low);
    for (int i = 0; i < 32; i++) q[i] = (uint8_t)clamp((int)((x[i] - low) * inverse + 0.5f), 0, largest);
    if (bits == 5) put_fifth_bits(q, p + 4);
    put_nibbles(q, p + (bits == 5 ? 8 : 4));
}

/// The scale and the minimum, which is not above zero, that come closest to 32 weights; large ones count more.
static void search_range(int largest, const float *x, float *scale, float *minimum) {
    float low = x[0], high = x[0], square = 0, best = INFINITY;
    for (int i = 0; i < 32; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
        square += x[i] * x[i];
    }
    low = low > 0 ? 0 : low;
    *scale = 0;
    *minimum = low;
    if (high - low < 1e-30f) return;
    const float root = sqrtf(square / 32);
    for (int candidate = -4; candidate <= 12; candidate++) {
        const float inverse = ((float)largest + 0.15f * (float)candidate) / (high - low);
        float all = 0, total = 0, q1 = 0, q2 = 0, qx = 0;
        float q[32];
        for (int i = 0; i < 32; i++) {
            const float w = root + fabsf(x[i]);
            q[i] = (float)clamp((int)((x[i] - low) * inverse + 0.5f), 0, largest);
            all += w, total += w * x[i], q1 += w * q[i], q2 += w * q[i] * q[i], qx += w * q[i] * x[i];
        }
        const float determinant = all * q2 - q1 * q1;
        if (!(determinant > 0)) continue;
        float s = (all * qx - total * q1) / determinant, m = (q2 * total - q1 * qx) / determinant;
        if (m > 0) m = 0, s = q2 > 0 ? qx / q2 : 0;
        if (!(s > 0)) continue;
        float error = 0;
        for (int i = 0; i < 32; i++) {
            const float d = s * q[i] + m - x[i];
            error += (root + fabsf(x[i])) * d * d;
        }
        if (error < best) best = error, *scale = s, *minimum = m;
    }
}

/// Q4_K and Q5_K: eight ranges whose scales and minima have six bits each.
static void store_ranges(int bits, const float *x, uint8_t *p) {
    const int largest = (1 << bits) - 1;
    float scales[8], minima[8], scale = 0, minimum = 0;
    for (int j = 0; j < 8; j++) {
        search_range(largest, x + 32 * j, &scales[j], &minima[j]);
        scale = scales[j] > scale ? scales[j] : scale;
        minimum = -minima[j] > minimum ? -minima[j] : minimum;
    }
    memset(p, 0, bits == 5 ? 176 : 144);
    put_half(p, scale / 63);
    put_half(p + 2, minimum / 63);
    const float unit = get_half(p), least = get_half(p + 2);
    uint8_t *pairs = p + 4, *codes = p + (bits == 5 ? 48 : 16);
    for (int j = 0; j < 8; j++) {
        const int s = unit > 0 ? clamp((int)(scales[j] / unit + 0.5f), 0, 63) : 0;
        const int m = least > 0 ? clamp((int)(-minima[j] / least + 0.5f), 0, 63) : 0;
        if (j < 4) {
            pairs[j] |= (uint8_t)s;
            pairs[j + 4] |= (uint8_t)m;
        } else {
            pairs[j + 4] |= (uint8_t)((s & 15) | (m & 15) << 4);
            pairs[j - 4] |= (uint8_t)((s >> 4) << 6);
            pairs[j] |= (uint8_t)((m >> 4) << 6);
        }
        const float step = unit * (float)s, start = least * (float)m, inverse = step > 0 ? 1 / step : 0;
        for (int i = 0; i < 32; i++) {
            const int q = clamp((int)((x[32 * j + i] + start) * inverse + 0.5f), 0, largest);
            codes[32 * (j / 2) + i] |= (uint8_t)((q & 15) << j % 2 * 4);
            if (bits == 5) p[16 + i] |= (uint8_t)((q >> 4) << j);
        }
    }
}

/// The scale of 16 weights whose integers, -32 to 31, come closest; its sign puts the extreme weight at -32.
static float search_scale(const float *x) {
    float extreme = 0, best = -1, found = 0;
    for (int i = 0; i < 16; i++)
        if (fabsf(x[i]) > fabsf(extreme)) extreme = x[i];
    if (fabsf(extreme) < 1e-30f) return 0;
    for (int candidate = -6; candidate <= 6; candidate++) {
        const float inverse = -(32.0f + 0.25f * (float)candidate) / extreme;
        float q2 = 0, qx = 0;
        for (int i = 0; i < 16; i++) {
            const float q = (float)clamp((int)roundf(x[i] * inverse), -32, 31), w = x[i] * x[i];
            q2 += w * q * q;
            qx += w * q * x[i];
        }
        // What a scale of qx / q2 explains of the weighted squares.
        if (q2 > 0 && qx * qx > best * q2) best = qx * qx / q2, found = qx / q2;
    }
    return found;
}

static void store_6(const float *x, uint8_t *p) {
    float scales[16], extreme = 0;
    for (int j = 0; j < 16; j++) {
        scales[j] = search_scale(x + 16 * j);
        if (fabsf(scales[j]) > fabsf(extreme)) extreme = scales[j];
    }
    memset(p, 0, 210);
    put_half(p + 208, extreme / -128);
    const float unit = get_half(p + 208);
    for (int j = 0; j < 16; j++) {
        const int s = unit != 0 ? clamp((int)roundf(scales[j] / unit), -128, 127) : 0;
        p[192 + j] = (uint8_t)(int8_t)s;
        const float step = unit * (float)s, inverse = step != 0 ? 1 / step : 0;
        for (int i = 16 * j; i < 16 * j + 16; i++) {
            const int q = clamp((int)roundf(x[i] * inverse), -32, 31) + 32, n = i / 128, r = i % 128;
            p[64 * n + r % 64] |= (uint8_t)((q & 15) << (r < 64 ? 0 : 4));
            p[128 + 32 * n + r % 32] |= (uint8_t)((q >> 4) << 2 * (r / 32));
        }
    }
}

bool mk_store(mk_stored type, const float *x, int32_t columns, uint8_t *blocks) {
    const int32_t width = mk_stored_columns(type);
    for (int32_t from = 0; from < columns; from += width, blocks += mk_stored_bytes(type)) {
        float padded[256] = {0};
        const int32_t left = columns - from < width ? columns - from : width;
        memcpy(padded, x + from, sizeof(float) * (size_t)left);
        switch (type) {
        case MK_STORED_Q8_0: store_8(padded, blocks); break;
        case MK_STORED_Q4_0: store_centred(4, padded, blocks); break;
        case MK_STORED_Q5_0: store_centred(5, padded, blocks); break;
        case MK_STORED_Q4_1: store_from_least(4, padded, blocks); break;
        case MK_STORED_Q5_1: store_from_least(5, padded, blocks); break;
        case MK_STORED_Q4_K: store_ranges(4, padded, blocks); break;
        case MK_STORED_Q5_K: store_ranges(5, padded, blocks); break;
        case MK_STORED_Q6_K: store_6(padded, blocks); break;
        case MK_STORED_Q2_K:
        case MK_STORED_Q3_K:
        case MK_STORED_IQ4_NL:
        case MK_STORED_IQ4_XS:
        case MK_STORED_TQ2_0:
        case MK_STORED_MXFP4: return false;
        }
    }
    return true;
}
