"""The program inside: starts as the warm process, or as the process of one submission."""

from __future__ import annotations

import argparse
import socket
import sys

from helpers.grading.sandbox.inside.prepare import prepare_shell
from helpers.grading.sandbox.inside.server import settle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm", type=int, metavar="DOOR", help="be the warm process; graders come by this socket")
    parser.add_argument("--connect", type=int, help="port of the grader on 127.0.0.1: be one submission's process")
    parser.add_argument("--namespaces", action="store_true", help="give each submission namespaces of its own")
    parser.add_argument("--walls", action="store_true", help="we are inside bubblewrap")
    parser.add_argument("--import", dest="modules", action="append", default=[])
    args = parser.parse_args()
    if args.warm is not None:
        from helpers.grading.sandbox.inside.keeper import be_warm

        be_warm(socket.socket(fileno=args.warm), args.modules, args.walls, args.namespaces)
    import json

    hello = json.loads(sys.stdin.readline())  # the token does not belong on a command line that others can read
    sock = socket.create_connection(("127.0.0.1", args.connect))
    sock.sendall(hello["token"].encode())
    shell, interrupts = prepare_shell(args.modules)
    settle(hello["directory"], sock, shell, interrupts, hello["limits"])


if __name__ == "__main__":
    main()
