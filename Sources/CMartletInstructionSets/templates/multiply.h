// Products of numbers that stay in registers: what a core's arithmetic reaches at most.

/// Multiplies and adds, as the sums of a tile of products do, `rounds` times; returns the number of multiplications.
static int64_t multiply(mk_product kind, int64_t rounds) {
    i32x16 sums[MK_ROW_TILE][MK_PANEL_TILE];
    f32x16 floats[MK_ROW_TILE][MK_PANEL_TILE];
    u32x16 weights[MK_PANEL_TILE];
    int32_t x[MK_ROW_TILE];
    float y[MK_ROW_TILE];
    _Pragma("unroll") for (int r = 0; r < MK_ROW_TILE; r++) {
        x[r] = 0x00010001;
        y[r] = 0x1p-20f;
        _Pragma("unroll") for (int p = 0; p < MK_PANEL_TILE; p++) sums[r][p] = (i32x16)(0), floats[r][p] = splat(0);
    }
    for (int p = 0; p < MK_PANEL_TILE; p++) weights[p] = (u32x16)(0x00010001u);
    // Unknown to the compiler, here and in each round: it would add up the rounds, or make one product for all rows.
    __asm__ volatile("" : "+m"(weights));
    int64_t each = 16;
    switch (kind) {
    case MK_PRODUCT_FLOATS:
        for (int64_t i = 0; i < rounds; i++) {
            __asm__ volatile("" : "+m"(y));
            _Pragma("unroll") for (int r = 0; r < MK_ROW_TILE; r++)
                _Pragma("unroll") for (int p = 0; p < MK_PANEL_TILE; p++)
                    floats[r][p] = fma16((f32x16)weights[p], splat(y[r]), floats[r][p]);
        }
        break;
    case MK_PRODUCT_PAIRS:
        each = 32;
        for (int64_t i = 0; i < rounds; i++) {
            __asm__ volatile("" : "+m"(x));
            _Pragma("unroll") for (int r = 0; r < MK_ROW_TILE; r++)
                _Pragma("unroll") for (int p = 0; p < MK_PANEL_TILE; p++)
                    sums[r][p] = dot2(sums[r][p], weights[p], x[r]);
        }
        break;
    case MK_PRODUCT_BYTES:
        each = 64;
        for (int64_t i = 0; i < rounds; i++) {
            __asm__ volatile("" : "+m"(x));
            _Pragma("unroll") for (int r = 0; r < MK_ROW_TILE; r++)
                _Pragma("unroll") for (int p = 0; p < MK_PANEL_TILE; p++)
                    sums[r][p] = dot4(sums[r][p], weights[p], x[r]);
        }
        break;
    }
    i32x16 all = (i32x16)(0);
    _Pragma("unroll") for (int r = 0; r < MK_ROW_TILE; r++)
        _Pragma("unroll") for (int p = 0; p < MK_PANEL_TILE; p++) all += (i32x16)floats[r][p] ^ sums[r][p];
    __asm__ volatile("" : "+m"(all));
    return rounds * MK_ROW_TILE * MK_PANEL_TILE * each;
}
