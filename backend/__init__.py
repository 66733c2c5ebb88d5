"""Reverie: neural style transfer and deep dream for GIMP and the command line."""

__version__ = "0.1.0"
