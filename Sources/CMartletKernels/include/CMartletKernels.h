// Arithmetic on pointers, one table of functions per instruction set.
//
// What lives here: dot products, attention over pages, norms, rotations, conversions.
// What this target refuses to know: threads, files, memory ownership, models, errors.
// Every function is total on the ranges its comment states; callers (MartletKernels and
// MartletAttention) check them.  Nothing here allocates, prints or aborts.
// One file is no arithmetic: mappings.c, whose signal handler can only be written in C.
//
// Vectors have 16 lanes on every instruction set.  A lane is an output channel (matrix
// products), a cached token (query . key) or a value dimension (weights . values), so a
// result element is always reduced by one lane in one order, whatever the number of rows,
// threads or panels: that is what makes results independent of the batch.
#ifndef CMARTLETKERNELS_H
#define CMARTLETKERNELS_H

#include "MartletTrainingKernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Output channels in one packed panel of weights, and tokens in one page of the cache.
#define MK_LANES 16
/// Consecutive inputs that share one scale in q8 and q4 weights and in quantised activations.
#define MK_BLOCK 32
/// Cached tokens that one online-softmax update covers, and the pages they fill.
#define MK_TILE 128
#define MK_TILE_PAGES 8
/// Tiles in one segment of a long sequence; segments are reduced apart and merged in order.
#define MK_SEGMENT_TILES 32

typedef enum __attribute__((enum_extensibility(closed))) {
    MK_SET_PORTABLE __attribute__((swift_name("portable"))) = 0,
    MK_SET_AVX2 __attribute__((swift_name("avx2"))) = 1,
    MK_SET_AVX_VNNI __attribute__((swift_name("avxVNNI"))) = 2,
    MK_SET_AVX512 __attribute__((swift_name("avx512"))) = 3,
    MK_SET_AVX512_VNNI __attribute__((swift_name("avx512VNNI"))) = 4,
    MK_SET_NEON __attribute__((swift_name("neon"))) = 5,
} mk_set;

typedef enum __attribute__((enum_extensibility(closed))) {
    MK_WEIGHT_F32 __attribute__((swift_name("f32"))) = 0,
    MK_WEIGHT_BF16 __attribute__((swift_name("bf16"))) = 1,
    MK_WEIGHT_Q8 __attribute__((swift_name("q8"))) = 2,
    /// Integers about zero, a scale for each block.
    MK_WEIGHT_Q4_PLAIN __attribute__((swift_name("q4Plain"))) = 3,
    /// Integers from zero on, a scale and a minimum for each block.
    MK_WEIGHT_Q4 __attribute__((swift_name("q4"))) = 4,
    MK_WEIGHT_Q5 __attribute__((swift_name("q5"))) = 5,
    MK_WEIGHT_Q6 __attribute__((swift_name("q6"))) = 6,
    // What GGUF's blocks are repacked as, integer for integer.
    MK_WEIGHT_Q4_1 __attribute__((swift_name("q4_1"))) = 7,
    MK_WEIGHT_Q5_0 __attribute__((swift_name("q5_0"))) = 8,
    MK_WEIGHT_Q5_1 __attribute__((swift_name("q5_1"))) = 9,
    MK_WEIGHT_Q4_K __attribute__((swift_name("q4_k"))) = 10,
    MK_WEIGHT_Q5_K __attribute__((swift_name("q5_k"))) = 11,
    MK_WEIGHT_Q6_K __attribute__((swift_name("q6_k"))) = 12,
    MK_WEIGHT_MXFP4 __attribute__((swift_name("mxfp4"))) = 13,
    /// Integers of 8 bits with a scale and a minimum in f32 for each 16 inputs: holds every other block exactly.
    MK_WEIGHT_WIDE __attribute__((swift_name("wide"))) = 14,
    MK_WEIGHT_F16 __attribute__((swift_name("f16"))) = 15,
    // What safetensors files of quantised models are repacked as, integer for integer; see mk_pack_grouped.
    /// Integers of 4 bits with a scale in f32 and a zero point for each 128 inputs.
    MK_WEIGHT_INT4 __attribute__((swift_name("int4"))) = 16,
    /// The same for each 32 inputs.
    MK_WEIGHT_INT4_32 __attribute__((swift_name("int4_32"))) = 17,
    /// Floats of 8 bits (E4M3) with a scale in f32 for each 128 inputs.
    MK_WEIGHT_FP8 __attribute__((swift_name("fp8"))) = 18,
} mk_weight;

