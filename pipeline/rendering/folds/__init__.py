"""Folds: a block becomes a small partial, neighbouring partials join, and the last one is the summary."""
