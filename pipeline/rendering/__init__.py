"""Rendering: blocks become records; it knows figures, and nothing of HDF5 or event files."""
