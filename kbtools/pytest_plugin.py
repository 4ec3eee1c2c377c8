"""The pytest plugin under its former name, for environments that were installed before it moved."""

from kbtools.adapters.pytest_plugin import *  # noqa: F403
