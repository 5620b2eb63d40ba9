"""What the engine's parts cost, against torch and against a naive loop."""
