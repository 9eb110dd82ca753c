// Packing weights into panels of 16 output channels, and reading them back.
// Done once at load, in portable C; the layouts are described in internal.h.
#include "internal.h"

size_t mk_panel_bytes(mk_weight type, int32_t columns) {
    size_t blocks = (size_t)mk_round_up(columns, MK_BLOCK) / MK_BLOCK;
    switch (type) {
    case MK_WEIGHT_F32: return (size_t)columns * 64;
    case MK_WEIGHT_BF16: return (size_t)mk_round_up(columns, 2) * 32;
    case MK_WEIGHT_Q8: return blocks * MK_Q8_BLOCK_BYTES;
    case MK_WEIGHT_Q4_PLAIN: return blocks * MK_Q4_PLAIN_BLOCK_BYTES;
    case MK_WEIGHT_Q4:
    case MK_WEIGHT_Q5:
    case MK_WEIGHT_Q6: return MK_RANGED_HEADER_BYTES + blocks * mk_ranged_block_bytes(mk_ranged_bits(type));
    }
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

static void pack_quantised(int bits, const float *rows, size_t stride, int32_t count, int32_t columns,
                           uint8_t *panel) {
    size_t bytes = bits == 8 ? MK_Q8_BLOCK_BYTES : MK_Q4_PLAIN_BLOCK_BYTES;
    for (int32_t from = 0; from < columns; from += MK_BLOCK, panel += bytes) {
        int32_t left = columns - from < MK_BLOCK ? columns - from : MK_BLOCK;
        memset(panel, 0, bytes);
        for (int32_t lane = 0; lane < MK_LANES; lane++) {
            int32_t q[MK_BLOCK] = {0};
            uint16_t scale = 0;
            if (lane < count) scale = quantise_block(bits, rows + (size_t)lane * stride + from, left, q);
            memcpy(panel + lane * 2, &scale, 2);
            for (int32_t i = 0; i < MK_BLOCK; i++) {
                int32_t group = i / 4, byte = i % 4;
                if (bits == 8)
                    panel[32 + group * 64 + lane * 4 + byte] = (uint8_t)(q[i] + 128);
                else
                    panel[32 + group / 2 * 64 + lane * 4 + byte] |= (uint8_t)((q[i] + 8) << (group % 2 * 4));
            }
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
    case MK_WEIGHT_Q8: pack_quantised(8, rows, stride, count, columns, panel); break;
    case MK_WEIGHT_Q4_PLAIN: pack_quantised(4, rows, stride, count, columns, panel); break;
    case MK_WEIGHT_Q4:
    case MK_WEIGHT_Q5:
    case MK_WEIGHT_Q6: mk_pack_ranged(mk_ranged_bits(type), rows, stride, count, columns, panel); break;
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
    case MK_WEIGHT_Q4:
    case MK_WEIGHT_Q5:
    case MK_WEIGHT_Q6: mk_unpack_ranged(mk_ranged_bits(type), panel, lane, columns, out); break;
    case MK_WEIGHT_Q8:
    case MK_WEIGHT_Q4_PLAIN: {
        size_t bytes = type == MK_WEIGHT_Q8 ? MK_Q8_BLOCK_BYTES : MK_Q4_PLAIN_BLOCK_BYTES;
        for (int32_t k = 0; k < columns; k++) {
            const uint8_t *block = panel + (size_t)(k / MK_BLOCK) * bytes;
            uint16_t half;
            memcpy(&half, block + lane * 2, 2);
            int32_t i = k % MK_BLOCK, group = i / 4, byte = i % 4;
            int32_t q = type == MK_WEIGHT_Q8
                            ? block[32 + group * 64 + lane * 4 + byte] - 128
                            : (block[32 + group / 2 * 64 + lane * 4 + byte] >> (group % 2 * 4) & 15) - 8;
            out[k] = mk_half_to_float(half) * (float)q;
        }
        break;
    }
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
