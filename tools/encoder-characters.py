"""usage: encoder-characters.py OUT : what BERT's normaliser does with each character, asked of the reference itself.

Written with tokenizers 0.23.3 for crates/encoder/data/characters.bin; needs that package only.
The file, little endian: u32 ranges, u32 replacements, then
    ranges        u32 first, u32 last * 4 + kind: 0 is dropped, 1 separates words, 2 is a word of its own; sorted
    replacements  u32 character, u32 [3] what stands for it, 0 where nothing more; sorted
A character in neither stays as it is. Hangul syllables are left out: they come apart by arithmetic (Unicode 3.12).
"""
import struct
import sys

from tokenizers import normalizers, pre_tokenizers

DROPPED, SPACE, ALONE = range(3)
HANGUL = range(0xAC00, 0xD7A4)
NORMAL = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
SPLIT = pre_tokenizers.BertPreTokenizer()


def normal(character):
    return NORMAL.normalize_str(f"a{character}b")[1:-1]


def kind(character):
    """What the splitter does with a character that the normaliser leaves alone."""
    parts = [part for part, _ in SPLIT.pre_tokenize_str(f"a{character}b")]
    return {1: None, 2: SPACE, 3: ALONE}[len(parts)]


def main():
    ranges, replacements = [], []

    def add(code, what):
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == what:
            ranges[-1][1] = code
        elif what is not None:
            ranges.append([code, code, what])

    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        made = normal(character)
        if made == "":
            add(code, DROPPED)
        elif made == " ":
            add(code, SPACE)
        elif made == f" {character} ":
            add(code, ALONE)
        elif made == character:
            add(code, kind(character))
        elif code not in HANGUL:
            stripped = made.strip(" ")
            assert len(stripped) <= 3 and "\0" not in stripped
            # What is spaced out must be so by what it becomes, too.
            assert made == stripped or normal(stripped) == f" {stripped} ", hex(code)
            replacements.append([code, *map(ord, stripped.ljust(3, "\0"))])
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<2I", len(ranges), len(replacements)))
        for first, last, what in ranges:
            out.write(struct.pack("<2I", first, last * 4 + what))
        for entry in replacements:
            out.write(struct.pack("<4I", *entry))


if __name__ == "__main__":
    main()
