"""Damaged files, made from good ones of several layouts, and opened and planned one after the other in this process.

Run as a script it ends with 0 if each was opened, or refused with an error of ours, and says how many of each.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from pipeline.errors import PipelineError
from pipeline.opening import open_run
from pipeline.opening.hdf5 import guard
from pipeline.planning.match import plan_run

__all__ = ["good_files", "mutations", "truncations"]


def good_files(folder: Path) -> list[Path]:
    """Write a small file of each of five layouts."""
    rng = np.random.default_rng(0)
    found = [folder / f"{name}.h5" for name in ("sapicore", "sonata", "nwb", "netcdf", "old")]
    with h5py.File(found[0], "w") as file:
        file.attrs.update({"identifier": "GC", "class": "Ensemble"})
        file.create_group("configuration").attrs["tau"] = "tensor([1., 2.])"
        file.create_dataset(
            "voltage", data=rng.normal(size=(40, 3)), maxshape=(None, 3), chunks=(4, 3), compression="lzf"
        )
    with h5py.File(found[1], "w", libver="latest") as file:
        file["report/exc/data"] = rng.normal(size=(20, 3))
        file["report/exc/mapping/time"], file["report/exc/mapping/node_ids"] = [0, 2.0, 0.1], np.arange(3)
        file["spikes/exc/timestamps"], file["spikes/exc/node_ids"] = rng.random(30), rng.integers(0, 9, 30)
    with h5py.File(found[2], "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        file["acquisition/Vm/data"], file["acquisition/Vm/timestamps"] = np.ones((20, 3)), np.arange(20.0)
        file["acquisition/other/data"] = np.ones(20)
        file["acquisition/other/timestamps"] = h5py.SoftLink("/acquisition/Vm/timestamps")
        file["units/spike_times"], file["units/spike_times_index"] = np.arange(9.0), np.array([4, 9], "u1")
    with h5py.File(found[3], "w") as file:
        file.attrs["_NCProperties"] = "version=2"
        file["time"], file["t2m"] = np.arange(20.0), np.ones((20, 3), "i2")
        file["time"].make_scale("time")
        file["time"].attrs["units"] = "hours since 2000-01-01"
        file["t2m"].dims[0].attach_scale(file["time"])
        file["t2m"].attrs.update({"scale_factor": 0.1, "_FillValue": np.int16(-1)})
    with h5py.File(found[4], "w", libver="earliest") as file:
        file["table"] = np.zeros(20, [("t", "f8"), ("Vm", "f4"), ("name", "S4")])
        file.create_dataset(
            "x", data=rng.normal(size=(30, 4)), chunks=(5, 4), compression="gzip", shuffle=True, fletcher32=True
        )
        file["words"], file["deep/er/still/y"] = ["a", "b"], np.arange(5)
        file["deep/link"] = h5py.SoftLink("/deep")
    return found


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield copies of a file with one to eight bytes changed, mostly among its metadata."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(int(rng.integers(1, 9))):
            at = int(rng.integers(0, len(data) if rng.random() < 0.5 else min(len(data), 4096)))
            changed[at] = int(
                rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(0, 256)), changed[at] ^ 1 << int(rng.integers(8))])
            )
        yield bytes(changed)


def truncations(data: bytes) -> Iterator[bytes]:
    """Yield the beginnings of a file up to each of its structures, by their signatures."""
    marks = (b"TREE", b"HEAP", b"SNOD", b"OHDR", b"OCHK", b"FRHP", b"BTHD", b"FADB", b"FAHD", b"GCOL", b"BTLF")
    places = {at for mark in marks for at in _found(data, mark)}
    for at in sorted({0, 1, 8, 48, 96, *places, *(place + 4 for place in places), len(data) - 1}):
        yield data[:at]


def _found(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _outcome(path: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plan_run(open_run(path))
    except PipelineError as error:
        if str(path) not in str(error) or "\n" in str(error):
            raise RuntimeError(f"not one line that names the file: {error}") from error
        return "crash" if "HDF5 itself crashes" in str(error) else "refused"
    return "opened"


def main(folder: Path, each: int, seed: int) -> None:
    """Open what is made of each good file; print how many were opened, refused, or crashed the child."""
    outcomes: Counter[str] = Counter()
    path = folder / "damaged.h5"
    for number, good in enumerate(good_files(folder)):
        data = good.read_bytes()
        for changed in (*truncations(data), *mutations(data, each, seed + number)):
            path.write_bytes(changed)
            guard.forget()
            try:
                outcomes[_outcome(path)] += 1
            except Exception:
                (folder / "unexpected.h5").write_bytes(changed)
                raise
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
