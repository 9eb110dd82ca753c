#!/bin/sh
# The tests of kernels, attention, cache and engine under the address sanitizer: reads and writes past the end, uses after freeing.
#
#   tools/address-sanitizer.sh [FOLDER [FILTER]]
#
# Builds into FOLDER (build/asan), which takes some gigabytes and a quarter of an hour on two cores; nothing of the usual build is
# touched. FILTER is a regular expression of names of tests, the four targets' where nothing is said.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/asan}
filter=${2:-'^Martlet(Kernels|Attention|Cache|Engine)Tests\.'}

# The stack after a return is looked at too; leaks are not, as the runtime keeps much until its end. The first error ends the
# process, so that no test passes beside one.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:halt_on_error=1:abort_on_error=0:exitcode=86:detect_leaks=0}"

swift build --build-tests --sanitize=address --scratch-path "$folder"
# A filter that matches nothing passes: count what is there first.
count=$(swift test --disable-xctest --skip-build --sanitize=address --scratch-path "$folder" list | grep -cE "$filter" || true)
if [ "$count" -lt 1 ]; then
    echo "no test is named like $filter" >&2
    exit 1
fi
echo "$count tests"
swift test --disable-xctest --skip-build --sanitize=address --scratch-path "$folder" --filter "$filter"
