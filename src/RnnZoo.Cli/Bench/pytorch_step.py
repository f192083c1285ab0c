"""Takes training steps with PyTorch's nn.RNN, nn.GRU and nn.LSTM: one request per line on standard input (JSON), one
answer per line on standard output. A request names cell, B, T, I, H, threads and steps; with "memory" the answer is
the peak resident memory of one step beyond what was there before, in bytes, else the milliseconds of each step.
Float32; random cotangents on all outputs; gradients of the input, the initial state and all parameters."""
import json
import sys
import time

import torch

MODULES = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def step_of(cell, B, T, I, H):
    torch.manual_seed(1)
    module = MODULES[cell](I, H)
    x = torch.randn(T, B, I, requires_grad=True)
    parts = [torch.randn(1, B, H, requires_grad=True) for _ in range(2 if cell == "lstm" else 1)]
    state = tuple(parts) if cell == "lstm" else parts[0]
    inputs = [x, *parts, *module.parameters()]

    def forward():
        output, final = module(x, state)
        return [output, *(final if cell == "lstm" else [final])]

    cotangents = [torch.randn(*shape) for shape in [(T, B, H)] + [(1, B, H)] * len(parts)]
    return lambda: torch.autograd.grad(forward(), inputs, cotangents)


def resident(key):
    with open("/proc/self/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith(key))


def extra_memory(step):
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = resident("VmRSS:")
    step()
    return resident("VmHWM:") - before


current = None
for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    sizes = [request[key] for key in ("cell", "B", "T", "I", "H")]
    if request.get("memory"):
        cell, B, _, I, H = sizes
        step_of(cell, B, 2, I, H)()  # what is set up once
        print(json.dumps({"extraBytes": extra_memory(step_of(*sizes))}), flush=True)
        continue
    if current is None or current[0] != sizes:
        current = (sizes, step_of(*sizes))
    milliseconds = []
    for _ in range(request["steps"]):
        start = time.perf_counter()
        current[1]()
        milliseconds.append(1000 * (time.perf_counter() - start))
    print(json.dumps({"milliseconds": milliseconds}), flush=True)
