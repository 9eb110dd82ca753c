"""PyTorch beside training.c: the same products and attention, one thread, medians of thread time."""

import statistics
import time

import torch
import torch.nn.functional as functional

torch.set_num_threads(1)


def median(rounds, body):
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        body()
        times.append(time.thread_time() - start)
    return statistics.median(times)


for m, n, k in ((4096, 256, 256), (4096, 704, 256), (256, 256, 4096)):
    for layout in ("NT", "NN", "TN"):
        a = torch.rand(k, m).t() if layout == "TN" else torch.rand(m, k)
        b = torch.rand(n, k).t() if layout == "NT" else torch.rand(k, n)
        seconds = median(15, lambda: a @ b)
        print(f"{layout} f32  {m:4} x {n:3} x {k:4}  {2 * m * n * k / seconds / 1e9:6.1f} GFLOP/s")

for tokens, dimension in ((512, 32), (512, 64), (2048, 32), (2048, 64)):
    q, k, v = [
        (torch.rand(1, tokens, 8, dimension) * 2 - 1).transpose(1, 2).requires_grad_() for _ in range(3)
    ]
    gradient = torch.rand(1, 8, tokens, dimension)
    forward, backward = [], []
    for _ in range(9):
        q.grad = k.grad = v.grad = None
        start = time.thread_time()
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        middle = time.thread_time()
        out.backward(gradient)
        forward.append(middle - start)
        backward.append(time.thread_time() - middle)
    print(f"attention {tokens:4} tokens of {dimension}  forward {statistics.median(forward) * 1e3:6.2f} ms  "
          f"backward {statistics.median(backward) * 1e3:6.2f} ms")
