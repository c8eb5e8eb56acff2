from tests.webapp.photos.conftest import breaks, keep_original, me, states

__all__ = ["breaks", "keep_original", "me", "states"]