/// Blocks as GGUF files store them, by ggml's numbers.
typedef enum __attribute__((enum_extensibility(closed))) {
    MK_STORED_Q4_0 __attribute__((swift_name("q4_0"))) = 2,
    MK_STORED_Q4_1 __attribute__((swift_name("q4_1"))) = 3,
    MK_STORED_Q5_0 __attribute__((swift_name("q5_0"))) = 6,
    MK_STORED_Q5_1 __attribute__((swift_name("q5_1"))) = 7,
    MK_STORED_Q8_0 __attribute__((swift_name("q8_0"))) = 8,
    MK_STORED_Q2_K __attribute__((swift_name("q2_k"))) = 10,
    MK_STORED_Q3_K __attribute__((swift_name("q3_k"))) = 11,
    MK_STORED_Q4_K __attribute__((swift_name("q4_k"))) = 12,
    MK_STORED_Q5_K __attribute__((swift_name("q5_k"))) = 13,
    MK_STORED_Q6_K __attribute__((swift_name("q6_k"))) = 14,
    MK_STORED_IQ4_NL __attribute__((swift_name("iq4_nl"))) = 20,
    MK_STORED_IQ4_XS __attribute__((swift_name("iq4_xs"))) = 23,
    MK_STORED_TQ2_0 __attribute__((swift_name("tq2_0"))) = 35,
    MK_STORED_MXFP4 __attribute__((swift_name("mxfp4"))) = 39,
} mk_stored;

typedef enum __attribute__((enum_extensibility(closed))) {
    MK_CODEC_F32 __attribute__((swift_name("f32"))) = 0,
    MK_CODEC_F16 __attribute__((swift_name("f16"))) = 1,
    MK_CODEC_BF16 __attribute__((swift_name("bf16"))) = 2,
    MK_CODEC_Q8 __attribute__((swift_name("q8"))) = 3,
    MK_CODEC_Q4 __attribute__((swift_name("q4"))) = 4,
} mk_codec;

/// How full pages are stored when nothing will be written to them any more: keys by channel over the tokens of a
/// unit, values by token over 64 channels, both as value = centre + scale * (integer - half of the largest).
typedef enum __attribute__((enum_extensibility(closed))) {
    MK_SEAL_8 __attribute__((swift_name("bits8"))) = 0,
    MK_SEAL_4 __attribute__((swift_name("bits4"))) = 1,
    MK_SEAL_2 __attribute__((swift_name("bits2"))) = 2,
    /// The same with each channel of the values divided first by the root of its largest magnitude.
    MK_SEAL_4_EVEN __attribute__((swift_name("bits4Even"))) = 3,
    MK_SEAL_2_EVEN __attribute__((swift_name("bits2Even"))) = 4,
} mk_seal;

/// Pages from id `first` on are sealed ones of this kind, in an arena of their own.
typedef struct {
    int32_t first;
    mk_seal seal;
    const uint8_t *arena;
    /// Pages of one unit, bytes from one unit to the next, and from one page to the next in it.
    int32_t unit_pages;
    size_t unit_bytes;
    size_t body_bytes;
} mk_page_class;
/// Classes of sealed pages that one cache may have.
#define MK_PAGE_CLASSES 4

typedef enum __attribute__((enum_extensibility(closed))) {
    /// out = product + bias
    MK_EPILOGUE_STORE __attribute__((swift_name("store"))) = 0,
    /// out = out + (product + bias)
    MK_EPILOGUE_ADD __attribute__((swift_name("add"))) = 1,
    /// Panels come in pairs (gate, up): out = silu(gate) * up, 16 outputs a pair; no bias.
    MK_EPILOGUE_SWIGLU __attribute__((swift_name("swiglu"))) = 2,
} mk_epilogue;

/// One product of a few rows with a range of packed panels:
/// out[r][c] = sum over k of x[r][k] * W[c][k].
///
/// Types of integers read `x_quants`, `x_scales`, `x_sums` (from `quantise`); f32 and bf16 read `x`.
typedef struct {
    const uint8_t *weights;
    size_t panel_bytes;
    int32_t panel_begin;
    int32_t panel_end;
    /// True number of output channels; the last panel may be partly padding.
    int32_t channels;
    /// Inputs, before padding to a whole block.
    int32_t columns;
    int32_t rows;
    mk_weight type;
    mk_epilogue epilogue;
    const float *_Nullable x;
    size_t x_stride;
    const int8_t *_Nullable x_quants;
    const float *_Nullable x_scales;
    const int32_t *_Nullable x_sums;
    /// Blocks between two rows of the three above; their row r starts at r * x_blocks blocks.
    size_t x_blocks;
    const float *_Nullable bias;
    float *out;
    size_t out_stride;
} mk_matmul;

