"""usage: encoder-vs-onnx.py MODEL_DIR F32.onnx ENCODE [ROUNDS] : the built-in encoder beside ONNX Runtime, in one run.

MODEL_DIR is the folder `model` of the package that encoder-data.py names, F32.onnx the same model with inputs `ids` (int64)
and `mask` (f32) and one output of a row per token, ENCODE the built example of crates/encoder:
cargo build --release -p openclaw-encoder --example encode. Needs what minilm.py needs, and onnx and onnxruntime.

ONNX Runtime gets its model quantised per channel, and the same texts of exactly 128 tokens on one thread, four at a time,
tokens ready made. Both work by turns; what counts is processor time, and the median of the rounds.
"""
import importlib.util
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

import minilm

SECONDS, BATCH, LENGTH, TEXTS = 4.0, 4, 128, 64


def made():
    spec = importlib.util.spec_from_file_location("texts", Path(__file__).parent / "encoder-texts.py")
    others = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(others)
    return others


def long_texts(notes, model):
    """Notes of exactly LENGTH tokens."""
    rng, texts = random.Random(5), []
    while len(texts) < TEXTS:
        words = "\n".join(notes.note(rng) for _ in range(12)).split(" ")
        for count in range(10, len(words)):
            length = len(model.ids(" ".join(words[:count])))
            if length == LENGTH:
                texts.append(" ".join(words[:count]))
            if length >= LENGTH:
                break
    return texts


def packed(path, texts):
    path.write_bytes(b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts))
    return str(path)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_speed(run, ids):
    mask, done, start = np.ones((BATCH, LENGTH), np.float32), 0, time.process_time()
    while time.process_time() - start < SECONDS:
        for at in range(0, len(ids), BATCH):
            run.run(None, {"ids": ids[at : at + BATCH], "mask": mask})
            done += BATCH
    return done / (time.process_time() - start)


def our_speed(program, texts):
    answer = subprocess.run([program, "speed", texts, str(SECONDS), str(BATCH)], capture_output=True, check=True, text=True)
    return float(answer.stdout.split()[0]), answer.stdout.strip()


def onnx_vector(run, ids):
    rows = run.run(None, {"ids": np.array([ids]), "mask": np.ones((1, len(ids)), np.float32)})[0][0]
    mean = rows.mean(0)
    return mean / np.linalg.norm(mean)


def main():
    folder, f32, program, *rounds = sys.argv[1:]
    model, notes = minilm.Reference(folder), made()
    with tempfile.TemporaryDirectory() as temporary:
        temporary = Path(temporary)
        quantised = temporary / "int8.onnx"
        quantize_dynamic(f32, quantised, weight_type=QuantType.QInt8, per_channel=True)
        theirs = session(quantised)
        texts = long_texts(notes, model)
        ids, file = np.array([model.ids(text) for text in texts]), packed(temporary / "long", texts)
        speeds = []
        for _ in range(int(rounds[0]) if rounds else 5):
            ours, line = our_speed(program, file)
            speeds.append((ours, onnx_speed(theirs, ids)))
            print(f"built in {line}; ONNX Runtime int8 {speeds[-1][1]:.1f}", flush=True)
        ours, others = (statistics.median(side) for side in zip(*speeds))
        ratio = statistics.median(a / b for a, b in speeds)
        print(f"embeddings per CPU second, {LENGTH} tokens, medians: built in {ours:.1f}, ONNX Runtime {onnxruntime.__version__} int8 per channel {others:.1f}, ratio {ratio:.2f}")
        texts = notes.texts()
        answer = subprocess.run([program, "vectors", packed(temporary / "all", texts)], capture_output=True, check=True)
        reference = np.array([model.vector(text) for text in texts])
        for name, vectors in (
            ("built in", np.frombuffer(answer.stdout, "<f4").reshape(len(texts), -1)),
            ("ONNX Runtime int8", np.array([onnx_vector(theirs, model.ids(text)) for text in texts])),
        ):
            cosines = (vectors * reference).sum(-1)
            print(f"cosine with f32 on {len(texts)} texts, {name}: mean {cosines.mean():.5f}, worst {cosines.min():.5f}")


if __name__ == "__main__":
    main()
