"""One module per kind of page: bodies of the API in, a Page out. Pure; nothing here fetches or decides."""
