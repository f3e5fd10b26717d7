"""The version, which event files of another version are done anew for."""

__version__ = "0.1.0"
