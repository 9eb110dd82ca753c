// Attention over pages: scores, one online-softmax update per tile of 128 slots, weighted values.
//
// For each query row, tiles are walked in ascending order and each makes one update:
//   m' = max(m, max s); p = e^(s - m'); sum = sum * e^(m - m') + p; out = out * e^(m - m') + p V.
// Lanes are cached tokens in the scores and value dimensions in the sums, so a row's bits do not
// depend on how many rows share the pass.  A page element is loaded and widened once for
// MK_ATTEND_ROWS rows (the heads of a group; in prefill also neighbouring queries).
// Quantised pages are read through integer products (quantised.h), as are whole tiles of two-byte pages (whole.h).

/// Rows whose running sums stay in registers; 16-lane columns taken together.
#define ATTEND_ROWS MK_ATTEND_ROWS
#define ATTEND_COLUMNS MK_ATTEND_COLUMNS

/// A tile as integers; see whole.h.
typedef struct {
    int16_t *keys;      // [dimension / 2][128 slots][2]: two channels side by side
    int16_t *values;    // [width / 16][64][16 channels][2]: the tokens of two pages side by side
    float *key_units;   // [round_up(dimension, 16)] what a key's integers are multiples of
    float *value_units; // [width]
    float *key_inverses, *value_inverses; // of these, likewise
} mk_whole_tile;

typedef struct {
    float *sums;      // [rows][16] running sums of weights, by lane
    float *factors;   // [rows] e^(m - m') of the tile at hand
    float *weights;   // [ATTEND_ROWS][MK_TILE] scores, then weights
    int8_t *query;    // [rows][2][query_width] high and low bytes of quantised queries
    float *scales;    // [rows] their scales
    int32_t *starts;     // [rows][2][groups] what 8-bit accumulators start from
    float *totals;       // [rows][groups] sums of the quantised query, for 4-bit minima
    int32_t query_width;
    int16_t *whole;      // [rows][whole_width] queries as integers, for sealed pages
    float *padded;       // [rows][whole_width] the same as they are, zeros behind them
    float *steps;        // [rows] steps of the integers
    int32_t whole_width;
    mk_whole_tile whole_tile;
    float *turned;        // [rows / MK_WHOLE_ROWS][dimension][16] queries with rows as lanes; see whole.h
    int32_t *rounded;     // [dimension / 2][16] those of MK_WHOLE_ROWS rows as pairs of integers
    float *rounded_steps; // [dimension / WHOLE_PART][16] their steps
} mk_scratch;

/// Rows up to which a tile is not stored as integers.
#define FEW_ROWS 21

MK_INLINE f32x16 load_codec(mk_codec codec, const uint8_t *p, size_t element) {
    switch (codec) {
    case MK_CODEC_F16: return load_f16(p + element * 2);
    case MK_CODEC_BF16: return load_bf16(p + element * 2);
    default: return load_f32(p + element * 4);
    }
}

/// scores[r][16 * j + lane] = sum over d of q[r][d] * keys_j[d][lane], for `columns` pages.
/// Touches the same places of the pages `ahead` so that memory works while we compute.
MK_INLINE void scores_float(mk_codec codec, const float *const *q, int rows, const uint8_t *const *pages,
                            const uint8_t *const *ahead, int columns, int32_t dimension, float scale,
                            float *scores) {
    const size_t row = codec == MK_CODEC_F32 ? 64 : 32;
    f32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) acc[r][j] = splat(0);
    for (int32_t d = 0; d < dimension; d++) {
        _Pragma("unroll") for (int j = 0; j < columns; j++) {
            f32x16 k = load_codec(codec, pages[j], (size_t)d * 16);
            __builtin_prefetch(ahead[j] + (size_t)d * row, 0, 3);
            _Pragma("unroll") for (int r = 0; r < rows; r++) acc[r][j] = fma16(k, splat(q[r][d]), acc[r][j]);
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) store_f32(scores + r * MK_TILE + j * 16, acc[r][j] * scale);
}

