// The 16-lane vectors that every kernel is written in, and the few operations that differ
// between instruction sets.  The including file defines one MK_USE_* macro; clang splits a
// 16-lane vector over as many registers as the machine needs.
#include "../../CMartletKernels/internal.h"
#include "../include/CMartletInstructionSets.h"

// Vectors are passed only between functions that are always inlined, so their ABI is moot.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef float f32x4 __attribute__((ext_vector_type(4)));

#define MK_INLINE static inline __attribute__((always_inline))

MK_INLINE f32x16 load_f32(const void *p) {
    f32x16 v;
    memcpy(&v, p, sizeof v);
    return v;
}
MK_INLINE void store_f32(void *p, f32x16 v) { memcpy(p, &v, sizeof v); }
MK_INLINE u32x16 load_u32(const void *p) {
    u32x16 v;
    memcpy(&v, p, sizeof v);
    return v;
}
MK_INLINE int32_t load_4(const int8_t *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}
MK_INLINE f32x16 splat(float x) { return (f32x16)(x); }

/// First `count` lanes from p, the others 0; count in 0...16, never reads past p + count.
MK_INLINE f32x16 load_partial(const float *p, int32_t count) {
    if (count >= 16) return load_f32(p);
    float lanes[16] = {0};
    for (int32_t i = 0; i < count; i++) lanes[i] = p[i];
    return load_f32(lanes);
}
MK_INLINE void store_partial(float *p, f32x16 v, int32_t count) {
    if (count >= 16) {
        store_f32(p, v);
        return;
    }
    float lanes[16];
    store_f32(lanes, v);
    for (int32_t i = 0; i < count; i++) p[i] = lanes[i];
}

/// a * b + c, rounded once where the machine can (everywhere but in the portable set).
MK_INLINE f32x16 fma16(f32x16 a, f32x16 b, f32x16 c) {
#if defined(MK_USE_PORTABLE)
    return a * b + c;
#else
    return __builtin_elementwise_fma(a, b, c);
#endif
}

/// The larger of each lane.  Written with the machine's own instruction where there is one: the
/// portable form is a comparison and a selection.
#if defined(MK_USE_AVX512)
MK_INLINE f32x16 max16(f32x16 a, f32x16 b) { return (f32x16)_mm512_max_ps((__m512)a, (__m512)b); }
MK_INLINE f32x8 max8(f32x8 a, f32x8 b) { return (f32x8)_mm256_max_ps((__m256)a, (__m256)b); }
MK_INLINE f32x4 max4(f32x4 a, f32x4 b) { return (f32x4)_mm_max_ps((__m128)a, (__m128)b); }
#elif defined(MK_USE_AVX2)
MK_INLINE f32x8 max8(f32x8 a, f32x8 b) { return (f32x8)_mm256_max_ps((__m256)a, (__m256)b); }
MK_INLINE f32x4 max4(f32x4 a, f32x4 b) { return (f32x4)_mm_max_ps((__m128)a, (__m128)b); }
MK_INLINE f32x16 max16(f32x16 a, f32x16 b) {
    f32x16 r;
    r.lo = max8(a.lo, b.lo);
    r.hi = max8(a.hi, b.hi);
    return r;
}
#else
MK_INLINE f32x16 max16(f32x16 a, f32x16 b) { return a > b ? a : b; }
MK_INLINE f32x8 max8(f32x8 a, f32x8 b) { return a > b ? a : b; }
MK_INLINE f32x4 max4(f32x4 a, f32x4 b) { return a > b ? a : b; }
#endif

/// Sum of the lanes in one fixed tree: halves added to halves.
MK_INLINE float sum_lanes(f32x16 v) {
    f32x8 a = v.lo + v.hi;
    f32x4 b = a.lo + a.hi;
    float x = b.x + b.z, y = b.y + b.w;
    return x + y;
}
MK_INLINE float max_lanes(f32x16 v) {
    f32x8 a = max8(v.lo, v.hi);
    f32x4 b = max4(a.lo, a.hi);
    float x = b.x > b.z ? b.x : b.z, y = b.y > b.w ? b.y : b.w;
    return x > y ? x : y;
}

MK_INLINE f32x16 round16(f32x16 x) {
#if defined(MK_USE_PORTABLE)
    // Adding 1.5 * 2^23 leaves the integer nearest x (ties to even) in the mantissa, |x| < 2^22.
    f32x16 magic = splat(12582912.0f);
    return (x + magic) - magic;
#else
    return __builtin_elementwise_roundeven(x);
#endif
}
MK_INLINE i32x16 to_int(f32x16 x) { return __builtin_convertvector(x, i32x16); }
MK_INLINE f32x16 to_float(i32x16 x) { return __builtin_convertvector(x, f32x16); }

typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16)));

