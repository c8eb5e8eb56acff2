"""What a log says of requests."""

from __future__ import annotations

import logging

BROKEN = 500


class RefusalsOnOneLine(logging.Filter):
    """Says of a request that was refused that it was, and not where in the code: that is as it should be."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", BROKEN) < BROKEN:
            record.exc_info = record.exc_text = None
        return True
