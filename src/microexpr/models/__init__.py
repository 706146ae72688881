"""One file per paper or baseline, each with one `microexpr.method.Method`; no folds, files or devices come in."""
