"""Adapters to other programs: the pytest plugin, Dask clusters, and helpers for tests of pages."""
