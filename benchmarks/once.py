"""Do one work in a process of its own: ``python -m benchmarks.once ours.scalars SOURCE OUT``."""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    work, source, out = sys.argv[1:]
    module, _, name = work.partition(".")
    given = Path(source)
    if given.suffix == ".npy":
        import numpy

        given = numpy.load(given)
    getattr(importlib.import_module(f"benchmarks.{module}"), name)(given, Path(out))
