// Rows of training: rotations, activations and losses, forward and backward, and the backward of norms, whose
// forward is the engine's.
//
// What the engine also computes is computed here with the same operations in the same order, so that a
// model trains on the very bits it will answer with.  Sums run in 16 lanes, ascending, then one fixed tree.
// Nothing is read or written past `count`.  A gradient may be written over `dy`: elements are read before
// they are written.  Tolerance tested: forward the engine's bits, gradients 1e-5 of the largest.

/// v, added to what is there when `add` is not 0.
MK_INLINE void put(float *to, f32x16 v, int32_t left, int32_t add) {
    if (add) v += load_partial(to, left);
    store_partial(to, v, left);
}

/// exp16 clamps, and so turns what is not a number into one; a loss must not.
MK_INLINE f32x16 exp_or_nan(f32x16 x) {
    f32x16 e = exp16(x);
    return x == x ? e : x;
}

/// 1 / (1 + e^-x)
MK_INLINE f32x16 sigmoid16(f32x16 x) {
    f32x16 negated = -x;
    negated = negated > splat(88.0f) ? splat(88.0f) : negated;
    return 1.0f / (exp_or_nan(negated) + 1.0f);
}

/// With n = x * inverse and g = dy * weight: d_x = inverse (g - n mean(g n)).
static void rms_norm_backward(const float *x, const float *weight, float inverse, const float *dy, int32_t count,
                              float *d_x, int32_t add, float *d_weight) {
    f32x16 products = splat(0);
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 along = load_partial(dy + i, left) * (load_partial(x + i, left) * inverse);
        store_partial(d_weight + i, load_partial(d_weight + i, left) + along, left);
        products = fma16(along, load_partial(weight + i, left), products);
    }
    float mean = sum_lanes(products) / (float)count;
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 g = load_partial(dy + i, left) * load_partial(weight + i, left);
        put(d_x + i, (g - load_partial(x + i, left) * inverse * mean) * inverse, left, add);
    }
}

/// With n = (x - mean) * inverse and g = dy * weight: d_x = inverse (g - mean(g) - n mean(g n)).
static void layer_norm_backward(const float *x, const float *weight, const float *stats, const float *dy,
                                int32_t count, float *d_x, int32_t add, float *d_weight, float *d_bias) {
    const float centre = stats[0], inverse = stats[1];
    f32x16 products = splat(0), total = splat(0);
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 y = load_partial(dy + i, left), w = load_partial(weight + i, left);
        // Lanes past the end hold dy = 0, so what x - mean is there does not matter.
        f32x16 along = y * ((load_partial(x + i, left) - centre) * inverse);
        store_partial(d_weight + i, load_partial(d_weight + i, left) + along, left);
        if (d_bias) store_partial(d_bias + i, load_partial(d_bias + i, left) + y, left);
        products = fma16(along, w, products);
        total = fma16(y, w, total);
    }
    float along = sum_lanes(products) / (float)count, mean = sum_lanes(total) / (float)count;
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 g = load_partial(dy + i, left) * load_partial(weight + i, left);
        f32x16 n = (load_partial(x + i, left) - centre) * inverse;
        put(d_x + i, (g - mean - n * along) * inverse, left, add);
    }
}

static void rotate_training(const float *x, const float *cosines, const float *sines, int32_t half, int32_t inverse,
                            int32_t add, float *out) {
    for (int32_t i = 0; i < half; i += 16) {
        int32_t left = half - i;
        f32x16 a = load_partial(x + i, left), b = load_partial(x + half + i, left);
        f32x16 c = load_partial(cosines + i, left), s = load_partial(sines + i, left);
        if (inverse) s = -s;
        put(out + i, a * c - b * s, left, add);
        put(out + half + i, b * c + a * s, left, add);
    }
}

static void swiglu_forward(const float *gate, const float *up, int32_t count, float *out) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        store_partial(out + i, silu16(load_partial(gate + i, left)) * load_partial(up + i, left), left);
    }
}

/// With s = sigmoid(gate): d_up = dy gate s, d_gate = dy up s (1 + gate (1 - s)).
static void swiglu_backward(const float *gate, const float *up, const float *dy, int32_t count, float *d_gate,
                            int32_t add_gate, float *d_up, int32_t add_up) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 g = load_partial(gate + i, left), u = load_partial(up + i, left), y = load_partial(dy + i, left);
        f32x16 s = sigmoid16(g);
        f32x16 slope = s * fma16(g, 1.0f - s, splat(1.0f));
        put(d_gate + i, y * u * slope, left, add_gate);
        put(d_up + i, y * (g * s), left, add_up);
    }
}

static void gelu_forward(const float *x, int32_t count, int32_t approximate, float *out) {
    if (out != x) memcpy(out, x, (size_t)count * sizeof(float));
    gelu(out, count, approximate);
}

/// The derivative of x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3), which is gelu's tanh form.
MK_INLINE f32x16 gelu_tanh_slope(f32x16 x) {
    // Beyond +-30 the slope is 0 or 1; the bound keeps x^3 finite.  NaN passes through.
    x = x > splat(30.0f) ? splat(30.0f) : x;
    x = x < splat(-30.0f) ? splat(-30.0f) : x;
    f32x16 square = x * x;
    f32x16 u = x * fma16(square, splat(0.044715f), splat(1.0f)) * 1.59576912160573072f;
    f32x16 du = fma16(square, splat(3 * 0.044715f), splat(1.0f)) * 1.59576912160573072f;
    f32x16 s = sigmoid16(u);
    return s * fma16(x * du, 1.0f - s, splat(1.0f));
}

