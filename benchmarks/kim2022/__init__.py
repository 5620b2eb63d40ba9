"""The comparison of Kim et al. 2022: a network, its conversions, its directly trained twin."""