/// What is multiplied: floats of 32 bits, pairs of integers of 16 bits, four of 8 bits.
typedef enum { MK_PRODUCT_FLOATS, MK_PRODUCT_PAIRS, MK_PRODUCT_BYTES } mk_product;

/// Attention of `queries` consecutive queries of one sequence, `group` query heads each, over
/// the cached tokens of one KV head, for the tiles [tile_begin, tile_end).
///
/// Row r is query r / group, head r % group.  Slot s is visible to a query when
/// s < end && (s >= begin || s < sinks), with begin and end its own (`first_end + query` and so
/// on), and before `until`.  The result is an unnormalised state per row: `maximum`, `sum` and `out`, so that
/// segments can be merged (mk_merge).  Rows that see no slot have maximum -inf, sum 0, out 0.
typedef struct {
    const uint8_t *arena;
    size_t page_bytes;
    const uint8_t *zero_page;
    /// Page ids of logical pages 0 ..< sink_pages; after them a gap of pages never read, then
    /// logical pages tail_base ..< tail_base + tail_pages.  -1 is a hole (reads as zeros).
    const int32_t *head_ids;
    int32_t head_pages;
    const int32_t *tail_ids;
    int32_t tail_base;
    int32_t tail_pages;
    mk_codec codec;
    int32_t dimension;
    int32_t queries;
    int32_t group;
    const float *q;
    size_t query_stride;
    float scale;
    /// Scaled scores s (of sinks, too) become cap tanh(s / cap) before `bias` and the softmax; 0 for none.
    float cap;
    /// Visible range of query i: [max(0, first_end + i - window), first_end + i).
    int32_t first_end;
    int32_t window;
    int32_t sinks;
    /// Scores that replace q . k for the sinks in queries sink_first_query and later,
    /// [rows][sinks], already scaled; or NULL.  sinks <= MK_TILE when given.
    const float *_Nullable sink_scores;
    int32_t sink_first_query;
    /// By slot, to the end of the last tile, or NULL: the first position that sees it no more.  Query
    /// i stands at position first_position + i.
    const int32_t *_Nullable until;
    int32_t first_position;
    /// By slot likewise, or NULL: added to its scaled score (the log of the tokens it stands for).
    const float *_Nullable bias;
    /// Sealed pages, by ascending `first`; at most MK_PAGE_CLASSES.
    const mk_page_class *_Nullable classes;
    int32_t class_count;
    int32_t tile_begin;
    int32_t tile_end;
    float *maximum;
    float *sum;
    /// Rows of at least `dimension` rounded up to 16 floats, out_stride apart.
    float *out;
    size_t out_stride;
    /// At least mk_attention_scratch(rows, dimension) bytes, 64-byte aligned.
    void *scratch;
} mk_attention;

