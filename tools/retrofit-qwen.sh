#!/bin/sh
# The adapter of Qwen2.5-Coder-0.5B-Instruct that docs/frontier-qwen measures: DMS, distilled on the model's own answers.
#
#   tools/retrofit-qwen.sh MARTLET FOLDER PYTHON-LIBRARY
#
# FOLDER holds, or links to, qwen2.5-coder-0.5b-instruct-q4_k_m.gguf, gsm8k-train.jsonl (the training split),
# wiki.valid.raw (WikiText-2) and middlemarch.txt (Gutenberg); PYTHON-LIBRARY is the folder of a Python's standard library.
# A step that is done is not done again, and a retrofit that was stopped goes on. Answers take a quarter of an hour on two
# Zen 4 cores, 1,000 tokens of training ten seconds.
#
# CR, STEPS, RAMP (the part of them in which compression grows), WINDOW, SEED and OUT may be set, and BEGIN, the folder of an
# adapter to go on from.  The adapter in docs/adapters is two runs of it:
#
#   OUT=first tools/retrofit-qwen.sh …
#   BEGIN=first STEPS=600 RAMP=0.4 SEED=2 tools/retrofit-qwen.sh …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
martlet=$(realpath "${1:?name the program}")
library=$(realpath "${3:?name the folder of the Python library}")
cd "${2:?name the folder of the model and the texts}"
model=qwen2.5-coder-0.5b-instruct-q4_k_m.gguf
instruction="Think step by step, and end with the answer after ####."
cr=${CR:-4}

[ -f stdlib.txt ] || python3 "$here/retrofit_answers.py" prompts "$library" code-prompts.jsonl stdlib.txt
[ -f code-answers.jsonl ] || {
    "$martlet" batch code-prompts.jsonl --model "$model" --kv f16 --out code-results.jsonl
    python3 "$here/retrofit_answers.py" code code-prompts.jsonl code-results.jsonl code-answers.jsonl
}
[ -f gsm8k-messages.jsonl ] || {
    "$martlet" evaluate --model "$model" --task file:gsm8k-train.jsonl --chat --instruction "$instruction" --samples 500 \
        --temperature 0.6 --max-tokens 400 --parallel 64 --kv f16 --seed 5 --samples-file gsm8k-samples.jsonl
    python3 "$here/retrofit_answers.py" chat gsm8k-samples.jsonl "$instruction" gsm8k-messages.jsonl
}
cat > retrofit-data.yaml << 'DATA'
data:
  - messages: gsm8k-messages.jsonl
    share: 6
  - answers: code-answers.jsonl
    share: 3
  - text: stdlib.txt
    share: 3
  - text: wiki.valid.raw
    share: 2
  - text: middlemarch.txt
    share: 1
promptWeight: 1
DATA
set --
[ -z "${BEGIN:-}" ] || set -- --begin-with "$BEGIN"
"$martlet" retrofit dms --model "$model" --out "${OUT:-cr$cr}" --target-cr "$cr" --window "${WINDOW:-32}" "$@" \
    --steps "${STEPS:-260}" --ramp "${RAMP:-0.6}" --sequences 1 --length 1024 --rank 3 --learning-rate 7e-4 --base-learning-rate 4e-4 \
    --write-adapter --data retrofit-data.yaml --seed "${SEED:-1}" --report-tokens 12288 --log-every 5 --resume
