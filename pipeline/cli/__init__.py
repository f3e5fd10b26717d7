"""The command ``hdf2tb``: its arguments, what each command does, and what a person sees of it."""
