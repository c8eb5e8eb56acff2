from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib.auth.hashers import MD5PasswordHasher

done: Counter[str] = Counter()


class CountedHasher(MD5PasswordHasher):
    """Counts what takes long with a hasher that is as slow as it should be: hashing, and comparing."""

    algorithm = "counted"

    def encode(self, password: str, salt: str) -> Any:
        done["hashed"] += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        done["compared"] += 1
        return super().verify(password, encoded)
