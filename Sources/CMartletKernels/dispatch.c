// Which instruction sets this build and this machine have.
#include "CMartletInstructionSets.h"

#if defined(__x86_64__)
#include <cpuid.h>

/// AVX-VNNI has no name in every compiler's __builtin_cpu_supports; leaf 7.1, EAX bit 4.
static int has_avx_vnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

int mk_has_bf16_products(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") != 0;
}

const mk_kernels *mk_table(mk_set set) {
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (set) {
    case MK_SET_PORTABLE: return &mk_kernels_portable;
    case MK_SET_AVX2: return avx2 ? &mk_kernels_avx2 : 0;
    case MK_SET_AVX_VNNI: return avx2 && has_avx_vnni() ? &mk_kernels_avx_vnni : 0;
    case MK_SET_AVX512: return avx512 ? &mk_kernels_avx512 : 0;
    case MK_SET_AVX512_VNNI: return avx512 && __builtin_cpu_supports("avx512vnni") ? &mk_kernels_avx512_vnni : 0;
    default: return 0;
    }
}
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
static int has_dot_product(void) { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }  // HWCAP_ASIMDDP
#else
static int has_dot_product(void) { return 1; }  // every Apple processor that runs macOS on arm64
#endif
int mk_has_bf16_products(void) { return 0; }
const mk_kernels *mk_table(mk_set set) {
    if (set == MK_SET_PORTABLE) return &mk_kernels_portable;
    return set == MK_SET_NEON && has_dot_product() ? &mk_kernels_neon : 0;
}
#else
int mk_has_bf16_products(void) { return 0; }
const mk_kernels *mk_table(mk_set set) { return set == MK_SET_PORTABLE ? &mk_kernels_portable : 0; }
#endif
