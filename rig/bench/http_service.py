"""The fax service over HTTP, as any of its users reaches it."""

from collections.abc import Sequence
from typing import Any

import httpx

from rig.bench.facade import FaxJob, RefusedByServiceError
from rig.errors import InstrumentError

TIMEOUT_S = 30.0


class HttpService:
    """Implements `ServiceClient`. Raises InstrumentError when the service cannot be reached."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._client = httpx.Client(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)

    def submit(self, document: bytes, name: str, number: str) -> FaxJob:
        files = {"file": (name, document, "application/octet-stream")}
        return _fax_job(self._ask("POST", "/faxes", files=files, data={"number": number}).json())

    def show(self, job_id: int) -> FaxJob:
        return _fax_job(self._ask("GET", f"/faxes/{job_id}").json())

    def list(self, direction: int | None = None) -> Sequence[FaxJob]:
        params = {} if direction is None else {"direction": direction}
        answer = self._ask("GET", "/faxes", params=params).json()
        return [_fax_job(job) for job in (answer["faxes"] if isinstance(answer, dict) else answer)]

    def cancel(self, job_id: int) -> FaxJob:
        return _fax_job(self._ask("DELETE", f"/faxes/{job_id}").json())

    def document(self, job_id: int) -> bytes:
        return self._ask("GET", f"/faxes/{job_id}/document").content

    def close(self) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise InstrumentError(f"the fax service at {self.base_url} cannot be reached: {error}") from error
        if answer.status_code >= 500:
            raise InstrumentError(f"the fax service failed at {method} {path}: {answer.status_code} {answer.text[:99]}")
        if answer.is_error:
            raise RefusedByServiceError(_problem(answer))
        return answer


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        parts = (problem.get("title", ""), problem.get("detail", ""), problem.get("remedy", ""))
        return "; ".join(str(part) for part in parts if part) or answer.text[:200]
    except (ValueError, AttributeError):
        return answer.text[:200]


def _fax_job(plain: dict[str, Any]) -> FaxJob:
    return FaxJob(**{name: plain[name] for name in FaxJob.__dataclass_fields__})
