#!/usr/bin/env bash
# A smoke test of every verb of a built command: good input, bad input, a closed pipe, a signal.
# usage: tools/smoke.sh PATH_TO_MARTLET
set -euo pipefail
martlet=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What solve remembers of this machine is none of a test's business.
export XDG_CACHE_HOME=$work/cache
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
refused() { # STATUS-AGNOSTIC: any status but 0 and a signal's, and something said
    local what=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" -ne 0 ] && [ "$status" -lt 128 ] || fail "$what: exit status $status"
    [ -s "$work/err" ] || fail "$what: nothing said"
    ok
}
# has TEXT: the last command's output contains it.
has() { grep -qF -- "$1" "$work/out" || { cat "$work/out" >&2; fail "output lacks $1"; }; ok; }
says() { grep -qF -- "$1" "$work/err" || { cat "$work/err" >&2; fail "error lacks $1"; }; ok; }
# The last line of --json output is the summary object.
summary() { tail -n 1 "$work/out" | grep -qF -- "\"$1\"" || fail "summary lacks $1"; ok; }

expect 0 "version" "$martlet" --version
for verb in solve chat generate serve embed score tokenize inspect convert policies bench pull list remove doctor evaluate frontier train retrofit; do
    expect 0 "$verb --help" "$martlet" "$verb" --help
    has "martlet $verb"
done

expect 0 "solve" "$martlet" solve "C97:a=8,b=a*9+4,c=b*8,d=c-15,e=d*6+71,e?" --memory 32MB --deadline 20s --seed 1
[ "$(cat "$work/out")" = 40 ] || { cat "$work/out" >&2; fail "solve: expected 40"; }
expect 0 "solve --json" "$martlet" solve "C97:a=8,b=a*9+4,c=b*8,d=c-15,e=d*6+71,e?" --memory 32MB --deadline 20s --json
for key in answer votes chains configuration elapsedMs peakCacheBytes kvReads bytesMoved finished; do summary "$key"; done
for kv in q8 q4; do
    expect 0 "solve --kv $kv" "$martlet" solve "C97:a=8,b=a*9+4,c=b*8,d=c-15,e=d*6+71,e?" --memory 2MB --deadline 20s --cache dense --kv "$kv"
    says "kv $kv by channel"
done
for cache in dense auto "window(sinks=4,recent=64)"; do
    expect 0 "solve $cache" "$martlet" solve "A:12+34=" --cache "$cache" --width 4 --length 60 --vote weighted --json
done
expect 0 "solve with a checker" "$martlet" solve "N24:4 6 8?" --task "countdown(numbers=3)" --width 8 --length 300 --json
expect 66 "solve by no sweep" "$martlet" solve "A:12+34=" --sweep "$work/none"
expect 64 "solve with an instruction to a text" "$martlet" solve "A:12+34=" --instruction "Think."
expect 0 "solve, random" "$martlet" solve x --model random:tiny --width 3 --length 8 --answer line --json
for key in votes comparedAs; do summary "$key"; done
expect 0 "solve for a choice" "$martlet" solve x --model random:tiny --width 3 --length 8 --answer choice --json
grep -q '"comparedAs":"choice"' "$work/out" || fail "solve for a choice: not compared as choices"
expect 69 "solve in no memory" "$martlet" solve "A:12+34=" --memory 1kB
says "budget"
expect 69 "solve in no time" "$martlet" solve "A:12+34=" --deadline 0.001ms
says "deadline"
expect 64 "solve without a prompt" "$martlet" solve --width 2
expect 64 "solve of no width" "$martlet" solve x --width 0
expect 64 "solve by an unknown task" "$martlet" solve x --task nothing

options=(--task "chain(steps=2)" --policies dense,tova,dms --ratios 1,4 --codecs f16,q4 --lengths 24,64 --widths 1,2
    --samples 4 --seeds 1,2)
sweep=("$martlet" frontier "${options[@]}" --out "$work/sweep")
expect 0 "frontier" "${sweep[@]}" --json
for key in points improvements safeRatios; do summary "$key"; done
for file in records.jsonl results.jsonl frontier.json frontier.csv frontier.html; do
    [ -s "$work/sweep/$file" ] || fail "frontier: no $file"
done
grep -q "Accuracy against bytes moved" "$work/sweep/frontier.html" || fail "frontier: no axis of bytes moved"
grep -q '"cost": "bytesMoved"' "$work/sweep/frontier.json" || fail "frontier: nothing compared by bytes moved"
lines=$(wc -l <"$work/sweep/records.jsonl")
expect 0 "frontier, again" "${sweep[@]}"
[ "$(wc -l <"$work/sweep/records.jsonl")" = "$lines" ] || fail "frontier: measured again what was known"
expect 73 "frontier of other problems" "${sweep[@]}" --seeds 1,5
says "another run"
for file in frontier.json frontier.csv frontier.html; do cp "$work/sweep/$file" "$work/$file"; done
expect 0 "frontier report" "$martlet" frontier report "$work/sweep" --json
for file in frontier.json frontier.csv frontier.html; do
    cmp -s "$work/$file" "$work/sweep/$file" || fail "frontier report: another $file than the sweep wrote"