/// out[r] += sum over the tile's slots of weights[r][slot] * values[slot], 16 * columns dims at `from`.
MK_INLINE void values_float(mk_codec codec, const float *weights, int rows, const uint8_t *const *pages,
                            const uint8_t *const *ahead, int pageCount, size_t values, int32_t width,
                            int32_t from, int columns, const float *factors, float *const *out) {
    const size_t bytes = codec == MK_CODEC_F32 ? 4 : 2;
    f32x16 acc[ATTEND_ROWS][ATTEND_COLUMNS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++)
            acc[r][j] = load_f32(out[r] + from + j * 16) * factors[r];
    for (int page = 0; page < pageCount; page++) {
        const uint8_t *v = pages[page] + values, *next = ahead[page] + values;
        const float *w = weights + page * 16;
        for (int32_t t = 0; t < 16; t++) {
            _Pragma("unroll") for (int j = 0; j < columns; j++) {
                __builtin_prefetch(next + ((size_t)t * width + from + j * 16) * bytes, 0, 3);
                f32x16 x = load_codec(codec, v, (size_t)t * width + from + j * 16);
                _Pragma("unroll") for (int r = 0; r < rows; r++)
                    acc[r][j] = fma16(x, splat(w[r * MK_TILE + t]), acc[r][j]);
            }
        }
    }
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        _Pragma("unroll") for (int j = 0; j < columns; j++) store_f32(out[r] + from + j * 16, acc[r][j]);
}

#include "quantised.h"

/// One row tile of one attention tile: scores, then (after the softmax) values.
MK_INLINE void scores_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at,
                           const uint8_t *const *pages, const uint8_t *const *ahead, int pageCount,
                           int row, int rows, mk_codec codec) {
    if (codec == MK_CODEC_Q8 || codec == MK_CODEC_Q4) {
        for (int j = 0; j < pageCount; j++)
            scores_quantised(codec == MK_CODEC_Q8 ? 8 : 4, s, row, rows, pages[j], ahead[j], at, a->dimension,
                             s->weights + j * 16);
        return;
    }
    const float *q[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++)
        q[r] = a->q + (size_t)((row + r) / a->group) * a->query_stride +
               (size_t)((row + r) % a->group) * a->dimension;
    int j = 0;
    for (; j + ATTEND_COLUMNS <= pageCount; j += ATTEND_COLUMNS)
        scores_float(codec, q, rows, pages + j, ahead + j, ATTEND_COLUMNS, a->dimension, a->scale,
                     s->weights + j * 16);
    for (; j < pageCount; j++)
        scores_float(codec, q, rows, pages + j, ahead + j, 1, a->dimension, a->scale, s->weights + j * 16);
}

MK_INLINE void values_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at,
                           const uint8_t *const *pages, const uint8_t *const *ahead, int pageCount,
                           int row, int rows, mk_codec codec) {
    float *out[ATTEND_ROWS], factors[ATTEND_ROWS];
    _Pragma("unroll") for (int r = 0; r < rows; r++) {
        out[r] = a->out + (size_t)(row + r) * a->out_stride;
        factors[r] = s->factors[row + r];
    }
    if (codec == MK_CODEC_Q8 || codec == MK_CODEC_Q4) {
        int bits = codec == MK_CODEC_Q8 ? 8 : 4;
        mk_split split;
        for (int32_t g = 0; g < at.value_groups; g++) {
            int32_t end = (g + 1) * at.value_group;
            end = end > at.value_width ? at.value_width : end;
            split_weights(bits, s->weights, rows, pages, pageCount, at, g, &split);
            for (int32_t from = g * at.value_group; from < end; from += 16)
                values_quantised(bits, &split, rows, pages, ahead, pageCount, at, from, factors, out);
        }
        return;
    }
    int32_t from = 0;
    for (; from + 16 * ATTEND_COLUMNS <= at.value_width; from += 16 * ATTEND_COLUMNS)
        values_float(codec, s->weights, rows, pages, ahead, pageCount, at.values, at.value_width, from,
                     ATTEND_COLUMNS, factors, out);
    for (; from < at.value_width; from += 16)
        values_float(codec, s->weights, rows, pages, ahead, pageCount, at.values, at.value_width, from, 1,
                     factors, out);
}

