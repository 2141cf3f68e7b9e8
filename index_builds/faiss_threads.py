"""How many threads FAISS works with: OpenMP keeps that number per thread, not per process.

A thread that sets nothing starts with every core, whatever another thread has set.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import faiss


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let FAISS work with so many threads within, in this thread; 0 leaves it as it is."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def searching_threads(workers: int, *, each: int = 1, name: str = "faiss") -> ThreadPoolExecutor:
    """Return a pool of threads in each of which FAISS works with ``each`` threads.

    Args:
        workers: Threads of the pool.
        each: Threads of one search.
        name: Begins the names of the pool's threads.
    """
    return ThreadPoolExecutor(
        max_workers=workers, thread_name_prefix=name, initializer=faiss.omp_set_num_threads, initargs=(each,)
    )
