"""The command ``hdf2tb``."""

from pipeline.cli.parser import main

__all__ = ["main"]