/// The functions of one instruction set.
typedef struct {
    mk_set set;
    void (*matmul)(const mk_matmul *);
    /// x[count] -> quants, one scale and two sums of quants per block of 32, its own and its first half's; the last
    /// block is padded with zeros.  scale = max|x| / 127, quants = round-to-even(x / scale).
    void (*quantise)(const float *x, int32_t count, int8_t *quants, float *scales, int32_t *sums);
    /// out = x / sqrt(mean(x^2) + epsilon) * weight
    void (*rms_norm)(const float *x, const float *weight, float epsilon, int32_t count, float *out);
    /// out = (x - mean) / sqrt(variance + epsilon) * weight + bias
    void (*layer_norm)(const float *x, const float *weight, const float *_Nullable bias,
                       float epsilon, int32_t count, float *out);
    /// Rotates pairs (x[i], x[i + half]) by the angles whose cosines and sines are given.
    void (*rotate)(float *x, const float *cosines, const float *sines, int32_t half);
    /// out += x
    void (*add)(float *out, const float *x, int32_t count);
    /// x = gelu(x); tanh form when `approximate` is not 0, else the exact (erf) form.
    void (*gelu)(float *x, int32_t count, int32_t approximate);
    /// x = silu(x) * up
    void (*swiglu)(float *x, const float *up, int32_t count);
    /// x = g / (1 + e^-(alpha g)) * (u + 1), where g is x, at most `limit`, and u is up, at most `limit` by magnitude
    void (*swiglu_clamped)(float *x, const float *up, int32_t count, float alpha, float limit);
    /// x = cap tanh(x / cap); cap > 0
    void (*soft_cap)(float *x, int32_t count, float cap);
    /// Stores one token's key and value in slot `slot` of a page.
    void (*append)(mk_codec codec, uint8_t *page, int32_t dimension, int32_t slot, const float *key,
                   const float *value);
    void (*attend)(const mk_attention *);
    /// Scaled scores of every row of `work` against the slots of the pages [page_begin, page_end):
    /// out[r * out_stride + 16 * (page - page_begin) + slot].  Nothing is masked: a page's unwritten
    /// slots and holes score 0.  Reads of `work` the pages, the queries, `scale` and `scratch`: no cap.
    void (*scores)(const mk_attention *work, int32_t page_begin, int32_t page_end, float *out,
                   size_t out_stride);
    /// For each page id its largest possible product with the queries, from the bounds that
    /// mk_page_bounds made: sum over d of max(q_d low_d, q_d high_d), over `rows` queries `stride` floats
    /// apart the sum or (`maximum` not 0) the largest; -inf for a hole.
    void (*page_scores)(const float *q, size_t stride, int32_t rows, int32_t dimension, const uint8_t *bounds,
                        size_t bounds_bytes, const int32_t *ids, int32_t count, int32_t maximum, float *out);
    /// x[0 ..< visible] becomes its softmax and x[visible ..< count] zeros; count is a multiple of
    /// 16.  Lanes reduce apart and then in one order, so the result depends on `visible` values only.
    void (*softmax)(float *x, int32_t visible, int32_t count);
    /// Index of the largest value, the lowest on ties; -1 when a NaN is met or count is 0.
    int32_t (*argmax)(const float *x, int32_t count);
    /// Sums `count` bytes as 64-bit words, to measure read bandwidth; count is a multiple of 512.
    uint64_t (*read_bytes)(const uint8_t *x, size_t count);
    /// Multiplies and adds in registers `rounds` times, to measure what arithmetic reaches at most; the number of
    /// multiplications.
    int64_t (*multiply)(mk_product kind, int64_t rounds);
    /// Whether attention multiplies tiles of two bytes a number as pairs of integers, where a row sees them whole.
    int32_t multiplies_pairs;
    /// What only training needs.
    mk_training training;
} mk_kernels;

/// The table of a set, or NULL when this machine or build lacks it.
const mk_kernels *_Nullable mk_table(mk_set set);

/// Bytes of one packed panel (16 output channels) of `columns` inputs.
size_t mk_panel_bytes(mk_weight type, int32_t columns);
/// Packs 16 rows (row i at rows + i * stride, `count` of them real, the rest zeros) into a panel.
void mk_pack_panel(mk_weight type, const float *rows, size_t stride, int32_t count, int32_t columns,
                   uint8_t *panel);
/// One row (lane) of a packed panel back as floats: the exact values the products use.
void mk_unpack_row(mk_weight type, const uint8_t *panel, int32_t lane, int32_t columns, float *out);

/// Consecutive inputs of a stored block, and its bytes.
int32_t mk_stored_columns(mk_stored type);
size_t mk_stored_bytes(mk_stored type);
/// What panels of these blocks are packed as; it holds each of their numbers exactly.
mk_weight mk_stored_weight(mk_stored type);
/// Packs the blocks of `count` rows (rows[i] begins row i, `columns` inputs of whole blocks) into a panel of
/// mk_stored_weight(type).
void mk_pack_stored(mk_stored type, const uint8_t *_Nonnull const *_Nonnull rows, int32_t count, int32_t columns,
                    uint8_t *panel);
/// Inputs that share a scale and a zero point in panels that mk_pack_grouped writes; 0 for other types.
int32_t mk_grouped_columns(mk_weight type);
/// Packs `count` rows of stored numbers into a panel: weight = scale * (code - zero point), or scale * E4M3 for
/// MK_WEIGHT_FP8, whose zero points are not read.
/// codes[row][columns], scales[row][groups], zeros[row][groups]: a code and a zero point for each byte.
void mk_pack_grouped(mk_weight type, const uint8_t *codes, const float *scales, const uint8_t *zeros, int32_t count,
                     int32_t columns, uint8_t *panel);
