// Packing weights into panels of 16 output channels, and reading them back.
// Done once at load, in portable C; the layouts are described in internal.h.
#include "internal.h"

size_t mk_panel_bytes(mk_weight type, int32_t columns) {
    if (type == MK_WEIGHT_F32) return (size_t)columns * 64;
    if (type == MK_WEIGHT_BF16) return (size_t)mk_round_up(columns, 2) * 32;
    if (type == MK_WEIGHT_F16) return (size_t)columns * 32;
    if (type == MK_WEIGHT_FP8) {
        const size_t groups = ((size_t)columns + MK_FP8_GROUP - 1) / MK_FP8_GROUP;
        return groups * 64 + (size_t)columns * 16;
    }
    const mk_blocks b = mk_blocks_of(type);
    const size_t blocks = (size_t)mk_round_up(columns, MK_BLOCK) / MK_BLOCK;
    const size_t groups = (blocks + mk_group_blocks(b) - 1) / mk_group_blocks(b);
    return mk_header_bytes(b) + groups * mk_group_bytes(b) + blocks * mk_block_bytes(b);
}

void mk_put_integers(mk_blocks b, const uint8_t integers[MK_BLOCK], int32_t lane, uint8_t *block) {
    uint8_t *body = block + mk_integers_start(b) + lane * 4, *planes = block + mk_planes_start(b) + lane * 4;
    // Four integers at a time, a byte each, and no byte's bits reach the next.
    uint32_t four[MK_BLOCK / 4];
    memcpy(four, integers, sizeof four);
    if (b.bits == 8) {
        for (int g = 0; g < 8; g++) memcpy(body + g * 64, &four[g], 4);
        return;
    }
    for (int j = 0; j < 4; j++) {
        const uint32_t nibbles = (four[2 * j] & 0x0f0f0f0fu) | (four[2 * j + 1] & 0x0f0f0f0fu) << 4;
        memcpy(body + j * 64, &nibbles, 4);
    }
    uint32_t high[2] = {0, 0};
    for (int g = 0; g < 8; g++) {
        if (b.bits == 5) high[0] |= (four[g] >> 4 & 0x01010101u) << g;
        if (b.bits == 6) high[g / 4] |= (four[g] >> 4 & 0x03030303u) << (g % 4 * 2);
    }
    for (int i = 0; i < b.bits - 4; i++) memcpy(planes + i * 64, &high[i], 4);
}

/// Quantises one block of one channel; returns the f16 scale.  `q` gets integers in
/// [-127, 127] (8 bits) or [-8, 7] (4 bits).
static uint16_t quantise_block(int bits, const float *x, int32_t count, int32_t *q) {
    float extreme = 0;
    for (int32_t i = 0; i < count; i++)
        if (fabsf(x[i]) > fabsf(extreme)) extreme = x[i];
    // 4 bits reach one step further below zero, so the sign of the scale puts the extreme there.
    float scale = bits == 8 ? fabsf(extreme) / 127.0f : extreme / -8.0f;
    float inverse = scale != 0 ? 1.0f / scale : 0.0f;
    const int32_t lowest = bits == 8 ? -127 : -8, highest = bits == 8 ? 127 : 7;
    float product = 0, square = 0;
    for (int32_t i = 0; i < MK_BLOCK; i++) {
        float v = i < count ? x[i] * inverse : 0;
        int32_t n = (int32_t)(v + (v < 0 ? -0.5f : 0.5f));
        q[i] = n < lowest ? lowest : n > highest ? highest : n;
        if (i < count) product += x[i] * (float)q[i];
        square += (float)(q[i] * q[i]);
    }
    // The least-squares scale for the integers chosen never has a larger squared error.
    if (bits == 4 && square > 0) scale = product / square;
    return mk_float_to_half(scale);
}

