"""Conversion against its rivals: the same trained networks, the same images, the same counter."""
