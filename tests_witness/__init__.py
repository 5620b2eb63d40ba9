"""What others count: SANA-FE on programs of a chip, NeuroBench on torch networks."""
