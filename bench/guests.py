"""People at the limits of every page, in a process of their own: each asks again once answered.

Run by `bench.limits`. It goes on until its standard input ends, and prints as JSON what was seen,
one Seen for each person.
"""

import argparse
import asyncio
import json
import random
import sys
from dataclasses import asdict, dataclass, field
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import bench.client
from bench.client import Run, Session
from bench.report import BenchError
from bench.settings import ROOT, App, sentence

WAIT_SECONDS = 600.0  # people at the limits wait for each other
# 12 layers of 16 heads and 209 tokens, or one of 16 heads and 512, are 8 million cells.
DEEP = {"layers": 12, "heads": 16, "embed_size": 128}
WIDE = {"layers": 1, "heads": 16, "embed_size": 512}
MIXED = {"a": "scale=none", "b": "mask=causal"}


@dataclass(frozen=True)
class Place:
    """A page with what is chosen on it, and how many words are typed there."""

    path: str
    chosen: dict[str, object]
    words: int
    more_words: int = 0  # of the second sentence, which stays
    downloads: bool = False

    def app(self, rng: random.Random) -> App:
        """The page's link."""
        parameters = {key: str(value) for key, value in self.chosen.items()}
        if self.more_words:
            parameters["text2"] = sentence(rng, self.more_words)
        if self.path == "compare":
            text = urlencode({"text": sentence(rng, 209), **DEEP})
            parameters |= {side: f"explore?{text}&{more}" for side, more in MIXED.items()}
        return App(
            self.path, ROOT / "app.py", tuple(parameters.items()), binds_text=True, page=self.path
        )


PLACES = (
    Place("explore", {**DEEP, "view": "heads"}, 209),
    Place("explore", {**DEEP, "view": "layers"}, 209),
    Place("explore", {**WIDE, "view": "numbers"}, 512),
    Place("explore", {**DEEP, "view": "tests", "test": "leak"}, 209),
    Place("explore", {**DEEP, "view": "tests", "test": "order"}, 209),
    Place("explore", {**DEEP, "view": "layers", "overview": "rollout"}, 209),
    Place("encoder-decoder", {**DEEP, "view": "kinds"}, 120, 120),
    Place("encoder-decoder", {**DEEP, "view": "layers"}, 120, 120),
    Place("pretrained", {"model": "minilm", "view": "layers"}, 341),
    Place("pretrained", {"model": "minilm", "view": "similarity"}, 240, 240),
    Place("pretrained", {"model": "smollm2", "view": "next"}, 176),
    Place("pretrained", {"model": "smollm2", "view": "finder"}, 176),
    Place("compare", {"view": "heads"}, 0),
    Place("compare", {"view": "numbers"}, 0),
    Place("explore", {**DEEP, "view": "head"}, 209, downloads=True),
)


@dataclass
class Seen:
    """What one person saw."""

    place: str
    seconds: list[float] = field(default_factory=list)  # of each change
    files: int = 0
    exceptions: list[str] = field(default_factory=list)


class Guest(Session):
    """A session at one of the places."""

    def __init__(self, place: Place, number: int, port: int) -> None:
        self.rng = random.Random(number)
        self.place = place
        app = place.app(self.rng)
        super().__init__(app, port)
        self._query = app.query()
        self._file = ""  # of the whole trace

    async def enter(self) -> Run:
        """Open the page with a long sentence."""
        try:
            return await self.open(self._sentence())
        except BenchError:
            if self.place.words:
                raise
            return Run()  # a page without a sentence of its own

    async def ask(self) -> Run:
        """Change the sentence, or look at the page again."""
        if self.place.words:
            return await self.change(self._sentence() or "")
        return await self._rerun(self._query, "")

    async def download(self) -> None:
        """Ask for the whole trace, and wait until it is made."""
        message = BackMsg()
        message.backend_operation_request.request_id = "whole trace"
        message.backend_operation_request.session_id = self.id
        message.backend_operation_request.deferred_file.file_id = self._file
        connection = self._open_connection()
        await connection.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await connection.recv())
            if answer.WhichOneof("type") == "backend_operation_response":
                if answer.backend_operation_response.error_msg:
                    raise BenchError(answer.backend_operation_response.error_msg)
                return

    def _sentence(self) -> str | None:
        return sentence(self.rng, self.place.words) if self.place.words else None

    def _note_element(self, message: ForwardMsg, size: int, run: Run) -> None:
        super()._note_element(message, size, run)
        element: Element = message.delta.new_element
        button = element.download_button
        if element.WhichOneof("type") == "download_button" and button.id.endswith("download_npz"):
            self._file = button.deferred_file_id


async def stay(guest: Guest, seen: Seen) -> None:
    """Open the page, change something, wait for it, and change it again, without an end."""
    await guest.enter()
    while True:
        run = await guest.ask()
        seen.seconds.append(run.seconds)
        seen.exceptions += run.exceptions
        if guest.place.downloads:
            await guest.download()
            seen.files += 1


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--people"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    bench.client.RUN_SECONDS = WAIT_SECONDS
    guests = [Guest(PLACES[n % len(PLACES)], n, args.port) for n in range(args.people)]
    everyone = [Seen(f"{guest.place.path} {urlencode(guest.place.chosen)}") for guest in guests]
    staying = asyncio.gather(*map(stay, guests, everyone))
    reading = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([reading, staying], return_when=asyncio.FIRST_COMPLETED)
    if staying.done():
        staying.result()  # nobody leaves before being told to: says why
    staying.cancel()
    print(json.dumps([asdict(seen) for seen in everyone]))


if __name__ == "__main__":
    asyncio.run(main())
