# SPDX-License-Identifier: MIT
"""Fuzzing of every reader: `python tests/faults/fuzz.py --cases 1000000 --seed 1`.

Each case is a seed or a kept input, mutated some times. An input that raises something else than
KbenchError is kept in corpus/READER/, which the tests read again; exits 1 where there was one.
"""

import argparse
import hashlib
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.readers import CORPUS, READERS, Reader, check

PIECES = (b"{", b"}", b"[", b"]", b'"', b",", b"null", b"1e999", b"-1", b"\0", b"\xff", b"NaN")


def mutated(rng: random.Random, data: bytes) -> bytes:
    """`data` after some flips, cuts, copies, and pieces put in."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(changed) + 1)
        far = min(len(changed), at + rng.choice((1, 2, 8, 100)))
        match rng.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(changed):
                changed[at] = rng.randrange(256)
            case 2:
                del changed[at:far]
            case 3:
                changed[at:at] = changed[at:far]
            case 4:
                changed[at:at] = rng.choice(PIECES)
            case _ if rng.random() < 0.1:
                del changed[at:]
    return bytes(changed)


def inputs(reader: Reader) -> list[bytes]:
    """The reader's seed, and what was kept for it."""
    return [reader.seed, *(path.read_bytes() for path in sorted((CORPUS / reader.name).glob("*")))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    known = {reader.name: inputs(reader) for reader in READERS}
    weights = [reader.weight for reader in READERS]
    counts: Counter[str] = Counter()
    faults, start = 0, time.monotonic()
    for reader in rng.choices(READERS, weights, k=args.cases):
        data = mutated(rng, rng.choice(known[reader.name]))
        counts[reader.name] += 1
        try:
            check(reader, data)
        except Exception as error:
            faults += 1
            place = CORPUS / reader.name / hashlib.sha256(data).hexdigest()[:16]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            print(f"{place}: {type(error).__name__}: {error}", flush=True)
    each = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    print(f"{args.cases:,} cases in {time.monotonic() - start:.0f} s ({each}): {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
