#!/usr/bin/env bash
# Holds `martlet serve` to its own OpenAPI document with schemathesis: data that the document allows and data that it does not,
# the same for the same seed. No answer may be a 5xx; status, type and body of each must be as documented; what breaks the
# document must be refused; nothing is answered without the key. Needs Python with what requirements-wire.txt lists.
#
#   tools/wire-schema.sh MARTLET [EXAMPLES [SEED]]
#
# MARTLET_EMBEDDING_MODEL names a model of vectors (all-MiniLM-L6-v2); without it what makes vectors is left out.
set -euo pipefail
martlet="$(realpath "$1")"
examples="${2:-12}" seed="${3:-7}"
python="${PYTHON:-python3}"
url=http://127.0.0.1:18079

# Aliases are the same endpoints again. What is refused by name with 501 is what no data changes.
left_out='^/(chat|completions|responses|embeddings|rerank|files|batches|models)'
left_out+='|^/(v1/)?reranking|^/v1/health|^/api/(pull|push|create|copy|delete)$|^/infill|^/v1/sessions$'
embeddings=()
if [ -n "${MARTLET_EMBEDDING_MODEL:-}" ]; then
    embeddings=(--embeddings "$MARTLET_EMBEDDING_MODEL")
else
    left_out+='|/embed|^/v1/rerank'
fi

"$martlet" serve builtin --port 18079 --name served --chat-template chatml --max-tokens 8 \
    --context 512 --api-key key "${embeddings[@]}" 2> /dev/null &
server=$!
trap 'kill $server 2> /dev/null || true' EXIT
for _ in $(seq 100); do
    "$python" -c "import urllib.request as r; r.urlopen('$url/health')" 2> /dev/null && break
    sleep 0.1
done
checks=not_a_server_error,status_code_conformance,content_type_conformance
checks+=,response_headers_conformance,response_schema_conformance,negative_data_rejection
checks+=,missing_required_header,unsupported_method,allow_header_conformance,ignored_auth
"$python" -m schemathesis.cli run "$url/openapi.json" --url "$url" --seed "$seed" \
    --max-examples "$examples" --phases examples,coverage,fuzzing --mode all --checks "$checks" \
    --header "Authorization: Bearer key" --exclude-path-regex "$left_out" \
    --exclude-operation-id post_props \
    --continue-on-failure --no-shrink --warnings off --request-timeout 20
kill -0 $server || { echo "the server ended"; exit 1; }
