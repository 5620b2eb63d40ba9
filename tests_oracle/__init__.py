"""Our compiler and emulation against nengo-loihi's, on networks drawn at random."""
