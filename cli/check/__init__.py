"""`candour check FILE`, also `candour-check FILE`: a recorded history of withdrawals and reads, held to the promise."""
