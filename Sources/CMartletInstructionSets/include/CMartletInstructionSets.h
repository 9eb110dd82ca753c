/// The tables of kernels, one for each instruction set that the processor's kind may have; dispatch.c of CMartletKernels
/// chooses among them. They are a target of their own because they take most of the time that C takes to compile, and
/// nothing waits for them before the program is linked.
#ifndef MK_INSTRUCTION_SETS_H
#define MK_INSTRUCTION_SETS_H

#include "../../CMartletKernels/include/CMartletKernels.h"

extern const mk_kernels mk_kernels_portable;
#if defined(__x86_64__)
extern const mk_kernels mk_kernels_avx2, mk_kernels_avx_vnni, mk_kernels_avx512, mk_kernels_avx512_vnni;
#elif defined(__aarch64__)
extern const mk_kernels mk_kernels_neon;
#endif

#endif
