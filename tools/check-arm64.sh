#!/bin/sh
# Cross-compiles the kernels for arm64 and runs check-arm64.c under an emulator.
# Debian: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
set -eu
cd "$(dirname "$0")/.."
sources=Sources/CMartletKernels
sets=Sources/CMartletInstructionSets
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
# Without contraction the portable set rounds differently, so that agreement says something.
for file in "$sources"/*.c "$sets"/sets/*.c tools/check-arm64.c; do
    contract=on
    case $file in */portable.c) contract=off ;; esac
    clang --target=aarch64-linux-gnu -O2 -Wall -Wextra -Werror -Wno-unused-function \
        -ffp-contract=$contract -isystem /usr/aarch64-linux-gnu/include \
        -I "$sets/include" -c "$file" -o "$build/$(basename "$file" .c).o"
done
aarch64-linux-gnu-gcc -static "$build"/*.o -lm -o "$build/check"
qemu-aarch64-static -cpu max "$build/check"
