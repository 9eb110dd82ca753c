// Blocks as GGUF files store them: reading them, and repacking them into panels integer for integer.
//
// Layouts after ggml's `ggml-common.h` and `ggml-quants.c` (llama.cpp), checked against the Python package `gguf`.
// Done once at load, in portable C.
#include "internal.h"

/// One block opened: weight i = scales[i / 16] * integers[i] + minima[i / 16]. Beside it the numbers that scales were
/// made of, for panels that keep them apart.
typedef struct {
    int8_t integers[256];
    float scales[16], minima[16];
    /// The block's f16 scale and minimum, or its units of the bytes below.
    uint16_t scale, minimum;
    /// By 32 weights where the panel has one scale for 32, else by 16.
    uint8_t scale_bytes[16], minimum_bytes[16];
} opened;

static const struct {
    mk_stored type;
    uint16_t columns, bytes;
    mk_weight weight;
} kinds[] = {
    {MK_STORED_Q4_0, 32, 18, MK_WEIGHT_Q4_PLAIN}, {MK_STORED_Q4_1, 32, 20, MK_WEIGHT_Q4_1},
    {MK_STORED_Q5_0, 32, 22, MK_WEIGHT_Q5_0},     {MK_STORED_Q5_1, 32, 24, MK_WEIGHT_Q5_1},
    {MK_STORED_Q8_0, 32, 34, MK_WEIGHT_Q8},       {MK_STORED_Q2_K, 256, 84, MK_WEIGHT_WIDE},
    {MK_STORED_Q3_K, 256, 110, MK_WEIGHT_Q6_K},   {MK_STORED_Q4_K, 256, 144, MK_WEIGHT_Q4_K},
    {MK_STORED_Q5_K, 256, 176, MK_WEIGHT_Q5_K},   {MK_STORED_Q6_K, 256, 210, MK_WEIGHT_Q6_K},
    {MK_STORED_IQ4_NL, 32, 18, MK_WEIGHT_Q8},     {MK_STORED_IQ4_XS, 256, 136, MK_WEIGHT_WIDE},
    {MK_STORED_TQ2_0, 256, 66, MK_WEIGHT_WIDE},   {MK_STORED_MXFP4, 32, 17, MK_WEIGHT_MXFP4},
};

static int kind_of(mk_stored type) {
    int i = 0;
    while (kinds[i].type != type) i++;
    return i;
}
int32_t mk_stored_columns(mk_stored type) { return kinds[kind_of(type)].columns; }
size_t mk_stored_bytes(mk_stored type) { return kinds[kind_of(type)].bytes; }
mk_weight mk_stored_weight(mk_stored type) { return kinds[kind_of(type)].weight; }