done
if command -v python3 >/dev/null; then
    expect 0 "frontier, recomputed" python3 Benchmarks/Quality/recompute_frontier.py "$work/sweep/results.jsonl" --check "$work/frontier.json"
    has "is what its results say"
    sed 's/"accuracy": 0/"accuracy": 1/' "$work/frontier.json" >"$work/wrong.json"
    refused "frontier, recomputed of another" python3 Benchmarks/Quality/recompute_frontier.py "$work/sweep/results.jsonl" --draws 0 --check "$work/wrong.json"
fi
for part in 1 2; do
    expect 0 "frontier, part $part" "$martlet" frontier "${options[@]}" --shard "$part/2" --out "$work/part-$part"
done
expect 64 "frontier merge of too little" "$martlet" frontier merge "$work/merged" "$work/part-1"
says "in no part"
# A server answers, says what it is asked wrongly, and ends when it is told to.
"$martlet" serve builtin --port 0 --allow-lossy 2>"$work/served" &
server=$!
for _ in $(seq 1 300); do grep -q '^martlet: ready at' "$work/served" && break || sleep 0.1; done
port=$(sed -n 's/^martlet: ready at .*:\([0-9]*\)[^0-9]*$/\1/p' "$work/served")
# asks METHOD PATH BODY: the answer in $work/out.
asks() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
    cat <&3 >"$work/out"
    exec 3<&- 3>&-
}
asks GET /health ""
has '200 OK'
asks POST /v1/completions '{"prompt": "A:12+34=", "max_tokens": 8, "temperature": 0}'
has '"finish_reason"'
asks POST /v1/chat/completions '{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [417]}}}}'
has '417'
asks POST /v1/chat/completions '{"messages": 3}'
has '400 Bad Request'
asks POST /v1/completions '{"prompt": "A:12+34=", "max_tokens": 8, "martlet": {"cache": "window(sinks=4, recent=16)", "kv": "q8"}}'
has '"lossy":["kv q8'
asks POST /v1/completions '{"prompt": "A:12+34=", "max_tokens": 8, "martlet": {"bytes": 9}}'
has '400 Bad Request'
asks GET /main.js ""
has 'text/javascript'
kill -TERM "$server"
status=0
wait "$server" || status=$?
[ "$status" = 0 ] || { cat "$work/served" >&2; fail "serve: exit status $status after SIGTERM"; }
ok
# Two models, a budget for one: each is loaded when it is named.
"$martlet" serve builtin builtin-cr4 --port 0 --memory 24MB --model-cache 8MB 2>"$work/served" &
server=$!
for _ in $(seq 1 300); do grep -q '^martlet: ready at' "$work/served" && break || sleep 0.1; done
port=$(sed -n 's/^martlet: ready at .*:\([0-9]*\)[^0-9]*$/\1/p' "$work/served")
for model in builtin-cr4 builtin; do
    asks POST /v1/completions '{"model": "'$model'", "prompt": "A:12+34=", "max_tokens": 4}'
    has "\"model\":\"$model\""
done
asks POST /v1/completions '{"model": "nobody", "prompt": "a"}'
has '404 Not Found'
kill -TERM "$server"
status=0
wait "$server" || status=$?
[ "$status" = 0 ] || { cat "$work/served" >&2; fail "serve, several models: exit status $status after SIGTERM"; }
ok
expect 0 "frontier law" "$martlet" frontier law "$work/sweep" --json
grep -q '"slope"' "$work/out" || fail "frontier law: no slope"
expect 64 "frontier law of too many chains" "$martlet" frontier law "$work/sweep" --width 99
expect 66 "frontier law of nothing" "$martlet" frontier law "$work/none"
expect 0 "frontier merge" "$martlet" frontier merge "$work/merged" "$work/part-2" "$work/part-1"
# All but what is of its own run: seconds, and so the digest.
figures() { grep -v '^{"digest"' "$1" | sed -e 's/"seconds":[^,]*,//' -e 's/"command":"[^"]*"//'; }
[ "$(figures "$work/merged/results.jsonl")" = "$(figures "$work/sweep/results.jsonl")" ] || fail "frontier merge: not the whole"
expect 64 "frontier of no part" "$martlet" frontier "${options[@]}" --shard 3/2 --out "$work/part-3"
sed 's/"bytesMoved":[0-9]*,//g' "$work/sweep/records.jsonl" >"$work/old" && mv "$work/old" "$work/sweep/records.jsonl"
expect 0 "frontier of older records" "${sweep[@]}"
says "left out: bytes moved"
grep -q "Accuracy against bytes moved" "$work/sweep/frontier.html" && fail "frontier: an axis that was not recorded"
expect 64 "frontier by an unknown method" "$martlet" frontier --policies nothing --out "$work/sweep2"

