"""What HDF5 can store is read as HDF5 reads it: any type, filters, filter masks, layout, library version and slice."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import pipeline
from pipeline.opening.layouts.protocol import Stored
from pipeline.opening.variables import lazy_variable
from pipeline.slicing.budget import Budget
from tests.common import accumulated

TYPES = ["i1", "u1", "<i2", ">i2", "<u4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8", ">f8", "?", "E"]
FILTERS: list[dict[str, Any]] = [
    {},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},  # twice, because of its masks in every way
    {"compression": "gzip", "shuffle": True},
    {"compression": "lzf"},
    {"compression": "lzf", "shuffle": True},
    {"shuffle": True},
    {"fletcher32": True},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"scaleoffset": 0},
]


@st.composite
def stored(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a dataset: shape, chunks, type, precision, filters, what was never written, and what is asked of it."""
    ndim = draw(st.integers(1, 3))
    shape = tuple(draw(st.integers(*((1, 5) if axis else (9, 60)))) for axis in range(ndim))
    chunks = draw(
        st.one_of(
            st.none(),
            st.tuples(*(st.integers(1, size) for size in shape)),
            st.just((1, *shape[1:])),
            st.just((min(3, shape[0]), *shape[1:])),
        )
    )
    kind = draw(st.sampled_from(TYPES))
    filters = draw(st.sampled_from(FILTERS)) if chunks else {}
    if "scaleoffset" in filters and (kind in "E?" or np.dtype(kind).kind not in "iu"):
        filters = {}
    return {
        "shape": shape,
        "chunks": chunks,
        "kind": kind,
        "filters": filters,
        "precision": draw(st.one_of(st.none(), st.tuples(st.integers(1, 8), st.integers(0, 3)))),
        "fill": draw(st.booleans()),
        "written": draw(st.integers(1, 20)),  # every so many rows
        "grow": draw(st.integers(0, 5)),
        "masks": draw(st.lists(st.integers(0, 3), min_size=8, max_size=60)),
        "libver": draw(st.sampled_from(["earliest", "latest", "v108"])),
        "userblock": draw(st.sampled_from([0, 0, 512])),
        "seed": draw(st.integers(0, 2**16)),
        "key": tuple(draw(keys(size)) for size in shape),
    }


def keys(size: int) -> st.SearchStrategy[Any]:
    """Return what one axis may be asked for; xarray itself fails for a slice backwards that is empty."""
    return st.one_of(
        st.integers(-size, size - 1),
        st.slices(size).filter(lambda part: (part.step or 1) > 0),
        st.sampled_from([slice(None, None, -1), slice(None, None, -2)]),
        st.just(slice(None)),
        st.builds(slice, st.integers(0, size), st.none(), st.integers(1, 5)),
    )


def file_type(kind: str, precision: tuple[int, int] | None) -> Any:
    """Return the type in the file; integers may have fewer bits than their bytes, and bits that are shifted."""
    if kind == "E":
        return h5py.h5t.py_create(h5py.enum_dtype({"OFF": 0, "ON": 1}, "i1"), logical=True)
    made = h5py.h5t.py_create(np.dtype(kind), logical=True)
    if precision and np.dtype(kind).kind in "iu":
        made = made.copy()
        bits = max(1, 8 * np.dtype(kind).itemsize - precision[0])
        made.set_precision(bits)
        made.set_offset(min(precision[1], 8 * np.dtype(kind).itemsize - bits))
    return made


