#!/usr/bin/env python3
"""Makes the PyTorch reference cases in tests/RnnZoo.Tests/PyTorchCases (Debian: apt-get install python3-torch).

Each file holds one module in float64: sizes, parameters, inputs, outputs and all gradients of
loss = sum(output * grad_output) + sum(hn * grad_hn) (+ sum(cn * grad_cn) for the LSTM).
The sizes are distinct primes, so that a swapped axis cannot pass. The case SAVED is also a file of torch.save, twice: as it
is, and with all weights as parts of one block, which is how cuDNN keeps those of a net on a GPU.
Run it from anywhere; it overwrites the files.
"""
import json
import pathlib

import torch

CASES = [
    # name, module, options, T, B, I, H, layers
    ("rnn-tanh-bidirectional", torch.nn.RNN, dict(nonlinearity="tanh", bidirectional=True), 5, 2, 3, 7, 1),
    ("rnn-relu-nobias", torch.nn.RNN, dict(nonlinearity="relu", bias=False), 7, 3, 2, 5, 1),
    ("lstm-2layer-batchfirst", torch.nn.LSTM, dict(batch_first=True), 5, 3, 2, 7, 2),
    ("lstm-bidirectional-nobias", torch.nn.LSTM, dict(bidirectional=True, bias=False), 3, 2, 7, 5, 1),
    ("lstm-one-step", torch.nn.LSTM, dict(), 1, 3, 2, 5, 1),
    ("gru-2layer-bidirectional", torch.nn.GRU, dict(bidirectional=True), 5, 2, 3, 5, 2),
]
SAVED = "lstm-one-step"


def packed(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def make(name, kind, options, T, B, I, H, layers, seed, folder):
    torch.manual_seed(seed)
    net = kind(I, H, num_layers=layers, **options).double()
    if name == SAVED:
        weights = net.state_dict()
        torch.save(weights, folder / f"{name}.pth")
        block = torch.cat([value.flatten() for value in weights.values()])
        parts = block.split([value.numel() for value in weights.values()])
        torch.save({key: part.view_as(weights[key]) for key, part in zip(weights, parts)}, folder / f"{name}-block.pth")
    batch_first = options.get("batch_first", False)
    directions = 2 if options.get("bidirectional", False) else 1
    lstm = kind is torch.nn.LSTM
    inputs = {"input": torch.randn(*((B, T, I) if batch_first else (T, B, I)), dtype=torch.float64, requires_grad=True)}
    for state in ("h0", "c0") if lstm else ("h0",):
        inputs[state] = torch.randn(layers * directions, B, H, dtype=torch.float64, requires_grad=True)
    result = net(inputs["input"], (inputs["h0"], inputs["c0"]) if lstm else inputs["h0"])
    outputs = {"output": result[0], "hn": result[1][0] if lstm else result[1]}
    if lstm:
        outputs["cn"] = result[1][1]
    cotangents = {"grad_" + key: torch.randn_like(value) for key, value in outputs.items()}
    sum((outputs[key] * cotangents["grad_" + key]).sum() for key in outputs).backward()
    grads = {key: value.grad for key, value in inputs.items()}
    grads.update({key: value.grad for key, value in net.named_parameters()})
    case = {
        "about": f"reference values from PyTorch {torch.__version__}, float64; "
                 "loss = sum(output*grad_output) + sum(hn*grad_hn) (+ sum(cn*grad_cn)); grads = dloss/d(name)",
        "module": kind.__name__, "T": T, "B": B, "I": I, "H": H, "layers": layers,
        "bidirectional": directions == 2, "bias": options.get("bias", True), "batch_first": batch_first,
        "nonlinearity": options.get("nonlinearity"),
        "parameters": {key: packed(value) for key, value in net.named_parameters()},
        "inputs": {key: packed(value) for key, value in {**inputs, **cotangents}.items()},
        "outputs": {key: packed(value) for key, value in outputs.items()},
        "grads": {key: packed(value) for key, value in grads.items()},
    }
    (folder / f"{name}.json").write_text(json.dumps(case) + "\n", encoding="utf-8")


def main():
    folder = pathlib.Path(__file__).resolve().parent / "RnnZoo.Tests" / "PyTorchCases"
    folder.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    for seed, (name, kind, options, T, B, I, H, layers) in enumerate(CASES):
        make(name, kind, options, T, B, I, H, layers, seed, folder)
    print(f"{len(CASES)} cases, {sum(f.stat().st_size for f in folder.glob('*.json')) // 1024} KiB in {folder.name}/")


if __name__ == "__main__":
    main()
