"""Running: the plan's work, in bulk or one address at a time."""