expect 0 "generate" "$martlet" generate --model random:tiny "Once upon a time" --max-tokens 8
mkdir "$work/talker"
for file in Sources/Martlet/Resources/Models/builtin/*; do ln -s "$PWD/$file" "$work/talker"; done
printf '%s' '{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}[assistant]' >"$work/talker/chat_template.jinja"
expect 0 "chat" sh -c "printf '/help\nC97:a=8,b=a*9+4,b?\nand c?\n' | '$martlet' chat '$work/talker' --max-tokens 8"
says "reused"
says "/policy"
expect 0 "chat --json" sh -c "echo x | '$martlet' chat '$work/talker' --max-tokens 4 --system s --whole --json"
for key in text reasoning finishReason tokensPerSecond cacheBytes; do summary "$key"; done
expect 0 "generate --chat" "$martlet" generate --model "$work/talker" --chat "x" --system "s" --max-tokens 4 --json
summary text
summary reasoning
printf '%s' '[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]' >"$work/tools.json"
expect 0 "generate --tools" "$martlet" generate --model "$work/talker" --chat "x" --tools "$work/tools.json" --max-tokens 4 --json
summary toolCalls
expect 65 "generate --tools of no tools" "$martlet" generate --model "$work/talker" --chat "x" --tools "$work/talker/config.json"
says "an array of tools"
expect 64 "--tools without --chat" "$martlet" generate --model "$work/talker" x --tools "$work/tools.json"
expect 65 "generate --chat without a template" "$martlet" generate --model random:tiny --chat "x"
printf '%s\n' '/system Be brief.' 'C97:a=8,b=a*9+4,b?' "/save $work/said.jsonl" 'and c?' /undo /retry "/load $work/said.jsonl" \
    '/set max-tokens 4' /set '/budget 2MB' '/policy window(sinks=4, recent=64)' /info '"""one' 'two"""' /quit >"$work/lines"
expect 0 "chat: commands" sh -c "'$martlet' chat '$work/talker' --max-tokens 8 --seed 1 <'$work/lines'"
for text in "forgot: and c?" "said.jsonl: 3 messages" "max-tokens   4" "window(sinks=4, recent=64," "2.0 MB"; do says "$text"; done
[ "$(grep -c 'of cache held' "$work/err")" = 4 ] || fail "chat: commands: expected four answers"
grep -q '"role":"assistant"' "$work/said.jsonl" || fail "chat: /save wrote no answer"
expect 65 "chat: a conversation that is none" sh -c "echo '/load $work/lines' | '$martlet' chat '$work/talker'"
says "line 1"
printf '%s<think>' '{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}[assistant]' >"$work/thinking"
mkdir "$work/thinker" && ln -s "$work/talker"/* "$work/thinker" && rm "$work/thinker/chat_template.jinja"
mv "$work/thinking" "$work/thinker/chat_template.jinja"
expect 0 "chat: thoughts" sh -c "echo 'A:12+34=' | '$martlet' chat '$work/thinker' --max-tokens 4 --show-thoughts"
has "</think>"
expect 0 "generate --chat: thoughts are left out" "$martlet" generate --model "$work/thinker" --chat 'A:12+34=' --max-tokens 4
grep -q "thought for" "$work/err" && fail "generate --chat: a note for a terminal in a file"
expect 0 "chat: thoughts are left out" sh -c "echo 'A:12+34=' | '$martlet' chat '$work/thinker' --max-tokens 4"
[ "$(cat "$work/out")" = "" ] || fail "chat: thoughts where nobody asked for them"
expect 64 "chat: an unknown command" sh -c "echo /polcy | '$martlet' chat random:tiny"
says "/policy is one"
printf '%s' '{"type":"object","properties":{"a":{"type":"integer","maximum":9,"minimum":0},"b":{"enum":["x","y"]}},"required":["a","b"],"additionalProperties":false}' >"$work/schema.json"
printf 'root ::= [ab]{3} "."' >"$work/abc.gbnf"
expect 0 "generate --json-schema" "$martlet" generate --model "$work/talker" "x" --json-schema "$work/schema.json" --max-tokens 40
grep -Eq '^\{ ?(\n *)?"a": ?[0-9], ?' "$work/out" || grep -q '"a"' "$work/out" || fail "generate --json-schema: no such object"
expect 0 "generate --regex" "$martlet" generate --model "$work/talker" "x" --regex "[0-9]{2}=[a-c]" --temperature 2 --seed 1
grep -Eqx '[0-9]{2}=[a-c]' "$work/out" || fail "generate --regex: another text"
expect 0 "generate --grammar" "$martlet" generate --model "$work/talker" "x" --grammar "$work/abc.gbnf"
grep -Eqx '[ab]{3}\.' "$work/out" || fail "generate --grammar: another text"
expect 0 "chat --choice" sh -c "echo x | '$martlet' chat '$work/talker' --choice yes --choice no"
grep -Eqx 'yes|no' "$work/out" || fail "chat --choice: another text"
expect 64 "generate --regex --choice" "$martlet" generate --model "$work/talker" "x" --regex a --choice b
says "exclude each other"
printf '{"uniqueItems":true}' >"$work/schema.json"
expect 64 "a schema that is not enforced" "$martlet" generate --model "$work/talker" "x" --json-schema "$work/schema.json"
says "uniqueItems"
expect 0 "generate --json" "$martlet" generate --model random:tiny "Once upon a time" --max-tokens 8 --json
for key in text tokens finishReason promptTokens timeToFirstTokenMs tokensPerSecond cacheBytes peakCacheBytes kvReads \
    bytesMoved; do
    summary "$key"
done
expect 0 "a stop token by id" "$martlet" generate "S:19 60 56 96=" --model builtin --max-tokens 64 --ignore-eos \
    --stop-token 256 --json
has '"finishReason":"stop"'
expect 0 "a special token as a stop text" "$martlet" generate "S:19 60 56 96=" --model builtin --max-tokens 64 \
    --ignore-eos --stop "<|end|>" --json
has '"finishReason":"stop"'
expect 0 "solve with a stop token" "$martlet" solve "A:12+34=" --stop-token "<|end|>" --json
expect 64 "a stop token that is two" "$martlet" generate "x" --model builtin --stop-token "ab"
says "--stop-token"
for weights in f32 bf16 q8 q6 q5 q4 q4-plain; do
    for kv in f32 f16 bf16 q8 q4; do
        expect 0 "generate $weights $kv" "$martlet" generate --model random:tiny "x" \
            --max-tokens 3 --weights "$weights" --kv "$kv" --cache "window(sinks=4,recent=32)" --json
    done
done
for kv in q8 q4; do
    expect 0 "chains $kv" "$martlet" generate --model random:tiny "a prompt that is longer than a page of tokens" \
        --max-tokens 40 --chains 4 --temperature 1 --kv "$kv" --json
done
expect 0 "score" "$martlet" score --model random:tiny --tokens 1,2,3,4 --top 2 --json
for key in tokens logprobs perplexity cacheBytes peakCacheBytes; do summary "$key"; done
expect 0 "embed" "$martlet" embed --model random:tiny "one text" "another, longer" --dimensions 8 --json
for key in dimensions pooling poolingSource normalized maximumTokens texts tokens truncated textsPerSecond; do summary "$key"; done
[ "$(grep -c '"embedding"' "$work/out")" = 2 ] || fail "embed: expected two vectors"
expect 0 "embed, a ranking" sh -c "printf 'one\n\ntwo\n' | '$martlet' embed --model random:tiny --query two --top 1"
[ "$(cat "$work/out")" = "$(printf '1.0000\ttwo')" ] || fail "embed: the query is not nearest to itself"
encoder=Tests/MartletModelsTests/EncoderGoldens/bert
expect 65 "generate with an encoder" "$martlet" generate --model "$encoder" x
says "martlet embed"
expect 65 "embed without a tokenizer" "$martlet" embed --model "$encoder" x
expect 65 "embed with a model that generates" "$martlet" embed --model builtin x
says "--pooling"
expect 64 "embed in too many dimensions" "$martlet" embed --model random:tiny x --dimensions 100000
says "--dimensions"
expect 64 "embed with an unknown prompt" "$martlet" embed --model random:tiny x --prompt-name query
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
    for key in kvReads bytesMoved; do summary "$key"; done
done
# Every example of every policy, with room for all tokens where a budget goes.
"$martlet" policies --json | sed -n 's/.*"examples":\[\([^]]*\)\].*/\1/p' | sed 's/","/"\n"/g; s/"//g; s/%/budget=80/g' \
    | grep . > "$work/examples"
