"""usage: encoder-reference.py MODEL_DIR TEXTS.json TOKENS.json VECTORS : what the tests of the encoder compare with.

TEXTS.json comes from encoder-texts.py. TOKENS.json gets the ids of the `tokenizers` package, VECTORS the vectors of the
f32 model: per text an f32 scale and 384 numbers i8, little endian; rounding them costs less than .0001 of cosine.
"""
import json
import sys

import numpy as np

import minilm


def main():
    folder, texts, tokens, vectors = sys.argv[1:]
    model = minilm.Reference(folder)
    with open(texts, encoding="utf-8") as file:
        texts = json.load(file)
    with open(tokens, "w", encoding="ascii") as out:
        rows = ",\n".join(json.dumps(model.ids(text), separators=(",", ":")) for text in texts)
        out.write(f"[\n{rows}\n]\n")
    with open(vectors, "wb") as out:
        for text in texts:
            vector = model.vector(text)
            scale = np.abs(vector).max() / 127
            out.write(np.array([scale], "<f4").tobytes() + np.round(vector / scale).astype("i1").tobytes())


if __name__ == "__main__":
    main()
