"""ICE-GAN: a U-Net synthesises expressive faces, a capsule network discriminates and recognises. No files here."""

from microexpr.models.recognisers.icegan.method import Icegan

__all__ = ["Icegan"]
