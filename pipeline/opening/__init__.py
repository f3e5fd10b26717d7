"""Opening: HDF5 as lazy xarray trees; it knows nothing of figures or event files, or of what is drawn.

``discover`` says which files a path means, a layout what is in them, ``hdf5`` reads slices, ``tree`` puts it together.
"""

from pipeline.opening.discover import run_files, run_name
from pipeline.opening.tree import open_run

__all__ = ["open_run", "run_files", "run_name"]
