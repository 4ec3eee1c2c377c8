"""The Language Server Protocol on the wire: messages, the values in them, positions."""
