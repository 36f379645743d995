"""A command runner that starts nothing: it notes what it was asked, and answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import restore_target
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from hypothesis import HealthCheck, settings

# How fast an example was made and ran says something of the machine's load only.
settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


@dataclass
class FakeRunner:
    """Stands for `command.run`.

    Attributes:
        calls: each argument list, in order; options: what came with it (user, environment, …), in the same order.
    """

    calls: list[list[str]] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    script: list[tuple[tuple[str, ...], list[Completed | Exception], Callable[[], object] | None]] = field(
        default_factory=list
    )

    def on(
        self,
        *words: str,
        out: str | Sequence[str] = "",
        err: str = "",
        status: int = 0,
        error: Exception | None = None,
        then: Callable[[], object] | None = None,
    ) -> FakeRunner:
        """Answer commands that hold all of these words; the newest rule wins.

        `out` may be a list: one output a call, the last one for ever. `then` does to the world what the command would.
        """
        outputs = [out] if isinstance(out, str) else list(out)
        answers: list[Completed | Exception] = [Completed((), status, text, err) for text in outputs]
        self.script.insert(0, (words, [error] if error else answers, then))
        return self

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.calls.append(list(argv))
        self.options.append(options)
        for words, answers, then in self.script:
            if all(word in argv for word in words):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if isinstance(answer, Exception):
                    raise answer
                if then:
                    then()
                return Completed(tuple(argv), answer.status, answer.stdout, answer.stderr)
        raise AssertionError(f"nobody expected the command {list(argv)}")

    def asked(self, *words: str) -> list[list[str]]:
        """Return the commands that held all of these words."""
        return [argv for argv in self.calls if all(word in argv for word in words)]


@pytest.fixture
def runner() -> FakeRunner:
    """Give a runner that expects nothing yet."""
    return FakeRunner()


@pytest.fixture
def contract_data() -> Callable[..., dict[str, Any]]:
    """Give a maker of a contract's plain data: DESIGN's windows, hours and freeze, with sections exchanged."""

    def make(**sections: Any) -> dict[str, Any]:
        return {
            "id": "cs-2026",
            "title": {"zh": "创伤救治信息系统维护服务", "en": "Trauma system maintenance"},
            "timezone": "Asia/Shanghai",
            "calendar": {"country": "CN", "always_safe": "01:00-04:00"},
            "working_hours": {"workday": ["08:00-12:00", "14:00-17:30"], "restday": []},
            "windows": [{"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}],
            "freezes": [
                {"name": "accreditation", "from": "2026-12-01", "to": "2026-12-05", "reason": "JCI visit"},
            ],
            **sections,
        }

    return make


@pytest.fixture(autouse=True)
def no_engine_of_a_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test see the processes of a lab that runs beside it: containers' processes stand in this machine's list too."""
    monkeypatch.setattr(restore_target, "running_engines", lambda _commands: [])
