#!/usr/bin/env python3
"""Takes the options of llama.cpp's server and starts `martlet serve` with what they mean.

For test suites that start a server themselves: MARTLET names the command, MARTLET_MODEL the model that takes the place of
whatever is asked for, MARTLET_EMBEDDING_MODEL that for vectors. Options that have no meaning here are left out.
"""

import os
import sys

# What that server calls templates by name, and expects of them.
TEMPLATES = {
    "llama3": "{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] "
              "+ '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
              "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "command-r": "{% for m in messages %}{{ '<|START_OF_TURN_TOKEN|><|' + {'assistant': 'CHATBOT'}.get(m['role'], "
                 "m['role'] | upper) + '_TOKEN|>' + m['content'] + '<|END_OF_TURN_TOKEN|>' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}",
}

# Our option, and whether the value is taken as it is.
VALUES = {
    "--port": "--port", "--host": "--host", "--temp": "--temperature", "--seed": "--seed",
    "--n-predict": "--max-tokens", "--parallel": "--slots", "--threads": "--threads",
    "--chat-template": "--chat-template", "--chat-template-file": "--chat-template",
    "--reasoning": "--thinking", "--batch-size": "--chunk",
}
REPEATED = {"--api-key": "--api-key", "--alias": "--name", "--tags": "--tag",
            "--cors-origins": "--origin"}
FLAGS = {"--no-slots": "--no-slots", "--no-ui": "--no-page", "--verbose": "--tell-prompts"}
OTHER_VALUES = {
    "--hf-repo", "--hf-file", "--model", "--model-url", "--model-draft", "--models-dir",
    "--models-max", "--models-preset", "--ubatch-size", "--n-gpu-layers", "--pooling", "-ctk",
    "-ctv", "-fa", "--slot-save-path", "--grp-attn-n", "--grp-attn-w", "--lora", "--spec-type",
    "--spec-draft-n-max", "--spec-draft-n-min", "--spec-synth-len", "--spec-synth-rates",
    "--reasoning-format", "--mmproj-url", "--media-path", "--sleep-idle-seconds", "--cache-ram",
    "--tools", "--tools-runtime", "--mcp-servers-config", "--mcp-servers-json", "--ctx-size",
}


def main():
    given = sys.argv[1:]
    options = []
    context, slots, unified = None, 1, "--kv-unified" in given
    templated = False
    index = 0
    while index < len(given):
        name = given[index]
        value = given[index + 1] if index + 1 < len(given) else ""
        if name in VALUES:
            if name == "--reasoning" and value == "auto":
                # There it means that a template is told to think where it asks.
                value = "on"
            if name == "--chat-template":
                value = TEMPLATES.get(value, value)
            if not (name == "--n-predict" and value == "-1"):
                options += [VALUES[name], value]
            templated = templated or name.startswith("--chat-template")
            slots = int(value) if name == "--parallel" else slots
            index += 2
        elif name in REPEATED:
            # Several names are sorted, as that server does.
            for part in sorted(value.split(",")):
                options += [REPEATED[name], part]
            index += 2
        elif name in OTHER_VALUES:
            context = int(value) if name == "--ctx-size" else context
            index += 2
        else:
            options += [FLAGS[name]] if name in FLAGS else []
            index += 1
    if context:
        # A slot has its part of the context there; here each sequence has as much.
        options += ["--context", str(context if unified else context // slots)]
    if not templated:
        options += ["--chat-template", "chatml"]
    if "--cors-origins" not in given:
        options += ["--origin", "*"]
    command = os.environ.get("MARTLET", "martlet")
    model = os.environ.get("MARTLET_MODEL", "builtin")
    if "--embedding" in given or "--reranking" in given:
        model = os.environ.get("MARTLET_EMBEDDING_MODEL", model)
    arguments = [command, "serve", model, "--llama-compatible", *options]
    print(" ".join(arguments), file=sys.stderr)
    os.execvp(command, arguments)


if __name__ == "__main__":
    main()
