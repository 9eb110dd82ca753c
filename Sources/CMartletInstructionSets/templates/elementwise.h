// Norms, activations, rotations, quantisation of activations: one row at a time.
// Reductions run in 16 lanes, ascending, then one fixed tree; a row never sees its neighbours.

static void quantise(const float *x, int32_t count, int8_t *quants, float *scales, int32_t *sums) {
    for (int32_t block = 0; block * MK_BLOCK < count; block++) {
        int32_t left = count - block * MK_BLOCK;
        f32x16 a = load_partial(x + block * MK_BLOCK, left);
        f32x16 b = left > 16 ? load_partial(x + block * MK_BLOCK + 16, left - 16) : splat(0);
        float largest = max_lanes(max16(__builtin_elementwise_abs(a), __builtin_elementwise_abs(b)));
        // Below 1e-30 the inverse could overflow, and nothing that small is worth an integer.
        float scale = largest > 1e-30f ? largest / 127.0f : 0.0f;
        float inverse = largest > 1e-30f ? 127.0f / largest : 0.0f;
        // A NaN must not vanish into an integer: it stays in the scale, and so reaches the logits.
        if (__builtin_reduce_or((a != a) | (b != b))) scale = NAN;
        i32x16 qa = to_int(round16(a * inverse)), qb = to_int(round16(b * inverse));
        typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
        i8x16 ba = __builtin_convertvector(qa, i8x16), bb = __builtin_convertvector(qb, i8x16);
        memcpy(quants + block * MK_BLOCK, &ba, 16);
        memcpy(quants + block * MK_BLOCK + 16, &bb, 16);
        scales[block] = scale;
        sums[block * 2] = __builtin_reduce_add(qa + qb);
        sums[block * 2 + 1] = __builtin_reduce_add(qa);
    }
}

/// Returns 1 / sqrt(mean(x^2) + epsilon), which a derivative needs.
static float rms_norm_forward(const float *x, const float *weight, float epsilon, int32_t count, float *out) {
    f32x16 squares = splat(0);
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        f32x16 v = load_f32(x + i);
        squares = fma16(v, v, squares);
    }
    if (i < count) {
        f32x16 v = load_partial(x + i, count - i);
        squares = fma16(v, v, squares);
    }
    float factor = 1.0f / sqrtf(sum_lanes(squares) / (float)count + epsilon);
    for (i = 0; i + 16 <= count; i += 16)
        store_f32(out + i, load_f32(x + i) * factor * load_f32(weight + i));
    if (i < count)
        store_partial(out + i, load_partial(x + i, count - i) * factor * load_partial(weight + i, count - i),
                      count - i);
    return factor;
}

static void rms_norm(const float *x, const float *weight, float epsilon, int32_t count, float *out) {
    rms_norm_forward(x, weight, epsilon, count, out);
}

/// Writes mean and 1 / standard deviation, which a derivative needs, to stats.
static void layer_norm_forward(const float *x, const float *weight, const float *bias, float epsilon,
                               int32_t count, float *out, float *stats) {
    f32x16 total = splat(0);
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) total += load_f32(x + i);
    if (i < count) total += load_partial(x + i, count - i);
    float mean = sum_lanes(total) / (float)count;
    f32x16 squares = splat(0);
    for (i = 0; i + 16 <= count; i += 16) {
        f32x16 v = load_f32(x + i) - mean;
        squares = fma16(v, v, squares);
    }
    if (i < count) {
        float lanes[16] = {0};
        for (int32_t j = i; j < count; j++) lanes[j - i] = x[j] - mean;
        f32x16 v = load_f32(lanes);
        squares = fma16(v, v, squares);
    }
    float factor = 1.0f / sqrtf(sum_lanes(squares) / (float)count + epsilon);
    for (i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 y = (load_partial(x + i, left) - mean) * factor * load_partial(weight + i, left);
        if (bias) y += load_partial(bias + i, left);
        store_partial(out + i, y, left);
    }
    stats[0] = mean;
    stats[1] = factor;
}

static void layer_norm(const float *x, const float *weight, const float *bias, float epsilon, int32_t count,
                       float *out) {
    float stats[2];
    layer_norm_forward(x, weight, bias, epsilon, count, out, stats);
}

static void rotate(float *x, const float *cosines, const float *sines, int32_t half) {
    for (int32_t i = 0; i < half; i += 16) {
        int32_t left = half - i;
        f32x16 a = load_partial(x + i, left), b = load_partial(x + half + i, left);
        f32x16 c = load_partial(cosines + i, left), s = load_partial(sines + i, left);
        store_partial(x + i, a * c - b * s, left);
        store_partial(x + half + i, b * c + a * s, left);
    }
}

static void add(float *out, const float *x, int32_t count) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        store_partial(out + i, load_partial(out + i, left) + load_partial(x + i, left), left);
    }
}

