"""hunklint: reviews Linux-kernel patches, from the patch alone, along the paths of the code in it."""

__version__ = "0.1.0"
