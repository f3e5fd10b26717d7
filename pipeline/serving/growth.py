"""Whether a file that changed has only grown: then what was made of its old steps is still true."""

from __future__ import annotations

import hashlib

import numpy as np

from pipeline.planning.job import Job

__all__ = ["fingerprint"]


def fingerprint(job: Job, length: int) -> str:
    """Return a digest of the first, the middle and the last of a variable's first `length` steps.

    A run that was begun anew differs in them from the one before, unless it is the same.

    Raises
    ------
    OSError
        If they cannot be read.
    """
    digest = hashlib.blake2b(f"{job.name} {job.variable.dtype} {job.dataset}".encode(), digest_size=16)
    for step in sorted({0, length // 2, length - 1}):
        part = job.variable.isel({job.variable.dims[job.axis]: step}) if job.variable.ndim else job.variable
        digest.update(np.ascontiguousarray(part.to_numpy()).tobytes())
    return digest.hexdigest()
