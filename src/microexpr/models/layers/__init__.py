"""Parts of networks that several methods share, under the tensor names of published weights. No losses of papers."""