[ "$(wc -l < "$work/examples")" -gt 40 ] || fail "policies as JSON: few examples"
while IFS= read -r policy; do
    expect 0 "inspect $policy" "$martlet" inspect --model random:tiny --cache "$policy" \
        --tokens 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 --then 17,18 --json
done < "$work/examples"
expect 0 "bench" "$martlet" bench --model random:tiny --weights q4 --prompt 64 --generate 4 --depth 0,128 --batch 1,2 --json
for key in kind; do has "\"$key\""; done
expect 0 "bench of a compressor" "$martlet" bench --model random:tiny --prompt "" --generate 2 --depth 64 --cache "knorm(ratio=0.5)" --json
expect 0 "bench serve" "$martlet" bench serve --model builtin --requests 4 --prompt-tokens 40 --shared-prefix 20 \
    --completion-tokens 6 --rate 50 --timelines "$work/timelines.jsonl"
has "first token"
has "cost of a step"
expect 0 "bench serve, from a file" "$martlet" bench serve --from "$work/timelines.jsonl" --json
has '"answered":4'
expect 0 "bench serve, simulated" "$martlet" bench serve --model random:tiny --requests 64 --prompt-tokens 40 \
    --completion-tokens 6 --rate 9 --capacity --simulate --cost 0.05,0.001,1e-8 --machines 2 --route shortest --json
