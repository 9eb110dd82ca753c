#!/usr/bin/env bash
# A smoke test of every verb of a built command: good input, bad input, a closed pipe, a signal.
# usage: tools/smoke.sh PATH_TO_MARTLET
set -euo pipefail
martlet=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

ok() { passed=$((passed + 1)); }
fail() { echo "smoke: $1" >&2; exit 1; }
# expect STATUS DESCRIPTION COMMAND...: the exit status must be STATUS, and a failure says one line.
expect() {
    local want=$1 what=$2 status=0
    shift 2
    "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = "$want" ] || { cat "$work/err" >&2; fail "$what: exit status $status, expected $want"; }
    ok
}
# has TEXT: the last command's output contains it.
has() { grep -qF -- "$1" "$work/out" || { cat "$work/out" >&2; fail "output lacks $1"; }; ok; }
says() { grep -qF -- "$1" "$work/err" || { cat "$work/err" >&2; fail "error lacks $1"; }; ok; }
# The last line of --json output is the summary object.
summary() { tail -n 1 "$work/out" | grep -qF -- "\"$1\"" || fail "summary lacks $1"; ok; }

expect 0 "version" "$martlet" --version
for verb in generate score tokenize inspect policies bench doctor evaluate; do
    expect 0 "$verb --help" "$martlet" "$verb" --help
    has "martlet $verb"
done

expect 0 "generate" "$martlet" generate --model random:tiny "Once upon a time" --max-tokens 8
expect 0 "generate --json" "$martlet" generate --model random:tiny "Once upon a time" --max-tokens 8 --json
for key in text tokens finishReason promptTokens timeToFirstTokenMs tokensPerSecond cacheBytes peakCacheBytes kvReads; do
    summary "$key"
done
for weights in f32 bf16 q8 q4; do
    for kv in f32 f16 bf16 q8 q4; do
        expect 0 "generate $weights $kv" "$martlet" generate --model random:tiny "x" \
            --max-tokens 3 --weights "$weights" --kv "$kv" --cache "window(sinks=4,recent=32)" --json
    done
done
expect 0 "score" "$martlet" score --model random:tiny --tokens 1,2,3,4 --top 2 --json
for key in tokens logprobs perplexity cacheBytes peakCacheBytes; do summary "$key"; done
expect 0 "inspect" "$martlet" inspect --model random:tiny --json
expect 0 "doctor" "$martlet" doctor --json
expect 0 "policies" "$martlet" policies
expect 0 "policies as JSON" "$martlet" policies --json
for policy in "snapkv(ratio=0.5, window=4)" "adakv(knorm(budget=8))" "h2o(budget=8, recent=2) + kv(q8)" \
    "dms(cr=2, window=2)" "dmc(cr=2)" "quest(budget=16, dense=0)" "chelsea(ratio=0.5, recent=2)" \
    "kvzip(ratio=0.5, chunk=16)" "scope(knorm(budget=8))" "kv(kivi, residual=0)" "rkv(budget=14)" \
    "knorm(budget=8) + stride(budget=16, recent=1) + kv(q4)"; do
    expect 0 "inspect $policy" "$martlet" inspect --model random:tiny --cache "$policy" \
        --tokens 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 --then 17,18 --json
done
expect 0 "bench" "$martlet" bench --model random:tiny --weights q4 --prompt 64 --generate 4 --depth 0,128 --batch 1,2 --json
for key in kind; do has "\"$key\""; done
expect 0 "bench of a compressor" "$martlet" bench --model random:tiny --prompt "" --generate 2 --depth 64 --cache "knorm(ratio=0.5)" --json
expect 0 "bench cache" "$martlet" bench cache --model random:tiny --depth 256 --steps 1 --rounds 1 --json
for key in measured refused; do summary "$key"; done
expect 0 "bench cache, some" "$martlet" bench cache --model random:tiny --depth 128 --steps 1 --rounds 1 \
    --policies "dms(cr=4, window=8); quest(ratio=0.5); kv(q8)"
has "dms"
expect 0 "a page of the cache" "$martlet" generate --model random:tiny "some words" --max-tokens 4 \
    --cache "h2o(budget=8, recent=2)" --trace-cache "$work/map.html" --beside "dense; knorm(ratio=0.5)"
grep -q "promptTokens" "$work/map.html" || fail "a page of the cache: no data"
expect 0 "a page of given tokens" "$martlet" inspect --model random:tiny --tokens 1,2,3,4,5 --then 6 \
    --cache "knorm(ratio=0.5)" --trace-cache "$work/map2.html"
expect 0 "evaluate" "$martlet" evaluate --model random:tiny --task "chain(steps=2)" --samples 4 --max-tokens 12
has "accuracy"
expect 0 "evaluate --json" "$martlet" evaluate --model random:tiny --task "mixture(addition,copy)" --samples 6 --seed 2 \
    --width 2 --temperature 1 --max-tokens 8 --cache "knorm(ratio=0.5)" --samples-file "$work/samples.jsonl" --json
for key in accuracy interval tokens kvReads peakTokens bytes width voteAccuracy passAtAll perTask policy lossy; do
    summary "$key"
