"""Devices of this machine: detection without importing torch, and allocation of GPUs."""
