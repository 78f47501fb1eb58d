"""The market room starts quickly and looks upstream at nothing."""

from __future__ import annotations

import subprocess
import sys


def test_loading_embedded_bars_needs_no_pandas() -> None:
    """Neither importing the room nor parsing a file pulls in pandas; importing it does not pull in pyarrow."""
    program = (
        "import sys; import sim.market as m; print('pyarrow' in sys.modules);"
        "b = m.load_bars('embedded:BTCUSDT-1m-2024-01-15', cache=False);"
        "m.KlinePath(b, tick=0.1, seed=1, price_decimals=2).last(5);"
        "print('pandas' in sys.modules or 'simpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_prints_are_the_same_in_another_process_and_hash_seed() -> None:
    """The hash seed of Python plays no part in a price."""
    program = (
        "import sim.market as m, zlib; b = m.load_bars('embedded:BTCUSDT-1m-2024-01-15', cache=False);"
        "t, p = m.KlinePath(b, tick=0.1, seed=1, price_decimals=2).prints(0, b.end_us);"
        "print(t.size, zlib.crc32(t.tobytes()), zlib.crc32(p.tobytes()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