static void pack_quantised(mk_weight type, const float *rows, size_t stride, int32_t count, int32_t columns,
                           uint8_t *panel) {
    const mk_blocks b = mk_blocks_of(type);
    memset(panel, 0, mk_panel_bytes(type, columns));
    for (int32_t from = 0; from < columns; from += MK_BLOCK) {
        int32_t left = columns - from < MK_BLOCK ? columns - from : MK_BLOCK;
        uint8_t *block = panel + mk_block_start(b, (size_t)from / MK_BLOCK);
        for (int32_t lane = 0; lane < MK_LANES; lane++) {
            int32_t q[MK_BLOCK] = {0};
            uint16_t scale = 0;
            if (lane < count) scale = quantise_block(b.bits, rows + (size_t)lane * stride + from, left, q);
            memcpy(block + lane * 2, &scale, 2);
            uint8_t integers[MK_BLOCK];
            for (int32_t i = 0; i < MK_BLOCK; i++) integers[i] = (uint8_t)(q[i] + b.centre);
            mk_put_integers(b, integers, lane, block);
        }
    }
}

void mk_pack_panel(mk_weight type, const float *rows, size_t stride, int32_t count, int32_t columns,
                   uint8_t *panel) {
    switch (type) {
    case MK_WEIGHT_F32: {
        float *out = (float *)panel;
        for (int32_t k = 0; k < columns; k++)
            for (int32_t lane = 0; lane < MK_LANES; lane++)
                out[k * MK_LANES + lane] = lane < count ? rows[(size_t)lane * stride + k] : 0;
        break;
    }
    case MK_WEIGHT_BF16: {
        uint16_t *out = (uint16_t *)panel;
        for (int32_t k = 0; k < mk_round_up(columns, 2); k++)
            for (int32_t lane = 0; lane < MK_LANES; lane++) {
                float x = lane < count && k < columns ? rows[(size_t)lane * stride + k] : 0;
                out[k / 2 * 32 + lane * 2 + k % 2] = mk_float_bf16(x);
            }
        break;
    }
    case MK_WEIGHT_F16: {
        uint16_t *out = (uint16_t *)panel;
        for (int32_t k = 0; k < columns; k++)
            for (int32_t lane = 0; lane < MK_LANES; lane++)
                out[k * MK_LANES + lane] = lane < count ? mk_finite_half(rows[(size_t)lane * stride + k]) : 0;
        break;
    }
    case MK_WEIGHT_Q8:
    case MK_WEIGHT_Q4_PLAIN: pack_quantised(type, rows, stride, count, columns, panel); break;
    case MK_WEIGHT_Q4:
    case MK_WEIGHT_Q5:
    case MK_WEIGHT_Q6: mk_pack_ranged(mk_blocks_of(type).bits, rows, stride, count, columns, panel); break;
    case MK_WEIGHT_Q4_1:
    case MK_WEIGHT_Q5_0:
    case MK_WEIGHT_Q5_1:
    case MK_WEIGHT_Q4_K:
    case MK_WEIGHT_Q5_K:
    case MK_WEIGHT_Q6_K:
    case MK_WEIGHT_MXFP4:
    case MK_WEIGHT_WIDE:
    case MK_WEIGHT_INT4:
    case MK_WEIGHT_INT4_32:
    case MK_WEIGHT_FP8: break;  // packed from stored numbers alone; see mk_pack_stored and mk_pack_grouped
    }
}

/// A scale or minimum of a lane.
static float read_scale(mk_scale kind, const uint8_t *p, int32_t lane, float unit) {
    switch (kind) {
    case MK_NO_SCALE: return 0;
    case MK_UNIT: return unit;
    case MK_HALF: {
        uint16_t half;
        memcpy(&half, p + lane * 2, 2);
        return mk_half_to_float(half);
    }
    case MK_BYTE: return unit * (float)p[lane];
    case MK_SIGNED_BYTE: return unit * (float)(int8_t)p[lane];
    case MK_MINUS_BYTE: return -(unit * (float)p[lane]);
    case MK_POWER: return ldexpf(1.0f, (int)p[lane] - 128);
    case MK_FLOAT: {
        float x;
        memcpy(&x, p + lane * 4, 4);
        return x;
    }
    }
}

