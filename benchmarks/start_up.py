"""Import and first call of a new process."""

import os
import subprocess
import sys
import tempfile


def bench():
    """Import and first call in a new process, with the kernel cache as it is and with an empty one."""
    code = (
        "import time; t = time.perf_counter(); import surveysim as ss, pandas as pd;"
        "d = pd.DataFrame({'a': list('xyxy'), 'b': list('ppqq'), 'w': [1., 2, 3, 4]}).astype({'a': 'category', 'b': 'category'});"
        "ss.rake(d, {'a': {'x': 6, 'y': 6}, 'b': {'p': 5, 'q': 7}}, weight='w'); print(time.perf_counter() - t)"
    )

    def once(**cache):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | cache
        )
        return float(done.stdout)

    once()
    warm = min(once() for _ in range(3))
    with tempfile.TemporaryDirectory() as empty:
        cold = once(NUMBA_CACHE_DIR=empty)
    return [
        f"| import and first rake, new process | {warm:.2f} s with compiled kernels on disk | {cold:.2f} s without | {cold / warm:.1f} × |"
    ]
