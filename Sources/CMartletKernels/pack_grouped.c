// Packing numbers that files of quantised models store: integers with scales and zero points for groups of inputs, and
// floats of 8 bits. Nothing is rounded but, in MK_WEIGHT_WIDE, a minimum that f32 does not hold.
#include "internal.h"

int32_t mk_grouped_columns(mk_weight type) {
    switch (type) {
    case MK_WEIGHT_INT4: return 128;
    case MK_WEIGHT_INT4_32: return 32;
    case MK_WEIGHT_FP8: return MK_FP8_GROUP;
    case MK_WEIGHT_WIDE: return 16;
    default: return 0;
    }
}

float mk_e4m3(uint8_t byte) { return mk_e4m3_to_float(byte); }

static void put_float(uint8_t *p, int32_t lane, float x) { memcpy(p + lane * 4, &x, 4); }

static void pack_fp8(const uint8_t *codes, const float *scales, int32_t columns, int32_t lane, uint8_t *panel) {
    for (int32_t k = 0; k < columns; k++) {
        uint8_t *group = panel + (size_t)(k / MK_FP8_GROUP) * MK_FP8_GROUP_BYTES;
        if (k % MK_FP8_GROUP == 0) put_float(group, lane, scales[k / MK_FP8_GROUP]);
        group[64 + k % MK_FP8_GROUP * MK_LANES + lane] = codes[k];
        // Products read it as a number.
        if ((codes[k] & 0x7f) == 0x7f) put_float(group, lane, mk_float(0x7fc00000));
    }
}

void mk_pack_grouped(mk_weight type, const uint8_t *codes, const float *scales, const uint8_t *zeros, int32_t count,
                     int32_t columns, uint8_t *panel) {
    const mk_blocks b = mk_blocks_of(type);
    const int32_t width = mk_grouped_columns(type), groups = (columns + width - 1) / width;
    memset(panel, 0, mk_panel_bytes(type, columns));
    for (int32_t lane = 0; lane < count; lane++) {
        const uint8_t *row = codes + (size_t)lane * columns, *zero = zeros + (size_t)lane * groups;
        const float *scale = scales + (size_t)lane * groups;
        if (type == MK_WEIGHT_FP8) {
            pack_fp8(row, scale, columns, lane, panel);
            continue;
        }
        for (int32_t from = 0; from < columns; from += MK_BLOCK) {
            const size_t at = (size_t)from / MK_BLOCK;
            uint8_t *block = panel + mk_block_start(b, at), integers[MK_BLOCK] = {0};
            const int32_t left = columns - from < MK_BLOCK ? columns - from : MK_BLOCK;
            memcpy(integers, row + from, (size_t)left);
            mk_put_integers(b, integers, lane, block);
            if (b.unit == MK_ZERO_UNIT) {
                if (at % mk_group_blocks(b) != 0) continue;
                uint8_t *group = panel + mk_group_start(b, at);
                put_float(group, lane, scale[from / width]);
                group[64 + lane] = zero[from / width];
            } else {
                for (int s = 0; s < 2 && from + 16 * s < columns; s++) {
                    const int32_t i = from / width + s;
                    put_float(block + 64 * s, lane, scale[i]);
                    put_float(block + mk_minima_start(b) + 64 * s, lane, scale[i] * (float)(b.centre - zero[i]));
                }
            }
        }
    }
}
