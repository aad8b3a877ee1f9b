"""A TCP proxy on loopback that counts what it carries to its peer, and stops after so many bytes: then it cuts the
connection, at once or when it is told to."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

PIECE = 16_384


@dataclass
class CutLink:
    """Forwards to 127.0.0.1:`port`. `carried` has, for each connection in turn, how many bytes went to the peer. The
    first that would carry more than `most` is `stopped` there, and cut once `cut` is set; later ones pass."""

    port: int
    most: int
    carried: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    cut: threading.Event = field(default_factory=threading.Event)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self) -> "CutLink":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
                self.carried.append(0)
                number = len(self.carried) - 1
                threading.Thread(target=self._there, args=(near, far, number), daemon=True).start()
                threading.Thread(target=self._back, args=(far, near), daemon=True).start()

    def _there(self, near: socket.socket, far: socket.socket, number: int) -> None:
        with suppress(OSError):
            while piece := near.recv(PIECE):
                if not self.stopped.is_set() and self.carried[number] + len(piece) > self.most:
                    self.stopped.set()
                    self.cut.wait()
                    break
                far.sendall(piece)
                self.carried[number] += len(piece)
        for end in (near, far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while piece := far.recv(PIECE):
                near.sendall(piece)
            near.shutdown(socket.SHUT_WR)