has '"isBounded":true'
expect 0 "bench serve, requests for others" "$martlet" bench serve --url http://none --requests 3 --write-requests "$work/requests.jsonl"
[ "$(wc -l <"$work/requests.jsonl")" = 3 ] || fail "bench serve: three requests expected"
expect 64 "bench serve of nothing" "$martlet" bench serve
expect 64 "bench serve of two" "$martlet" bench serve --model builtin --url http://none
expect 66 "bench serve of no trace" "$martlet" bench serve --model builtin --trace "$work/none"
expect 66 "bench serve of no timelines" "$martlet" bench serve --from "$work/none"
expect 64 "bench serve, an option of a model for a server" "$martlet" bench serve --url http://127.0.0.1:9 --kv q8
expect 64 "bench serve, an absurd rate" "$martlet" bench serve --model builtin --rate 1e-25
expect 75 "bench serve of nobody" "$martlet" bench serve --url http://127.0.0.1:9/v1 --requests 1
expect 64 "a simulation's option without one" "$martlet" bench serve --model builtin --machines 2
expect 64 "serve with an idle target" "$martlet" serve builtin --target-first 2
expect 64 "serve with two wishes" "$martlet" serve builtin --no-reuse --prompts "$work/p"
expect 0 "bench cache" "$martlet" bench cache --model random:tiny --depth 256 --steps 1 --rounds 1 --json
has '"bytesMoved"'
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
for key in accuracy interval tokens kvReads bytesMoved peakTokens bytes width voteAccuracy passAtAll perTask policy lossy; do
    summary "$key"
done
[ "$(wc -l <"$work/samples.jsonl")" = 7 ] || fail "evaluate: not a header and six samples"
{ head -n 3 "$work/samples.jsonl"; tail -n +4 "$work/samples.jsonl" | head -c 20; } >"$work/cut.jsonl"
again=("$martlet" evaluate --model random:tiny --task "mixture(addition,copy)" --samples 6 --seed 2
    --width 2 --temperature 1 --max-tokens 8 --cache "knorm(ratio=0.5)")
expect 0 "evaluate, cut short" "${again[@]}" --samples-file "$work/cut.jsonl" --json
# What the whole cache held depends on what else was in flight.
records() { tail -n +2 "$1" | sed 's/"cacheBytes":[0-9]*//'; }
cmp -s <(records "$work/samples.jsonl") <(records "$work/cut.jsonl") || fail "evaluate: going on changed a record"
expect 73 "evaluate into another's file" "${again[@]}" --max-tokens 9 --samples-file "$work/cut.jsonl"
printf '%s\n' '{"prompt":"A:12+34=","answer":"46","layout":"scratch-pad","maxTokens":40}' >"$work/problems.jsonl"
expect 0 "evaluate a file" "$martlet" evaluate --model builtin --task "file:$work/problems.jsonl" --json
grep -q '"samples":1,' "$work/out" || fail "evaluate a file: not one sample"
{ printf '{"prompt":"'; head -c 9000 /dev/zero | tr '\0' x; printf '","answer":"46"}\n'; } >>"$work/problems.jsonl"
expect 0 "evaluate a problem that is too long" "$martlet" evaluate --model builtin --task "file:$work/problems.jsonl" --json
grep -q '"refused":1,' "$work/out" || fail "evaluate a problem that is too long: not recorded"
echo '{"prompt":"x"}' >>"$work/problems.jsonl"
expect 66 "evaluate a missing file" "$martlet" evaluate --model builtin --task "file:$work/none.jsonl"
expect 65 "evaluate a bad file" "$martlet" evaluate --model builtin --task "file:$work/problems.jsonl"
grep -q "line 3" "$work/err" || fail "evaluate a bad file: no line number"
printf '{"prompt":"def f():\\n","test":"f()"}\n' >"$work/programs.jsonl"
expect 65 "evaluate programs unasked" "$martlet" evaluate --model builtin --task "file:$work/programs.jsonl"
grep -q "programs:PATH" "$work/err" || fail "evaluate programs unasked: not told how"
if command -v python3 >/dev/null; then
    expect 64 "evaluate programs without leave" "$martlet" evaluate --model builtin --task "programs:$work/programs.jsonl"
    says "--allow-programs"
    expect 0 "evaluate programs" "$martlet" evaluate --model builtin --task "programs:$work/programs.jsonl" --allow-programs --json
    says "read and write files"
