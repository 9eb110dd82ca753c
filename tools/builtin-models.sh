#!/bin/sh
# The package's models and what they are judged beside: docs/builtin.md and docs/frontier are made of them.
#
#   tools/builtin-models.sh MARTLET FOLDER [plain] [retrofits] [short] [controls] [seeds] [dmc]
#
# From the package's first model (recipes/builtin.yaml) in FOLDER/first, or from what the package holds when that folder
# is not there. Each training that was stopped goes on where it was, and one that ended is left alone. On two Zen 4 cores
# the plain model takes half an hour, 1,400 steps of a retrofit ten to fifteen minutes.
set -eu
martlet=$(realpath "${1:?name the program}")
recipes=$(realpath "$(dirname "$0")/../recipes")
mkdir -p "${2:?name the folder of the models}"
cd "$2"
shift 2
[ $# -gt 0 ] || set -- plain retrofits controls

# retrofit KIND NAME TARGET STEPS SEED
retrofit() {
    kind=$1 name=$2 target=$3 steps=$4 seed=$5
    if [ "$kind" = dms ]; then set -- --window 16 --train-base; else set -- --window 12; fi
    [ ! -f "$name/model.safetensors" ] || return 0
    "$martlet" retrofit "$kind" --model plain --out "$name" --target-cr "$target" --steps "$steps" --seed "$seed" \
        --sequences 1 --length 4096 --ramp 0.5 --learning-rate 3e-3 --base-learning-rate 6e-4 \
        --data "$recipes/builtin-sizes.yaml" --stored q8 --resume "$@"
}

# The recipe with another beginning, number of steps and seed.
changed() {
    sed -e "s|^from: .*|from: $2|" -e "s|steps: .*|steps: $3|" -e "s|seed: .*|seed: $4|" "$recipes/$1"
}

for part in "$@"; do
    case $part in
    plain)
        [ -f plain/model.safetensors ] || {
            from=first
            [ -d first ] || from=$recipes/../Sources/Martlet/Resources/Models/builtin
            changed builtin-sizes.yaml "$from" 2400 2 >plain.yaml
            "$martlet" train --recipe plain.yaml --out plain --resume
        } ;;
    retrofits)
        retrofit dms cr4-1 4 4200 1
        retrofit dms cr8-1 8 2000 1
        retrofit dms cr2-1 2 1000 1 ;;
    short)
        # A third as long, as docs/frontier/controls has them.
        for seed in 1 2 3; do retrofit dms short4-$seed 4 1400 $seed; done ;;
    controls)
        # Trained on for as many tokens as a short retrofit, on the same data; and distilled without compression.
        [ -f on/model.safetensors ] || {
            changed builtin-sizes.yaml plain 700 3 >on.yaml
            "$martlet" train --recipe on.yaml --out on --resume
        }
        retrofit dms cr1-1 1 1400 1 ;;
    seeds)
        for seed in 2 3; do
            retrofit dms cr4-$seed 4 4200 $seed
            retrofit dms cr8-$seed 8 2000 $seed
            retrofit dms cr2-$seed 2 1000 $seed
        done ;;
    dmc) retrofit dmc dmc4-1 4 1400 1 ;;
    *) echo "builtin-models: got $part, expected plain, retrofits, short, controls, seeds or dmc" >&2; exit 64 ;;
    esac
done
