"""Pictures from people's phones: opened with care, turned upright, made small, and stripped of everything else.

A photo carries the place and time it was taken, the phone's name, sometimes a thumbnail of what was cropped away.
Drawing it anew keeps the picture only.
"""

import hashlib
import io
import threading
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy.orm import Session
from starlette.responses import Response

from temthat_trace.events import EventPhoto
from temthat_trace.papers import Attachment
from temthat_verify_api.desk.errors import NotFound

MEDIA_TYPE = "image/webp"

_FORMATS = ("JPEG", "PNG", "WEBP")
_MAX_PIXELS = 50_000_000
_MAX_OTHER = _MAX_PIXELS // 2
"""A JPEG can be decoded small; anything else unfolds to four bytes a pixel first."""

_ONE_AT_A_TIME = threading.Lock()
"""A picture may unfold to some 300 MB for a moment: two of them never do so together."""

_QUALITIES = (80, 65, 50, 35, 20)


@dataclass(frozen=True, slots=True)
class Frame:
    """How large a picture may be: bytes of the file, and the longer side in pixels, the best first."""

    bytes: int
    sides: tuple[int, ...]


PRODUCT = Frame(12_000, (480, 400, 320, 240, 160))
"""What a shopper's page can afford for its one picture."""

PAPER_SCAN = Frame(250_000, (1800, 1500, 1200, 900))
"""A page of print that an officer can read."""


LISTING_PHOTO = Frame(600_000, (1600, 1400, 1200, 1000))
"""What marketplaces ask for: large enough to zoom in."""

WORK_PHOTO = Frame(150_000, (1600, 1280, 1024, 800, 640))
"""A photo in a diary: what was done can be seen, and ten of them are no burden."""

WORK_SMALL = Frame(12_000, (320, 240, 160))
"""The same on a shopper's page."""


class BadPicture(ValueError):
    """Not a picture we take; `key` says why, as a text key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def shrink(data: bytes, frame: Frame = PRODUCT) -> bytes:
    """A WebP that fits the frame, without metadata. Raises `BadPicture`."""
    if not data:
        raise BadPicture("picture.none")
    with _ONE_AT_A_TIME:
        picture = _open(data, frame)
    for side in frame.sides:
        small = picture.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            out = io.BytesIO()
            small.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= frame.bytes:
                return out.getvalue()
    raise BadPicture("picture.too_many_pixels")


def store_picture(db: Session, data: bytes, frame: Frame = PRODUCT) -> str:
    """The digest under which the shrunken picture is kept. Raises `BadPicture`."""
    return keep_picture(db, shrink(data, frame))


def store_photo(db: Session, data: bytes) -> EventPhoto:
    """A photo of an event, kept in both its sizes, still without an event. Raises `BadPicture`."""
    photo = shrink(data, WORK_PHOTO)
    return EventPhoto(digest=keep_picture(db, photo), small=keep_picture(db, shrink(photo, WORK_SMALL)))


def kept_picture(db: Session, digest: str | None) -> Response:
    """A picture as it is kept, sent to whoever may see it: that is for the caller to say. Raises `NotFound`."""
    found = db.get(Attachment, digest) if digest else None
    if found is None:
        raise NotFound
    return Response(found.data, media_type=found.media_type)


def keep_picture(db: Session, picture: bytes) -> str:
    """The digest under which a picture that `shrink` made is kept, once however often it comes."""
    digest = hashlib.sha256(picture).hexdigest()
    if db.get(Attachment, digest) is None:
        db.add(Attachment(digest=digest, media_type=MEDIA_TYPE, data=picture))
        db.flush()
    return digest


def _open(data: bytes, frame: Frame) -> Image.Image:
    """Upright and in RGB. The size is looked at before a single pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
            if picture.width * picture.height > (_MAX_PIXELS if picture.format == "JPEG" else _MAX_OTHER):
                raise BadPicture("picture.too_many_pixels")
            # A JPEG is then decoded at a half, a quarter or an eighth, if that is still large enough.
            picture.draft("RGB", (2 * frame.sides[0], 2 * frame.sides[0]))
            upright = ImageOps.exif_transpose(_reduced(picture, 2 * frame.sides[0]))
            if upright.mode == "RGBA":
                flat = Image.new("RGB", upright.size, "white")
                flat.paste(upright, mask=upright.getchannel("A"))
                return flat
            return upright
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture("picture.too_many_pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        if isinstance(error, BadPicture):
            raise
        raise BadPicture("picture.unreadable") from error


def _reduced(picture: Image.Image, side: int) -> Image.Image:
    """In RGB or RGBA, and no larger than needed: its longer side is at least `side` if it was before."""
    picture.load()
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    plain = picture if picture.mode == mode else picture.convert(mode)
    factor = max(plain.size) // side
    return plain.reduce(factor) if factor > 1 else plain