fi
expect 0 "evaluate a long task" "$martlet" evaluate --model random:tiny --task "story-multihop(length=3000)" --samples 1 \
    --max-tokens 4 --json
expect 0 "solve many" "$martlet" solve --task addition --samples 3 --deadline 5s --memory 4MB --json
summary configurations
ok
expect 0 "evaluate --list" "$martlet" evaluate --list
has "chain: "
golden=Tests/MartletModelsTests/Goldens/llama-mqa
expect 0 "score after a prompt" "$martlet" score --model random:tiny --tokens 1,2,3,4,5,6,7,8,9 --prompt-tokens 7 --cache "knorm(budget=5)" --json
for key in promptTokens perplexity kvReads bytesMoved; do summary "$key"; done
expect 0 "score a checkpoint" "$martlet" score --model "$golden" --tokens 1,2,3 --json
long=$(seq -s, 1 1 300 | sed 's/[0-9]*/7/g')
expect 69 "score past the context" "$martlet" score --model "$golden" --tokens "$long" --json
expect 0 "score in windows" "$martlet" score --model "$golden" --tokens "$long" --stride 32 --json
for key in perplexity stride window; do summary "$key"; done
expect 64 "score in no windows" "$martlet" score --model "$golden" --tokens "$long" --stride 0
expect 0 "inspect a checkpoint" "$martlet" inspect --model "$golden" --json
expect 0 "convert" "$martlet" convert "$golden" "$work/golden.gguf" --type f16 --json
expect 0 "inspect a GGUF file" "$martlet" inspect --model "$work/golden.gguf" --json
expect 64 "inspect an encoder with an adapter" "$martlet" inspect "$encoder" --adapter "$work/golden.gguf"
says "--adapter would change nothing"
mkdir "$work/lora"
printf '%s' '{"peft_type": "LORA", "r": 2}' >"$work/lora/adapter_config.json"
cp "$golden/model.safetensors" "$work/lora/adapter_model.safetensors"
expect 0 "inspect an adapter" "$martlet" inspect "$work/lora"
expect 64 "inspect an adapter with weights" "$martlet" inspect "$work/lora" --weights q8
says "--weights would change nothing"
expect 64 "chat of plain text with tools" "$martlet" chat random:tiny --tools "$work/tools.json" </dev/null
says "no chat template"
refused "convert over a file" "$martlet" convert "$golden" "$work/golden.gguf"
says "--overwrite"
expect 0 "convert back" "$martlet" convert "$work/golden.gguf" "$work/back" --type f32
expect 0 "inspect what was converted back" "$martlet" inspect --model "$work/back" --json
head -c 3000 "$work/golden.gguf" > "$work/cut.gguf"
refused "a GGUF file that is cut" "$martlet" inspect --model "$work/cut.gguf"
says "bytes"

# Models of a hub, without one: what other tools put into the shared cache is found, listed and removed.
export HF_HOME=$work/hf HF_HUB_OFFLINE=1
expect 66 "pull offline" "$martlet" pull owner/model
says "HF_HUB_OFFLINE"
expect 66 "generate from what was not pulled" "$martlet" generate --model owner/model "x"
says "martlet pull owner/model"
expect 64 "pull of no name" "$martlet" pull "owner/../model"
expect 66 "remove of nothing" "$martlet" remove owner/model
says "martlet list"
expect 64 "pull by two rules" "$martlet" pull owner/model:Q4_K_M --include "*.json"
commit=0123456789abcdef0123456789abcdef01234567
repository=$work/hf/hub/models--owner--model
mkdir -p "$repository/snapshots/$commit" "$repository/refs" "$repository/blobs"
printf %s "$commit" >"$repository/refs/main"
for file in config.json model.safetensors; do
    blob=$(sha256sum "$golden/$file" | cut -d " " -f 1)
    cp "$golden/$file" "$repository/blobs/$blob"
    ln -s "../../blobs/$blob" "$repository/snapshots/$commit/$file"
