"""The autoregressive transformer of IBQ as a PyTorch module, with a cache of keys and values.

One class token, then the tokens of a picture in raster order. The norm vectors of the blocks depend on the class alone and
are computed once for each picture, as `ibq` does.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

# The official size B, 343 million parameters.
SIZE_B = {"vocab_size": 16384, "block_size": 256, "n_layer": 16, "n_head": 16, "n_embd": 1024, "class_num": 1000,
          "ffn_dim": 2816}


def rms_norm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


def rotation_angles(config):
    """Cosines and sines, [1 + positions, head width / 2]. Those of the class token are all zero."""
    head = config["n_embd"] // config["n_head"]
    side = int(config["block_size"] ** 0.5)
    frequencies = 10000.0 ** (-2 * torch.arange(head // 4) / (head // 2))
    positions = torch.arange(side * side)
    rows, columns = positions // side, positions % side
    angles = torch.cat([rows[:, None] * frequencies, columns[:, None] * frequencies], dim=1)
    none = torch.zeros(1, angles.shape[1])
    return torch.cat([none, angles.cos()]), torch.cat([none, angles.sin()])


def rotate(x, cos, sin):
    """Rotates adjacent pairs of x [batch, heads, head width]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class AdaLinear(nn.Sequential):
    """SiLU, then a linear layer of the class embedding."""

    def __init__(self, width, vectors):
        super().__init__(nn.SiLU(), nn.Linear(width, vectors * width))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, hidden = config["n_embd"], config["ffn_dim"]
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)
        self.heads = config["n_head"]
        self.attention = nn.ModuleDict({"wqkv": linear(width, 3 * width), "wo": linear(width, width)})
        self.feed_forward = nn.ModuleDict(
            {"w1": linear(width, hidden), "w2": linear(hidden, width), "w3": linear(width, hidden)})
        self.attention_norm, self.ffn_norm = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.ada_lin = AdaLinear(width, 6)

    def forward(self, x, vectors, cache, position, cos, sin):
        """One position: x [batch, width]; cache (keys, values), each [batch, heads, positions, head width]."""
        gamma1, gamma2, scale1, scale2, shift1, shift2 = vectors
        keys, values = cache
        h = rms_norm(x, self.attention_norm.weight) * (1 + scale1) + shift1
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in self.attention["wqkv"](h).chunk(3, dim=-1))
        keys[:, :, position], values[:, :, position] = rotate(k, cos, sin), v
        q = rotate(q, cos, sin).unsqueeze(2)
        seen = slice(0, position + 1)
        h = F.scaled_dot_product_attention(q, keys[:, :, seen], values[:, :, seen])
        x = x + gamma1 * self.attention["wo"](h.flatten(1))
        h = rms_norm(x, self.ffn_norm.weight) * (1 + scale2) + shift2
        w1, w2, w3 = (self.feed_forward[name] for name in ("w1", "w2", "w3"))
        return x + gamma2 * w2(F.silu(w1(h)) * w3(h))


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["n_embd"]
        self.config = config
        self.tok_emb = nn.Embedding(config["vocab_size"], width)
        # The last row stands for no class.
        self.class_emb = nn.ModuleDict({"embedding_table": nn.Embedding(config["class_num"] + 1, width)})
        self.blocks = nn.ModuleList(Block(config) for _ in range(config["n_layer"]))
        self.head_nm = nn.ModuleDict({"rmsnorm": nn.RMSNorm(width, eps=1e-5), "ada_lin": AdaLinear(width, 2)})
        self.head = nn.Linear(width, config["vocab_size"], bias=False)
        self.cos, self.sin = rotation_angles(config)

    def start(self, classes):
        """The state of pictures of these classes: class vectors, norm vectors, empty caches."""
        config, batch = self.config, len(classes)
        embedding = self.class_emb["embedding_table"](torch.tensor(classes))
        shape = (batch, config["n_head"], 1 + config["block_size"], config["n_embd"] // config["n_head"])
        return {
            "class": embedding,
            "vectors": [block.ada_lin(embedding).chunk(6, dim=-1) for block in self.blocks],
            "head": self.head_nm["ada_lin"](embedding).chunk(2, dim=-1),
            "caches": [(torch.zeros(shape), torch.zeros(shape)) for _ in self.blocks],
        }

    def logits(self, x, position, state):
        """Logits after one position, whose input is x [batch, width]."""
        cos, sin = self.cos[position], self.sin[position]
        for block, vectors, cache in zip(self.blocks, state["vectors"], state["caches"]):
            x = block(x, vectors, cache, position, cos, sin)
        scale, shift = state["head"]
        return self.head(rms_norm(x, self.head_nm["rmsnorm"].weight) * (1 + scale) + shift)

    def step(self, tokens, position, state):
        """Draws the next tokens after `tokens` at `position`; with two sequences, the second is without a class."""
        logits = self.logits(self.tok_emb(tokens), position, state)
        if len(logits) == 2:
            logits = logits[1:] + 2.0 * (logits[:1] - logits[1:])
        drawn = torch.multinomial(torch.softmax(logits, dim=-1), 1).flatten()
        return drawn.expand(len(tokens))


def read_transformer(folder):
    """Opens a folder with config.json and model.safetensors."""
    folder = Path(folder)
    transformer = Transformer(json.loads((folder / "config.json").read_text())["transformer"])
    prefix = "transformer."
    weights = load_file(folder / "model.safetensors")
    weights = {name.removeprefix(prefix): weight.float() for name, weight in weights.items() if name.startswith(prefix)}
    transformer.load_state_dict(weights)
    return transformer.eval().requires_grad_(False)