done
[ "$(wc -l <"$work/samples.jsonl")" = 6 ] || fail "evaluate: not six samples"
ok
expect 0 "evaluate --list" "$martlet" evaluate --list
has "chain: "
golden=Tests/MartletModelsTests/Goldens/llama-mqa
expect 0 "score after a prompt" "$martlet" score --model random:tiny --tokens 1,2,3,4,5,6,7,8,9 --prompt-tokens 7 --cache "knorm(budget=5)" --json
for key in promptTokens perplexity kvReads; do summary "$key"; done
expect 0 "score a checkpoint" "$martlet" score --model "$golden" --tokens 1,2,3 --json
expect 0 "inspect a checkpoint" "$martlet" inspect --model "$golden" --json

# Bad input: one sentence, a documented status, never a crash.
refused() { # STATUS-AGNOSTIC: any status but 0 and a signal's, and something said
    local what=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" -ne 0 ] && [ "$status" -lt 128 ] || fail "$what: exit status $status"
    [ -s "$work/err" ] || fail "$what: nothing said"
    ok
}
refused "no such model" "$martlet" generate --model "$work/none" "x"
says "$work/none"
echo "not a model" >"$work/file"
refused "a file for a directory" "$martlet" inspect --model "$work/file"
mkdir "$work/model"
cp "$golden/config.json" "$work/model"
refused "no weights" "$martlet" inspect --model "$work/model"
head -c 1000 "$golden/model.safetensors" >"$work/model/model.safetensors"
refused "truncated weights" "$martlet" score --model "$work/model" --tokens 1,2
says "model.safetensors"
refused "unknown shape" "$martlet" generate --model random:huge "x"
refused "unknown policy" "$martlet" generate --model random:tiny "x" --cache "nothing(budget=4)"
says "window"
refused "a budget below what stays" "$martlet" generate --model random:tiny "x" --cache "snapkv(budget=9)"
says "at least 64"
refused "policies that do not combine" "$martlet" generate --model random:tiny "x" --cache "dense + knorm(ratio=0.5)"
refused "a compressor without a prompt's end" "$martlet" score --model random:tiny --tokens 1,2 --cache "knorm(ratio=0.5)"
refused "heads that the model lacks" "$martlet" generate --model random:tiny "x" --cache "dms"
says "retrofitted"
refused "gates that are missing" "$martlet" generate --model random:tiny "x" --cache "duo(gates=\"$work/none\")"
says "$work/none"
refused "a selector beside a window" "$martlet" generate --model random:tiny "x" --cache "window(recent=8) + quest(budget=16)"
refused "too few bytes" "$martlet" generate --model random:tiny "x" --cache "knorm(bytes=1KB)"
says "at least"
refused "a misspelt policy in a list" "$martlet" bench cache --model random:tiny --depth 64 --policies "dms(cr=4); quset(budget=8)"
refused "wrong parameter" "$martlet" generate --model random:tiny "x" --cache "window(recent=0)"
refused "unknown codec" "$martlet" generate --model random:tiny "x" --kv q2
refused "budget too small" "$martlet" generate --model random:tiny "x" --memory 1KB
refused "token out of range" "$martlet" score --model random:tiny --tokens 1,99999999
refused "unknown instruction set" env MARTLET_ISA=mmx "$martlet" generate --model random:tiny "x"
refused "an unknown task" "$martlet" evaluate --model random:tiny --task nothing
says "addition"
refused "no samples" "$martlet" evaluate --model random:tiny --task addition --samples 0
says "--samples: got 0"
refused "no chains" "$martlet" evaluate --model random:tiny --task addition --width 0
says "--width: got 0"
refused "a model without tokenizer" "$martlet" evaluate --model "$golden" --task addition
says "tokenizer"
refused "more tokens than the context" "$martlet" evaluate --model random:tiny --task addition --max-tokens 200000
says "sample 0"
refused "a file that cannot be made" "$martlet" evaluate --model random:tiny --task addition --samples-file "$work/none/file"
printf '\xff\xfe\xfa' >"$work/invalid"
refused "invalid UTF-8" "$martlet" score --model random:tiny --text-file "$work/invalid"
: >"$work/empty"
refused "empty text" "$martlet" score --model random:tiny --text-file "$work/empty"

# A closed pipe and a signal end it quietly.
status=0
{ "$martlet" generate --model random:tiny "x" --max-tokens 4000 --ignore-eos || echo $? >"$work/pipe"; } | head -c 10 >/dev/null
[ "$(cat "$work/pipe" 2>/dev/null || echo 0)" != 134 ] || fail "closed pipe: crashed"
ok
for signal in INT TERM; do
    "$martlet" generate --model random:tiny "x" --max-tokens 100000 --ignore-eos --cache "window(sinks=4,recent=64)" \
        >"$work/out" 2>"$work/err" &
    child=$!
    sleep 2
    # A background child of a script ignores SIGINT unless it installs a handler, as we do.
    kill -s $signal $child 2>/dev/null || fail "ended before SIG$signal"
    status=0
    wait $child || status=$?
    case $signal in INT) want=130 ;; TERM) want=143 ;; esac
    [ "$status" = "$want" ] || fail "SIG$signal: exit status $status, expected $want"
    ok
done

echo "$passed passed, 0 failed"
