"""Deliberate mistakes in the emulator and the compiler, each of which a test must catch."""