/// Puts the scores of sinks in, caps scores and adds biases to them.
static void adjust_scores(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows) {
    for (int r = 0; r < rows; r++) {
        float *w = s->weights + r * MK_TILE;
        if (a->sink_scores && tile == 0 && (row + r) / a->group >= a->sink_first_query)
            for (int32_t i = 0; i < a->sinks; i++) w[i] = a->sink_scores[(size_t)(row + r) * a->sinks + i];
        for (int j = 0; j < MK_TILE_PAGES; j++) {
            f32x16 x = load_f32(w + j * 16);
            if (a->cap > 0) x = cap16(x, a->cap);
            if (a->bias) x += load_f32(a->bias + tile * MK_TILE + j * 16);
            store_f32(w + j * 16, x);
        }
    }
}

/// Masks the scores of the rows' first `pages` pages, turns them into weights and updates the running state.  Pages
/// beyond have weights of nothing, which change no bit of a sum: a short tile need not compute them.
MK_INLINE void soften_pages(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows,
                            const int pages) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (int r = 0; r < rows; r++) {
        int query = (row + r) / a->group;
        int32_t end = a->first_end + query;
        int32_t begin = end > a->window ? end - a->window : 0;
        int32_t first = tile * MK_TILE;
        float *w = s->weights + r * MK_TILE;
        f32x16 p[MK_TILE_PAGES];
        _Pragma("unroll") for (int j = 0; j < pages; j++) p[j] = load_f32(w + j * 16);
        if (begin > first || end < first + MK_TILE || a->until) {
            _Pragma("unroll") for (int j = 0; j < pages; j++) {
                i32x16 slot = lane + (first + j * 16);
                i32x16 visible = (slot < end) & ((slot >= begin) | (slot < a->sinks));
                if (a->until) visible &= (i32x16)load_u32(a->until + first + j * 16) > a->first_position + query;
                p[j] = visible ? p[j] : splat(-INFINITY);
            }
        }
        f32x16 tops = p[0];
        _Pragma("unroll") for (int j = 1; j < pages; j++) tops = max16(tops, p[j]);
        float top = max_lanes(tops);
        if (top == -INFINITY) {
            s->factors[row + r] = 1;
            _Pragma("unroll") for (int j = 0; j < pages; j++) store_f32(w + j * 16, splat(0));
            continue;
        }
        float old = a->maximum[row + r];
        float now = old > top ? old : top;
        f32x16 factor = exp16(splat(old - now));
        _Pragma("unroll") for (int j = 0; j < pages; j++) {
            p[j] = exp16(p[j] - now);
            store_f32(w + j * 16, p[j]);
        }
        float *sums = s->sums + (size_t)(row + r) * 16;
        f32x16 added = p[0] + p[1];
        if (pages > 2) added += p[2] + p[3];
        if (pages > 4) added += (p[4] + p[5]) + (p[6] + p[7]);
        store_f32(sums, fma16(load_f32(sums), factor, added));
        a->maximum[row + r] = now;
        s->factors[row + r] = factor.x;
    }
}

/// As `soften_pages` for the `count` pages of a tile, rounded up to a size that it is compiled for.
MK_INLINE void soften(const mk_attention *a, const mk_scratch *s, int32_t tile, int row, int rows, int count) {
    const int pages = count <= 2 ? 2 : count <= 4 ? 4 : MK_TILE_PAGES;
    for (int r = 0; r < rows; r++)
        for (int j = count; j < pages; j++) store_f32(s->weights + r * MK_TILE + j * 16, splat(0));
    if (a->cap > 0 || a->bias || (a->sink_scores && tile == 0)) adjust_scores(a, s, tile, row, rows);
    if (pages == 2) soften_pages(a, s, tile, row, rows, 2);
    else if (pages == 4) soften_pages(a, s, tile, row, rows, 4);
    else soften_pages(a, s, tile, row, rows, MK_TILE_PAGES);
}

#define MK_ROWS_FUNCTION(NAME, CODEC)                                                                 \
    static void NAME##_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at,          \
                              const uint8_t *const *pages, const uint8_t *const *ahead, int count,    \
                              int row, int rows) {                                                    \
        switch (rows) { MK_EACH_ROWS(scores_rows, CODEC) default: return; }                           \
    }                                                                                                 \
    static void NAME##_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at,          \
                              const uint8_t *const *pages, const uint8_t *const *ahead, int count,    \
                              int row, int rows) {                                                    \
        switch (rows) { MK_EACH_ROWS(values_rows, CODEC) default: return; }                           \
    }
