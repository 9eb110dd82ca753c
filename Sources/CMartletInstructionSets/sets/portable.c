// Plain C: any machine, no instruction set assumed.

#define MK_SET MK_SET_PORTABLE
#define MK_TABLE mk_kernels_portable
#define MK_ROW_TILE 4
#define MK_PANEL_TILE 1
#define MK_GEMM_ROWS 4
#define MK_GEMM_COLUMNS 16
#define MK_ATTEND_ROWS 4
#define MK_ATTEND_COLUMNS 1
#define MK_PREFETCH 0
#define MK_USE_PORTABLE 1

#include "../templates/lanes.h"
#include "../templates/matmul.h"
#include "../templates/elementwise.h"
#include "../templates/multiply.h"
#include "../templates/append.h"
#include "../templates/attention.h"
#include "../templates/scores.h"
#include "../templates/training_gemm.h"
#include "../templates/training_rows.h"
#include "../templates/training_attention.h"
#include "../templates/training_flush.h"
#include "../templates/table.h"

