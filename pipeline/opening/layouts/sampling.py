"""Attributes of a dataset that say when it starts and how fast it was sampled, as several libraries write them.

Sources: GWpy's ``Series`` in HDF5 (``x0``, ``dx``, ``xunit``); GWOSC's strain files (``Xstart``, ``Xspacing``,
``Xunits``); the Adaptable Seismic Data Format, version 1 (``starttime`` in nanoseconds since 1970, ``sampling_rate`` in
hertz). Else an attribute that is named like a sampling rate is one, in hertz.
"""

from __future__ import annotations

import h5py

from pipeline.opening.hdf5.attributes import number, told
from pipeline.opening.layouts.protocol import Times
from pipeline.units import SECONDS, time_unit

__all__ = ["sampling"]

_RATES = ("sampling_rate", "sample_rate", "samplerate", "sampling_frequency", "SamplingRate", "SampleRate", "fs")


_KEYS = {"dx", "Xspacing", *_RATES}


def sampling(dataset: h5py.Dataset) -> tuple[Times, str] | None:
    """Return the times that attributes tell, and which ones do; None if they tell none."""
    if not _KEYS.intersection(dataset.attrs.keys()):
        return None
    for first, spacing, unit in (("x0", "dx", "xunit"), ("Xstart", "Xspacing", "Xunits")):
        if (step := number(dataset, spacing)) is not None and step > 0:
            named = str(told(dataset, unit) or "s")
            if time_unit(named) not in SECONDS:
                return None  # of frequencies, or of places
            return Times(None, number(dataset, first) or 0.0, step, named), f"{first}, {spacing}"
    for name in _RATES:
        if (rate := number(dataset, name)) is not None and rate > 0:
            start = number(dataset, "starttime")
            told_of = f"starttime, {name}" if start is not None else name
            return Times(None, 0.0 if start is None else start * 1e-9, 1 / rate, "s"), told_of
    return None
