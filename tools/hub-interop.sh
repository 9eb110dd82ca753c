#!/usr/bin/env bash
# Martlet and huggingface_hub through one hub on loopback: what one pulls the other reads without a network.
# usage: tools/hub-interop.sh PATH_TO_MARTLET [PYTHON]
# PYTHON is an interpreter that has huggingface_hub (pip install huggingface_hub). Only loopback is contacted.
set -euo pipefail
martlet=$1
python=${2:-python3}
here=$(dirname "$0")
work=$(mktemp -d)
hub=
stop_hub() {
    if [ -n "$hub" ]; then
        kill "$hub" 2>/dev/null || true
        wait "$hub" 2>/dev/null || true
    fi
    hub=
}
trap 'stop_hub; rm -rf "$work"' EXIT
for name in HF_HOME HF_TOKEN HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_HUB_OFFLINE; do unset "$name"; done
export HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_PROGRESS_BARS=1 HF_HUB_DISABLE_TELEMETRY=1 HF_TOKEN_PATH=$work/none

fail() { echo "hub-interop: $1" >&2; exit 1; }
start_hub() { # [--rate N]
    rm -f "$work/address"
    "$python" "$here/hub_loopback.py" "$work/served" "$work/log" "$@" >"$work/address" &
    hub=$!
    while [ ! -s "$work/address" ]; do
        kill -0 "$hub" 2>/dev/null || fail "the hub did not start"
        sleep 0.05
    done
    HF_ENDPOINT=$(cat "$work/address")
    export HF_ENDPOINT
    : >"$work/log"
}
content_bytes() { awk '$1 == "content" { sum += $4 } END { print sum + 0 }' "$work/log"; }

# A tiny model of the tests, files of all kinds, and two quantisations.
golden=$here/../Tests/MartletModelsTests/Goldens/llama-mqa
mkdir -p "$work/served/org/model/chat_templates" "$work/served/org/quantised"
cp "$golden/config.json" "$golden/model.safetensors" "$work/served/org/model/"
printf '{"eos_token_id": 2}' >"$work/served/org/model/generation_config.json"
printf 'hello' >"$work/served/org/model/chat_templates/a tool+é.jinja"
: >"$work/served/org/model/README.md"
for name in Q4_K_M Q8_0; do
    head -c 40000000 /dev/urandom >"$work/served/org/quantised/model-$name.gguf"
done

echo "huggingface_hub $("$python" -c 'import huggingface_hub; print(huggingface_hub.__version__)')"
echo "== martlet pulls, huggingface_hub reads offline"
start_hub
export HF_HUB_CACHE=$work/first
HF_TOKEN=hf_loopback "$martlet" pull org/model --json | tail -n 1
awk '$1 == "hub" && $5 != "token" { bad = 1 } $1 == "content" && $5 == "token" { bad = 1 } END { exit bad }' "$work/log" \
    || fail "the token did not go to the hub alone"
"$martlet" pull org/quantised:q8_0
stop_hub
HF_HUB_OFFLINE=1 "$python" - "$work/served" <<'PYTHON'
import filecmp, os, sys
from huggingface_hub import get_cached_repo_tree, hf_hub_download, scan_cache_dir, snapshot_download

served = os.path.join(sys.argv[1], "org/model")
folder = snapshot_download("org/model")
names = [os.path.relpath(os.path.join(place, name), served) for place, _, found in os.walk(served) for name in found]
for name in names:
    assert filecmp.cmp(os.path.join(served, name), os.path.join(folder, name), shallow=False), name
    assert os.path.samefile(hf_hub_download("org/model", name), os.path.join(folder, name))
print(f"snapshot_download, hf_hub_download: {len(names)} files are the same")
print(f"get_cached_repo_tree: {len(get_cached_repo_tree('org/model'))} files")
path = hf_hub_download("org/quantised", "model-Q8_0.gguf")
assert filecmp.cmp(path, os.path.join(sys.argv[1], "org/quantised/model-Q8_0.gguf"), shallow=False)
print("hf_hub_download: the quantisation is the same")
cache = scan_cache_dir()
assert not cache.warnings, cache.warnings
for repository in sorted(cache.repos, key=lambda repository: repository.repo_id):
    print(f"scan_cache_dir: {repository.repo_id}, {repository.nb_files} files, {repository.size_on_disk} bytes")
PYTHON

echo "== huggingface_hub pulls, martlet reads offline"
start_hub
export HF_HUB_CACHE=$work/second
"$python" -c 'from huggingface_hub import hf_hub_download, snapshot_download
snapshot_download("org/model"); hf_hub_download("org/quantised", "model-Q4_K_M.gguf")'
stop_hub
HF_HUB_OFFLINE=1 "$martlet" pull org/model 2>/dev/null | sed "s|$work|…|"
"$martlet" inspect --model org/model --json | head -c 120
echo
"$martlet" score --model org/model@main --tokens 1,2,3 --json | head -c 60
echo
"$martlet" list

echo "== each goes on where the other was"
start_hub
"$martlet" pull org/model --json | tail -n 1 | grep -o '"downloadedBytes":[0-9]*'
HF_HUB_CACHE=$work/first "$python" -c 'from huggingface_hub import snapshot_download
snapshot_download("org/model")'
[ "$(content_bytes)" = 0 ] || fail "content was downloaded twice"
echo "bytes of content asked for: $(content_bytes)"
stop_hub

echo "== a pull that is killed goes on"
start_hub --rate 5000000
export HF_HUB_CACHE=$work/third
"$martlet" pull org/quantised:Q4_K_M >/dev/null 2>&1 &
child=$!
sleep 1
kill -s KILL "$child"
wait "$child" 2>/dev/null || true
"$martlet" pull org/quantised:Q4_K_M --json >"$work/json"
grep -o '"resumedBytes":[0-9]*' "$work/json"
tail -n 1 "$work/json" | grep -o '"downloadedBytes":[0-9]*'
resumed=$(grep -o '"resumedBytes":[0-9]*' "$work/json" | cut -d : -f 2)
downloaded=$(tail -n 1 "$work/json" | grep -o '"downloadedBytes":[0-9]*' | cut -d : -f 2)
[ $((resumed + downloaded)) = 40000000 ] || fail "bytes that were here were downloaded again"
cmp "$("$martlet" pull org/quantised:Q4_K_M 2>/dev/null)" "$work/served/org/quantised/model-Q4_K_M.gguf" || fail "it differs"
stop_hub

echo "== martlet removes, huggingface_hub sees it"
HF_HUB_CACHE=$work/first "$martlet" remove org/quantised
HF_HUB_CACHE=$work/first "$python" -c 'from huggingface_hub import scan_cache_dir
cache = scan_cache_dir(); assert not cache.warnings; print([repository.repo_id for repository in cache.repos])'
echo "hub-interop: all as it should be"
