"""Checkpoints: how far a variable is that is under way, in plain numbers and arrays.

A log directory may be shared, so what lies in it is not trusted: the file is numpy's ``.npz`` read without pickles, its
head is JSON, and one that is damaged, foreign or of another format is passed over with a word.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import unwritable
from pipeline.writing.journal import Ranges

__all__ = ["Checkpoint", "CheckpointFile"]

_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """Finished steps, partial merges, and where the records of a variable end by now.

    Attributes
    ----------
    key : str
        What its records depend on, as in the journal.
    done : int
        Finished steps of its schedule.
    state : nested tuples
        Of None, bool, int, float, str and arrays of numbers.
    ranges : dict
        Where its records are, by event file.
    hparams : dict
        The hyperparameters it gave so far.
    """

    key: str
    done: int
    state: tuple[Any, ...]
    ranges: Ranges
    hparams: dict[str, bool | float | str]


class CheckpointFile:
    """The checkpoint of one run; it is replaced whole, so that a kill leaves the old one or the new one.

    Parameters
    ----------
    run_dir : Path

    Attributes
    ----------
    problem : str
        Why `read` found none, where the file is there; empty otherwise.
    """

    def __init__(self, run_dir: Path) -> None:
        self.path, self.problem = run_dir / "hdf2tb.checkpoint", ""
        self._draft = run_dir / "hdf2tb.checkpoint.part"

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        arrays: list[npt.NDArray[Any]] = []
        head = {
            "format": _FORMAT,
            "key": checkpoint.key,
            "done": checkpoint.done,
            "state": _plain(checkpoint.state, arrays),
            "ranges": checkpoint.ranges,
            "hparams": checkpoint.hparams,
        }
        data = io.BytesIO()
        members = {f"array_{number}": array for number, array in enumerate(arrays)}
        members["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
        np.savez(data, **members)  # type: ignore[arg-type]
        try:
            self._draft.write_bytes(data.getvalue())
            self._draft.replace(self.path)
        except OSError as cause:
            raise unwritable(self.path, cause) from cause

    def read(self) -> Checkpoint | None:
        """Return the checkpoint, or None if there is none that can be used."""
        self.problem = ""
        try:
            data = self.path.read_bytes()
        except OSError:
            return None
        try:
            return _read(data)
        except Exception as error:  # what is damaged on purpose may raise anything
            reason = " ".join(str(error).split())[:80] or type(error).__name__
            self.problem = f"{self.path}: not a checkpoint of this version ({reason}); the variable is begun anew"
            return None

    def drop(self) -> None:
        """Remove the checkpoint, and the draft that a kill may have left."""
        self.path.unlink(missing_ok=True)
        self._draft.unlink(missing_ok=True)


def _read(data: bytes) -> Checkpoint:
    arrays = _members(data)
    head = json.loads(arrays["head"].tobytes())
    if head["format"] != _FORMAT:
        raise ValueError(f"format {head['format']!r}")
    state = _unplain(head["state"], arrays)
    ranges = {str(kind): (int(start), int(end)) for kind, (start, end) in head["ranges"].items()}
    key, done, hparams = head["key"], head["done"], head["hparams"]
    known = isinstance(key, str) and isinstance(done, int) and isinstance(state, tuple) and isinstance(hparams, dict)
    if not known or not all(isinstance(value, bool | int | float | str) for value in hparams.values()):
        raise ValueError("its head holds other things")
    return Checkpoint(key, done, state, ranges, hparams)


def _members(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays; none takes more memory than the file, whatever it claims."""
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("its members are compressed")
        if sum(member.file_size for member in members) > len(data):
            raise ValueError("its members are longer than the file")
        for member in members:
            arrays[member.filename.removesuffix(".npy")] = _array(archive.read(member))  # checks its CRC
    return arrays


def _array(data: bytes) -> npt.NDArray[Any]:
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array of another format")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    values = data[file.tell() :]
    if dtype.kind not in "biuf" or len(values) != dtype.itemsize * math.prod(shape):
        raise ValueError(f"an array of {dtype} that holds other things")
    return np.frombuffer(bytearray(values), dtype).reshape(shape, order="F" if by_column else "C")


def _plain(value: Any, arrays: list[npt.NDArray[Any]]) -> Any:
    """Return what JSON can hold: tuples as lists, and arrays, which are gathered, by their number."""
    if isinstance(value, tuple):
        return [_plain(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    raise TypeError(f"a checkpoint holds plain numbers and arrays, not {type(value).__name__}")


def _unplain(value: Any, arrays: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unplain(item, arrays) for item in value)
    if isinstance(value, dict):
        return arrays[f"array_{int(value['array'])}"][()]  # a number of numpy's is an array without dimensions
    return value
