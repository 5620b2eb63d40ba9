"""Packets between chips, and hops, by every partitioner on U-Nets of 2 to 32 chips."""
