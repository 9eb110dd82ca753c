// What policies choose by: products of queries and keys, their softmax, and what a page's bounds allow.

/// The products that `attend` makes of queries and keys, for policies that choose by them.
static void scores(const mk_attention *a, int32_t page_begin, int32_t page_end, float *out, size_t out_stride) {
    const int rows = a->queries * a->group;
    const mk_page_layout at = mk_layout(a->codec, a->dimension);
    mk_scratch s = divide_scratch(a, at, rows);
    if (at.key_groups) split_queries(a, &s, at, rows);
    for (int32_t first = page_begin; first < page_end; first += MK_TILE_PAGES) {
        const int count = page_end - first < MK_TILE_PAGES ? page_end - first : MK_TILE_PAGES;
        const uint8_t *pages[MK_TILE_PAGES], *ahead[MK_TILE_PAGES];
        for (int j = 0; j < MK_TILE_PAGES; j++) {
            pages[j] = j < count ? page_at(a, first + j) : a->zero_page;
            ahead[j] = j < count && first + MK_TILE_PAGES + j < page_end ? page_at(a, first + MK_TILE_PAGES + j)
                                                                          : pages[j];
        }
        for (int row = 0; row < rows; row += ATTEND_ROWS) {
            int n = rows - row < ATTEND_ROWS ? rows - row : ATTEND_ROWS;
            const uint8_t *const *touch = row == 0 ? ahead : pages;
            open_scores(a, &s, at, pages, touch, count, row, n);
            for (int r = 0; r < n; r++)
                for (int j = 0; j < count; j++)
                    store_f32(out + (size_t)(row + r) * out_stride + (size_t)(first - page_begin + j) * 16,
                              load_f32(s.weights + r * MK_TILE + j * 16));
        }
    }
}

/// Lanes are channels here.  max(q low, q high) is high times the positive part of q plus low times the
/// negative one, so a sum over rows needs their parts' sums only: one pass whatever the group.
static void page_scores(const float *q, size_t stride, int32_t rows, int32_t dimension, const uint8_t *bounds,
                        size_t bounds_bytes, const int32_t *ids, int32_t count, int32_t maximum, float *out) {
    enum { LARGEST = 1024 / 16 };  // as wide as a head may be
    const int32_t width = mk_round_up(dimension, 16), blocks = width / 16;
    for (int32_t i = 0; i < count; i++) out[i] = -INFINITY;
    if (blocks > LARGEST) return;
    for (int32_t first = 0; first < rows; first += maximum ? 1 : rows) {
        const int32_t last = maximum ? first + 1 : rows;
        f32x16 above[LARGEST], below[LARGEST];
        for (int32_t b = 0; b < blocks; b++) {
            above[b] = below[b] = splat(0);
            for (int32_t row = first; row < last; row++) {
                f32x16 v = load_partial(q + (size_t)row * stride + b * 16, dimension - b * 16);
                above[b] += max16(v, splat(0));
                below[b] -= max16(-v, splat(0));
            }
        }
        for (int32_t i = 0; i < count; i++) {
            if (ids[i] < 0) continue;
            const uint8_t *low = bounds + (size_t)ids[i] * bounds_bytes, *high = low + (size_t)width * 2;
            f32x16 sum = splat(0);
            for (int32_t b = 0; b < blocks; b++) {
                sum = fma16(above[b], load_f16(high + b * 32), sum);
                sum = fma16(below[b], load_f16(low + b * 32), sum);
            }
            float score = sum_lanes(sum);
            out[i] = score > out[i] ? score : out[i];
        }
    }
}

/// Two passes over the row: the largest value, then the exponentials and their sum.
static void softmax(float *x, int32_t visible, int32_t count) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    f32x16 top = splat(-INFINITY), sum = splat(0);
    for (int32_t i = 0; i < count; i += 16) {
        f32x16 v = lane + i < visible ? load_f32(x + i) : splat(-INFINITY);
        store_f32(x + i, v);
        top = max16(top, v);
    }
    float largest = max_lanes(top);
    if (largest == -INFINITY) {
        for (int32_t i = 0; i < count; i += 16) store_f32(x + i, splat(0));
        return;
    }
    for (int32_t i = 0; i < count; i += 16) {
        f32x16 p = exp16(load_f32(x + i) - largest);
        store_f32(x + i, p);
        sum += p;
    }
    f32x16 inverse = splat(1.0f / sum_lanes(sum));
    for (int32_t i = 0; i < count; i += 16) store_f32(x + i, load_f32(x + i) * inverse);
}