def write(path: Path, given: dict[str, Any]) -> None:
    """Write the dataset ``v``, by HDF5 itself; some chunks are stored without some of their filters."""
    shape, chunks = given["shape"], given["chunks"]
    rng = np.random.default_rng(given["seed"])
    limited = given["precision"] is not None or "scaleoffset" in given["filters"] or given["kind"] in "?E"
    raw = rng.integers(0, 2 if limited else 100, shape)
    with h5py.File(path, "w", libver=given["libver"], userblock_size=given["userblock"]) as file:
        space = h5py.h5s.create_simple(shape, (h5py.h5s.UNLIMITED, *shape[1:]) if chunks else None)
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        if chunks:
            filters = given["filters"]
            plist = h5py._hl.filters.fill_dcpl(
                plist, shape, np.dtype("i4" if given["kind"] == "E" else given["kind"]), chunks,
                filters.get("compression"), None, filters.get("shuffle"), filters.get("fletcher32"),
                (None, *shape[1:]), filters.get("scaleoffset"), None,
            )  # fmt: skip
        if given["fill"]:
            plist.set_fill_value(np.array(1, "i1" if given["kind"] in "E?" else given["kind"]))
        made = h5py.h5d.create(file.id, b"v", file_type(given["kind"], given["precision"]), space, plist)
        dataset = h5py.Dataset(made)
        for row in range(0, shape[0], given["written"]):
            dataset[row] = raw[row].astype(dataset.dtype)
        if chunks and given["grow"]:
            dataset.resize(shape[0] + given["grow"], axis=0)
    with h5py.File(path, "a") as file:
        made, dataset = file["v"].id, file["v"]
        masked = {"compression", "shuffle"}.issuperset(given["filters"])  # HDF5 takes no chunk without a checksum
        written = {row // chunks[0] for row in range(0, shape[0], given["written"])} if chunks else set()
        starts = range(0, shape[0], chunks[0]) if chunks and masked else ()
        free = [at for at in starts if at // chunks[0] not in written]  # HDF5 keeps the mask of others
        for at, mask in zip(free, given["masks"], strict=False):
            values = rng.integers(0, 2, chunks).astype(dataset.dtype)
            made.write_direct_chunk((at, *(0 for _ in shape[1:])), *masked_chunk(values, given["filters"], mask))


def masked_chunk(values: np.ndarray, filters: dict[str, Any], mask: int) -> tuple[bytes, int]:
    """Return the bytes of a chunk to which some of its filters were not applied, and the mask that says so."""
    data, bit, found = values.tobytes(), 0, 0
    if "shuffle" in filters:
        if mask & 1:
            found |= 1
        else:
            data = np.frombuffer(data, "u1").reshape(-1, values.itemsize).T.tobytes()
        bit += 1
    if filters.get("compression") == "gzip" and not mask & 2:
        data = zlib.compress(data)
    elif "compression" in filters:
        found |= 1 << bit
    return data, found


@pytest.mark.slow
@given(stored())
@settings(max_examples=800, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_part_of_any_dataset_is_what_h5py_reads(given: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        write(path, given)
        with h5py.File(path, "r", locking=False) as file:
            dataset = file["v"]
            variable = lazy_variable(
                file, Stored(dataset.name, dims := tuple(f"d{axis}" for axis in range(dataset.ndim))), dims
            )
            expected = dataset[()]
        found = variable[given["key"]].to_numpy()
        wanted = expected[given["key"]]
        assert found.dtype == variable.dtype
        assert found.dtype.isnative
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(variable.to_numpy(), expected)


# Read back from TensorBoard -------------------------------------------------------------------------------------------


@st.composite
def traces(draw: st.DrawFn) -> dict[str, Any]:
    """Return an array with its chunks, its time axis, and how it is drawn and cut."""
    ndim = draw(st.integers(1, 2))
    shape = tuple(draw(st.lists(st.integers(1, 40), min_size=ndim, max_size=ndim)))
    axis = draw(st.integers(0, ndim - 1))
    dtype = draw(st.sampled_from(["f4", "f8", "i2", "u1", "i8", ">f4"]))
    elements = st.floats(-(2.0**100), 2.0**100, width=32) if "f" in dtype else None
    times = np.cumsum(draw(st.lists(st.floats(1e-3, 9.0), min_size=shape[axis], max_size=shape[axis])))
    return {
        "values": draw(arrays(dtype, shape, elements=elements)),
        "chunks": tuple(draw(st.integers(1, size)) for size in shape) if draw(st.booleans()) else None,
        "axis": axis,
        "times": times if draw(st.booleans()) else None,
        "step": draw(st.integers(1, 7)),
        "block": draw(st.sampled_from([1, 64, 300, 1 << 20])),
    }


@given(traces())
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_points_are_what_numpy_makes_of_the_array(given: dict[str, Any]) -> None:
    values, axis, times = given["values"], given["axis"], given["times"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("v", data=values, chunks=given["chunks"]).dims[axis].label = "time"
            if times is not None:
                file["time"] = times
                file["time"].attrs["units"] = "ms"
        plots = [{"v": {"kind": "trace", "format": "scalar", "step": given["step"]}}]
        pipeline.convert(path, Path(folder) / "tb", plots, memory=Budget(each=1 << 24, block=given["block"]))
        found = accumulated(Path(folder) / "tb" / "a")
        rows = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1).astype("f4")[:: given["step"]]
        steps = np.arange(values.shape[axis])[:: given["step"]]
        tags = ["a/v"] if values.ndim == 1 else [f"a/N{unit}/v" for unit in range(rows.shape[1])]
        assert sorted(found.Tags()["scalars"]) == sorted(tags)
        seconds = steps if times is None else times[:: given["step"]] * 1e-3
        for tag, column in zip(tags, rows.T, strict=True):
            points = found.Scalars(tag)
            assert [point.step for point in points] == steps.tolist()
            np.testing.assert_array_equal(np.array([point.value for point in points], "f4"), column)
            np.testing.assert_allclose([point.wall_time for point in points], seconds, rtol=1e-9, atol=2e-3)
