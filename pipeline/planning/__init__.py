"""Planning: which plots are drawn of which signals, and in which blocks. No values are read."""
