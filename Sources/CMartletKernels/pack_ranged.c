// Packing weights as a range for each block: a scale and a minimum, both in bytes of a unit of their channel.
//
// A block's range is the one of a few candidates whose integers, with the best scale and minimum for them, come
// closest to the weights; large weights count more, by their magnitude beside the block's.  Lanes are the 16
// channels of a panel, in plain C that compilers turn into vectors; done once at load.
#include "internal.h"

#define LANES MK_LANES
/// Candidates: the integers of a range from a step narrower to a half step wider than the block's own.
#define CANDIDATES 9

/// x[column][lane], zeros in columns and lanes that are not there.
static void transpose(const float *rows, size_t stride, int32_t count, int32_t from, int32_t left,
                      float x[MK_BLOCK][LANES]) {
    memset(x, 0, sizeof(float) * MK_BLOCK * LANES);
    for (int32_t lane = 0; lane < count; lane++)
        for (int32_t k = 0; k < left; k++) x[k][lane] = rows[(size_t)lane * stride + from + k];
}

/// The best scale and minimum of each lane's `left` weights.
static void fit(int bits, float x[MK_BLOCK][LANES], int32_t left, float scale[LANES], float minimum[LANES]) {
    const float largest = (float)((1 << bits) - 1);
    float low[LANES], high[LANES], square[LANES], best[LANES], all[LANES], total[LANES];
    float weight[MK_BLOCK][LANES];
    for (int lane = 0; lane < LANES; lane++) {
        low[lane] = high[lane] = x[0][lane];
        square[lane] = all[lane] = total[lane] = 0;
        best[lane] = -1;
    }
    for (int32_t k = 0; k < left; k++)
        for (int lane = 0; lane < LANES; lane++) {
            float v = x[k][lane];
            low[lane] = v < low[lane] ? v : low[lane];
            high[lane] = v > high[lane] ? v : high[lane];
            square[lane] += v * v;
        }
    for (int lane = 0; lane < LANES; lane++) {
        square[lane] = sqrtf(square[lane] / (float)left);
        scale[lane] = (high[lane] - low[lane]) / largest;
        minimum[lane] = low[lane];
    }
    for (int32_t k = 0; k < left; k++)
        for (int lane = 0; lane < LANES; lane++) {
            float w = square[lane] + fabsf(x[k][lane]);
            weight[k][lane] = w;
            all[lane] += w;
            total[lane] += w * x[k][lane];
        }
    for (int candidate = 0; candidate < CANDIDATES; candidate++) {
        float inverse[LANES], q1[LANES], q2[LANES], qx[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            float span = high[lane] - low[lane];
            inverse[lane] = span > 1e-30f ? (largest - 1.0f + 0.2f * (float)candidate) / span : 0;
            q1[lane] = q2[lane] = qx[lane] = 0;
        }
        for (int32_t k = 0; k < left; k++)
            for (int lane = 0; lane < LANES; lane++) {
                float v = (x[k][lane] - low[lane]) * inverse[lane] + 0.5f;
                v = v > largest ? largest : v;
                float q = (float)(int32_t)v, w = weight[k][lane] * q;
                q1[lane] += w;
                q2[lane] += w * q;
                qx[lane] += w * x[k][lane];
            }
        for (int lane = 0; lane < LANES; lane++) {
            float determinant = all[lane] * q2[lane] - q1[lane] * q1[lane];
            if (!(determinant > 0)) continue;
            float s = (all[lane] * qx[lane] - total[lane] * q1[lane]) / determinant;
            float m = (q2[lane] * total[lane] - q1[lane] * qx[lane]) / determinant;
            // What the fit explains of the weighted squares: all but the error.
            float explained = s * qx[lane] + m * total[lane];
            if (!(s > 0) || !(explained > best[lane])) continue;
            best[lane] = explained;
            scale[lane] = s;
            minimum[lane] = m;
        }
    }
}

void mk_pack_ranged(int bits, const float *rows, size_t stride, int32_t count, int32_t columns, uint8_t *panel) {
    const mk_blocks layout = mk_blocks_of((mk_weight)(MK_WEIGHT_Q4 + bits - 4));
    const size_t block_bytes = mk_block_bytes(layout), header = mk_header_bytes(layout);
    const int32_t blocks = (columns + MK_BLOCK - 1) / MK_BLOCK, largest = (1 << bits) - 1;
    memset(panel, 0, header + (size_t)blocks * block_bytes);
    // Scales and minima of all blocks stand in the panel itself until their units are known: a block is larger.
    float x[MK_BLOCK][LANES];
    uint8_t *body = panel + header;
    for (int32_t b = 0; b < blocks; b++) {
        int32_t from = b * MK_BLOCK, left = columns - from < MK_BLOCK ? columns - from : MK_BLOCK;
        float scale[LANES], minimum[LANES];
        transpose(rows, stride, count, from, left, x);
        fit(bits, x, left, scale, minimum);
        memcpy(body + (size_t)b * block_bytes, scale, sizeof scale);
        memcpy(body + (size_t)b * block_bytes + sizeof scale, minimum, sizeof minimum);
    }
    float units[LANES] = {0}, least[LANES] = {0};
    for (int32_t b = 0; b < blocks; b++) {
        float numbers[2 * LANES];
        memcpy(numbers, body + (size_t)b * block_bytes, sizeof numbers);
        for (int lane = 0; lane < LANES; lane++) {
            float s = numbers[lane] / 255.0f, m = fabsf(numbers[LANES + lane]) / 127.0f;
            units[lane] = s > units[lane] ? s : units[lane];
            least[lane] = m > least[lane] ? m : least[lane];
        }
    }
    memcpy(panel, units, sizeof units);
    memcpy(panel + sizeof units, least, sizeof least);
    for (int32_t b = 0; b < blocks; b++) {
        int32_t from = b * MK_BLOCK, left = columns - from < MK_BLOCK ? columns - from : MK_BLOCK;
        uint8_t *block = body + (size_t)b * block_bytes;
        float numbers[2 * LANES];
        memcpy(numbers, block, sizeof numbers);
        memset(block, 0, block_bytes);
        transpose(rows, stride, count, from, left, x);
        for (int lane = 0; lane < count; lane++) {
            float s = units[lane] > 0 ? numbers[lane] / units[lane] : 0;
            float m = least[lane] > 0 ? numbers[LANES + lane] / least[lane] : 0;
            int32_t scale = (int32_t)(s + 0.5f), minimum = (int32_t)(m + (m < 0 ? -0.5f : 0.5f));
            block[lane] = (uint8_t)(scale > 255 ? 255 : scale);
            block[16 + lane] = (uint8_t)(int8_t)(minimum > 127 ? 127 : minimum < -127 ? -127 : minimum);
            float step = units[lane] * (float)block[lane], start = least[lane] * (float)(int8_t)block[16 + lane];
            float inverse = step > 0 ? 1.0f / step : 0;
            uint8_t integers[MK_BLOCK] = {0};
            for (int32_t k = 0; k < left; k++) {
                float v = (x[k][lane] - start) * inverse + 0.5f;
                integers[k] = (uint8_t)(v > 0 ? (v < (float)largest ? (int32_t)v : largest) : 0);
            }
            mk_put_integers(layout, integers, lane, block);
        }
    }
}
