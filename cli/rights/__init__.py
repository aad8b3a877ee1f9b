"""What is done for one person who asks: everything there is about them, and its erasure."""
