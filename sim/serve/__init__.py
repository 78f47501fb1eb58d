"""Serve a scenario's exchange on a port, for any client in any language.  Needs the ``http`` extra."""

from sim.serve.pace import MAX
from sim.serve.server import DEMO_KEY, DEMO_SECRET, Server, serve_scenario

__all__ = ["DEMO_KEY", "DEMO_SECRET", "MAX", "Server", "serve_scenario"]
