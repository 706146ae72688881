"""Read FACS codes of faces and derive classes from them. No pixels, no files."""