done
expect 0 "pull, here already" "$martlet" pull owner/model --json
for key in commit path downloadedBytes offline; do summary "$key"; done
expect 0 "list" "$martlet" list
has "owner/model"
expect 0 "list --json" "$martlet" list --json
for key in models cache; do summary "$key"; done
expect 0 "inspect a pulled model" "$martlet" inspect --model owner/model@main --json
expect 0 "score with a pulled model" "$martlet" score --model owner/model --tokens 1,2,3 --json
expect 66 "remove another revision" "$martlet" remove owner/model@v2
expect 0 "remove" "$martlet" remove owner/model --json
for key in freedBytes keptBytes; do summary "$key"; done
[ ! -e "$repository" ] || fail "remove: something stays"
unset HF_HOME HF_HUB_OFFLINE
expect 75 "a hub that is not there" env HF_HOME="$work/hf" HF_ENDPOINT=http://127.0.0.1:9 "$martlet" pull owner/model
says "no connection"

# Training: a run that is killed goes on to the very same weights; a retrofit of it compresses.
cat >"$work/recipe.yaml" <<'RECIPE'
model: {model_type: llama, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2, num_attention_heads: 2,
  num_key_value_heads: 1, max_position_embeddings: 512, tie_word_embeddings: true, vocab_size: 257}
data: [{task: "sorting(count=4)"}, {task: "copy(length=8..12)"}]
optimiser: {method: adamw, learningRate: 3.0e-3}
training: {steps: 400, sequences: 2, length: 64}
checkpoints: {every: 20, keep: 2}
log: {every: 20}
RECIPE
expect 0 "train" "$martlet" train --recipe "$work/recipe.yaml" --out "$work/whole" --json
for key in step loss tokensPerSecond referenceSeconds; do has "\"$key\""; done
summary finished
"$martlet" train --recipe "$work/recipe.yaml" --out "$work/killed" >/dev/null 2>&1 &
child=$!
while [ -z "$(ls "$work/killed/checkpoints" 2>/dev/null)" ] && kill -0 $child 2>/dev/null; do sleep 0.02; done
kill -s KILL $child 2>/dev/null || true
wait $child 2>/dev/null || true
expect 0 "train --resume" "$martlet" train --recipe "$work/recipe.yaml" --out "$work/killed" --resume --threads 1
cmp "$work/whole/model.safetensors" "$work/killed/model.safetensors" || fail "a killed and resumed run has other weights"
ok
expect 0 "generate from a trained model" "$martlet" generate --model "$work/whole" "S:19 60 56 96=" --max-tokens 8
expect 0 "evaluate a trained model" "$martlet" evaluate --model "$work/whole" --task "sorting(count=4)" --samples 4 --json
summary accuracy
expect 0 "retrofit dms" "$martlet" retrofit dms --model "$work/whole" --out "$work/dms" --target-cr 2 --window 4 \
    --steps 8 --sequences 2 --length 64 --task "sorting(count=4)" --json
for key in denseLoss compressedLoss ratio decisionRatios readShare; do summary "$key"; done
expect 0 "generate with dms" "$martlet" generate --model "$work/dms" "S:19 60 56 96=" --max-tokens 8 --cache dms
expect 0 "retrofit dmc" "$martlet" retrofit dmc --model "$work/whole" --out "$work/dmc" --target-cr 2 \
    --steps 4 --fade-steps 2 --sequences 2 --length 64 --data "$work/recipe.yaml" --json
summary ratio
expect 0 "generate with dmc" "$martlet" generate --model "$work/dmc" "S:19 60 56 96=" --max-tokens 8 --cache dmc
expect 0 "train compare" "$martlet" train compare --recipe "$work/recipe.yaml" --methods adamw,lion,stacking,layer-dropping,selective,rho \
    --seeds 1 --budget-seconds 0.05 --json
summary deviation

yes "the cat sat on the mat and the rat sat on the hat." 2>/dev/null | head -n 20 >"$work/text" || true
expect 0 "train charlm" "$martlet" train charlm --compare --corpus "$work/text" --steps 2 --width 16 --heads 2 \
    --context 24 --batch 2 --models "vanilla(1); 1@1 1@3 1@1; pooling(1-1-1)" --out "$work/charlm" --json
for key in bitsPerCharacter shorteningFactor referenceSeconds; do summary "$key"; done
[ "$(wc -l <"$work/charlm/results.jsonl")" = 3 ] || fail "train charlm: results.jsonl lacks runs"