static void unpack_blocks(mk_weight type, const uint8_t *panel, int32_t lane, int32_t columns, float *out) {
    static const uint8_t table[16] = MK_E2M1_BYTES;
    const mk_blocks b = mk_blocks_of(type);
    const int32_t width = MK_BLOCK / mk_segments(b);
    for (int32_t from = 0; from < columns; from += width) {
        const size_t at = (size_t)from / MK_BLOCK, segment = (size_t)(from % MK_BLOCK / width);
        const uint8_t *block = panel + mk_block_start(b, at);
        const uint8_t *body = block + mk_integers_start(b) + lane * 4, *planes = block + mk_planes_start(b) + lane * 4;
        float unit = 0, least = 0;
        if (b.unit == MK_PANEL_UNIT) {
            memcpy(&unit, panel + lane * 4, 4);
            memcpy(&least, panel + 64 + lane * 4, 4);
        } else if (b.unit == MK_GROUP_UNIT) {
            const uint8_t *group = panel + mk_group_start(b, at);
            unit = read_scale(MK_HALF, group, lane, 0);
            if (b.minimum != MK_NO_SCALE) least = read_scale(MK_HALF, group + 32, lane, 0);
        } else if (b.unit == MK_ZERO_UNIT) {
            const uint8_t *group = panel + mk_group_start(b, at);
            unit = read_scale(MK_FLOAT, group, lane, 0);
            least = read_scale(MK_MINUS_BYTE, group + 64, lane, unit);
        }
        const float scale = read_scale(b.scale, block + segment * mk_scale_bytes(b.scale), lane, unit);
        const float minimum =
            read_scale(b.minimum, block + mk_minima_start(b) + segment * mk_scale_bytes(b.minimum), lane, least);
        for (int32_t k = from; k < columns && k < from + width; k++) {
            const int32_t i = k % MK_BLOCK, group = i / 4, byte = i % 4;
            int32_t q;
            if (b.bits == 8) {
                q = body[group * 64 + byte];
            } else {
                q = body[group / 2 * 64 + byte] >> (group % 2 * 4) & 15;
                if (b.looks_up) q = table[q];
                if (b.bits == 5) q |= (planes[byte] >> group & 1) << 4;
                if (b.bits == 6) q |= (planes[group / 4 * 64 + byte] >> (group % 4 * 2) & 3) << 4;
            }
            const float product = scale * (float)(q - b.centre);
            out[k] = b.minimum == MK_NO_SCALE ? product : product + minimum;
        }
    }
}

void mk_unpack_row(mk_weight type, const uint8_t *panel, int32_t lane, int32_t columns, float *out) {
    switch (type) {
    case MK_WEIGHT_F32:
        for (int32_t k = 0; k < columns; k++) memcpy(out + k, panel + ((size_t)k * MK_LANES + lane) * 4, 4);
        break;
    case MK_WEIGHT_BF16:
        for (int32_t k = 0; k < columns; k++) {
            uint16_t bits;
            memcpy(&bits, panel + (size_t)(k / 2) * 64 + lane * 4 + k % 2 * 2, 2);
            out[k] = mk_bf16_float(bits);
        }
        break;
    case MK_WEIGHT_F16:
        for (int32_t k = 0; k < columns; k++) {
            uint16_t bits;
            memcpy(&bits, panel + ((size_t)k * MK_LANES + lane) * 2, 2);
            out[k] = mk_half_to_float(bits);
        }
        break;
    case MK_WEIGHT_FP8:
        for (int32_t k = 0; k < columns; k++) {
            const uint8_t *group = panel + (size_t)(k / MK_FP8_GROUP) * MK_FP8_GROUP_BYTES;
            float scale;
            memcpy(&scale, group + lane * 4, 4);
            out[k] = mk_e4m3_to_float(group[64 + k % MK_FP8_GROUP * MK_LANES + lane]) * scale;
        }
        break;
    default: unpack_blocks(type, panel, lane, columns, out); break;
    }
}

void mk_f16_to_f32(const uint16_t *x, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = mk_half_to_float(x[i]);
}
void mk_f32_to_f16(const float *x, uint16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = mk_float_to_half(x[i]);
}
void mk_bf16_to_f32(const uint16_t *x, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = mk_bf16_float(x[i]);
}
void mk_f32_to_bf16(const float *x, uint16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = mk_float_bf16(x[i]);
}
