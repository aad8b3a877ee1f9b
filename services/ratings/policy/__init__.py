"""What a programme has settled about disclosure, as reviewed files: how wide, and what others publish."""
