"""Making somebody's folder a project: what is found there, what is proposed, which files that takes."""
