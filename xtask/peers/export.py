"""Writes the three stages of a tokenizer as ONNX files for one picture size, for onnxruntime and onnxruntime-web."""

from pathlib import Path

import torch
from torch import nn


class Stage(nn.Module):
    """One method of the tokenizer as a module, which is what the exporter takes."""

    def __init__(self, tokenizer, method, *arguments):
        super().__init__()
        self.tokenizer, self.method, self.arguments = tokenizer, method, arguments

    def forward(self, x):
        return getattr(self.tokenizer, self.method)(x, *self.arguments)


def export(tokenizer, size, folder):
    """Exports what is not there yet and returns the path of each stage's file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    side = size // tokenizer.factor()
    examples = {
        "encode": (Stage(tokenizer, "encode"), torch.zeros(1, 3, size, size)),
        "lookup": (Stage(tokenizer, "lookup"), torch.zeros(1, tokenizer.config["embed_dim"], side, side)),
        "decode": (Stage(tokenizer, "decode", side, side), torch.zeros(1, side * side, dtype=torch.int64)),
    }
    paths = {}
    for name, (stage, example) in examples.items():
        paths[name] = path = folder / f"{name}-{size}.onnx"
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            torch.onnx.export(stage.eval(), (example,), unfinished, input_names=["x"], output_names=["y"],
                              dynamo=True, external_data=False, verbose=False)
            unfinished.rename(path)
    return paths
