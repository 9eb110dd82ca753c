// Plain C: any machine, no instruction set assumed.

#define MK_SET MK_SET_PORTABLE
#define MK_TABLE mk_kernels_portable
#define MK_ROW_TILE 4
#define MK_ATTEND_ROWS 4
#define MK_ATTEND_COLUMNS 1
#define MK_PREFETCH 0
#define MK_USE_PORTABLE 1

#include "../templates/lanes.h"
#include "../templates/matmul.h"
#include "../templates/elementwise.h"
#include "../templates/append.h"
#include "../templates/attention.h"
#include "../templates/scores.h"
#include "../templates/table.h"

