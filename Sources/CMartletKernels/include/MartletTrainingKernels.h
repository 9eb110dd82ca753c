// Kernels of training: products in three layouts, and the derivatives of the operations that decoders
// are made of.  Everything is f32.  Like the kernels of inference they know nothing of threads: callers
// divide outputs, and every output element is reduced in one order whatever the division.
#ifndef MARTLET_TRAINING_KERNELS_H
#define MARTLET_TRAINING_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// One tile of C (m x n) += or = A (m x k) B (k x n), all row-major unless transposed.
///
/// Element (i, p) of A is a[i * a_row + p * a_column]; element (p, j) of B is b[p * b_row + j * b_column];
/// exactly one of b_row, b_column is 1 (both may be).  The tile is rows [row_begin, row_end) and columns
/// [column_begin, column_end); column_begin is a multiple of 64, row_begin of 16 times the row tile.
/// Sums run over ascending p in blocks of MK_GEMM_DEPTH (for bfloat16 equal ones of at most MK_GEMM_PAIR_DEPTH), one
/// accumulator for each element, so they do not depend on how C is divided into tiles.
typedef struct {
    const float *a;
    size_t a_row, a_column;
    const float *b;
    size_t b_row, b_column;
    float *c;
    size_t c_row;
    int32_t k;
    int32_t row_begin, row_end;
    int32_t column_begin, column_end;
    /// Not 0: adds to C instead of replacing it.
    int32_t accumulate;
    /// At least mk_gemm_scratch() bytes for each thread, 64-byte aligned.
    void *scratch;
} mk_gemm;

/// Causal attention of one sequence and one KV head in training, all its query heads.
///
/// Rows are tokens: query head h of token t is at q + t * q_stride + h * dimension for h < group, likewise
/// `out`; key of token t at k + t * kv_stride.  Query i sees key j when start[i] <= j <= i; its score is
/// scale * q_i . k_j, plus mask[j * mask_stride] where i - j > window (mask NULL: nothing is added).
/// `lse` is [group][tokens]: log of the sum of exponentials of a row.
typedef struct {
    int32_t tokens, dimension, group;
    const float *q;
    size_t q_stride;
    const float *k;
    const float *v;
    size_t kv_stride;
    float scale;
    const int32_t *start;
    const float *_Nullable mask;
    size_t mask_stride;
    int32_t window;
    float *out;
    size_t out_stride;
    float *lse;
    /// At least mk_training_attention_scratch(...) bytes, 64-byte aligned.
    void *scratch;
    // Backward only.  Gradients are laid out like what they belong to; each is added to when its
    // `add` is not 0, else replaced.
    const float *_Nullable d_out;
    float *_Nullable d_q;
    float *_Nullable d_k;
    float *_Nullable d_v;
    float *_Nullable d_mask;
    int32_t add_q, add_k, add_v, add_mask;
} mk_training_attention;

/// The training functions of one instruction set.
typedef struct {
    /// Rows and columns of the register tile.
    int32_t gemm_rows, gemm_columns;
    void (*gemm)(const mk_gemm *);
    /// The same with both factors rounded to bfloat16; NULL where a set has no such instruction.  Call it only
    /// when mk_has_bf16_products().
    void (*_Nullable gemm_bf16)(const mk_gemm *);
    void (*attention_forward)(const mk_training_attention *);
    /// Reads what forward wrote (`out`, `lse`); recomputes the probabilities.
    void (*attention_backward)(const mk_training_attention *);

    /// out = x * inverse * weight with inverse = 1 / sqrt(mean(x^2) + epsilon), which is returned.
    float (*rms_norm_forward)(const float *x, const float *weight, float epsilon, int32_t count, float *out);
    /// d_x (+)= the derivative at x; d_weight += dy * x * inverse.
    void (*rms_norm_backward)(const float *x, const float *weight, float inverse, const float *dy, int32_t count,
                              float *d_x, int32_t add, float *d_weight);
    /// Statistics of a row to stats[0] (mean) and stats[1] (1 / standard deviation).
    void (*layer_norm_forward)(const float *x, const float *weight, const float *_Nullable bias, float epsilon,
                               int32_t count, float *out, float *stats);
    void (*layer_norm_backward)(const float *x, const float *weight, const float *stats, const float *dy,
                                int32_t count, float *d_x, int32_t add, float *d_weight,
                                float *_Nullable d_bias);
    /// Rotates pairs (x[i], x[i + half]) into out (may be x); `inverse` not 0 rotates back.  `add` not 0
    /// adds to out instead.
    void (*rotate_training)(const float *x, const float *cosines, const float *sines, int32_t half,
                            int32_t inverse, int32_t add, float *out);
    /// out = silu(gate) * up
    void (*swiglu_forward)(const float *gate, const float *up, int32_t count, float *out);
    void (*swiglu_backward)(const float *gate, const float *up, const float *dy, int32_t count, float *d_gate,
                            int32_t add_gate, float *d_up, int32_t add_up);
    /// out = gelu(x), in the tanh form when `approximate` is not 0.
    void (*gelu_forward)(const float *x, int32_t count, int32_t approximate, float *out);
    void (*gelu_backward)(const float *x, const float *dy, int32_t count, int32_t approximate, float *d_x,
                          int32_t add);
    /// Log of the sum of exponentials of a row.
    float (*log_sum_exp)(const float *x, int32_t count);
    /// d_x = factor * (softmax(x) - onehot(target)), given lse; `add` not 0 adds.
    void (*cross_entropy_backward)(const float *x, int32_t count, float lse, int32_t target, float factor,
                                   float *d_x, int32_t add);
    /// Sum over v of p_S (log p_S - log p_T) of two rows of logits.
    float (*kl_forward)(const float *student, float student_lse, const float *teacher, float teacher_lse,
                        int32_t count);
    /// d_student = factor * p_S (log p_S - log p_T - kl); `add` not 0 adds.
    void (*kl_backward)(const float *student, float student_lse, const float *teacher, float teacher_lse, float kl,
                        float factor, int32_t count, float *d_student, int32_t add);
    /// out = out * (add ? 1 : 0) + factor * x
    void (*accumulate)(float *out, const float *x, float factor, int32_t add, int32_t count);
    /// Sum of squares, in 16 lanes and then one tree.
    double (*sum_of_squares)(const float *x, size_t count);
} mk_training;

/// Depth of one block of a product's sum, and the most of one whose factors are rounded to bfloat16.
#define MK_GEMM_DEPTH 256
#define MK_GEMM_PAIR_DEPTH 640

/// Whether this machine multiplies bfloat16.
int mk_has_bf16_products(void);
/// Bytes of scratch for one thread's tiles.
size_t mk_gemm_scratch(void);
/// Bytes of scratch for one job of attention, forward or backward.
size_t mk_training_attention_scratch(int32_t tokens, int32_t dimension, int32_t group);

#pragma clang assume_nonnull end
#endif