/// A float of 8 bits (E4M3).
float mk_e4m3(uint8_t byte);
/// The weights [from, to) of consecutive blocks, each product and sum rounded once.
void mk_read_stored(mk_stored type, const uint8_t *blocks, size_t from, size_t to, float *out);
/// Quantises `columns` weights of a row into whole blocks, with zeros behind the last weight; false for types that are
/// read alone.
bool mk_store(mk_stored type, const float *x, int32_t columns, uint8_t *blocks);

/// Bytes of a page of 16 tokens, keys and values of one KV head; a multiple of 64.
size_t mk_page_bytes(mk_codec codec, int32_t dimension);
/// The decoded key and value of one slot, as attention sees them.
void mk_read_slot(mk_codec codec, const uint8_t *page, int32_t dimension, int32_t slot, float *key,
                  float *value);
/// Bytes of the bounds of one page's keys; a multiple of 64.
size_t mk_bounds_bytes(int32_t dimension);
/// Writes the smallest and the largest value of each channel of a page's first `slots` decoded keys, as
/// halves rounded outward: all lows, then all highs, each row padded with zeros to 16 channels.
void mk_page_bounds(mk_codec codec, const uint8_t *page, int32_t dimension, int32_t slots, uint8_t *out);
/// Bytes of a unit of sealed pages; a multiple of 64.
size_t mk_sealed_bytes(mk_seal seal, int32_t dimension);
/// Pages of a unit.
int32_t mk_sealed_pages(mk_seal seal);
/// A class of such pages; `dimension` as they were sealed.
mk_page_class mk_sealed_class(mk_seal seal, int32_t dimension, int32_t first, const uint8_t *arena);
/// Seals the tokens of a unit, 16 a page, `dimension` floats each, one after another.
void mk_seal_pages(mk_seal seal, const float *keys, const float *values, int32_t dimension, uint8_t *out);
/// The decoded key and value of one slot of a unit, as attention sees them.
void mk_read_sealed(mk_seal seal, const uint8_t *unit, int32_t dimension, int32_t slot, float *key, float *value);
/// Copies one token's key and value between pages of one codec, bit for bit.
void mk_copy_slot(mk_codec codec, int32_t dimension, const uint8_t *from, int32_t from_slot, uint8_t *to,
                  int32_t to_slot);
/// Bytes of scratch that `attend` and `scores` need for `rows` rows.
size_t mk_attention_scratch(int32_t rows, int32_t dimension);
/// Folds a later segment's state of one row into a running one:
/// m' = max(m, n); sum' = sum * e^(m - m') + added * e^(n - m'), vectors likewise.  Folding the
/// segments of a row in ascending order is the definition of attention over a long sequence.
void mk_merge(float *maximum, float *sum, float *vector, float segment_maximum, float segment_sum,
              const float *segment_vector, int32_t dimension);
/// out = vector / sum; zeros when the row saw nothing (sum 0).
void mk_normalise(const float *vector, float sum, int32_t dimension, float *out);

/// IEEE half and bfloat16 to and from float, elementwise; round to nearest even.
void mk_f16_to_f32(const uint16_t *x, float *out, size_t count);
void mk_f32_to_f16(const float *x, uint16_t *out, size_t count);
void mk_bf16_to_f32(const uint16_t *x, float *out, size_t count);
void mk_f32_to_bf16(const float *x, uint16_t *out, size_t count);

/// Guards `count` mapped bytes of a file: where the file was cut short, reading finds zeros instead of
/// ending the process, and `mk_mapping_lost` says so.  The first call takes over SIGBUS and passes on what
/// is outside of all guarded memory.  Returns a place, or -1 when all 4096 are taken.
int32_t mk_guard_mapping(const void *base, size_t count);
/// Ends the guard at a place; to be called before the memory is unmapped.
void mk_unguard_mapping(int32_t place);
/// Whether memory at a place was touched that its file no longer has.
bool mk_mapping_lost(int32_t place);

/// Tells the processor that this thread is spinning.
static inline void mk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Digests of whole blocks of 64 bytes, in digests.c.  Each reads blocks * 64 bytes and changes the state, words in the
// processor's order.  The portable form is what the other is tested against.

/// SHA-256; eight words of state.
void mk_sha256(uint32_t *state, const uint8_t *bytes, size_t blocks);
/// SHA-256 without the processor's extensions.
void mk_sha256_portable(uint32_t *state, const uint8_t *bytes, size_t blocks);
/// SHA-1; five words of state.
void mk_sha1(uint32_t *state, const uint8_t *bytes, size_t blocks);

#pragma clang assume_nonnull end
#endif
