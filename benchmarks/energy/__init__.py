"""What runs on chips take: accuracy, traffic and energies of several runs in one small file."""
