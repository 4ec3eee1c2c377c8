"""What kb needs of MkDocs besides its plugin interface: its internals in one module, code of owners, output folder."""
