// Sizes of scratch that the training kernels ask for.
#include "training_scratch.h"

size_t mk_gemm_scratch(void) {
    // A block of columns, a block of rows of the largest row tile, and what a last vector spills; of bfloat16 half of that.
    const size_t depth = MK_GEMM_PAIR_DEPTH > 2 * MK_GEMM_DEPTH ? MK_GEMM_PAIR_DEPTH / 2 : MK_GEMM_DEPTH;
    return ((size_t)512 * depth + (size_t)(14 * 32) * depth + 64) * sizeof(float);
}

size_t mk_training_attention_scratch(int32_t tokens, int32_t dimension, int32_t group) {
    (void)group;  // heads take turns
    return mk_divide_training(0, tokens, dimension).total * sizeof(float);
}
