"""HDF5 as it lies in the file: lazy arrays, stored chunks, the index of chunks, attribute values."""
