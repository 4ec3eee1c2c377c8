"""kb in other programs: pytest, Dask clusters, and tests of one's own."""
