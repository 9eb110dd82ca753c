// How attention in training divides its scratch: what every set's kernel and the function that sizes the
// scratch must agree on.
#ifndef MK_TRAINING_SCRATCH_H
#define MK_TRAINING_SCRATCH_H

#include "internal.h"

/// Queries and keys of one block.  Multiples of every set's row tile and column panel; small enough that a
/// block of probabilities and its gradient (72 KiB) stay in the nearest caches.
#define MK_QUERY_BLOCK 96
#define MK_KEY_BLOCK 96

/// Rows are `width` floats: the dimension rounded up to 16, the rest zeros.
typedef struct {
    int32_t width, dimension;
    float *keys_across;    // [tokens / panel][dimension][panel]: keys transposed, in panels of columns
    float *values_across;  // values likewise (backward)
    float *keys;           // [tokens][width] (backward)
    float *values;         // [tokens][width] (forward)
    float *d_keys;         // [tokens][width] sums over the blocks of queries (backward)
    float *d_values;       // likewise
    float *mask;           // [tokens] times log2 e
    float *d_mask;         // [tokens]
    int32_t *start;        // [tokens], then larger than any key for what is not a query
    float *q;              // [MK_QUERY_BLOCK][width] times scale * log2 e
    float *d_out;          // [MK_QUERY_BLOCK][width]
    float *sums;           // [MK_QUERY_BLOCK][width] of outputs, or of the queries' gradients
    float *scores;         // [MK_QUERY_BLOCK][MK_KEY_BLOCK] scores, then probabilities
    float *d_scores;       // likewise their gradients
    float *lanes;          // [MK_QUERY_BLOCK][16] sums of exponentials, by lane
    float *maximum;        // [MK_QUERY_BLOCK], or minus lse
    float *factors;        // [MK_QUERY_BLOCK + 16], or minus (d_out . out)
    size_t total;          // floats
} mk_training_scratch;

/// Divides `base`; with NULL only `total` means anything.
static inline mk_training_scratch mk_divide_training(float *base, int32_t tokens, int32_t dimension) {
    mk_training_scratch s = {.width = mk_round_up(dimension, 16), .dimension = dimension};
    const size_t rows = (size_t)mk_round_up(tokens, MK_KEY_BLOCK), width = (size_t)s.width;
    const size_t queries = MK_QUERY_BLOCK * width, block = (size_t)MK_QUERY_BLOCK * MK_KEY_BLOCK;
    size_t at = 0;
#define MK_TAKE(field, type, count) s.field = base ? (type *)(base + at) : 0, at += (count)
    MK_TAKE(keys_across, float, rows * width);
    MK_TAKE(values_across, float, rows * width);
    MK_TAKE(keys, float, rows * width);
    MK_TAKE(d_keys, float, rows * width);
    MK_TAKE(d_values, float, rows * width);
    MK_TAKE(mask, float, rows);
    MK_TAKE(d_mask, float, rows);
    MK_TAKE(start, int32_t, rows);
    MK_TAKE(q, float, queries);
    MK_TAKE(d_out, float, queries);
    MK_TAKE(sums, float, queries);
    MK_TAKE(scores, float, block);
    MK_TAKE(d_scores, float, block);
    MK_TAKE(lanes, float, (size_t)MK_QUERY_BLOCK * 16);
    MK_TAKE(maximum, float, MK_QUERY_BLOCK);
    MK_TAKE(factors, float, MK_QUERY_BLOCK + 16);
#undef MK_TAKE
    s.values = s.keys;  // forward has no use for untransposed keys
    s.total = at;
    return s;
}

#endif
