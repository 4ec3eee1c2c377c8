"""What runs in the worker process of a session; imports nothing else of kbtools."""
