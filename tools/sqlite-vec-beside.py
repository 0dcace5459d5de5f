"""sqlite-vec, and OpenClaw's query over it, beside our scan: `python3 tools/sqlite-vec-beside.py SCALE [VECTORS]`.

SCALE is the built example `scale` of openclaw-memory, which is run with as many lines as make about so many passages. Needs the
packages apsw, sqlite-vec and numpy. Best of 7 for each; all in memory.
"""

import subprocess
import sys
import time

import apsw
import numpy
import sqlite_vec

DIMENSIONS = 384
ROUNDS = 7
LINES_PER_PASSAGE = 1.97


def best(work):
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    return min(times)


def main():
    scale, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    random = numpy.random.default_rng(7)
    topics = random.standard_normal((500, DIMENSIONS))
    vectors = 0.5 * topics[random.integers(0, 500, count)] + 0.8 * random.standard_normal((count, DIMENSIONS))
    vectors = (vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)).astype("f4")
    query = vectors[count // 2]
    steps = numpy.abs(vectors).max(axis=1, keepdims=True) / 127
    codes = numpy.round(vectors / steps).astype("i1")

    db = apsw.Connection(":memory:")
    db.enable_load_extension(True)
    db.load_extension(sqlite_vec.loadable_path())
    run = lambda sql, *values: list(db.execute(sql, values))
    run(f"CREATE VIRTUAL TABLE as_f32 USING vec0(embedding float[{DIMENSIONS}] distance_metric=cosine)")
    run(f"CREATE VIRTUAL TABLE as_int8 USING vec0(embedding int8[{DIMENSIONS}] distance_metric=cosine)")
    run(f"CREATE VIRTUAL TABLE chunks_vec USING vec0(id TEXT PRIMARY KEY, embedding float[{DIMENSIONS}])")
    run("CREATE TABLE chunks (id TEXT PRIMARY KEY, path TEXT, start_line INTEGER, end_line INTEGER, text TEXT, source TEXT, model TEXT)")
    with db:
        for at in range(count):
            name, blob = f"{at:064x}", vectors[at].tobytes()
            run("INSERT INTO as_f32 (rowid, embedding) VALUES (?, ?)", at, blob)
            run("INSERT INTO as_int8 (rowid, embedding) VALUES (?, vec_int8(?))", at, codes[at].tobytes())
            run("INSERT INTO chunks_vec VALUES (?, ?)", name, blob)
            run("INSERT INTO chunks VALUES (?, 'memory/a.md', 1, 2, ?, 'memory', 'm')", name, "text " * 40)
    f32, int8 = query.tobytes(), codes[count // 2].tobytes()
    knn = "SELECT rowid, distance FROM {} WHERE embedding MATCH {} AND k = 10"
    theirs = (
        "SELECT c.id, c.path, c.start_line, c.end_line, c.text, c.source, vec_distance_cosine(v.embedding, ?) AS dist "
        "FROM chunks_vec v JOIN chunks c ON c.id = v.id WHERE c.model = 'm' ORDER BY dist ASC LIMIT 24"
    )
    print(f"{count} vectors of {DIMENSIONS} numbers, sqlite-vec {run('SELECT vec_version()')[0][0]}")
    print(f"sqlite-vec, nearest 10, f32: {best(lambda: run(knn.format('as_f32', '?'), f32)):.1f} ms")
    print(f"sqlite-vec, nearest 10, int8: {best(lambda: run(knn.format('as_int8', 'vec_int8(?)'), int8)):.1f} ms")
    print(f"OpenClaw's query: {best(lambda: run(theirs, f32)):.1f} ms", flush=True)
    subprocess.run([scale, "--lines", str(round(count * LINES_PER_PASSAGE))], check=True)


main()
