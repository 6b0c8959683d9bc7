"""Pages as pictures: Chromium without a window."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

_FLAGS = ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--force-device-scale-factor=1")

TIMEOUT_SECONDS = 300


class BrowserError(Exception):
    """There is no browser, or it made no picture; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser that shows a page of a size in pixels and writes what it shows."""

    program: str

    def of_text(self, page: str, picture: Path, width: int, height: int) -> None:
        """A picture of a page that is given as HTML. Raises BrowserError."""
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "page.html"
            file.write_text(page)
            self.of_address(file.as_uri(), picture, width, height)

    def of_address(self, address: str, picture: Path, width: int, height: int, more: Sequence[str] = ()) -> None:
        """A picture of a page at an address, with more flags of Chromium's. Raises BrowserError."""
        picture.parent.mkdir(parents=True, exist_ok=True)
        command = [self.program, *_FLAGS, *more, f"--window-size={width},{height}", f"--screenshot={picture}", address]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrowserError(f"{self.program} made no picture of {address}: {error}") from error
        if done.returncode != 0 or not picture.is_file():
            raise BrowserError(f"{self.program} made no picture of {address}: {done.stderr.strip()[-500:]}")
        picture.write_bytes(small(picture.read_bytes()))


def found() -> Browser:
    """The browser on the PATH. Raises BrowserError."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise BrowserError("there is no chromium on the PATH (Debian: apt-get install chromium fonts-inter)")
    return Browser(program=program)


def small(picture: bytes) -> bytes:
    """The same picture with the 256 colours of a palette, which makes it a third as large. Raises BrowserError for what is none."""
    written = BytesIO()
    try:
        with Image.open(BytesIO(picture)) as found:
            few = found.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    except UnidentifiedImageError as error:
        raise BrowserError("the browser wrote something else than a picture") from error
    few.save(written, format="PNG", optimize=True)
    return written.getvalue()