#define MK_ROWS_CASE(CALL, CODEC, N) case N: CALL(a, s, at, pages, ahead, count, row, N, CODEC); return;
#if MK_ATTEND_ROWS == 7
#define MK_EACH_ROWS(CALL, CODEC)                                                                     \
    MK_ROWS_CASE(CALL, CODEC, 1) MK_ROWS_CASE(CALL, CODEC, 2) MK_ROWS_CASE(CALL, CODEC, 3)            \
    MK_ROWS_CASE(CALL, CODEC, 4) MK_ROWS_CASE(CALL, CODEC, 5) MK_ROWS_CASE(CALL, CODEC, 6)            \
    MK_ROWS_CASE(CALL, CODEC, 7)
#elif MK_ATTEND_ROWS == 4
#define MK_EACH_ROWS(CALL, CODEC)                                                                     \
    MK_ROWS_CASE(CALL, CODEC, 1) MK_ROWS_CASE(CALL, CODEC, 2) MK_ROWS_CASE(CALL, CODEC, 3)            \
    MK_ROWS_CASE(CALL, CODEC, 4)
#else
#error "attention rows of 4 or 7"
#endif

MK_ROWS_FUNCTION(f32, MK_CODEC_F32)
MK_ROWS_FUNCTION(f16, MK_CODEC_F16)
MK_ROWS_FUNCTION(bf16, MK_CODEC_BF16)
MK_ROWS_FUNCTION(q8, MK_CODEC_Q8)
MK_ROWS_FUNCTION(q4, MK_CODEC_Q4)

/// Pages in a tile that are alike: open ones (class -1) or sealed ones of one class.
typedef struct {
    int begin, end, class;
} mk_run;

/// Id of a page, -1 for a hole.
MK_INLINE int32_t id_of(const mk_attention *a, int32_t page) {
    if (page < a->head_pages) return a->head_ids[page];
    if (page >= a->tail_base && page - a->tail_base < a->tail_pages) return a->tail_ids[page - a->tail_base];
    return -1;
}

/// Class of a page, -1 for an open one or a hole.
MK_INLINE int class_of(const mk_attention *a, int32_t id) {
    int found = -1;
    for (int c = 0; c < a->class_count; c++) found = id >= a->classes[c].first ? c : found;
    return found;
}

/// First byte of the unit that a sealed page is in, and its place there.
MK_INLINE const uint8_t *unit_of(const mk_page_class *class, int32_t id, int32_t *part) {
    const int32_t index = id - class->first;
    *part = index % class->unit_pages;
    return class->arena + (size_t)(index / class->unit_pages) * class->unit_bytes;
}

/// Where a page is: for sealed ones so that what the layout of a unit says of the first page holds.
MK_INLINE const uint8_t *page_at(const mk_attention *a, int32_t page) {
    const int32_t id = id_of(a, page), class = class_of(a, id);
    if (class >= 0) {
        int32_t part;
        const uint8_t *unit = unit_of(&a->classes[class], id, &part);
        return part == 0 ? unit : unit + (size_t)part * a->classes[class].body_bytes;
    }
    return id < 0 ? a->zero_page : a->arena + (size_t)id * a->page_bytes;
}

