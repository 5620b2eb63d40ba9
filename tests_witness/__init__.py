"""What others count on our networks: SANA-FE on programs of a chip, NeuroBench on torch networks."""
