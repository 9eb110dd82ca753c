// What the C files share: half-precision bits and the layout of panels and pages.
#ifndef MK_INTERNAL_H
#define MK_INTERNAL_H

#include "include/CMartletKernels.h"
#include <math.h>
#include <string.h>

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

static inline float mk_bf16_float(uint16_t h) { return mk_float((uint32_t)h << 16); }

static inline uint16_t mk_float_bf16(float x) {
    uint32_t u = mk_bits(x);
    if ((u & 0x7fffffff) > 0x7f800000) return (uint16_t)((u >> 16) | 0x40);
    return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

static inline int32_t mk_round_up(int32_t x, int32_t multiple) {
    return (x + multiple - 1) / multiple * multiple;
}

// Packed panels.  q8: per block of 32 inputs 16 scales (f16), then 8 vectors of
// [16 channels][4 inputs] of value + 128.  q4 plain: 16 scales, then 4 vectors whose low nibbles are
// inputs 4g..4g+3 of group g = 2j and whose high nibbles are group 2j + 1, of value + 8.
#define MK_Q8_BLOCK_BYTES (32 + 512)
#define MK_Q4_PLAIN_BLOCK_BYTES (32 + 256)
// q4, q5, q6: 16 units of scales and 16 units of minima (f32), one pair a channel; then per block 16 scales
// (bytes), 16 minima (signed bytes), the low four bits of integers from zero on as in q4 plain, and their higher
// bits: one (q5) or two (q6) vectors of [16 channels][4 inputs], whose byte has one bit of each of the eight groups
// of four inputs, or two bits of each of four groups.  weight = unit * scale * integer + unit * minimum.
#define MK_RANGED_HEADER_BYTES 128

/// Bits of an integer in q4, q5 and q6; 0 for the other types.
static inline int mk_ranged_bits(mk_weight type) {
    return type == MK_WEIGHT_Q4 ? 4 : type == MK_WEIGHT_Q5 ? 5 : type == MK_WEIGHT_Q6 ? 6 : 0;
}

/// Bytes of one of their blocks.
static inline size_t mk_ranged_block_bytes(int bits) { return 32 + 256 + (size_t)(bits - 4) * 64; }

/// Packs 16 rows into a panel of q4, q5 or q6, and reads one back; see mk_pack_panel.
void mk_pack_ranged(int bits, const float *rows, size_t stride, int32_t count, int32_t columns, uint8_t *panel);
void mk_unpack_ranged(int bits, const uint8_t *panel, int32_t lane, int32_t columns, float *out);

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

extern const mk_kernels mk_kernels_portable;
#if defined(__x86_64__)
extern const mk_kernels mk_kernels_avx2, mk_kernels_avx_vnni, mk_kernels_avx512, mk_kernels_avx512_vnni;
#elif defined(__aarch64__)
extern const mk_kernels mk_kernels_neon;
#endif

#endif
