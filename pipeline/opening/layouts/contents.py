"""Contents of an HDF5 file, before a layout says what they mean: datasets, links and attributes."""

from __future__ import annotations

import re
from typing import Any

import h5py

from pipeline.opening.hdf5.attributes import attribute, parse_repr
from pipeline.opening.hdf5.bounds import beyond
from pipeline.opening.hdf5.file import opened_member

__all__ = ["COMPOUND", "TEXT", "attributes", "datasets", "member", "readable", "settings_of"]


#: Groups within groups that are walked.
_DEEPEST = 64
#: Why tables and texts are left out, where a layout does not take them apart.
COMPOUND, TEXT = "compound values", "strings"


def datasets(file: h5py.File) -> tuple[dict[str, h5py.Dataset], dict[str, str]]:
    """Return all datasets that hold numbers, by the name they are reached by, and why the others are left out.

    Links that lead nowhere are left out with a word; a group that is linked twice is walked once.
    """
    numeric: dict[str, h5py.Dataset] = {}
    left_out: dict[str, str] = {}
    seen: set[tuple[int, int]] = set()

    def walk(node: h5py.Group, path: str) -> None:
        try:
            info = h5py.h5o.get_info(node.id)
            keys = list(node)
        except Exception as error:
            if not path:
                raise  # nothing can be listed
            left_out[path] = f"a group that cannot be listed ({error})"
            return
        if (info.fileno, info.addr) in seen:
            return
        if path.count("/") > _DEEPEST:
            left_out["/".join(path.split("/")[:4]) + "/…"] = f"groups in more than {_DEEPEST} others"
            return
        seen.add((info.fileno, info.addr))
        for key in keys:
            if readable(key) != key:
                left_out[f"{path}/{readable(key)}"] = "a name that is not UTF-8"
                continue
            name, item = f"{path}/{key}", member(node, key)
            if item is None:
                left_out[name] = _why_not(node, key)
            elif isinstance(item, h5py.Group):
                walk(item, name)
            elif isinstance(item, h5py.Dataset):
                if why := _not_numbers(item):
                    left_out[name] = why
                else:
                    numeric[name] = item

    walk(file, "")
    return numeric, left_out


def readable(name: str | bytes) -> str:
    """Return a name in HDF5 as text; h5py gives one that is not UTF-8 as bytes, or as halves of characters."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace")


def member(group: h5py.Group, key: str) -> h5py.Group | h5py.Dataset | None:
    """Return what a link leads to; None if there is no such link, or it leads nowhere, or out of bounds."""
    try:
        if group.id.links.get_info(key.encode()).type == h5py.h5l.TYPE_HARD:
            return opened_member(group, key)
        link = group.get(key, getlink=True)
        if isinstance(link, h5py.ExternalLink) and beyond(link.filename, group.file.filename):
            return None
        item = group[key]
        if isinstance(link, h5py.SoftLink) and beyond(item.file.filename):  # it may lead through another file
            return None
        return item
    except Exception:  # whatever h5py makes of a link to itself, through another file, or of a kind of its own
        return None


def _why_not(group: h5py.Group, key: str) -> str:
    """Return why a link is not followed."""
    try:
        link = group.get(key, getlink=True)
        if isinstance(link, h5py.ExternalLink) and (why := beyond(link.filename, group.file.filename)):
            return f"a link to what is {why}"
        return f"a link to what is {why}" if (why := beyond(group[key].file.filename)) else "a link that leads nowhere"
    except Exception:
        return "a link that leads nowhere"


def _not_numbers(dataset: h5py.Dataset) -> str:
    """Return why a dataset cannot be drawn, or an empty string."""
    try:
        dataset.id.get_type(), dataset.id.get_space(), dataset.id.get_create_plist(), dataset.attrs.keys()
    except Exception as error:
        return f"a dataset that cannot be understood ({error})"
    if (
        dataset.id.get_type().get_class() == h5py.h5t.COMPOUND
        and dataset.shape is not None
        and not _is_complex(dataset)
    ):
        return COMPOUND
    try:
        dtype, shape = dataset.dtype, dataset.shape
    except Exception as error:  # h5py has no word for the type: integers of 24 bits, times of HDF5's own
        return f"values of a type that h5py does not know ({error})"
    if shape is None:
        return "holds no data"
    if dtype.kind in "biufmM" and dtype.itemsize <= 8 or dtype.kind == "c" and dtype.itemsize <= 16:
        return ""
    if h5py.check_string_dtype(dtype) is not None:
        return TEXT
    words = {"V": "compound values", "O": "values of varying length or references"}
    return words.get(dtype.kind, f"values of type {dtype}")


def _is_complex(dataset: h5py.Dataset) -> bool:
    try:
        return bool(dataset.dtype.kind == "c")
    except Exception:
        return False


def settings_of(file: h5py.File) -> dict[str, Any]:
    """Return root attributes, then those of the group ``configuration`` with ``repr`` strings read back.

    Where both have a name, the configuration's is kept as ``configuration.NAME``.
    """
    settings = {key: parse_repr(value, literals=False) for key, value in attributes(file).items()}
    group = member(file, "configuration")
    if isinstance(group, h5py.Group):
        for key, value in attributes(group).items():
            settings[f"configuration.{key}" if key in settings else key] = parse_repr(value)
    return settings


#: Attributes by which HDF5, netCDF and MATLAB keep their books; they are no settings.
_BOOKKEEPING = re.compile(
    r"_NC\w+|_nc3_\w+|_Netcdf4\w+|MATLAB_\w+|H5PATH|PYTABLES_FORMAT_VERSION|NX_class|FIELD_\d+_(NAME|FILL)"
)
#: Attributes that keep books where another one says whose.
_BOOKS = {
    "neurodata_type": {"neurodata_type", "namespace", "object_id", "comments"},
    "entity_id": {"entity_id", "created_at", "updated_at", "name", "type"},
    "CLASS": {"CLASS", "TITLE", "VERSION", "FLAVOR", "EXTDIM", "NROWS", "transposed", "kind", "nan_rep"},
}
_OF_SCALES = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "DIMENSION_LABELS"}


def attributes(node: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Return all attributes that h5py can read, as plain values, but for the bookkeeping of formats.

    References tell nothing outside of the file.
    """
    found: dict[str, Any] = {}
    try:
        names = list(node.attrs)
    except Exception:  # damaged; the rest of the file tells what it tells
        return found
    if "pandas_type" in names:
        return found
    books = {key for owner, keys in _BOOKS.items() if owner in names for key in keys}
    for key in names:
        scale = isinstance(node, h5py.Dataset) and key in _OF_SCALES
        if scale or key in books or _BOOKKEEPING.fullmatch(readable(key)):
            continue
        try:
            value = attribute(node.attrs[key])
        except Exception:  # a type that h5py does not know; the other attributes tell what they tell
            continue
        items = value if isinstance(value, list) else [value]
        if not any(isinstance(item, h5py.Empty | h5py.Reference | h5py.RegionReference) for item in items):
            found[readable(key)] = value
    return found
