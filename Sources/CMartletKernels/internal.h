// What the C files share: half-precision bits and the layout of panels and pages.
#ifndef MK_INTERNAL_H
#define MK_INTERNAL_H

#include "include/CMartletKernels.h"
#include <math.h>
#include <string.h>

/// Rows whose queries are turned together where attention multiplies pairs: twice MK_ATTEND_ROWS of such a set.
#define MK_WHOLE_ROWS 14

static inline uint32_t mk_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

static inline float mk_float(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

/// Half to float; exact, subnormals included.
static inline float mk_half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t rest = h & 0x7fff;
    if (rest >= 0x7c00) return mk_float(sign | 0x7f800000 | ((rest & 0x3ff) << 13));
    if (rest >= 0x0400) return mk_float(sign | ((rest << 13) + (112u << 23)));
    float magnitude = (float)rest * 0x1p-24f;
    return mk_float(sign | mk_bits(magnitude));
}

/// Float to half, round to nearest even, overflow to infinity, NaN kept quiet.
static inline uint16_t mk_float_to_half(float x) {
    uint32_t u = mk_bits(x), sign = (u >> 16) & 0x8000;
    u &= 0x7fffffff;
    if (u > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (u >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (u >= 0x38800000) {
        uint32_t rounded = u + 0xfff + ((u >> 13) & 1);
        return (uint16_t)(sign | ((rounded - (112u << 23)) >> 13));
    }
    // Subnormal: adding 0.5 aligns the mantissa so that hardware rounds to even for us.
    float aligned = mk_float(u) + 0.5f;
    return (uint16_t)(sign | (mk_bits(aligned) - 0x3f000000));
}

/// Half precision for a page, saturated: an infinity in a slot that a query may not see would still
/// reach it as 0 * inf.
static inline uint16_t mk_finite_half(float x) {
    return mk_float_to_half(x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x);
}

/// A float of 8 bits (E4M3, bias 7, no infinities), exact; the byte 0x7f is no number.
static inline float mk_e4m3_to_float(uint8_t byte) {
    if ((byte & 0x7f) == 0x7f) return mk_float(0x7fc00000);
    return mk_half_to_float((uint16_t)((byte & 0x80) << 8 | (byte & 0x7f) << 7)) * 256.0f;
}

static inline float mk_bf16_float(uint16_t h) { return mk_float((uint32_t)h << 16); }

static inline uint16_t mk_float_bf16(float x) {
    uint32_t u = mk_bits(x);
    if ((u & 0x7fffffff) > 0x7f800000) return (uint16_t)((u >> 16) | 0x40);
    return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

static inline int32_t mk_round_up(int32_t x, int32_t multiple) {
    return (x + multiple - 1) / multiple * multiple;
}

// Packed panels of integers: 16 channels, their lanes, in blocks of 32 inputs.  A block has 16 scales, 16 minima,
// and the integers: as bytes, 8 vectors of [16 channels][4 inputs]; or as nibbles, 4 vectors whose low nibbles are
// inputs 4g..4g+3 of group g = 2j and whose high nibbles are group 2j + 1, then vectors of the higher bits: one of 5
// bits, whose byte has one bit of each of the eight groups of four inputs, or two of 6 bits, whose byte has two bits
// of each of four groups.  weight = scale * (integer - centre) + minimum.
//
// Units of scales and minima stand at the start of a panel (f32, a pair a channel), or before each eight blocks (f16).
// Where a group of blocks has one scale and one zero point, those stand before it (f32, and a byte), and minimum =
// -(scale * zero point).

/// How scales or minima are stored.
typedef enum {
    MK_NO_SCALE,
    MK_HALF,      // f16
    MK_BYTE,      // a byte of the unit
    MK_SIGNED_BYTE,  // a signed byte of the unit
    MK_MINUS_BYTE,   // a byte of the unit, to be subtracted
    MK_POWER,     // 2^(byte - 128)
    MK_FLOAT,     // f32
    MK_UNIT,      // the unit itself: blocks hold integers alone
} mk_scale;

/// Whose units they are counted in.
typedef enum { MK_NO_UNIT, MK_PANEL_UNIT, MK_GROUP_UNIT, MK_ZERO_UNIT } mk_unit;

/// One row of the table of layouts.
typedef struct {
    int bits, centre;
    mk_scale scale, minimum;
    mk_unit unit;
    /// Whether each 16 inputs have scales (and minima) of their own: first all scales, then all minima.
    bool is_halved;
    /// Whether integers are places in a table of 16 weights.
    bool looks_up;
    /// Blocks that share the units before them.
    int group;
} mk_blocks;

/// Inputs that share a scale of MK_WEIGHT_FP8.
#define MK_FP8_GROUP 128
/// Bytes of such a group: 16 scales, then for each input a byte of each channel.
#define MK_FP8_GROUP_BYTES (64 + MK_FP8_GROUP * 16)

static inline mk_blocks mk_blocks_of(mk_weight type) {
    switch (type) {
    case MK_WEIGHT_Q8: return (mk_blocks){.bits = 8, .centre = 128, .scale = MK_HALF};
    case MK_WEIGHT_Q4_PLAIN: return (mk_blocks){.bits = 4, .centre = 8, .scale = MK_HALF};
    case MK_WEIGHT_Q4:
    case MK_WEIGHT_Q5:
    case MK_WEIGHT_Q6:
        return (mk_blocks){.bits = 4 + (type - MK_WEIGHT_Q4), .scale = MK_BYTE, .minimum = MK_SIGNED_BYTE,
                           .unit = MK_PANEL_UNIT};
    case MK_WEIGHT_Q4_1: return (mk_blocks){.bits = 4, .scale = MK_HALF, .minimum = MK_HALF};
    case MK_WEIGHT_Q5_0: return (mk_blocks){.bits = 5, .centre = 16, .scale = MK_HALF};
    case MK_WEIGHT_Q5_1: return (mk_blocks){.bits = 5, .scale = MK_HALF, .minimum = MK_HALF};
    case MK_WEIGHT_Q4_K:
    case MK_WEIGHT_Q5_K:
        return (mk_blocks){.bits = type == MK_WEIGHT_Q4_K ? 4 : 5, .scale = MK_BYTE, .minimum = MK_MINUS_BYTE,
                           .unit = MK_GROUP_UNIT, .group = 8};
    case MK_WEIGHT_Q6_K:
        return (mk_blocks){.bits = 6, .centre = 32, .scale = MK_SIGNED_BYTE, .unit = MK_GROUP_UNIT,
                           .is_halved = true, .group = 8};
    case MK_WEIGHT_MXFP4: return (mk_blocks){.bits = 4, .centre = 12, .scale = MK_POWER, .looks_up = true};
    case MK_WEIGHT_WIDE:
        return (mk_blocks){.bits = 8, .centre = 128, .scale = MK_FLOAT, .minimum = MK_FLOAT, .is_halved = true};
    case MK_WEIGHT_INT4:
    case MK_WEIGHT_INT4_32:
        return (mk_blocks){.bits = 4, .scale = MK_UNIT, .minimum = MK_UNIT, .unit = MK_ZERO_UNIT,
                           .group = type == MK_WEIGHT_INT4 ? 4 : 1};
    case MK_WEIGHT_F32:
    case MK_WEIGHT_BF16:
    case MK_WEIGHT_F16:
    case MK_WEIGHT_FP8: break;
    }
    return (mk_blocks){0};
}

/// Bytes of 16 scales.
static inline size_t mk_scale_bytes(mk_scale scale) {
    return scale == MK_NO_SCALE || scale == MK_UNIT ? 0 : scale == MK_HALF ? 32 : scale == MK_FLOAT ? 64 : 16;
}
static inline int mk_segments(mk_blocks b) { return b.is_halved ? 2 : 1; }
/// Where a block's minima, integers and planes of higher bits begin, and its bytes.
static inline size_t mk_minima_start(mk_blocks b) { return mk_scale_bytes(b.scale) * (size_t)mk_segments(b); }
static inline size_t mk_integers_start(mk_blocks b) {
    return mk_minima_start(b) + mk_scale_bytes(b.minimum) * (size_t)mk_segments(b);
}
static inline size_t mk_planes_start(mk_blocks b) { return mk_integers_start(b) + (b.bits == 8 ? 512 : 256); }
static inline size_t mk_block_bytes(mk_blocks b) {
    return mk_planes_start(b) + (b.bits == 8 ? 0 : (size_t)(b.bits - 4) * 64);
}
/// Bytes of units at the start of a panel, and of those before each group of blocks.
static inline size_t mk_header_bytes(mk_blocks b) { return b.unit == MK_PANEL_UNIT ? 128 : 0; }
static inline size_t mk_group_bytes(mk_blocks b) {
    return b.unit == MK_ZERO_UNIT ? 80 : b.unit == MK_GROUP_UNIT ? (b.minimum == MK_NO_SCALE ? 32 : 64) : 0;
}
/// Blocks of a group; where none share units, any number.
static inline size_t mk_group_blocks(mk_blocks b) { return b.group > 0 ? (size_t)b.group : 1; }
/// Where a block begins in its panel.
static inline size_t mk_block_start(mk_blocks b, size_t block) {
    return mk_header_bytes(b) + block * mk_block_bytes(b) + (block / mk_group_blocks(b) + 1) * mk_group_bytes(b);
}
/// Where the units of a block begin in its panel.
static inline size_t mk_group_start(mk_blocks b, size_t block) {
    return mk_block_start(b, block / mk_group_blocks(b) * mk_group_blocks(b)) - mk_group_bytes(b);
}

/// The weights of four bits as floating point (E2M1), times two and with 12 added; see MK_WEIGHT_MXFP4.
#define MK_E2M1_BYTES {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}

/// Writes the integers of one lane (centre added) into a block that holds zeros.
void mk_put_integers(mk_blocks b, const uint8_t integers[MK_BLOCK], int32_t lane, uint8_t *block);
/// Packs 16 rows into a panel of q4, q5 or q6; see mk_pack_panel.
void mk_pack_ranged(int bits, const float *rows, size_t stride, int32_t count, int32_t columns, uint8_t *panel);

// Pages.  Dimensions that share one scale in a quantised page.  Keys have channels that stand out,
// so 4 bits need small groups there; values do not, and a larger group halves the work of reading.
#define MK_Q8_GROUP 64
#define MK_Q4_KEY_GROUP 32
#define MK_Q4_VALUE_GROUP 64

/// Byte offsets of a page's parts.  Float codecs: keys [dimension][16], values
/// [16][value_width].  q8: keys [dims/4][16 tokens][4 dims] and values [4][value_width/16]
/// [16 dims][4 tokens], both of value + 128, then key and value scales, [groups][16] f16 each.
/// q4: nibble pairs as in panels, along dims for keys and along tokens for values; each scale
/// array is followed by its minima (value = scale * nibble + minimum).
typedef struct {
    int32_t value_width;
    int32_t key_group, key_groups;
    int32_t value_group, value_groups;
    size_t key_scales, values, value_scales, total;
} mk_page_layout;

static inline size_t mk_align64(size_t x) { return (x + 63) & ~(size_t)63; }

static inline mk_page_layout mk_layout(mk_codec codec, int32_t dimension) {
    mk_page_layout p = {0};
    p.value_width = mk_round_up(dimension, 16);
    switch (codec) {
    case MK_CODEC_F32:
    case MK_CODEC_F16:
    case MK_CODEC_BF16: {
        size_t bytes = codec == MK_CODEC_F32 ? 4 : 2;
        p.values = mk_align64((size_t)dimension * 16 * bytes);
        p.total = mk_align64(p.values + (size_t)p.value_width * 16 * bytes);
        break;
    }
    case MK_CODEC_Q8:
        p.key_group = p.value_group = MK_Q8_GROUP;
        p.key_groups = p.value_groups = (dimension + MK_Q8_GROUP - 1) / MK_Q8_GROUP;
        p.values = (size_t)mk_round_up(dimension, 4) * 16;
        p.key_scales = p.values + (size_t)p.value_width * 16;
        p.value_scales = p.key_scales + (size_t)p.key_groups * 32;
        p.total = mk_align64(p.value_scales + (size_t)p.value_groups * 32);
        break;
    case MK_CODEC_Q4:
        p.key_group = MK_Q4_KEY_GROUP;
        p.key_groups = (dimension + MK_Q4_KEY_GROUP - 1) / MK_Q4_KEY_GROUP;
        p.value_group = MK_Q4_VALUE_GROUP;
        p.value_groups = (dimension + MK_Q4_VALUE_GROUP - 1) / MK_Q4_VALUE_GROUP;
        p.values = (size_t)mk_round_up(dimension, 8) * 8;
        p.key_scales = p.values + (size_t)p.value_width * 8;
        p.value_scales = p.key_scales + (size_t)p.key_groups * 64;
        p.total = mk_align64(p.value_scales + (size_t)p.value_groups * 64);
        break;
    }
    return p;
}

/// Sealed pages come in units of one page, or of several that share what comes first.  A unit starts with its
/// parameters: the centres of key channels, signed bytes, [channels]; their scales, bytes, [channels]; four units (f32: key scale, key centre, value scale, value centre); a byte for each
/// token of each group of value channels, scale below and centre + 8 above, [pages][groups][16]; the even kinds'
/// factors: their unit, f32, and bytes, [value_width].  Then for each page its keys and its values: words of 32 bits, 16 side by side.  A word
/// of keys has one token's integers of 32 / bits channels, [words][16 tokens]; a word of values one channel's of 32 /
/// bits tokens, [value_width / 16][bits / 2][16 channels].  Integers 2i and 2i + 1 of a word are bits i * bits and
/// 16 + i * bits onwards, so that a shift and a mask leave two integers of 16 bits side by side.
#define MK_SEAL_GROUP 64
/// The most pages of a unit.
#define MK_SEAL_UNIT 8
typedef struct {
    int32_t bits, pages, value_width, groups, is_even;
    size_t key_scales, units, tokens, factors, keys, values, body, total;
} mk_seal_layout;

static inline mk_seal_layout mk_sealed_layout(mk_seal seal, int32_t dimension) {
    mk_seal_layout p = {0};
    const size_t channels = (size_t)mk_round_up(dimension, 32);
    p.bits = seal == MK_SEAL_8 ? 8 : seal == MK_SEAL_4 || seal == MK_SEAL_4_EVEN ? 4 : 2;
    p.is_even = seal == MK_SEAL_4_EVEN || seal == MK_SEAL_2_EVEN;
    p.pages = p.is_even ? MK_SEAL_UNIT : 1;
    p.value_width = mk_round_up(dimension, 16);
    p.groups = (dimension + MK_SEAL_GROUP - 1) / MK_SEAL_GROUP;
    p.key_scales = channels;
    p.units = 2 * channels;
    p.tokens = p.units + 16;
    p.factors = p.tokens + (size_t)p.pages * (size_t)p.groups * 16;
    p.keys = p.factors + (p.is_even ? (size_t)p.value_width + 4 : 0);
    p.values = p.keys + (size_t)((dimension * p.bits + 31) / 32) * 64;
    p.body = p.values + (size_t)p.value_width * 2 * (size_t)p.bits - p.keys;
    p.total = (p.keys + p.body * (size_t)p.pages + 15) & ~(size_t)15;
    return p;
}

/// Makes this thread treat subnormal numbers as zero until mk_flush_end, and returns what it did before.
/// Probabilities under a strong mask are subnormal, and one of them as an input slows an instruction down a
/// hundredfold.  Only training does this: inference keeps every bit.
static inline uint64_t mk_flush_begin(void) {
#if defined(__x86_64__)
    unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);  // flush to zero, denormals are zero
    __asm__ volatile("" : : : "memory");      // no load moves up past this
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (uint64_t)1 << 24) : "memory");
    return before;
#else
    return 0;
#endif
}

static inline void mk_flush_end(uint64_t before) {
#if defined(__x86_64__)
    __asm__ volatile("" : : : "memory");
    __builtin_ia32_ldmxcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory");
#else
    (void)before;
#endif
}

#endif
