"""Release views: fetched, verified, compiled and opened; and what consent has said since they were baked."""
