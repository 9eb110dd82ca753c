#!/usr/bin/env bash
# Runs other people's tests against `martlet serve`: the suite of llama.cpp's server, and conversations by the clients of
# OpenAI, Anthropic and Ollama. Needs Python with what requirements-wire.txt lists, and the folder tools/server/tests of
# llama.cpp's sources (its Python package's source archive has it under vendor/llama.cpp).
#
#   tools/wire-suites.sh MARTLET MODEL [LLAMA_TESTS [pytest arguments]]
#
# MARTLET_EMBEDDING_MODEL names a model of vectors (all-MiniLM-L6-v2) for the tests that ask for one.
#
# MODEL is a GGUF file of stories260K for llama.cpp's suite, whose sizes its tests know (`martlet convert DIR FILE.gguf`). Prints one line a test: passed, failed or skipped.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
export MARTLET="$(realpath "$1")" MARTLET_MODEL="$(realpath "$2")"
python="${PYTHON:-python3}"

"$MARTLET" serve "$MARTLET_MODEL" --port 18079 --chat-template chatml --name served \
    --context 512 2> /dev/null &
server=$!
trap 'kill $server 2> /dev/null || true' EXIT
status=0
"$python" "$here/wire_clients.py" http://127.0.0.1:18079 || status=$?
kill $server
wait $server || true
trap - EXIT

[ $# -ge 3 ] || exit $status
tests="$3"
shift 3
cd "$tests"
LLAMA_SERVER_BIN_PATH="$here/llama-server.py" "$python" -m pytest -q -p no:cacheprovider \
    --no-header --tb=no -rA --timeout=120 unit "$@" 2>&1 |
    grep -E "^(PASSED|FAILED|SKIPPED|ERROR)|passed|failed" || true
exit $status
