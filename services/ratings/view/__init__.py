"""From results and permissions to the files that gateways may hold. Pure: the workflow reads and writes them."""
