"""Model files on their way in: few at once, each read by a child, what it holds kept under its hash."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

from app.recurrent.errors import Cancelled
from app.settings import Settings
from app.web.errors import later
from app.web.i18n import plain
from app.web.traces import Client
from app.zoo.files.content import Caps
from app.zoo.reading import Bounds, Reading, stacks_of
from app.zoo.uploads import Upload, Uploads

WAITING = 8  # files that may wait for a child; their bytes are held meanwhile
MOST_FILENAME = 120  # characters


class Uploading:
    """The way in. Use it from the event loop only."""

    def __init__(self, settings: Settings, uploads: Uploads) -> None:
        self.uploads = uploads
        self.caps = Caps(
            file_bytes=settings.max_model_bytes,
            decoded_bytes=settings.max_model_decoded_bytes,
            tensors=settings.max_model_tensors,
            header_bytes=settings.max_model_header_bytes,
            ratio=settings.max_model_ratio,
        )
        self.bounds = Bounds(settings.model_memory_bytes, settings.model_cpu_seconds, settings.model_wall_seconds)
        self._at_once = settings.models_at_once
        self._going: set[Reading] = set()
        self.start()

    def start(self) -> None:
        """Take files; again after `stop`, when the application is started anew."""
        self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix="unrolled-model")

    async def take(self, data: bytes, filename: str, asker: Client) -> Upload:
        """Read and keep one file; raises Refusal, Later when too many wait, Cancelled when the sender left."""
        if len(self._going) >= self._at_once + WAITING:
            raise later("busy", self.bounds.wall / 4)
        reading = Reading(self.caps, self.bounds)
        name = plain(filename).strip()[:MOST_FILENAME] or "model"
        self._going.add(reading)
        loop = asyncio.get_running_loop()
        job: asyncio.Future[Upload] = loop.run_in_executor(self._threads, self._read, reading, data, name)
        gone: asyncio.Future[None] = asyncio.create_task(asker.gone())
        try:
            await asyncio.wait((job, gone), return_when=asyncio.FIRST_COMPLETED)
            if not job.done():
                job.cancel()
                reading.stop()
                raise Cancelled
            return job.result()
        finally:
            gone.cancel()
            self._going.discard(reading)

    def _read(self, reading: Reading, data: bytes, name: str) -> Upload:
        """In a thread, which waits for the child."""
        content = reading.run(data)
        return self.uploads.keep(hashlib.sha256(data).hexdigest()[:32], name, content, stacks_of(content))

    def stop(self) -> None:
        """End every child; returns at once."""
        for reading in list(self._going):
            reading.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