static void open_scores(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const uint8_t *const *pages,
                        const uint8_t *const *touch, int count, int row, int n) {
    switch (a->codec) {
    case MK_CODEC_F32: f32_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_F16: f16_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_BF16: bf16_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q8: q8_scores(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q4: q4_scores(a, s, at, pages, touch, count, row, n); break;
    }
}

static void open_values(const mk_attention *a, const mk_scratch *s, mk_page_layout at, const uint8_t *const *pages,
                        const uint8_t *const *touch, int count, int row, int n) {
    switch (a->codec) {
    case MK_CODEC_F32: f32_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_F16: f16_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_BF16: bf16_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q8: q8_values(a, s, at, pages, touch, count, row, n); break;
    case MK_CODEC_Q4: q4_values(a, s, at, pages, touch, count, row, n); break;
    }
}

#include "sealed.h"
#include "whole.h"

/// The parts of a unit's scratch.
static mk_scratch divide_scratch(const mk_attention *a, mk_page_layout at, int rows) {
    mk_scratch s;
    uint8_t *free_bytes = a->scratch;
    s.sums = (float *)free_bytes;
    free_bytes += (size_t)rows * 64;
    s.weights = (float *)free_bytes;
    free_bytes += (size_t)ATTEND_ROWS * MK_TILE * 4;
    s.factors = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.scales = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.starts = (int32_t *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 8 * (at.key_groups ? at.key_groups : 1));
    s.totals = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4 * (at.key_groups ? at.key_groups : 1));
    s.steps = (float *)free_bytes;
    free_bytes += mk_align64((size_t)rows * 4);
    s.whole_width = mk_round_up(a->dimension, 32);
    s.whole = (int16_t *)free_bytes;
    free_bytes += (size_t)rows * 2 * (size_t)s.whole_width;
    s.padded = (float *)free_bytes;
    free_bytes += (size_t)rows * 4 * (size_t)s.whole_width;
    s.query = (int8_t *)free_bytes;
    s.query_width = at.value_width;
    free_bytes += mk_align64((size_t)rows * 2 * (size_t)s.query_width);
    s.whole_tile.keys = (int16_t *)free_bytes;
    free_bytes += (size_t)MK_TILE * 2 * (size_t)at.value_width;
    s.whole_tile.values = (int16_t *)free_bytes;
    free_bytes += (size_t)MK_TILE * 2 * (size_t)at.value_width;
    s.whole_tile.key_units = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4;
    s.whole_tile.value_units = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4;
    s.whole_tile.key_inverses = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4;
    s.whole_tile.value_inverses = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4;
    s.rounded = (int32_t *)free_bytes;
    free_bytes += (size_t)at.value_width * 32;
    s.rounded_steps = (float *)free_bytes;
    free_bytes += (size_t)at.value_width * 4 + 64;
    s.turned = (float *)free_bytes;
    return s;
}

/// Scores, weights and values of the rows [begin, end) over a tile, whose numbers are floats or stored integers.
static void attend_rows(const mk_attention *a, const mk_scratch *s, mk_page_layout at, int32_t tile, int begin, int end,
                        const mk_run *runs, int run_count, const mk_tile_pages *here, const uint8_t *const *ahead,
                        int count) {
    for (int row = begin; row < end; row += ATTEND_ROWS) {
        int n = end - row < ATTEND_ROWS ? end - row : ATTEND_ROWS;
        // Later queries of a chunk see more: nothing here is visible to the earlier rows.
        if (a->first_end + (row + n - 1) / a->group <= tile * MK_TILE) continue;
        const uint8_t *const *pages = here->pages, *const *touch = row == 0 ? ahead : pages;
        if (run_count > 0) mixed_scores(a, s, at, runs, run_count, here, touch, row, n);
        else open_scores(a, s, at, pages, touch, count, row, n);
        soften(a, s, tile, row, n, count);
        if (run_count > 0) mixed_values(a, s, at, runs, run_count, here, touch, row, n);
        else open_values(a, s, at, pages, touch, count, row, n);
    }
}

#ifdef MK_MULTIPLIES_PAIRS
/// Likewise over a tile that all of these rows see whole; false where its numbers cannot be integers.
static int attend_whole(const mk_attention *a, mk_scratch *s, mk_page_layout at, int32_t tile, int begin, int end,
                        const uint8_t *const *pages, const uint8_t *const *ahead) {
    // Integers of their own cost rows less than a stored tile while they are few.  They are made two channels at a time:
    // the last of an odd number has no second.
    if (end - begin <= FEW_ROWS && a->dimension % 2 == 0) {
        for (int row = begin; row < end;) {
            const int left = MK_WHOLE_ROWS - row % MK_WHOLE_ROWS, rows = end - row < left ? end - row : left;
            const int n = rows <= ATTEND_ROWS ? rows : rows / 2;
            if (!few_rows_of_tile[n - 1](a, s, at, tile, row, row == begin, pages, ahead)) return 0;
            row += n;
        }
        return 1;
    }
    const int isFinite = a->codec == MK_CODEC_F16 ? whole_tile_f16(at, a->dimension, pages, ahead, &s->whole_tile)
                                                  : whole_tile_bf16(at, a->dimension, pages, ahead, &s->whole_tile);
    if (!isFinite) return 0;
    for (int block = begin / MK_WHOLE_ROWS; block * MK_WHOLE_ROWS < end; block++) {
        round_turned(a, s, block);
        for (int lane = 0; lane < MK_WHOLE_ROWS; lane += ATTEND_ROWS) {
            const int first = block * MK_WHOLE_ROWS + lane, last = first + ATTEND_ROWS;
            const int row = first < begin ? begin : first, rows = (last < end ? last : end) - row;
            if (rows > 0) rows_of_whole_tile[rows - 1](a, s, tile, row, lane + row - first);
        }
    }
    return 1;
}
#endif