/// Sixteen bytes as floats.
MK_INLINE f32x16 load_u8(const void *p) {
    u8x16 x;
    memcpy(&x, p, 16);
    return __builtin_convertvector(x, f32x16);
}

/// Sixteen signed bytes as floats.
MK_INLINE f32x16 load_i8(const void *p) {
    i8x16 x;
    memcpy(&x, p, 16);
    return __builtin_convertvector(x, f32x16);
}

/// 2^(byte - 128) of sixteen bytes; the two smallest are subnormal.
MK_INLINE f32x16 load_power(const void *p) {
    u8x16 bytes;
    memcpy(&bytes, p, 16);
    u32x16 e = __builtin_convertvector(bytes, u32x16);
    return (f32x16)(e < 2 ? (u32x16)(0x00200000u) << e : (e - 1) << 23);
}

/// Each byte, which is below 16, looked up in MK_E2M1_BYTES.
MK_INLINE u32x16 look_up(u32x16 places) {
    static const uint8_t table[16] = MK_E2M1_BYTES;
#if defined(MK_USE_AVX512)
    __m512i all = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (u32x16)_mm512_shuffle_epi8(all, (__m512i)places);
#elif defined(MK_USE_AVX2)
    __m256i all = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    u32x16 r;
    union { u32x16 v; __m256i half[2]; } in = {.v = places}, out;
    for (int i = 0; i < 2; i++) out.half[i] = _mm256_shuffle_epi8(all, in.half[i]);
    r = out.v;
    return r;
#elif defined(MK_USE_NEON)
    uint8x16_t all = vld1q_u8(table);
    union { u32x16 v; uint8x16_t q[4]; } bytes = {.v = places};
    for (int i = 0; i < 4; i++) bytes.q[i] = vqtbl1q_u8(all, bytes.q[i]);
    return bytes.v;
#else
    union { u32x16 v; uint8_t bytes[64]; } all = {.v = places};
    for (int i = 0; i < 64; i++) all.bytes[i] = table[all.bytes[i] & 15];
    return all.v;
#endif
}

/// 16 halves to floats.
MK_INLINE f32x16 load_f16(const void *p) {
#if defined(MK_USE_AVX512)
    return (f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(MK_USE_AVX2)
    f32x16 v;
    v.lo = (f32x8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
    v.hi = (f32x8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1));
    return v;
#else
    u16x16 h;
    memcpy(&h, p, sizeof h);
    u32x16 u = __builtin_convertvector(h, u32x16), rest = u & 0x7fff, sign = (u & 0x8000) << 16;
    f32x16 normal = (f32x16)((rest << 13) + (112u << 23));
    f32x16 small = __builtin_convertvector(rest, f32x16) * 0x1p-24f;
    f32x16 special = (f32x16)((rest << 13) | 0x7f800000);
    f32x16 v = rest < 0x400 ? small : normal;
    v = rest >= 0x7c00 ? special : v;
    return (f32x16)((u32x16)v | sign);
#endif
}
/// Sixteen floats of 8 bits (E4M3, none of them NaN) divided by 256: seven places up they are halves, whose
/// exponents count from eight further below.
MK_INLINE f32x16 load_e4m3_256th(const void *p) {
    u8x16 bytes;
    memcpy(&bytes, p, 16);
    const u16x16 wide = __builtin_convertvector(bytes, u16x16);
    const u16x16 halves = (wide & 0x80) << 8 | (wide & 0x7f) << 7;
    return load_f16(&halves);
}
MK_INLINE f32x16 load_bf16(const void *p) {
    u16x16 h;
    memcpy(&h, p, sizeof h);
    return (f32x16)(__builtin_convertvector(h, u32x16) << 16);
}

/// Lane i of the result: acc[i] + sum over b of w[i].byte[b] * x.byte[b], with w bytes in 0...255
/// and x bytes in -127...127.  MK_SIGNED tells how w bytes of value + 128 are read: sets without an
/// unsigned-by-signed product flip the top bit and need no correction for the 128.
#if defined(MK_USE_VNNI512)
#define MK_SIGNED 0
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) {
    return (i32x16)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)w, _mm512_set1_epi32(x));
}
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) { return dot4(acc, w, x); }
#elif defined(MK_USE_VNNI256)
#define MK_SIGNED 0
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));
typedef uint32_t u32x8 __attribute__((ext_vector_type(8)));
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) {
    __m256i b = _mm256_set1_epi32(x);
    u32x8 low = w.lo, high = w.hi;
    i32x8 accLow = acc.lo, accHigh = acc.hi;
    i32x16 r;
    r.lo = (i32x8)_mm256_dpbusd_avx_epi32((__m256i)accLow, (__m256i)low, b);
    r.hi = (i32x8)_mm256_dpbusd_avx_epi32((__m256i)accHigh, (__m256i)high, b);
    return r;
}
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) { return dot4(acc, w, x); }
#elif defined(MK_USE_AVX512)
#define MK_SIGNED 1
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) {
    __m512i pairs = _mm512_maddubs_epi16((__m512i)w, _mm512_set1_epi32(x));
    return acc + (i32x16)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) {
    __m512i s = (__m512i)(w ^ 0x80808080u), b = _mm512_set1_epi32(x);
    // |s| <= 128 and |x| <= 127, so a pair of products is at most 32512 and cannot saturate.
    __m512i signedX = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(s), _mm512_setzero_si512(), b);
    __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(s), signedX);
    return acc + (i32x16)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
