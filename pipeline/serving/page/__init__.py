"""The page of our own in TensorBoard: one axis of time for all variables of all runs, zoomed down to single steps."""
