"""Slicing: an axis as blocks, a block as values, and how much memory both may take."""
