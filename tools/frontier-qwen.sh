#!/bin/sh
# The sweeps of a real model, Qwen2.5-Coder-0.5B-Instruct: docs/frontier-qwen is made of their results.
#
#   tools/frontier-qwen.sh MARTLET FOLDER [gsm8k] [programs] [long]
#
# FOLDER holds, or links to, qwen2.5-coder-0.5b-instruct-q4_k_m.gguf, gsm8k-test.jsonl (the test split) and
# HumanEval.jsonl.gz; sweeps go into folders beside them. A sweep that was stopped goes on where it was. On two quiet
# cores 100 problems of gsm8k with four chains took four to five minutes a configuration, programs with one chain somewhat over one;
# the whole of each, as it stands here, takes many hours and was not run.
#
# COMPRESSED (such as 4=cr4: adapters that tools/retrofit-qwen.sh made, for dms), METHODS, RATIOS, CODECS, WIDTHS, SAMPLES
# and SHARD (I/N; the parts are merged with 'martlet frontier merge') may be set.
set -eu
martlet=$(realpath "${1:?name the program}")
cd "${2:?name the folder of the model and the tasks}"
shift 2
model=qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
instruction="Think step by step, and end with the answer after ####."
methods=${METHODS:-dense,h2o,tova,snapkv,rkv,kvzip,expected,quest}
[ -z "${COMPRESSED:-}" ] || methods=$methods,dms
[ -f "$model" ] || { echo "frontier-qwen: no $model in $(pwd)" >&2; exit 66; }

# sweep NAME OPTION...
sweep() {
    name=$1
    shift
    [ -z "${SHARD:-}" ] || { name=$name-$(echo "$SHARD" | tr / -); set -- "$@" --shard "$SHARD"; }
    [ -z "${COMPRESSED:-}" ] || set -- "$@" --compressed "$COMPRESSED"
    "$martlet" frontier --model "$model" --policies "$methods" --out "$name" "$@"
}

for part in "${@:-gsm8k}"; do
    case $part in
    # Eight chains are sampled once; votes of 1, 2 and 4 are their first ones'.
    gsm8k) sweep gsm8k --task file:gsm8k-test.jsonl --chat --instruction "$instruction" --ratios "${RATIOS:-1,2,4,8}" \
        --codecs "${CODECS:-f16,q8,q4}" --lengths 400 --widths "${WIDTHS:-1,2,4,8}" --samples "${SAMPLES:-150}" --temperature 0.6 ;;
    # Tests are the checker: eight chains are right when one of them is.
    programs)
        [ -f HumanEval.jsonl ] || gunzip -c HumanEval.jsonl.gz > HumanEval.jsonl
        sweep programs --task programs:HumanEval.jsonl --allow-programs --score any --ratios "${RATIOS:-1,2,4,8}" \
        --codecs "${CODECS:-f16,q8,q4}" --lengths 320 --widths "${WIDTHS:-1,8}" --samples "${SAMPLES:-164}" --temperature 0.6 ;;
    # One chain, answered as a text goes on: what prompts of about 4k, 8k and 16k tokens keep of what is asked.
    long) for size in 4 8 16; do
            length=$((size * 4000))
            sweep "long-$size" --ratios "${RATIOS:-1,2,4,8}" --codecs "${CODECS:-f16}" --lengths 64 --widths 1 --samples "${SAMPLES:-$((240 / size))}" \
                --task "mixture(ruler-niah-multikey-1(length=$length), ruler-niah-multivalue(length=$length), ruler-niah-multiquery(length=$length), ruler-vt(length=$length,hops=2), ruler-fwe(length=$length))"
        done ;;
    *) echo "frontier-qwen: got $part, expected gsm8k, programs or long" >&2; exit 64 ;;
    esac
done