#elif defined(MK_USE_AVX2)
#define MK_SIGNED 1
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));
typedef uint32_t u32x8 __attribute__((ext_vector_type(8)));
MK_INLINE i32x8 dot4_half(i32x8 acc, __m256i magnitude, __m256i x) {
    __m256i pairs = _mm256_maddubs_epi16(magnitude, x);
    return acc + (i32x8)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) {
    __m256i b = _mm256_set1_epi32(x);
    u32x8 low = w.lo, high = w.hi;
    i32x16 r;
    r.lo = dot4_half(acc.lo, (__m256i)low, b);
    r.hi = dot4_half(acc.hi, (__m256i)high, b);
    return r;
}
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) {
    __m256i b = _mm256_set1_epi32(x);
    u32x16 s = w ^ 0x80808080u;
    u32x8 low = s.lo, high = s.hi;
    i32x16 r;
    // |s| <= 128 and |x| <= 127, so a pair of products is at most 32512 and cannot saturate.
    r.lo = dot4_half(acc.lo, _mm256_abs_epi8((__m256i)low), _mm256_sign_epi8(b, (__m256i)low));
    r.hi = dot4_half(acc.hi, _mm256_abs_epi8((__m256i)high), _mm256_sign_epi8(b, (__m256i)high));
    return r;
}
#elif defined(MK_USE_NEON)
#define MK_SIGNED 1
typedef int32_t i32x4v __attribute__((ext_vector_type(4)));
MK_INLINE i32x16 dot4_signed(i32x16 acc, u32x16 w, int32_t x) {
    int8x16_t b = vreinterpretq_s8_s32(vdupq_n_s32(x));
    union { u32x16 v; int8x16_t q[4]; } bytes = {.v = w};
    union { i32x16 v; int32x4_t q[4]; } r = {.v = acc};
    for (int i = 0; i < 4; i++) r.q[i] = vdotq_s32(r.q[i], bytes.q[i], b);
    return r.v;
}
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) { return dot4_signed(acc, w, x); }
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) {
    return dot4_signed(acc, w ^ 0x80808080u, x);
}
#else
#define MK_SIGNED 0
MK_INLINE i32x16 dot4(i32x16 acc, u32x16 w, int32_t x) {
    for (int b = 0; b < 4; b++) {
        int32_t byte = (int8_t)(uint8_t)((uint32_t)x >> (8 * b));
        acc += (i32x16)((w >> (8 * b)) & 255) * byte;
    }
    return acc;
}
MK_INLINE i32x16 dot4_wide(i32x16 acc, u32x16 w, int32_t x) { return dot4(acc, w, x); }
#endif

typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
typedef int16_t i16x16 __attribute__((ext_vector_type(16)));

/// Two integers side by side.
MK_INLINE int32_t load_2(const int16_t *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}

MK_INLINE i16x32 load_i16(const int16_t *p) {
    i16x32 v;
    memcpy(&v, p, sizeof v);
    return v;
}

