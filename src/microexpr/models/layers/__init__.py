"""Parts of networks that several methods share, under the names of their published weights. No loss of a paper's."""
