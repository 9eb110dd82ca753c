#!/usr/bin/env python3
"""Serves the requests of a file with OpenVINO GenAI's continuous batching, and writes what happened to each.

    martlet bench serve --url http://none --trace … --write-requests requests.jsonl
    python openvino_serving.py MODEL requests.jsonl timelines.jsonl --threads 2
    martlet bench serve --from timelines.jsonl

The pipeline is driven in this process, without a wire: requests are added when they are due, between two steps.
Prefix caching and split prompts are on. Tokens have the time at which the step that made them had ended.
"""

from __future__ import annotations

import argparse
import json
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("requests")
    parser.add_argument("timelines")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kv", default="f16", choices=["f16", "bf16", "f32", "u8"])
    parser.add_argument("--cache", type=int, default=2, help="GiB of cache")
    parser.add_argument("--batch", type=int, default=512, help="tokens of a step")
    args = parser.parse_args()

    import openvino_genai as genai

    scheduler = genai.SchedulerConfig()
    scheduler.cache_size = args.cache
    scheduler.max_num_batched_tokens = args.batch
    scheduler.max_num_seqs = 256
    scheduler.dynamic_split_fuse = True
    scheduler.enable_prefix_caching = True
    pipeline = genai.ContinuousBatchingPipeline(
        args.model, scheduler, "CPU", {"INFERENCE_NUM_THREADS": args.threads, "KV_CACHE_PRECISION": args.kv})
    tokenizer = pipeline.get_tokenizer()

    def ask(number: int, prompt: str, tokens: int):
        config = genai.GenerationConfig()
        config.max_new_tokens = tokens
        config.ignore_eos = True
        config.do_sample = False
        config.apply_chat_template = False
        return pipeline.add_request(number, tokenizer.encode(prompt).input_ids, config)

    # The first steps compile and allocate.
    warm = ask(1 << 40, "the of and to in is was for", 4)
    while pipeline.has_non_finished_requests():
        pipeline.step()
    warm.read_all()

    with open(args.requests) as lines:
        requests = [json.loads(line) for line in lines]
    # Tokens are counted before the clock starts.
    counts = [tokenizer.encode(each["prompt"]).input_ids.shape[1] for each in requests]
    start = time.monotonic()
    handles: list = [None] * len(requests)
    times: list[list[float]] = [[] for _ in requests]
    ends: list[float | None] = [None] * len(requests)
    sent = 0
    while sent < len(requests) or pipeline.has_non_finished_requests():
        now = time.monotonic() - start
        while sent < len(requests) and requests[sent]["arrival"] <= now:
            handles[sent] = ask(sent, requests[sent]["prompt"], requests[sent]["completionTokens"])
            sent += 1
        if not pipeline.has_non_finished_requests():
            time.sleep(max(0.0, min(0.01, requests[sent]["arrival"] - now)))
            continue
        pipeline.step()
        now = time.monotonic() - start
        for number in range(sent):
            if ends[number] is not None:
                continue
            handle = handles[number]
            while handle.can_read():
                for output in handle.read().values():
                    times[number] += [now] * len(output.generated_ids)
            if len(times[number]) >= requests[number]["completionTokens"]:
                ends[number] = now
    with open(args.timelines, "w") as out:
        for number, request in enumerate(requests):
            line = {
                "arrival": request["arrival"],
                "tokens": times[number],
                "promptTokens": counts[number],
                "cachedTokens": 0,
                "ending": "answered" if ends[number] is not None else "failed",
                "ended": ends[number] if ends[number] is not None else time.monotonic() - start,
            }
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
