"""Films of printed stamps held before a camera, and a network camera that shows them; all made here."""

import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

from temthat_scanner.frames import _opencv

RATE = 10
SIZE = (640, 480)
BACK = 150
"""Grey of the counter behind the packs."""


def frame(*texts: str, x: int = 60, blur: float = 0.0, scale: int = 5) -> Image.Image:
    """One frame: printed stamps side by side on a grey counter."""
    picture = Image.new("L", SIZE, BACK)
    for place, text in enumerate(texts):
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        symbol = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=scale, add_quiet_zones=True))
        picture.paste(symbol, (x + place * 290, 100))
    return picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture


def write_film(path: Path, frames: Sequence[Image.Image]) -> Path:
    """A film (motion JPEG, `RATE` frames a second)."""
    cv2 = _opencv()
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, SIZE)
    for one in frames:
        film.write(np.asarray(one.convert("RGB")))
    film.release()
    return path


class NetworkCamera:
    """Shows `now` to whoever asks, as motion JPEG over HTTP, until the line is cut."""

    def __init__(self) -> None:
        self.now = frame()
        self.is_up = True
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.close_connection = True
                if not camera.is_up:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                while camera.is_up:
                    data = io.BytesIO()
                    camera.now.convert("RGB").save(data, "JPEG", quality=85)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {data.tell()}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + data.getvalue() + b"\r\n")
                    except OSError:
                        return
                    time.sleep(0.03)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://clerk:secret-word@127.0.0.1:{self.server.server_port}/video.mjpg?key=hidden"


@contextmanager
def network_camera() -> Iterator[NetworkCamera]:
    """A network camera that is running."""
    camera = NetworkCamera()
    thread = threading.Thread(target=camera.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        camera.is_up = False
        camera.server.shutdown()
        camera.server.server_close()
        thread.join()
