#!/bin/sh
# The sweeps of the package's model: docs/frontier is made of their results.
#
#   tools/frontier-builtin.sh MARTLET FOLDER [reasoning] [countdown] [long] [plan]
#
# FOLDER holds what tools/builtin-models.sh makes; without one of its models that model is left out, and without any the
# package's own are measured. Sweeps go into folders beside them, and one that was stopped goes on where it was. `plan`
# writes plan.json, which 'martlet solve' goes by when it stands beside the weights as frontier.json.
# SAMPLES (of each of five seeds), POLICIES, CODECS, RATIOS and SHARD (I/N; the parts are merged with 'martlet frontier
# merge') may be set.
set -eu
martlet=$(realpath "${1:?name the program}")
quality=$(realpath "$(dirname "$0")/../Benchmarks/Quality")
mkdir -p "${2:?name the folder of the models}"
cd "$2"
shift 2
seeds=11,12,13,14,15

model=builtin
[ ! -f plain/model.safetensors ] || model=plain
set -- "${@:-reasoning}"

# The forms of one compression, trained with different seeds: NAME=a,b,c.
forms() {
    found=
    for form in "$1"-[0-9]; do
        [ ! -f "$form/model.safetensors" ] || found=${found:+$found,}$form
    done
    [ -z "$found" ] || echo "$2=$found"
}

# sweep NAME OPTION...
sweep() {
    name=$1
    shift
    [ -z "${SHARD:-}" ] || { name=$name-$(echo "$SHARD" | tr / -); set -- "$@" --shard "$SHARD"; }
    for pair in "$(forms cr2 2)" "$(forms cr4 4)" "$(forms cr8 8)" "$(forms dmc4 dmc:4)"; do
        [ -z "$pair" ] || set -- "$@" --compressed "$pair"
    done
    # What training for as long gives by itself.
    [ ! -f on/model.safetensors ] || set -- "$@" --control on
    "$martlet" frontier --model "$model" --seeds "$seeds" --temperature 0.8 --out "$name" "$@"
}

# Documents instead of scratch-pads: recall among pairs and passkeys, half and half.
documents() {
    echo "mixture(recall(length=$1,pairs=$(($1 == 1000 ? 8 : 16)),queries=4),passkey(length=$1,keys=4))"
}

for part in "$@"; do
    case $part in
    reasoning)
        sweep reasoning --task reasoning --ratios "${RATIOS:-1,1.5,2,3,4,6,8}" --codecs "${CODECS:-f16,q8,q4}" \
            --lengths 64,128,256,512 --widths 1,2,4,8 --samples "${SAMPLES:-400}" ${POLICIES:+--policies "$POLICIES"} ;;
    # The task where thought lengthens: a search among four numbers.
    countdown) sweep countdown --task "countdown(numbers=4,thought=2500)" --policies dense,dms --ratios 1,2,4,8 \
        --codecs "${CODECS:-f16,q4}" --lengths 256,512,1024,2048 --widths 1,2,4,8 --samples "${SAMPLES:-100}" ;;
    long) for length in 1000 3000; do
            sweep "long-$length" --task "$(documents $length)" --policies dense,dms,snapkv,kvzip,rkv,quest --ratios 1,2,4,8 \
                --codecs "${CODECS:-f16,q4}" --lengths 64 --widths 1,2,4,8 --samples "${SAMPLES:-100}"
        done ;;
    # In f32, as the package's model runs where nothing is said.
    plan)
        sweep plan-reasoning --task reasoning --policies dense,dms --ratios 1,2,4,8 --codecs f32 --lengths 64,128,256,512 \
            --widths 1,2,4,8 --samples "${SAMPLES:-20}"
        for length in 1000 3000; do
            sweep "plan-$length" --task "$(documents $length)" --policies dense,dms --ratios 1,2,4,8 --codecs f32 \
                --lengths 16,32,64 --widths 1,2,4,8 --samples "${SAMPLES:-$((length == 1000 ? 20 : 8))}"
        done
        python3 "$quality/plan_points.py" plan-reasoning/frontier.json plan-1000/frontier.json plan-3000/frontier.json \
            >plan.json ;;
    *) echo "frontier-builtin: got $part, expected reasoning, countdown, long or plan" >&2; exit 64 ;;
    esac
done
