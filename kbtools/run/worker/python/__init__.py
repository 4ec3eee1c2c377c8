"""Python in a worker: the interpreter, syntax-tree transforms, captured output, tracebacks."""
