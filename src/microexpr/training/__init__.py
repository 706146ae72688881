"""The fold engine and the steps of all training stages. The engine knows no method by name, and no file."""
