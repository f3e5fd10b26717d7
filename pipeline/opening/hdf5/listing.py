"""A child process that lists HDF5 files first, because HDF5 itself crashes on some that are damaged or made to do so.

It runs as a script with h5py alone: a line of JSON comes in with a path and seconds, a line goes out with what went
wrong, if anything did. All that opening a file looks at is looked at here, and of small files the values too.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any

import h5py

#: Bytes of values up to which a dataset is read, and all datasets of a file together.
_READ, _READ_ALL = 1 << 20, 4 << 20
#: Bytes of a file that is small.
_SMALL = 64 << 20
#: Bytes of memory that it may take.
_MEMORY = 4 << 30


def main() -> None:
    """List the files that are asked for, until there are no more."""
    for line in sys.stdin:
        path, seconds = json.loads(line)
        print(json.dumps(_apart(path, seconds) if hasattr(os, "fork") else _here(path)), flush=True)


def _apart(path: str, seconds: float) -> str:
    """List a file in a process of its own, in which HDF5 has seen no other; return what is wrong with it."""
    out, end = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        _limit_memory()
        os.write(end, (_here(path) or " ").encode())
        os._exit(0)
    os.close(end)
    ready, _, _ = select.select([out], [], [], seconds)
    answer = os.read(out, 1000).decode() if ready else ""
    os.close(out)
    if not answer and not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not ready:
        return f"listing it takes more than {seconds:.0f} s; it is damaged, or made to hold up what reads it"
    if not answer:
        ended = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit code {status >> 8}"
        return f"HDF5 itself crashes on it ({ended}); it is damaged, or made to do so"
    return answer.strip()


def _here(path: str) -> str:
    try:
        _list(path)
    except MemoryError:
        return "it takes more memory than a file's contents should"
    except Exception:  # what h5py can say is said where the file is opened
        return ""
    return ""


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is told, and leaves nothing behind
    except (ImportError, OSError, ValueError):
        pass


def _list(path: str) -> None:
    with h5py.File(path, "r", locking=False) as file:
        seen: set[tuple[Any, Any]] = set()
        groups: list[h5py.Group] = [file]
        left = _READ_ALL
        small = os.path.getsize(path) <= _SMALL
        while groups:
            group = groups.pop()
            for key in [None, *_tried(lambda group=group: list(group), [])]:
                item = group if key is None else _tried(lambda group=group, key=key: group[key])
                if item is None or isinstance(item, h5py.Datatype):
                    continue
                if isinstance(item, h5py.Group) and key is not None:
                    info = _tried(lambda item=item: h5py.h5o.get_info(item.id))
                    if info is not None and (info.fileno, info.addr) not in seen:
                        seen.add((info.fileno, info.addr))
                        groups.append(item)
                    continue
                for name in _tried(lambda item=item: list(item.attrs), []):
                    _tried(lambda item=item, name=name: item.attrs[name])
                if isinstance(item, h5py.Dataset):
                    left -= _look(item, left, small)


def _look(dataset: h5py.Dataset, left: int, small: bool) -> int:
    """Look at what opening looks at, and at the values if they are few; return how many bytes were read.

    Of a small file also at what is stored, for which HDF5 goes through all chunks.
    """
    _tried(lambda: (dataset.dtype, dataset.shape, dataset.maxshape, dataset.chunks))
    if small:
        _tried(dataset.id.get_storage_size)
    plist = _tried(dataset.id.get_create_plist)
    for number in range(_tried(plist.get_nfilters, 0) if plist is not None else 0):
        _tried(lambda number=number: plist.get_filter(number))
    _tried(lambda: dataset.virtual_sources() if dataset.is_virtual else None)
    _tried(lambda: h5py.h5ds.is_scale(dataset.id))
    for axis in range(len(_tried(lambda: dataset.shape) or ())):
        _tried(lambda axis=axis: (dataset.dims[axis].label, list(dataset.dims[axis].values())))
    size = _tried(lambda: dataset.nbytes, _READ + 1)
    if size > min(_READ, left):
        return 0
    _tried(lambda: dataset[()])
    return int(size)


def _tried(call: Any, otherwise: Any = None) -> Any:
    try:
        return call()
    except MemoryError:
        raise
    except Exception:
        return otherwise


if __name__ == "__main__":
    main()
