"""Which files a vault has, what its pages are called, and what their links lead to."""