/// The derivative of x Phi(x): Phi(x) + x phi(x).  Both come from one exponential: Phi by Abramowitz and
/// Stegun 7.1.26, whose error is 7.5e-8.
MK_INLINE f32x16 gelu_slope(f32x16 x) {
    f32x16 size = __builtin_elementwise_abs(x);
    size = size > splat(13.0f) ? splat(13.0f) : size;
    f32x16 bell = exp_or_nan(size * size * -0.5f);
    f32x16 t = 1.0f / fma16(size, splat(0.3275911f * 0.70710678118654752f), splat(1.0f));
    f32x16 tail = splat(1.061405429f);
    tail = fma16(tail, t, splat(-1.453152027f));
    tail = fma16(tail, t, splat(1.421413741f));
    tail = fma16(tail, t, splat(-0.284496736f));
    tail = fma16(tail, t, splat(0.254829592f)) * t * bell * 0.5f;
    f32x16 below = x < splat(0.0f) ? tail : 1.0f - tail;
    f32x16 place = x < splat(0.0f) ? -size : size;
    return fma16(place * bell, splat(0.39894228040143268f), below);
}

static void gelu_backward(const float *x, const float *dy, int32_t count, int32_t approximate, float *d_x,
                          int32_t add) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 v = load_partial(x + i, left);
        f32x16 slope = approximate ? gelu_tanh_slope(v) : gelu_slope(v);
        put(d_x + i, load_partial(dy + i, left) * slope, left, add);
    }
}

static float log_sum_exp(const float *x, int32_t count) {
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
        if (x[i] != x[i]) return NAN;
        if (x[i] > top) top = x[i];
    }
    if (__builtin_reduce_or(nans)) return NAN;
    if (top == INFINITY || top == -INFINITY) return top;
    // Four sums side by side: one alone would wait for its additions.
    f32x16 sums[4] = {splat(0), splat(0), splat(0), splat(0)};
    for (i = 0; i + 64 <= count; i += 64)
        _Pragma("unroll") for (int j = 0; j < 4; j++) sums[j] += exp16(load_f32(x + i + 16 * j) - top);
    for (; i + 16 <= count; i += 16) sums[0] += exp16(load_f32(x + i) - top);
    float rest = 0;
    if (i < count) {
        float lanes[16];
        store_f32(lanes, exp16(load_partial(x + i, count - i) - top));
        for (int32_t j = 0; j < count - i; j++) rest += lanes[j];
    }
    return top + logf(sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest);
}

static void cross_entropy_backward(const float *x, int32_t count, float lse, int32_t target, float factor, float *d_x,
                                   int32_t add) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 p = exp_or_nan(load_partial(x + i, left) - lse);
        // Before the factor: near a probability of 1 the difference is what is left.
        if (target >= i && target < i + 16) p = lane == target - i ? p - 1.0f : p;
        put(d_x + i, p * factor, left, add);
    }
}

/// p_S (log p_S - log p_T - offset) of 16 logits; nothing where p_S is 0, whatever p_T.
MK_INLINE f32x16 divergence(f32x16 student, float student_lse, f32x16 teacher, float teacher_lse, float offset) {
    f32x16 mine = student - student_lse, p = exp_or_nan(mine);
    f32x16 term = p * (mine - (teacher - teacher_lse) - offset);
    return p == splat(0.0f) ? splat(0.0f) : term;
}

static float kl_forward(const float *student, float student_lse, const float *teacher, float teacher_lse,
                        int32_t count) {
    f32x16 sum = splat(0);
    int32_t i = 0;
    for (; i + 16 <= count; i += 16)
        sum += divergence(load_f32(student + i), student_lse, load_f32(teacher + i), teacher_lse, 0);
    float rest = 0;
    if (i < count) {
        float lanes[16];
        store_f32(lanes, divergence(load_partial(student + i, count - i), student_lse,
                                    load_partial(teacher + i, count - i), teacher_lse, 0));
        for (int32_t j = 0; j < count - i; j++) rest += lanes[j];
    }
    return sum_lanes(sum) + rest;
}

static void kl_backward(const float *student, float student_lse, const float *teacher, float teacher_lse, float kl,
                        float factor, int32_t count, float *d_student, int32_t add) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 term = divergence(load_partial(student + i, left), student_lse, load_partial(teacher + i, left),
                                 teacher_lse, kl);
        put(d_student + i, term * factor, left, add);
    }
}

static void accumulate(float *out, const float *x, float factor, int32_t add, int32_t count) {
    for (int32_t i = 0; i < count; i += 16) {
        int32_t left = count - i;
        f32x16 v = load_partial(x + i, left);
        store_partial(out + i, add ? fma16(v, splat(factor), load_partial(out + i, left)) : v * factor, left);
    }
}

/// Lanes are doubles: gradients are as many as there are weights.
static double sum_of_squares(const float *x, size_t count) {
    typedef double f64x8 __attribute__((ext_vector_type(8)));
    f64x8 low = (f64x8)(0.0), high = (f64x8)(0.0);
    for (size_t i = 0; i < count; i += 16) {
        f32x16 v = load_partial(x + i, count - i < 16 ? (int32_t)(count - i) : 16);
        f64x8 a = __builtin_convertvector(v.lo, f64x8), b = __builtin_convertvector(v.hi, f64x8);
        low += a * a;
        high += b * b;
    }
    typedef double f64x4 __attribute__((ext_vector_type(4)));
    f64x8 eight = low + high;
    f64x4 four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}
