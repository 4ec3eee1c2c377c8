"""Edits of the whole wiki that an editor is sent: renames, moves, links that are respelled."""
