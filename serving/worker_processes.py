"""Several worker processes on one port: uvicorn's supervisor, which refuses callers while it ends."""

from uvicorn.supervisors import Multiprocess


class WorkerProcesses(Multiprocess):
    """Start workers, replace those that die, and end them on SIGTERM when what they were asked is answered.

    Workers share a listening socket that the supervisor opened.  uvicorn's own leaves it open until the last
    worker has ended: whoever connects meanwhile waits for nobody, and is cut off.  Here they are refused at
    once, so that a load balancer asks elsewhere.
    """

    def terminate_all(self) -> None:
        """Tell every worker to end, and take no more callers."""
        super().terminate_all()
        for listening in self.sockets:
            listening.close()
