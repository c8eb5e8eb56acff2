"""How uploaded files are taken off the wire."""

from __future__ import annotations

from django.core.files.uploadhandler import TemporaryFileUploadHandler

from pipeline_lambdas.photo_pipeline import contract


class LimitedFileUploadHandler(TemporaryFileUploadHandler):
    """Keeps of a file what may be in a photo, and of what is beyond it the size alone, so that it can be refused with
    its size and never fills the disk."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= contract.MAX_BYTES:
            super().receive_data_chunk(raw_data, start)
