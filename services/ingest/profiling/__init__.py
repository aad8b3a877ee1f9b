"""What a file's contents look like, what is surprising beside the last of its feed, and the page that says so. Pure."""
