"""Grading: compares what a snippet printed and raised with what its page says, and runs it under other conditions."""
