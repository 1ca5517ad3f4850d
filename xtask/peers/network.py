"""The IBQ tokenizer as a PyTorch module, with the tensor names of the official checkpoints.

Pictures and feature maps are [batch, channels, height, width] in float32.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

# The official configuration with the codebook of 16,384 codes.
OFFICIAL = {
    "ch": 128, "ch_mult": [1, 1, 2, 2, 4], "num_res_blocks": 4, "attn_resolutions": [16], "resolution": 256,
    "z_channels": 256, "embed_dim": 256, "n_embed": 16384, "quantizer": "ibq", "in_channels": 3, "out_ch": 3,
}


def group_norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


def conv3x3(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class ResnetBlock(nn.Module):
    """shortcut(x) + conv2(swish(norm2(conv1(swish(norm1(x))))))"""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = group_norm(inputs), conv3x3(inputs, outputs)
        self.norm2, self.conv2 = group_norm(outputs), conv3x3(outputs, outputs)
        if inputs != outputs:
            self.nin_shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class AttnBlock(nn.Module):
    """Self-attention with one head over all positions, with a residual."""

    def __init__(self, channels):
        super().__init__()
        self.norm = group_norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        batch, channels, height, width = x.shape
        h = self.norm(x)
        q, k, v = (product(h).flatten(2).transpose(1, 2) for product in (self.q, self.k, self.v))
        weights = torch.softmax(q @ k.transpose(1, 2) * channels**-0.5, dim=-1)
        h = (weights @ v).transpose(1, 2).reshape(batch, channels, height, width)
        return x + self.proj_out(h)


class Downsample(nn.Module):
    """One zero column right and one zero row below, then a 3×3 convolution with stride 2."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Nearest neighbor to twice the size, then a 3×3 convolution."""

    def __init__(self, channels):
        super().__init__()
        self.conv = conv3x3(channels, channels)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def middle(channels):
    return nn.ModuleDict({"block_1": ResnetBlock(channels, channels), "attn_1": AttnBlock(channels),
                          "block_2": ResnetBlock(channels, channels)})


def run_middle(mid, h):
    return mid["block_2"](mid["attn_1"](mid["block_1"](h)))


def level(inputs, outputs, blocks, attention):
    """One level: its blocks, and an attention block after each where the level has attention."""
    return nn.ModuleDict({
        "block": nn.ModuleList(ResnetBlock(inputs if n == 0 else outputs, outputs) for n in range(blocks)),
        "attn": nn.ModuleList(AttnBlock(outputs) for _ in range(blocks if attention else 0)),
    })


def run_level(blocks, h):
    for n, block in enumerate(blocks["block"]):
        h = block(h)
        if len(blocks["attn"]):
            h = blocks["attn"][n](h)
    return h


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths = [config["ch"] * factor for factor in config["ch_mult"]]
        self.conv_in = conv3x3(config["in_channels"], config["ch"])
        self.down = nn.ModuleList()
        inputs = config["ch"]
        for n, outputs in enumerate(widths):
            attention = config["resolution"] >> n in config["attn_resolutions"]
            self.down.append(level(inputs, outputs, config["num_res_blocks"], attention))
            if n + 1 < len(widths):
                self.down[n]["downsample"] = Downsample(outputs)
            inputs = outputs
        self.mid = middle(inputs)
        self.norm_out, self.conv_out = group_norm(inputs), conv3x3(inputs, config["z_channels"])

    def forward(self, x):
        h = self.conv_in(x)
        for blocks in self.down:
            h = run_level(blocks, h)
            if "downsample" in blocks:
                h = blocks["downsample"](h)
        return self.conv_out(F.silu(self.norm_out(run_middle(self.mid, h))))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths = [config["ch"] * factor for factor in config["ch_mult"]]
        inputs = widths[-1]
        self.conv_in, self.mid = conv3x3(config["z_channels"], inputs), middle(inputs)
        levels = []
        for n in reversed(range(len(widths))):
            attention = config["resolution"] >> n in config["attn_resolutions"]
            blocks = level(inputs, widths[n], config["num_res_blocks"] + 1, attention)
            if n > 0:
                blocks["upsample"] = Upsample(widths[n])
            levels.append(blocks)
            inputs = widths[n]
        # The checkpoints number the levels from the largest map.
        self.up = nn.ModuleList(reversed(levels))
        self.norm_out, self.conv_out = group_norm(inputs), conv3x3(inputs, config["out_ch"])

    def forward(self, z):
        h = run_middle(self.mid, self.conv_in(z))
        for blocks in reversed(self.up):
            h = run_level(blocks, h)
            if "upsample" in blocks:
                h = blocks["upsample"](h)
        return self.conv_out(F.silu(self.norm_out(h)))


class Quantizer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embedding = nn.Embedding(config["n_embed"], config["embed_dim"])

    def scores(self, latents):
        """Dot products of each position's latent vector with each code: [batch, positions, codes]."""
        return latents.flatten(2).transpose(1, 2) @ self.embedding.weight.T


class Tokenizer(nn.Module):
    """The three stages that are timed: encode, look up, decode."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.encoder, self.decoder, self.quantize = Encoder(config), Decoder(config), Quantizer(config)
        self.quant_conv = nn.Conv2d(config["z_channels"], config["embed_dim"], 1)
        self.post_quant_conv = nn.Conv2d(config["embed_dim"], config["z_channels"], 1)

    def factor(self):
        return 2 ** (len(self.config["ch_mult"]) - 1)

    def encode(self, pixels):
        """Latent vectors of pixels in -1 to 1."""
        return self.quant_conv(self.encoder(pixels))

    def lookup(self, latents):
        """The code with the largest dot product at each position, in raster order; the first of equal ones."""
        return self.quantize.scores(latents).argmax(dim=-1)

    def decode(self, tokens, height, width):
        """Pixels of tokens [batch, height × width]."""
        codes = self.quantize.embedding(tokens).transpose(1, 2)
        return self.decoder(self.post_quant_conv(codes.reshape(tokens.shape[0], -1, height, width)))


def read_tokenizer(folder):
    """Opens a folder with config.json and model.safetensors."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())["tokenizer"]
    tokenizer = Tokenizer(config)
    weights = load_file(folder / "model.safetensors")
    tokenizer.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return tokenizer.eval().requires_grad_(False)


def write_official(folder, seed=1):
    """Writes the official configuration with random weights: for timing and for comparing tokens."""
    folder = Path(folder)
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    tokenizer = Tokenizer(OFFICIAL)
    save_file(tokenizer.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    config = {"kind": "tokenizer", "weights": "raw", "precision": "f32", "source": f"random weights, seed {seed}",
              "tokenizer": OFFICIAL}
    # Last, since it marks the folder as complete.
    (folder / "config.json").write_text(json.dumps(config, indent=2))
