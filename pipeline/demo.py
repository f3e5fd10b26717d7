"""A small spiking network, simulated with numpy and logged to HDF5 in the original's layout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.errors import OutputError

__all__ = ["grow", "simulate"]

_CONFIG = """\
# Plot settings, as sapicore keeps them in a run configuration.
simulation:
  tensorboard:
    - spiked:
        kind: raster
        events: [%(on)d, %(off)d]
        event_colors: ['tab:blue', 'tab:orange']
        event_labels: [stimulus on, stimulus off]
    - voltage: {kind: trace, format: scalar}
    - weights: {kind: heatmap, step: 50}
    - tau_mem: {kind: hparam}
    - drive: {kind: hparam}
    - seed: {kind: hparam}
"""

#: Further input to the first 40 excitatory neurons in the middle third, in mV.
_STIMULUS = 7.0

Floats = npt.NDArray[np.float32]


def simulate(folder: str | os.PathLike[str], *, steps: int = 2000, seed: int = 1, drive: float = 12.0) -> Path:
    """Simulate leaky integrate-and-fire neurons with a plastic excitatory matrix, and log every step.

    Parameters
    ----------
    folder : path
        The run folder; files of the same names in it are replaced.
    steps : int
        Of 1 ms.
    seed : int
    drive : float
        Mean input to excitatory neurons in mV; the first 40 get more of it in the middle third.

    Returns
    -------
    Path
        The run folder: ``data/E.h5`` (80 excitatory units), ``data/I.h5`` (20 inhibitory), ``data/E--E.h5`` (80 × 80
        weights that change when spikes meet), and ``run.yaml``, the plot settings.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from pipeline import simulate
    >>> sorted(path.name for path in simulate("network", steps=200).rglob("*.h5"))
    ['E--E.h5', 'E.h5', 'I.h5']
    """
    *_, run = grow(folder, steps=steps, seed=seed, drive=drive, part=steps)
    return run


def grow(
    folder: str | os.PathLike[str], *, steps: int = 2000, seed: int = 1, drive: float = 12.0, part: int = 20
) -> Iterator[Path]:
    """Log the same run in parts, as a simulator does that is still running.

    Parameters
    ----------
    folder, steps, seed, drive
        As `simulate` takes them.
    part : int
        Steps that are logged at a time.

    Yields
    ------
    Path
        The run folder, after each part; between two parts no file is open.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    sizes = {"E": 80, "I": 20}
    tau = {name: rng.uniform(8, 20, size).astype(np.float32) for name, size in sizes.items()}
    weights = (rng.normal(1.0, 0.3, (80, 80)).clip(0.2, 3) * (rng.random((80, 80)) < 0.5)).astype(np.float32)
    np.fill_diagonal(weights, 0)
    recorded = _integrate(rng, steps, tau, weights, drive)
    run = Path(folder)
    about: dict[str, Any] = {"dt": "1.0", "seed": repr(seed), "drive": repr(drive)}
    try:
        (run / "data").mkdir(parents=True, exist_ok=True)
        for name in sizes:
            settings = about | {"tau_mem": f"tensor({_listed(tau[name])})", "volt_thresh": "-50.0"}
            _begin(run / "data" / f"{name}.h5", name, "LIFEnsemble", settings, recorded[name])
        _begin(run / "data" / "E--E.h5", "E--E", "STDPSynapse", about, recorded["E--E"])
        (run / "run.yaml").write_text(_CONFIG % {"on": steps // 3, "off": 2 * steps // 3})
        for start in range(0, steps, part):
            for name, data in recorded.items():
                _log(run / "data" / f"{name}.h5", data, start, min(start + part, steps))
            yield run
    except OSError as cause:
        raise OutputError(f"{run}: cannot be written ({cause.strerror or cause})") from cause


def _integrate(
    rng: np.random.Generator, steps: int, tau: dict[str, Floats], weights: Floats, drive: float
) -> dict[str, dict[str, Floats]]:
    """Return what each component logs, by dataset, time first."""
    sizes = {name: len(values) for name, values in tau.items()}
    log = {
        name: {kind: np.zeros((steps, size), np.float32) for kind in ("voltage", "spiked")}
        for name, size in sizes.items()
    }
    logged_weights = np.zeros((steps, 80, 80), np.float32)
    volts = {name: np.full(size, -65, np.float32) for name, size in sizes.items()}
    fired = {name: np.zeros(size, np.float32) for name, size in sizes.items()}
    trace = np.zeros(80, np.float32)
    connected = weights > 0
    stimulated = np.where(np.arange(80) < 40, 1.0, 0.0)
    for step in range(steps):
        more = _STIMULUS if steps // 3 <= step < 2 * steps // 3 else 0.0
        inputs = {
            "E": drive + more * stimulated + weights @ fired["E"] - 0.8 * fired["I"].sum() + rng.normal(0, 9, 80),
            "I": 9 + 3.5 * fired["E"].sum() + rng.normal(0, 12, 20),
        }
        for name in sizes:
            volts[name] = np.where(fired[name] > 0, -70, volts[name]).astype(np.float32)
            volts[name] += (-65 - volts[name] + inputs[name].astype(np.float32)) / tau[name]
            fired[name] = (volts[name] >= -50).astype(np.float32)
            log[name]["voltage"][step] = np.where(fired[name] > 0, 20, volts[name])
            log[name]["spiked"][step] = fired[name]
        # A synapse grows where its source spiked shortly before its target, and shrinks where it was the other way.
        change = 0.08 * np.outer(fired["E"], trace) - 0.06 * np.outer(trace, fired["E"])
        weights = np.clip(weights + connected * change, 0, 3).astype(np.float32)
        trace = trace * np.float32(0.95) + fired["E"]
        logged_weights[step] = weights
    return log | {"E--E": {"weights": logged_weights}}


def _listed(values: Floats) -> str:
    return "[" + ", ".join(f"{value:.4f}" for value in values) + "]"


def _begin(path: Path, name: str, kind: str, settings: dict[str, Any], data: dict[str, Floats]) -> None:
    """Begin the file of one component as the original does: growing along time, one chunk a step, LZF."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"identifier": name, "class": kind, "version": "demo"})
        file.create_group("configuration").attrs.update(settings)
        for key, values in data.items():
            shape = values.shape[1:]
            stored = file.create_dataset(
                key, (0, *shape), values.dtype, chunks=(1, *shape), maxshape=(None, *shape), compression="lzf"
            )
            if key == "voltage":
                stored.attrs["units"] = "mV"


def _log(path: Path, data: dict[str, Floats], start: int, stop: int) -> None:
    """Write some steps of one component behind those before."""
    with h5py.File(path, "r+") as file:
        for key, values in data.items():
            file[key].resize(stop, axis=0)
            file[key][start:stop] = values[start:stop]
