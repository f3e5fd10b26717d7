"""Opening: knows HDF5 and xarray, and nothing of figures or event files.

``files`` says which files a path means, a *layout* (one file each) says what is in them, ``stored`` reads slices,
``tree`` puts it all into a lazy `xarray.DataTree`. A new HDF5 layout is one file, one class and one line in `LAYOUTS`.
Not responsible for: which variables are drawn, and how.
"""

from pipeline.opening.discover import run_files, run_name
from pipeline.opening.tree import LAYOUTS, open_run

__all__ = ["LAYOUTS", "open_run", "run_files", "run_name"]
