"""The worker process of a session. Of kbtools it imports the languages and the sandbox only."""
