"""From the bytes of a large CSV to a frozen snapshot, beside what else could check it."""
