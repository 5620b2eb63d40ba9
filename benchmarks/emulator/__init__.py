"""Speed of the emulator and of the compiler on one family of networks."""
