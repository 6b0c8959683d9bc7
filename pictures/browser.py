"""Pages as pictures: Chromium without a window."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import cast

from PIL import Image, UnidentifiedImageError

_FLAGS = ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--force-device-scale-factor=1")

TIMEOUT_SECONDS = 300

_EXACT = 32
"""How many colours of a picture stay just as they are: those of backgrounds and texts."""

_SAME = 8
"""Up to which difference of red, green or blue (of 256) colours are one: Pillow looks them up in cubes that are 4 wide."""

Color = tuple[int, int, int]


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
    """The same picture with a palette of 256 colours, which makes it a third as large. Raises BrowserError for what is no picture."""
    written = BytesIO()
    try:
        with Image.open(BytesIO(picture)) as found:
            whole = found.convert("RGB")
    except UnidentifiedImageError as error:
        raise BrowserError("the browser wrote something else than a picture") from error
    whole.quantize(palette=palette(whole), dither=Image.Dither.NONE).save(written, format="PNG", optimize=True)
    return written.getvalue()


def palette(picture: Image.Image) -> Image.Image:
    """The colours that are there most often, as they are, and others that are near to all the rest."""
    counted = cast("list[tuple[int, Color]]", picture.getcolors(picture.width * picture.height))
    near = picture.quantize(256 - _EXACT, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette() or []
    found: list[Color] = []
    for color in [color for _, color in sorted(counted, reverse=True)[:_EXACT]] + list(zip(*[iter(near)] * 3, strict=True)):
        # Of two that are this near, Pillow would take either
        if all(max(abs(one - other) for one, other in zip(color, known, strict=True)) > _SAME for known in found):
            found.append(color)
    made = Image.new("P", (1, 1))
    made.putpalette([part for color in found for part in color])
    return made
