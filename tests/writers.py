"""Files of pandas and PyTables, written and read back by these in a process of their own.

PyTables brings an HDF5 with filters of its own, which takes the place of those that other tests need.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["written"]


def written(kind: str, path: Path) -> dict[str, np.ndarray]:
    """Write a file, and return what its own library reads back, by name."""
    done = subprocess.run([sys.executable, "-W", "ignore", __file__, kind, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(path.with_suffix(".npz")) as found:
        return dict(found)


def pandas_frame(path: Path, form: str, index: str) -> dict[str, Any]:
    """Write a frame with two columns of floats and one of whole numbers."""
    import pandas as pd

    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(20, 2)), columns=["left", "right"])
    frame["count"] = np.arange(20)
    if index == "dates":
        frame.index = pd.date_range("2020-01-01", periods=20, freq="50ms")
    elif index == "seconds":
        frame.index = np.cumsum(rng.random(20))
    frame.to_hdf(path, key="group/frame", format=form)
    read = pd.read_hdf(path, "group/frame")
    times = read.index.astype("datetime64[ns]").astype("int64") if index == "dates" else read.index
    return {"time": np.asarray(times), **{name: np.asarray(read[name]) for name in read.columns}}


def pandas_columns(path: Path) -> dict[str, Any]:
    """Write a series, and a table with columns that can be searched."""
    import pandas as pd

    frame = pd.DataFrame({"x": np.random.default_rng(1).normal(size=9), "y": np.arange(9)}, index=np.arange(9) * 0.5)
    frame["x"].to_hdf(path, key="s")
    frame.to_hdf(path, key="t", format="table", data_columns=True)
    read = pd.read_hdf(path, "t")
    return {"time": np.asarray(read.index), "x": np.asarray(read["x"]), "y": np.asarray(read["y"])}


def pytables(path: Path) -> dict[str, Any]:
    """Write a table with columns in columns and an index, and an array that grows along its second axis."""
    import tables

    class Row(tables.IsDescription):  # type: ignore[misc]
        t = tables.Float64Col()
        Vm = tables.Float32Col(shape=(2,))
        name = tables.StringCol(8)
        stamp = tables.Time64Col()

        class pos(tables.IsDescription):  # type: ignore[misc]
            x = tables.Float64Col()

    with tables.open_file(str(path), "w") as file:
        table = file.create_table("/", "log", Row)
        for number in range(10):
            table.row["t"], table.row["Vm"], table.row["pos/x"] = number * 0.1, [number, -number], number**2
            table.row.append()
        table.flush()
        table.cols.t.create_index()
        grown = file.create_earray("/", "grown", tables.Float32Atom(), (3, 0))
        grown.append(np.random.default_rng(1).normal(size=(3, 7)).astype("f4"))
        read = table.read()
        return {"time": read["t"], "Vm": read["Vm"], "x": read["pos"]["x"], "grown": grown.read()}


def _write(kind: str, path: Path) -> None:
    name, *options = kind.split("-")
    np.savez(path.with_suffix(".npz"), **globals()[name](path, *options))


if __name__ == "__main__":
    _write(sys.argv[1], Path(sys.argv[2]))