/// Lane i of the result: acc[i] + the products of the two integers of 16 bits in w[i] and in x.
#if defined(MK_USE_VNNI512)
MK_INLINE i32x16 dot2(i32x16 acc, u32x16 w, int32_t x) {
    return (i32x16)_mm512_dpwssd_epi32((__m512i)acc, (__m512i)w, _mm512_set1_epi32(x));
}
#elif defined(MK_USE_AVX512)
MK_INLINE i32x16 dot2(i32x16 acc, u32x16 w, int32_t x) {
    return acc + (i32x16)_mm512_madd_epi16((__m512i)w, _mm512_set1_epi32(x));
}
#elif defined(MK_USE_AVX2)
MK_INLINE i32x16 dot2(i32x16 acc, u32x16 w, int32_t x) {
    __m256i b = _mm256_set1_epi32(x);
    u32x8 low = w.lo, high = w.hi;
    i32x8 accLow = acc.lo, accHigh = acc.hi;
    i32x16 r;
#if defined(MK_USE_VNNI256)
    r.lo = (i32x8)_mm256_dpwssd_avx_epi32((__m256i)accLow, (__m256i)low, b);
    r.hi = (i32x8)_mm256_dpwssd_avx_epi32((__m256i)accHigh, (__m256i)high, b);
#else
    r.lo = accLow + (i32x8)_mm256_madd_epi16((__m256i)low, b);
    r.hi = accHigh + (i32x8)_mm256_madd_epi16((__m256i)high, b);
#endif
    return r;
}
#elif defined(MK_USE_NEON)
MK_INLINE i32x16 dot2(i32x16 acc, u32x16 w, int32_t x) {
    int16x8_t b = vreinterpretq_s16_s32(vdupq_n_s32(x));
    union { u32x16 v; int16x8_t q[4]; } pairs = {.v = w};
    union { i32x16 v; int32x4_t q[4]; } r = {.v = acc};
    for (int i = 0; i < 4; i++) {
        int32x4_t low = vmull_s16(vget_low_s16(pairs.q[i]), vget_low_s16(b));
        r.q[i] = vaddq_s32(r.q[i], vpaddq_s32(low, vmull_high_s16(pairs.q[i], b)));
    }
    return r.v;
}
#else
MK_INLINE i32x16 dot2(i32x16 acc, u32x16 w, int32_t x) {
    const int32_t low = (int16_t)(uint16_t)(uint32_t)x, high = x >> 16;
    return acc + ((i32x16)(w << 16) >> 16) * low + ((i32x16)w >> 16) * high;
}
#endif

/// a * b / 2^15, rounded to the nearest, halves up.
MK_INLINE i16x32 scaled16(i16x32 a, i16x32 b) {
#if defined(MK_USE_AVX512)
    return (i16x32)_mm512_mulhrs_epi16((__m512i)a, (__m512i)b);
#elif defined(MK_USE_AVX2)
    i16x16 aLow = a.lo, aHigh = a.hi, bLow = b.lo, bHigh = b.hi;
    i16x32 r;
    r.lo = (i16x16)_mm256_mulhrs_epi16((__m256i)aLow, (__m256i)bLow);
    r.hi = (i16x16)_mm256_mulhrs_epi16((__m256i)aHigh, (__m256i)bHigh);
    return r;
#else
    typedef int32_t i32x32 __attribute__((ext_vector_type(32)));
    i32x32 product = __builtin_convertvector(a, i32x32) * __builtin_convertvector(b, i32x32);
    return __builtin_convertvector((product + 16384) >> 15, i16x32);
#endif
}

/// What the accumulator of bytes stored as value + 128 starts from, given the sum of x.
MK_INLINE i32x16 wide_start(int32_t sum) {
    return (i32x16)(MK_SIGNED ? 0 : -128 * sum);
}

/// e^x for x <= 88; below -87.33 it is 0 or (AVX-512) a subnormal.  Relative error under 2e-7 (range
/// reduction by ln 2 in two parts, then a polynomial of degree 6).
MK_INLINE f32x16 exp16(f32x16 x) {
#if defined(MK_USE_AVX512)
    // Scaling by a power of two saturates by itself; -200 keeps the integer part representable.
    f32x16 clamped = max16(x, splat(-200.0f));
#else
    f32x16 clamped = max16(x, splat(-87.33f));
#endif
    f32x16 n = round16(clamped * 1.44269504088896341f);
    f32x16 r = fma16(n, splat(-0.693359375f), clamped);
    r = fma16(n, splat(2.12194440e-4f), r);
    f32x16 p = splat(1.9875691500e-4f);
    p = fma16(p, r, splat(1.3981999507e-3f));
    p = fma16(p, r, splat(8.3334519073e-3f));
    p = fma16(p, r, splat(4.1665795894e-2f));
    p = fma16(p, r, splat(1.6666665459e-1f));
    p = fma16(p, r, splat(5.0000001201e-1f));
    p = fma16(p, r * r, r + 1.0f);
#if defined(MK_USE_AVX512)
    return (f32x16)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    f32x16 power = (f32x16)((to_int(n) + 127) << 23);
    f32x16 y = p * power;
    return x < splat(-87.33f) ? splat(0.0f) : y;
#endif
}


/// cap tanh(x / cap), within 1e-7 of the cap.
MK_INLINE f32x16 cap16(f32x16 x, float cap) {
    f32x16 doubled = x * (2.0f / cap);
    doubled = doubled > splat(40.0f) ? splat(40.0f) : doubled;
    f32x16 e = exp16(doubled);
    return (e - 1.0f) / (e + 1.0f) * cap;
}

/// x / (1 + e^-x)
MK_INLINE f32x16 silu16(f32x16 x) {
    f32x16 negated = -x;
    f32x16 bounded = negated > splat(88.0f) ? splat(88.0f) : negated;
    return x / (exp16(bounded) + 1.0f);
}
