"""What coders write of faces: FACS notation, and classes made of it. No pixels, no files."""
