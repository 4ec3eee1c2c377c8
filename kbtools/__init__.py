"""kbtools: a knowledge-base wiki engine whose code examples are proven to run."""

__version__ = "0.1.0"
