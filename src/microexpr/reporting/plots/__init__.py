"""Results as pictures. Each module draws one kind of what it is given and writes it as a PNG."""
