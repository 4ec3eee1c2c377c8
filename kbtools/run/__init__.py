"""Running snippets: planning, sessions in worker processes, grading, stored results."""
