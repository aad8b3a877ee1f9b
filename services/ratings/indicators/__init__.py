"""One reviewed TOML file per indicator, one per risk model, and the loader that refuses what it does not know."""
