"""Sessions on many machines: a Dask cluster runs them, this process plans, keeps and reports."""
