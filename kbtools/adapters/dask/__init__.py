"""Runs sessions on a Dask cluster; planning, storage and reports stay in the calling process."""
