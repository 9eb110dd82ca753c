"""Conversations by Ollama's client."""

import ollama

from checks import URL, check


def converse():
    client = ollama.Client(host=URL)
    settings = dict(model="served", messages=[{"role": "user", "content": "Hello"}],
                    options={"temperature": 0, "num_predict": 8})
    whole = client.chat(**settings)
    check("ollama: chat", isinstance(whole.message.content, str) and whole.eval_count <= 8)
    pieces = [part for part in client.chat(**settings, stream=True)]
    check("ollama: chat stream",
          "".join(part.message.content or "" for part in pieces) == whole.message.content)
    check("ollama: end of a stream", pieces[-1].done and pieces[-1].done_reason is not None)
    text = client.generate(model="served", prompt="Hello", options={"num_predict": 4})
    check("ollama: generate", isinstance(text.response, str))
    check("ollama: list", "served" in client.list().models[0].model)
    check("ollama: show", "completion" in client.show("served").capabilities)
    check("ollama: ps", len(client.ps().models) == 1)
    try:
        client.chat(model="served", messages=[{"role": "user", "content": "long " * 5000}])
        check("ollama: a long prompt", False)
    except ollama.ResponseError as error:
        check("ollama: a long prompt", error.status_code == 400)
