#!/usr/bin/env bash
# Runs other people's tests against `martlet serve`: conversations by the clients that people use (tools/wire), the resource
# tests of OpenAI's own client, and the suite of llama.cpp's server. Needs Python with what requirements-wire.txt lists.
#
#   tools/wire-suites.sh MARTLET MODEL [LLAMA_TESTS [pytest arguments]]
#
# MODEL is a GGUF file of stories260K for llama.cpp's suite, whose sizes its tests know (`martlet convert DIR FILE.gguf`).
# LLAMA_TESTS is the folder tools/server/tests of llama.cpp's sources (its Python package's source archive has it under
# vendor/llama.cpp). Prints one line a test: passed, failed or skipped.
#
# MARTLET_EMBEDDING_MODEL names a model of vectors (all-MiniLM-L6-v2) for the tests that ask for one.
# WIRE_MODEL names a model that has a notation of calls (Qwen2.5-Coder-0.5B): the clients converse with it, too.
# OPENAI_TESTS is the unpacked source archive of the Python package openai, of the version that is installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
export MARTLET="$(realpath "$1")" MARTLET_MODEL="$(realpath "$2")"
python="${PYTHON:-python3}"
embeddings=()
[ -z "${MARTLET_EMBEDDING_MODEL:-}" ] || embeddings=(--embeddings "$MARTLET_EMBEDDING_MODEL")
status=0

# Starts a server with these options, runs the rest of the line after `--`, and ends the server.
served() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    "$MARTLET" serve "${options[@]}" --port 18079 --name served 2> /dev/null &
    local server=$!
    trap "kill $server 2> /dev/null || true" EXIT
    "$@" || status=1
    kill $server
    wait $server || true
    trap - EXIT
}

clients() { "$python" "$here/wire/clients.py" http://127.0.0.1:18079; }
able_clients() { WIRE_ABLE=1 clients; }

resources() {
    cd "$OPENAI_TESTS"
    TEST_API_BASE_URL=http://127.0.0.1:18079/v1 PYTHONPATH="$here/wire" \
        "$python" -m pytest -q -o addopts= -p no:cacheprovider -p openai_resources --tb=line \
        --timeout=120 -rfE tests/api_resources/test_{models,completions,embeddings,files,batches}.py \
        tests/api_resources/test_responses.py tests/api_resources/{responses,chat}
    cd - > /dev/null
}

served builtin --chat-template chatml "${embeddings[@]}" -- clients
[ -z "${WIRE_MODEL:-}" ] ||
    served "$WIRE_MODEL" --context 4096 "${embeddings[@]}" -- able_clients
[ -z "${OPENAI_TESTS:-}" ] ||
    served builtin --chat-template chatml --max-tokens 64 "${embeddings[@]}" -- resources

[ $# -ge 3 ] || exit $status
tests="$3"
shift 3
cd "$tests"
LLAMA_SERVER_BIN_PATH="$here/llama-server.py" "$python" -m pytest -q -p no:cacheprovider \
    --no-header --tb=no -rA --timeout=120 unit "$@" 2>&1 |
    grep -E "^(PASSED|FAILED|SKIPPED|ERROR)|passed|failed" || true
exit $status
