# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person chooses when a playbook is launched from AWX: each playbook's questions, as AWX's survey.

AWX hands an unanswered question over as an empty text, which goes before the inventory's word. So a variable stands here only where empty means the
same as not given, or where an answer is required.

Source of the form: AWX, awx/api/views/__init__.py, JobTemplateSurveySpec._validate_spec_data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES

__all__ = ["APPROVED_SHA256", "FREE", "QUESTIONS", "Question", "questions_of", "required", "survey"]

# What the hospital approves at AWX's node, in the workflow's own variables, where its approvers see it; the gate compares it with the archive.
APPROVED_SHA256 = "awx_approval_sha256"


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        variable: the playbook's.
        text: what is asked, in English and Chinese.
        needed: whether AWX starts nothing without an answer.
        choices: where one of several must be chosen; default: the answer that stands there already.
    """

    variable: str
    text: str
    help: str = ""
    needed: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""

    def as_survey(self) -> dict[str, Any]:
        """Return it as AWX has it."""
        return {
            "question_name": self.text,
            "question_description": self.help,
            "required": self.needed,
            "type": "multiplechoice" if self.choices else "text",
            "variable": self.variable,
            "min": 0,
            "max": 1024,
            "default": self.default,
            "choices": list(self.choices),
        }


APPROVAL = Question(
    "operation_approval",
    "Approval, a file on the controller / 批准文件",
    "Signed with traumalink.ops.approve; left empty where the hospital approves at this workflow's node.",
)
EMERGENCY = (
    Question(
        "operation_emergency_reason", "Emergency: why / 紧急操作原因", "Only in an emergency; the hospital is told."
    ),
    Question(
        "operation_emergency_by", "Emergency: who says so / 紧急操作负责人", "A contact of the contract, by its id."
    ),
)
CONFIRM = Question(
    "restore_confirm",
    "The site's name, repeated / 重复站点名称",
    "Whoever repeats it wants the data of now replaced.",
    needed=True,
)
SHA256 = Question(
    APPROVED_SHA256,
    "SHA-256 of the release / 版本包的 SHA-256",
    "64 digits, as the vendor tells them; what the hospital approves, and compared with the archive.",
)

QUESTIONS: Mapping[str, tuple[Question, ...]] = {
    "backup": (
        Question(
            "backup_type", "Kind of backup / 备份类型", "auto: full when one is due.", True, ("auto", "full", "diff", "incr"), "auto"
        ),
    ),
    "backup_check": (Question("backup_check_month", "Month of the report, such as 2026-11 / 报告月份"),),
    "deploy": (
        Question("deploy_archive", "Release archive, a file on the controller / 版本包", needed=True),
        APPROVAL,
    ),
    "drill": (Question("drill_set", "Label of the backup; the newest where empty / 备份编号"),),
    "finalize": (
        Question("finalize_archive", "Archive of the version that runs / 当前版本包", needed=True),
        APPROVAL,
    ),
    "ledger": (
        Question("ledger_action", "What to do / 操作", "", True, ("verify", "list"), "verify"),
    ),
    "patch": (
        Question("patch_phase", "Plan, apply or take back / 阶段", "", True, ("plan", "apply", "undo"), "plan"),
        Question("patch_plan", "Plan, a file on the controller / 计划文件"),
        APPROVAL,
    ),
    "restore": (
        CONFIRM,
        Question("restore_target_time", "Up to when, with its zone; all where empty / 恢复到的时间", "2026-11-29 03:15:00+08:00"),
        Question("restore_target_name", "Or up to which restore point / 恢复点名称"),
        Question("restore_accept_loss", "A loss that is accepted, in the refusal's words / 接受的损失"),
    ),
    "restore_files": (
        CONFIRM,
        Question("file_backup_restore_host", "Host of the files / 主机", needed=True),
    ),
    "rollback": (Question("rollback_reason", "Why / 原因", needed=True),),
    "upgrade": (
        Question("upgrade_archive", "Release archive, a file on the controller / 版本包", needed=True),
        SHA256,
        APPROVAL,
    ),
}  # fmt: skip
# Lists, which no survey asks for, and answers that nobody can foresee: these may be given other extra variables as well. The gate refuses those that
# would force it (plugin_utils.forced_variables).
FREE = ("patch", "record", "restore", "restore_files", "version_register", "window_calendar")


def questions_of(playbook: str) -> tuple[Question, ...]:
    """Return a playbook's questions; what needs a window or an approval can be declared an emergency."""
    policy = POLICIES.get(playbook)
    disruptive = policy is not None and (policy.window != "exempt" or policy.approval == "required")
    return (*QUESTIONS.get(playbook, ()), *(EMERGENCY if disruptive else ()))


def survey(name: str, questions: tuple[Question, ...]) -> dict[str, Any]:
    """Return questions as AWX's survey; none is an empty one, which AWX takes away."""
    if not questions:
        return {}
    return {"name": name, "description": "", "spec": [question.as_survey() for question in questions]}


def required(playbook: str) -> set[str]:
    """Return the variables without which AWX does not start a playbook, a schedule neither."""
    return {question.variable for question in questions_of(playbook) if question.needed}
