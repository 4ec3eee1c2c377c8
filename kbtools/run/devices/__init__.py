"""Which devices a machine has, found without importing torch, and who uses them."""