static void soft_cap(float *x, int32_t count, float cap) {
    for (int32_t i = 0; i < count; i += 16) store_partial(x + i, cap16(load_partial(x + i, count - i), cap), count - i);
}

/// erf(x), within 8e-8.  Up to 1 it is x + x P(x^2), beyond 1 - e^Q(|x|); both polynomials are minimax fits, the second
/// to the logarithm of erfc, weighted by erfc.  From 4 on it is 1.
MK_INLINE f32x16 erf16(f32x16 x) {
    f32x16 size = __builtin_elementwise_abs(x), square = x * x;
    f32x16 near = splat(8.90177398e-5f);
    near = fma16(near, square, splat(-8.29336175e-4f));
    near = fma16(near, square, splat(5.21586370e-3f));
    near = fma16(near, square, splat(-2.68654246e-2f));
    near = fma16(near, square, splat(1.12837896e-1f));
    near = fma16(near, square, splat(-3.76126379e-1f));
    near = fma16(near, square, splat(1.28379166e-1f));
    near = fma16(near, x, x);
    f32x16 bounded = size > splat(4.0f) ? splat(4.0f) : size;
    f32x16 far = splat(2.08741069e-4f);
    far = fma16(far, bounded, splat(-3.15647712e-3f));
    far = fma16(far, bounded, splat(2.26323567e-2f));
    far = fma16(far, bounded, splat(-1.04684621e-1f));
    far = fma16(far, bounded, splat(-6.36415839e-1f));
    far = fma16(far, bounded, splat(-1.12808144f));
    far = fma16(far, bounded, splat(-1.08249915e-4f));
    far = 1.0f - exp16(far);
    far = x < splat(0.0f) ? -far : far;
    return size > splat(1.0f) ? far : near;
}

static void gelu(float *x, int32_t count, int32_t approximate) {
    if (!approximate) {
        for (int32_t i = 0; i < count; i += 16) {
            f32x16 v = load_partial(x + i, count - i);
            store_partial(x + i, v * 0.5f * (erf16(v * 0.70710678118654752f) + 1.0f), count - i);
        }
        return;
    }
    for (int32_t i = 0; i < count; i += 16) {
        f32x16 v = load_partial(x + i, count - i);
        f32x16 inner = (v + v * v * v * 0.044715f) * 0.79788456080286536f;
        // 0.5 * (1 + tanh(u)) = 1 / (1 + e^-2u)
        f32x16 u = inner * -2.0f;
        u = u > splat(88.0f) ? splat(88.0f) : u;
        store_partial(x + i, v / (exp16(u) + 1.0f), count - i);
    }
}

static void swiglu(float *x, const float *up, int32_t count) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        store_partial(x + i, silu16(load_partial(x + i, left)) * load_partial(up + i, left), left);
    }
}

static void swiglu_clamped(float *x, const float *up, int32_t count, float alpha, float limit) {
    f32x16 top = splat(limit);
    for (int32_t i = 0; i < count; i += 16) {
        f32x16 g = load_partial(x + i, count - i);
        f32x16 u = load_partial(up + i, count - i);
        g = g > top ? top : g;
        u = u > top ? top : u;
        u = u < -top ? -top : u;
        f32x16 e = g * -alpha;
        e = e > splat(88.0f) ? splat(88.0f) : e;
        store_partial(x + i, g / (exp16(e) + 1.0f) * (u + 1.0f), count - i);
    }
}

static int32_t argmax(const float *x, int32_t count) {
    if (count <= 0) return -1;
    f32x16 best = splat(-INFINITY);
    i32x16 nans = (i32x16)(0);
    int32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        f32x16 v = load_f32(x + i);
        nans |= v != v;
        best = max16(best, v);
    }
    float top = max_lanes(best);
    for (; i < count; i++) {
        if (x[i] != x[i]) return -1;
        if (x[i] > top) top = x[i];
    }
    if (__builtin_reduce_or(nans)) return -1;
    for (i = 0; i + 16 <= count; i += 16) {
        i32x16 hits = load_f32(x + i) == splat(top);
        if (__builtin_reduce_or(hits)) break;
    }
    while (i < count && x[i] != top) i++;
    return i < count ? i : -1;
}

static uint64_t read_bytes(const uint8_t *x, size_t count) {
    typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));
    u64x8 sums[8] = {0};
    for (size_t i = 0; i + 512 <= count; i += 512) {
        _Pragma("unroll") for (int j = 0; j < 8; j++) {
            u64x8 v;
            memcpy(&v, x + i + 64 * j, 64);
            sums[j] += v;
            __builtin_prefetch(x + i + 64 * j + MK_PREFETCH, 0, 3);
        }
    }
    uint64_t total = 0;
    for (int j = 0; j < 8; j++) total += __builtin_reduce_add(sums[j]);
    return total;
}
