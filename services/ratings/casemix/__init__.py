"""From episodes to covariate-pattern counts (integers only), to a fitted model, to expected events per subject."""