# Bad input: one sentence, a documented status, never a crash.
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
refused "a budget below what stays" "$martlet" generate --model random:tiny "x" --cache "snapkv(budget=9, window=64)"
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
printf 'the cat sat on the mat and the dog sat on the log\n' >"$work/corpus"
expect 0 "train tokenizer" "$martlet" train tokenizer --vocabulary-size 300 --corpus "$work/corpus" --out "$work/tokenizer"
expect 0 "a tokenizer of our own" "$martlet" tokenize --model "$work/tokenizer" --text "the cat"
refused "a folder that exists" "$martlet" train tokenizer --vocabulary-size 300 --corpus "$work/corpus" --out "$work/tokenizer"
says "$work/tokenizer"
refused "a model without tokenizer" "$martlet" evaluate --model "$golden" --task addition
says "tokenizer"
refused "more tokens than the context" "$martlet" evaluate --model random:tiny --task addition --max-tokens 200000
says "sample 0"
refused "a file that cannot be made" "$martlet" evaluate --model random:tiny --task addition --samples-file "$work/none/file"
printf '\xff\xfe\xfa' >"$work/invalid"
refused "invalid UTF-8" "$martlet" score --model random:tiny --text-file "$work/invalid"
: >"$work/empty"
refused "empty text" "$martlet" score --model random:tiny --text-file "$work/empty"

status=0
"$martlet" score --model random:tiny --text-file - <&- >"$work/out" 2>"$work/err" || status=$?
[ "$status" = 74 ] || fail "closed standard input: exit status $status, expected 74"
status=0
"$martlet" score --model random:tiny --text-file - <"$work" >"$work/out" 2>"$work/err" || status=$?
[ "$status" = 74 ] || fail "a folder as standard input: exit status $status, expected 74"
says "standard input"
cp -r "$golden" "$work/cut"
for bytes in 5000 9000 20000; do
    cp "$golden/model.safetensors" "$work/cut/model.safetensors"
    (set +e; "$martlet" score --model "$work/cut" --tokens 1,2,3 --json >"$work/out" 2>"$work/err"; echo $? >"$work/status") &
    dd if=/dev/null of="$work/cut/model.safetensors" bs=1 seek=$bytes 2>/dev/null
    wait $!
    # Cut before, while or after it was read.
    case $(cat "$work/status") in 0|65|74) ok ;; *) cat "$work/err" >&2; fail "a file that is cut: exit status $(cat "$work/status")" ;; esac
done

refused "a recipe that is not there" "$martlet" train --recipe "$work/none.yaml" --out "$work/x"
sed 's/length: 64/lenght: 64/' "$work/recipe.yaml" >"$work/bad.yaml"
refused "a misspelt key in a recipe" "$martlet" train --recipe "$work/bad.yaml" --out "$work/x"
says "lenght"
refused "a run that is there already" "$martlet" train --recipe "$work/recipe.yaml" --out "$work/whole"
says "--resume"
sed 's/3.0e-3/4.0e-3/' "$work/recipe.yaml" >"$work/other.yaml"
refused "a resume with another recipe" "$martlet" train --recipe "$work/other.yaml" --out "$work/whole" --resume
says "'optimiser'"
expect 73 "a retrofit into its own model" "$martlet" retrofit dms --model "$work/whole" --out "$work/./whole" --task copy --resume
mkdir "$work/mine"
cp "$work"/whole/*.json "$work/whole/model.safetensors" "$work/mine"
expect 73 "a run over a model" "$martlet" train --recipe "$work/recipe.yaml" --out "$work/mine"
says "did not make"
cmp -s "$work/whole/model.safetensors" "$work/mine/model.safetensors" || fail "a run over a model: it changed"
refused "a folder without a name" "$martlet" train --recipe "$work/recipe.yaml" --out ""
says "empty name"
refused "a missing data file" "$martlet" retrofit dms --model "$work/whole" --out "$work/x" --text "$work/none"
says "$work/none"
refused "a retrofit without data" "$martlet" retrofit dms --model "$work/whole" --out "$work/x"
says "a task"
for file in "$work"/killed/checkpoints/*/model.safetensors; do printf 'x' >"$file"; done
refused "a corrupt checkpoint" "$martlet" train --recipe "$work/recipe.yaml" --out "$work/killed" --resume
says "model.safetensors"
refused "an unknown method" "$martlet" train compare --recipe "$work/recipe.yaml" --methods sgd --seeds 1
says "adamw"

refused "a hierarchy that does not divide" "$martlet" train charlm --corpus "$work/text" --model "1@1 2@2 2@3 2@2 1@1" --context 24
says "dividing"
refused "a text that is too short" "$martlet" train charlm --corpus "$work/text" --model "6@1"
says "expected at least"
refused "an unknown character model" "$martlet" train charlm --corpus "$work/text" --model "lstm(4)" --context 24

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
