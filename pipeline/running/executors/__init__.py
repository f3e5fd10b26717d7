"""Where the work runs: in this process, in local processes, on a Dask cluster, or not yet, as a Dask graph."""
