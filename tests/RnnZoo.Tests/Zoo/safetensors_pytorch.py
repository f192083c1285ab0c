"""PyTorch's side of the tests of safetensors: reads and writes the format with nothing but json, struct and torch."""
import json
import struct
import sys

import torch

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
         "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            dtype = TYPES[entry["dtype"]]
            flat = torch.frombuffer(data[begin:end], dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
            tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors, header.get("__metadata__", {})


def save(path, tensors, metadata=None):
    # The header names the tensors in another order than that of their data, without any padding.
    header, data = {}, b""
    for name, tensor in sorted(tensors.items(), reverse=True):
        raw = tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        header[name] = {"shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)], "dtype": NAMES[tensor.dtype]}
        data += raw
    header = dict(sorted(header.items()))
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header, indent=1).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Net(torch.nn.Module):
    def __init__(self, inputs, hidden, layers, outputs):
        super().__init__()
        self.recurrent = torch.nn.LSTM(inputs, hidden, layers)
        self.readout = torch.nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.readout(self.recurrent(x)[0])


def run(weights, data, result, inputs, hidden, layers, outputs):
    """Loads weights into nn.LSTM and nn.Linear and writes the logits of an input."""
    net = Net(int(inputs), int(hidden), int(layers), int(outputs))
    net.load_state_dict(load(weights)[0])
    with torch.no_grad():
        save(result, {"logits": net(load(data)[0]["x"])})


def make(weights, data, seed):
    """Writes the weights of an nn.LSTM, an input and what comes out."""
    torch.manual_seed(int(seed))
    lstm = torch.nn.LSTM(5, 11, 2, bidirectional=True)
    x, h0, c0 = torch.randn(7, 3, 5), torch.randn(4, 3, 11), torch.randn(4, 3, 11)
    output, (h, c) = lstm(x, (h0, c0))
    save(weights, lstm.state_dict(), {"made by": "PyTorch"})
    save(data, {"x": x, "h0": h0, "c0": c0, "output": output, "h": h, "c": c})


def copy(source, target):
    save(target, *load(source))


if __name__ == "__main__":
    {"run": run, "make": make, "copy": copy}[sys.argv[1]](*sys.argv[2:])
