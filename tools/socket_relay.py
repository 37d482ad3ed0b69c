# SPDX-License-Identifier: MIT
"""Carries bytes between a Unix socket and a file descriptor, in a thread."""

import os
import selectors
import socket
import threading


class Relay:
    """Listens on a socket at a path; one peer at a time."""

    def __init__(self, path, fd):
        self.fd = fd
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.listener.accept()
            with peer, selectors.DefaultSelector() as selector:
                selector.register(peer, selectors.EVENT_READ)
                selector.register(self.fd, selectors.EVENT_READ)
                while self.carry(peer, selector):
                    pass

    def carry(self, peer, selector):
        """Carries bytes in either direction; False if the peer has left."""
        try:
            for key, _ in selector.select():
                if key.fd == self.fd:
                    peer.sendall(os.read(self.fd, 4096))
                elif data := peer.recv(4096):
                    os.write(self.fd, data)
                else:
                    return False
        except OSError:    # either end is gone
            return False
        return True

    def close(self):
        os.unlink(self.path)
