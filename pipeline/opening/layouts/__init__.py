"""HDF5 layouts, one file each."""
