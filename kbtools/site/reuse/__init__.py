"""Builds that render only the pages that would come out otherwise than last time."""
