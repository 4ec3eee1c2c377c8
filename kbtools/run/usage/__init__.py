"""What the processes of a session use together, measured and limited from outside."""
