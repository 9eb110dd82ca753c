// x86-64 with AVX-512 and VNNI.
#if defined(__x86_64__)
#include <immintrin.h>
#define MK_SET MK_SET_AVX512_VNNI
#define MK_TABLE mk_kernels_avx512_vnni
#define MK_ROW_TILE 6
#define MK_PANEL_TILE 2
#define MK_GEMM_ROWS 14
#define MK_GEMM_COLUMNS 32
#define MK_ATTEND_ROWS 7
#define MK_ATTEND_COLUMNS 4
#define MK_PREFETCH 2048
#define MK_USE_AVX512 1
#define MK_USE_VNNI512 1
#define MK_HAS_BF16_PRODUCTS 1
#define MK_MULTIPLIES_PAIRS 1
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#include "../templates/lanes.h"
#include "../templates/matmul.h"
#include "../templates/elementwise.h"
#include "../templates/multiply.h"
#include "../templates/append.h"
#include "../templates/attention.h"
#include "../templates/scores.h"
#include "../templates/training_gemm.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#include "../templates/training_gemm_bf16.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#include "../templates/training_rows.h"
#include "../templates/training_attention.h"
#include "../templates/training_flush.h"
#include "../templates/table.h"
#pragma clang attribute pop
#endif
