#!/bin/sh
# Checks on real models, which are no part of the package: what random checkpoints hide shows here.
#
#   MARTLET_REAL_MODELS=FOLDER MARTLET_WIKITEXT=wiki.test.raw tools/real-models.sh .build/release/martlet
#
# FOLDER holds SmolLM2-135M-Instruct.Q4_1.gguf, qwen2.5-coder-0.5b-instruct-q4_k_m.gguf and the directory
# all-MiniLM-L6-v2, or some of them; what is not there is passed over. The text is WikiText-2's test file, of which the first 6,000 bytes are scored.
set -eu
martlet=${1:-.build/release/martlet}
models=${MARTLET_REAL_MODELS:?name the folder of models in MARTLET_REAL_MODELS}
text=${MARTLET_WIKITEXT:?name WikiText-2\'s test file in MARTLET_WIKITEXT}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 6000 "$text" > "$work/text"
failed=0

perplexity() {
    "$martlet" score "$@" --text-file "$work/text" --json 2> "$work/err" | tail -n 1 \
        | sed -n 's/.*"perplexity":\([0-9.]*\).*/\1/p'
}
# within NAME GOT LOWEST HIGHEST
within() {
    if awk -v x="$2" -v a="$3" -v b="$4" 'BEGIN { exit !(x != "" && x >= a && x <= b) }'; then
        echo "ok    $1: $2"
    else
        echo "FAIL  $1: got '$2', expected $3 to $4"
        failed=1
    fi
}
# same NAME GOT EXPECTED
same() {
    if [ "$2" = "$3" ]; then echo "ok    $1"; else
        echo "FAIL  $1: got '$2', expected '$3'"
        failed=1
    fi
}

model=$models/SmolLM2-135M-Instruct.Q4_1.gguf
if [ -f "$model" ]; then
    # llama.cpp has 12.665 on the same file, transformers 12.575 in f32.
    within "SmolLM2 Q4_1" "$(perplexity --model "$model" --kv f32)" 12.55 12.677
    within "SmolLM2, the file's numbers in f32" "$(perplexity --model "$model" --weights f32 --kv f32)" 12.565 12.585
    within "SmolLM2 under kv q8" "$(perplexity --model "$model" --kv q8)" 12.50 12.75
    "$martlet" convert "$model" "$work/q8_0.gguf" --type q8_0 > /dev/null
    within "SmolLM2 written as Q8_0" "$(perplexity --model "$work/q8_0.gguf" --kv f32)" 12.55 12.72
    same "SmolLM2 goes on" \
        "$("$martlet" generate --model "$model" "The capital of France is" --max-tokens 2 2> /dev/null)" " Paris."
    printf 'Write one sentence about the sea.\nAnd one about the wind.\n' \
        | "$martlet" chat "$model" --temperature 0 --max-tokens 60 > "$work/out" 2> "$work/err"
    same "SmolLM2 chats, and keeps the first turn's cache" \
        "$(grep -c 'reused' "$work/err") $(sed -n 's/.* \([0-9]*\) reused.*/\1/p' "$work/err" | head -n 1)" "2 0"
fi
model=$models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
if [ -f "$model" ]; then
    within "Qwen-Coder Q4_K_M" "$(perplexity --model "$model" --kv f32)" 15.95 16.06
    within "Qwen-Coder, the file's numbers in f32" "$(perplexity --model "$model" --weights f32 --kv f32)" 15.96 16.01
    within "Qwen-Coder under kv q4" "$(perplexity --model "$model" --kv q4)" 15.80 16.20
    same "Qwen-Coder writes code" \
        "$("$martlet" generate --model "$model" --chat "Write a Python function that adds two numbers." \
            --max-tokens 80 2> /dev/null | grep -c 'return a + b')" "1"
fi
# Embeddings: cosines by transformers 5.23 in f32, mean pooling.
model=$models/all-MiniLM-L6-v2
if [ -d "$model" ]; then
    printf 'The cat sat on the mat.\nBirds fly south in winter.\nBread is baked in ovens.\n' > "$work/lines"
    for weights in f32 q8; do
        "$martlet" embed --model "$model" --text-file "$work/lines" --query "swallows migrate" --weights $weights \
            > "$work/out" 2> "$work/err"
        same "MiniLM in $weights ranks" "$(cut -f 2 "$work/out" | head -n 1)" "Birds fly south in winter."
    done
    within "MiniLM's cosine" "$("$martlet" embed --model "$model" --text-file "$work/lines" --query "swallows migrate" \
        2> "$work/err" | head -n 1 | cut -f 1)" 0.4195 0.4195
    same "MiniLM says how it pools" "$(grep -c 'pooling mean (1_Pooling/config.json), normalised, texts of up to 256' "$work/err")" "1"
    same "MiniLM generates no text" "$("$martlet" generate --model "$model" x 2>&1 | grep -c 'martlet embed')" "1"
fi
exit $failed