static uint16_t half_at(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

/// Sixteen levels spaced as weights are (IQ4_NL, IQ4_XS).
static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const uint8_t e2m1[16] = MK_E2M1_BYTES;

static void fill(float *values, int from, int count, float value) {
    for (int i = from; i < from + count; i++) values[i] = value;
}

/// The eight pairs of scale and minimum, six bits each, in the twelve bytes of Q4_K and Q5_K.
static void open_pairs(const uint8_t *p, opened *o) {
    for (int j = 0; j < 8; j++) {
        o->scale_bytes[j] = j < 4 ? p[j] & 63 : (uint8_t)((p[4 + j] & 15) | (p[j - 4] >> 6) << 4);
        o->minimum_bytes[j] = j < 4 ? p[4 + j] & 63 : (uint8_t)(p[4 + j] >> 4 | (p[j] >> 6) << 4);
        fill(o->scales, 2 * j, 2, mk_half_to_float(o->scale) * (float)o->scale_bytes[j]);
        fill(o->minima, 2 * j, 2, -(mk_half_to_float(o->minimum) * (float)o->minimum_bytes[j]));
    }
}

/// Signed scales for each 16 weights.
static void open_signed(float unit, opened *o) {
    for (int j = 0; j < 16; j++) o->scales[j] = unit * (float)(int8_t)o->scale_bytes[j];
}

static void open_block(mk_stored type, const uint8_t *p, opened *o) {
    memset(o, 0, sizeof *o);
    int8_t *q = o->integers;
    switch (type) {
    case MK_STORED_Q4_0:
    case MK_STORED_Q4_1:
    case MK_STORED_IQ4_NL: {
        const uint8_t *codes = p + (type == MK_STORED_Q4_1 ? 4 : 2);
        o->scale = half_at(p);
        if (type == MK_STORED_Q4_1) o->minimum = half_at(p + 2);
        for (int i = 0; i < 32; i++) {
            int code = i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
            q[i] = (int8_t)(type == MK_STORED_IQ4_NL ? levels[code] : type == MK_STORED_Q4_0 ? code - 8 : code);
        }
        break;
    }
    case MK_STORED_Q5_0:
    case MK_STORED_Q5_1: {
        const uint8_t *high = p + (type == MK_STORED_Q5_1 ? 4 : 2), *codes = high + 4;
        o->scale = half_at(p);
        if (type == MK_STORED_Q5_1) o->minimum = half_at(p + 2);
        for (int i = 0; i < 32; i++) {
            int code = (i < 16 ? codes[i] & 15 : codes[i - 16] >> 4) | (high[i / 8] >> i % 8 & 1) << 4;
            q[i] = (int8_t)(type == MK_STORED_Q5_0 ? code - 16 : code);
        }
        break;
    }
    case MK_STORED_Q8_0:
        o->scale = half_at(p);
        memcpy(q, p + 2, 32);
        break;
    case MK_STORED_MXFP4:
        o->scale_bytes[0] = p[0];
        fill(o->scales, 0, 2, ldexpf(1.0f, (int)p[0] - 128));
        for (int i = 0; i < 32; i++) {
            // The panel keeps the four bits; see mk_pack_stored.
            int code = i < 16 ? p[1 + i] & 15 : p[1 + i - 16] >> 4;
            q[i] = (int8_t)((int)e2m1[code] - 12);
        }
        break;
    case MK_STORED_Q2_K:
        o->scale = half_at(p + 80);
        o->minimum = half_at(p + 82);
        for (int j = 0; j < 16; j++) {
            o->scales[j] = mk_half_to_float(o->scale) * (float)(p[j] & 15);
            o->minima[j] = -(mk_half_to_float(o->minimum) * (float)(p[j] >> 4));
        }
        for (int i = 0; i < 256; i++) q[i] = (int8_t)(p[16 + i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3);
        break;
    case MK_STORED_Q3_K:
        o->scale = half_at(p + 108);
        for (int j = 0; j < 16; j++) {
            int low = p[96 + j % 8] >> 4 * (j / 8) & 15, high = p[104 + j % 4] >> 2 * (j / 4) & 3;
            o->scale_bytes[j] = (uint8_t)(int8_t)((low | high << 4) - 32);
        }
        open_signed(mk_half_to_float(o->scale), o);
        for (int i = 0; i < 256; i++) {
            int code = p[32 + i / 128 * 32 + i % 32] >> 2 * (i % 128 / 32) & 3;
            q[i] = (int8_t)(code - (p[i % 32] >> i / 32 & 1 ? 0 : 4));
        }
        break;
    case MK_STORED_Q4_K:
    case MK_STORED_Q5_K: {
        const uint8_t *high = p + 16, *codes = p + (type == MK_STORED_Q5_K ? 48 : 16);
        o->scale = half_at(p);
        o->minimum = half_at(p + 2);
        open_pairs(p + 4, o);
        for (int i = 0; i < 256; i++) {
            int j = i / 32, byte = codes[32 * (j / 2) + i % 32], code = j % 2 == 0 ? byte & 15 : byte >> 4;
            if (type == MK_STORED_Q5_K) code |= (high[i % 32] >> j & 1) << 4;
            q[i] = (int8_t)code;
        }
        return;
    }
    case MK_STORED_Q6_K:
        o->scale = half_at(p + 208);
        memcpy(o->scale_bytes, p + 192, 16);
        open_signed(mk_half_to_float(o->scale), o);
        for (int i = 0; i < 256; i++) {
            int n = i / 128, r = i % 128, byte = p[64 * n + r % 64];
            int code = (r < 64 ? byte & 15 : byte >> 4) | (p[128 + 32 * n + r % 32] >> 2 * (r / 32) & 3) << 4;
            q[i] = (int8_t)(code - 32);
        }
        return;
    case MK_STORED_IQ4_XS: {
        const float unit = mk_half_to_float(half_at(p));
        const int high = half_at(p + 2);
        for (int j = 0; j < 8; j++) {
            int scale = (p[4 + j / 2] >> 4 * (j % 2) & 15) | (high >> 2 * j & 3) << 4;
            fill(o->scales, 2 * j, 2, unit * (float)(scale - 32));
        }
        for (int i = 0; i < 256; i++) {
            int byte = p[8 + 16 * (i / 32) + i % 16];
            q[i] = levels[i % 32 < 16 ? byte & 15 : byte >> 4];
        }
        return;
    }
    case MK_STORED_TQ2_0:
        fill(o->scales, 0, 16, mk_half_to_float(half_at(p + 64)));
        for (int i = 0; i < 256; i++)
            q[i] = (int8_t)((p[32 * (i / 128) + i % 32] >> 2 * (i % 128 / 32) & 3) - 1);
        return;
    }
    if (mk_stored_columns(type) == 32 && type != MK_STORED_MXFP4) {
        fill(o->scales, 0, 2, mk_half_to_float(o->scale));
        fill(o->minima, 0, 2, mk_half_to_float(o->minimum));
    }
}

void mk_read_stored(mk_stored type, const uint8_t *blocks, size_t from, size_t to, float *out) {
    const size_t columns = (size_t)mk_stored_columns(type), bytes = mk_stored_bytes(type);
    opened o;
    while (from < to) {
        const size_t first = from % columns, count = to - from < columns - first ? to - from : columns - first;
        open_block(type, blocks + from / columns * bytes, &o);
        for (size_t i = first; i < first + count; i++) {
            const float product = o.scales[i / 16] * (float)o.integers[i];
            *out++ = product + o.minima[i / 16];
        }
        from += count;
    }
}

/// Sixteen scales or minima's place for a lane: writes the one of segment s.
static void put_scale(mk_scale kind, uint8_t *p, int32_t lane, uint16_t half, uint8_t byte, float number) {
    switch (kind) {
    case MK_NO_SCALE:
    case MK_UNIT: break;
    case MK_HALF: memcpy(p + lane * 2, &half, 2); break;
    case MK_FLOAT: memcpy(p + lane * 4, &number, 4); break;
    case MK_BYTE:
    case MK_SIGNED_BYTE:
    case MK_MINUS_BYTE:
    case MK_POWER: p[lane] = byte; break;
    }
}

/// Packs 32 weights, which are the `part`-th of an opened block, as block `at` of a lane.
static void put_block(mk_blocks b, const opened *o, int part, size_t at, int32_t lane, uint8_t *panel) {
    uint8_t *block = panel + mk_block_start(b, at), integers[MK_BLOCK];
    for (int i = 0; i < MK_BLOCK; i++) {
        int q = o->integers[part * MK_BLOCK + i] + b.centre;
        if (b.looks_up) {
            // Back to the four bits; zero has two, which are the same weight.
            int code = 0;
            while (e2m1[code] != q) code++;
            q = code;
        }
        integers[i] = (uint8_t)q;
    }
    for (int s = 0; s < mk_segments(b); s++) {
        const int half = 2 * part + s, byte = b.is_halved ? half : part;
        put_scale(b.scale, block + (size_t)s * mk_scale_bytes(b.scale), lane, o->scale, o->scale_bytes[byte],
                  o->scales[half]);
        put_scale(b.minimum, block + mk_minima_start(b) + (size_t)s * mk_scale_bytes(b.minimum), lane, o->minimum,
                  o->minimum_bytes[byte], o->minima[half]);
    }
    mk_put_integers(b, integers, lane, block);
    if (b.unit == MK_GROUP_UNIT && at % mk_group_blocks(b) == 0) {
        uint8_t *group = panel + mk_group_start(b, at);
        memcpy(group + lane * 2, &o->scale, 2);
        if (b.minimum != MK_NO_SCALE) memcpy(group + 32 + lane * 2, &o->minimum, 2);
    }
}

void mk_pack_stored(mk_stored type, const uint8_t *const *rows, int32_t count, int32_t columns, uint8_t *panel) {
    const mk_weight weight = mk_stored_weight(type);
    const mk_blocks b = mk_blocks_of(weight);
    const int32_t width = mk_stored_columns(type);
    memset(panel, 0, mk_panel_bytes(weight, columns));
    opened o;
    for (int32_t lane = 0; lane < count; lane++)
        for (int32_t from = 0; from < columns; from += width) {
            open_block(type, rows[lane] + (size_t)(from / width) * mk_stored_bytes(type), &o);
            for (int32_t k = from; k < columns && k < from + width; k += MK_BLOCK)
                put_block(b, &o, (k - from) / MK_BLOCK, (size_t)k / MK_BLOCK, lane, panel);
        }
}