/// Tolerance tested against float64 attention over the decoded pages: 1e-6 (float codecs) and 4e-5
/// (q8; from the 15-bit split) of the largest value; q4 within a fifth of what storing in four bits
/// changes.  Reads whole pages only.
static void attend(const mk_attention *a) {
    const int rows = a->queries * a->group;
    const mk_page_layout at = mk_layout(a->codec, a->dimension);
    mk_scratch s = divide_scratch(a, at, rows);
    for (int r = 0; r < rows; r++) {
        a->maximum[r] = -INFINITY;
        store_f32(s.sums + (size_t)r * 16, splat(0));
        for (int32_t d = 0; d < at.value_width; d += 16) store_f32(a->out + (size_t)r * a->out_stride + d, splat(0));
    }
    if (at.key_groups) split_queries(a, &s, at, rows);
    if (a->class_count > 0) round_queries(a, &s, rows);
#ifdef MK_MULTIPLIES_PAIRS
    int is_turned = 0;
#endif
    const int32_t last_end = a->first_end + a->queries - 1;
    const int32_t first_begin = a->first_end > a->window ? a->first_end - a->window : 0;
    for (int32_t tile = a->tile_begin; tile < a->tile_end; tile++) {
        if (tile * MK_TILE >= a->sinks && first_begin / MK_TILE > tile) tile = first_begin / MK_TILE;
        if (tile >= a->tile_end || tile * MK_TILE >= last_end) break;
        int32_t count = (last_end - tile * MK_TILE + 15) / 16;
        count = count > MK_TILE_PAGES ? MK_TILE_PAGES : count;
        mk_tile_pages here;
        const uint8_t **pages = here.pages, *ahead[MK_TILE_PAGES];
        int32_t next = tile + 1;
        if (next * MK_TILE >= a->sinks && first_begin / MK_TILE > next) next = first_begin / MK_TILE;
        for (int j = 0; j < MK_TILE_PAGES; j++) {
            pages[j] = j < count ? page_at(a, tile * MK_TILE_PAGES + j) : a->zero_page;
            ahead[j] = next < a->tile_end ? page_at(a, next * MK_TILE_PAGES + j) : pages[j];
        }
        mk_run runs[MK_TILE_PAGES];
        int run_count = 0;
        for (int j = 0; a->class_count > 0 && j < count; j++) {
            const int32_t id = id_of(a, tile * MK_TILE_PAGES + j);
            const int class = class_of(a, id);
            if (class >= 0) here.heads[j] = unit_of(&a->classes[class], id, &here.parts[j]);
            if (run_count > 0 && runs[run_count - 1].class == class) runs[run_count - 1].end++;
            else runs[run_count++] = (mk_run){j, j + 1, class};
        }
        if (run_count == 1 && runs[0].class < 0) run_count = 0;
        int begin = 0, end = 0;
#ifdef MK_MULTIPLIES_PAIRS
        rows_of_whole(a, tile, &begin, &end);
        if (begin < end && !is_turned) turn_queries(a, &s, rows), is_turned = 1;
        if (begin == end || !attend_whole(a, &s, at, tile, begin, end, pages, ahead)) begin = end = 0;
#endif
        attend_rows(a, &s, at, tile, 0, begin, runs, run_count, &here, ahead, count);
        attend_rows(a, &s, at, tile, end, rows, runs, run_count, &here, ahead, count);
    }
    for (int r = 0; r < rows; r++) a->sum[r] = sum_lanes(load_f32(s.sums + (size_t)r * 16));
}
