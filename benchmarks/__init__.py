"""What is measured, against what limit, in one run. Nothing here is a test: no figure of time fails a build."""
