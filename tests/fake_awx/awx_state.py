"""The fake AWX's state: objects by endpoint and id, and what is refused or added when one is made, changed or removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime

import awx_rules as rules
from awx_kinds import KINDS, NEEDED, PROMPTED
from awx_rules import Object, RefusedError

MANAGED_TYPES = {
    "Machine": ("ssh", ("username", "password", "ssh_key_data", "become_password")),
    "Vault": ("vault", ("vault_password", "vault_id")),
    "Source Control": ("scm", ("username", "password", "ssh_key_data")),
}
SECRET = ("password", "ssh_key_data", "become_password", "vault_password")


class Awx:
    """The state: objects by endpoint and id, and who may ask.

    Attributes:
        playbooks: what the projects hold; folders: those that lie below AWX's project folder, for manual projects.
        users: token to user name and scope.
        asked: method and path of each request, in order.
    """

    def __init__(
        self, playbooks: Sequence[str], folders: Sequence[str] = (), users: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        self.playbooks, self.folders = list(playbooks), list(folders)
        self.users = dict(users or {})
        self.things: dict[str, dict[int, Object]] = {kind: {} for kind in KINDS}
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], Object] = {}
        self.teams_of_role: dict[int, list[int]] = {}
        self.roles: dict[tuple[str, int, str], int] = {}
        self.runs: dict[str, dict[int, Object]] = {
            kind: {}
            for kind in ("jobs", "workflow_jobs", "workflow_approvals", "project_updates", "workflow_job_nodes")
        }
        self.asked: list[str] = []
        self.lock = threading.RLock()
        self.last = 0
        for name, (kind, fields) in MANAGED_TYPES.items():
            inputs = {
                "fields": [{"id": each, "label": each, "type": "string", "secret": each in SECRET} for each in fields]
            }
            self.add(
                "credential_types",
                {"name": name, "description": "", "kind": kind, "inputs": inputs, "injectors": {}, "managed": True},
            )

    def number(self) -> int:
        """Return the next id."""
        self.last += 1
        return self.last

    def add(self, kind: str, thing: Object) -> Object:
        """Keep a new object as it is."""
        found = {"id": self.number(), **thing}
        self.things[kind][found["id"]] = found
        return found

    def find(self, kind: str, number: int) -> Object:
        """Return an object. Raises RefusedError: there is none; AWX: PrimaryKeyRelatedField."""
        for each in KINDS if kind == "unified_job_templates" else (kind,):
            if number in self.things[each] and (kind != "unified_job_templates" or KINDS[each].template):
                return self.things[each][number]
        raise RefusedError({"detail": [f'Invalid pk "{number}" - object does not exist.']})

    def kind_of(self, number: int) -> str:
        """Return the endpoint of a template."""
        return next(kind for kind in KINDS if KINDS[kind].template and number in self.things[kind])

    # Reading

    def shown(self, kind: str, thing: Object) -> Object:
        """Return an object as AWX shows it: with type, url, related and summary_fields."""
        known, number = KINDS[kind], thing["id"]
        url = f"/api/v2/{kind}/{number}/"
        related = {name: f"{url}{name}/" for name in known.lists}
        summary: Object = {}
        if kind in ("job_templates", "workflow_job_templates"):
            related |= {"survey_spec": f"{url}survey_spec/", "launch": f"{url}launch/"}
        if template := thing.get("unified_job_template"):
            related["unified_job_template"] = f"/api/v2/{self.kind_of(template)}/{template}/"
        if known.roles:
            summary["object_roles"] = {
                f"{role}_role": {"id": self.role(kind, number, role), "name": role} for role in known.roles
            }
        return {
            **rules.displayed(kind, thing, self.secrets),
            "type": known.type,
            "url": url,
            "related": related,
            "summary_fields": summary,
        }

    def secrets(self, credential_type: int) -> list[str]:
        """Return a credential type's fields that are not shown."""
        fields = self.things["credential_types"][credential_type]["inputs"].get("fields", [])
        return [each["id"] for each in fields if each.get("secret")]

    def role(self, kind: str, number: int, name: str) -> int:
        """Return the id of a role on an object."""
        key = (kind, number, name)
        if key not in self.roles:
            self.roles[key] = self.number()
        return self.roles[key]

    def listed(self, kind: str) -> list[Object]:
        """Return all objects of an endpoint, as they are shown."""
        kinds = [each for each in KINDS if KINDS[each].template] if kind == "unified_job_templates" else [kind]
        return [self.shown(each, thing) for each in kinds for thing in self.things[each].values()]

    def matching(self, kind: str, things: list[Object], query: Sequence[tuple[str, str]]) -> list[Object]:
        """Return what a query selects. AWX: FieldLookupBackend (django-ansible-base); an unknown field is an error."""
        either = [(name[4:], value) for name, value in query if name.startswith("or__")]
        every = [
            (name, value)
            for name, value in query
            if not name.startswith("or__") and name not in ("page", "page_size", "order_by")
        ]

        def holds(thing: Object, name: str, value: str) -> bool:
            field, *path = name.split("__")
            if field in thing and path and path[0] in ("name", "organization"):
                endpoint = "unified_job_templates" if field == "unified_job_template" else f"{field}s"
                return holds(self.find(endpoint, thing[field]), "__".join(path), value)
            if kind == "unified_job_templates" and field == "organization":
                thing.setdefault(field, None)
            if field not in thing or path not in ([], ["startswith"]):
                raise RefusedError({"detail": f"{kind} has no field named '{name}'"})
            return str(thing[field]).startswith(value) if path else str(thing[field]) == value

        return [
            thing
            for thing in things
            if all(holds(thing, *each) for each in every)
            and (not either or any(holds(thing, *each) for each in either))
        ]

    # Writing

    def create(self, kind: str, given: Object) -> Object:
        """Make an object."""
        known = KINDS[kind]
        self.see_fields(kind, given)
        for name, default in known.fields.items():
            if default is NEEDED and given.get(name) in (None, ""):
                raise RefusedError({name: ["This field is required."]})
        whole = {
            name: deepcopy(given.get(name, None if default is NEEDED else default))
            for name, default in known.fields.items()
        }
        self.see(kind, whole, None)
        thing = self.add(kind, whole)
        if kind == "projects":
            self.update_project(thing)
        return thing

    def change(self, kind: str, thing: Object, given: Object) -> None:
        """Change an object's fields."""
        self.see_fields(kind, given)
        if thing.get("managed"):
            raise RefusedError({"detail": "Modifications not allowed for managed credential types"})
        fixed = {"workflow_job_template_nodes": "workflow_job_template", "inventory_sources": "inventory"}.get(kind)
        changes = {
            name: deepcopy(value) for name, value in given.items() if name in KINDS[kind].fields and name != fixed
        }
        whole = {**deepcopy(thing), **changes}
        self.see(kind, whole, thing)
        thing.update(whole)

    def see_fields(self, kind: str, given: Object) -> None:
        """Refuse fields that the kind has not; those that can only be read change nothing."""
        known = {*KINDS[kind].fields, *KINDS[kind].read_only, "id", "type", "url", "related", "summary_fields"}
        if unknown := sorted(set(given) - known):
            raise RefusedError(
                {name: [f"{KINDS[kind].type} has no field {name} (fake: AWX drops it)."] for name in unknown}
            )

    def see(self, kind: str, whole: Object, before: Object | None) -> None:
        """Refuse what breaks a rule, and add what AWX adds."""
        known = KINDS[kind]
        for name, default in known.fields.items():
            # AWX: awx/api/fields.py, CharNullField and ChoiceNullField: null is an empty text
            if whole[name] is None and isinstance(default, str):
                whole[name] = ""
        for name, endpoint in known.refers.items():
            if whole[name] is not None:
                self.find(endpoint, whole[name])
        others = [other for other in self.things[kind].values() if before is None or other["id"] != before["id"]]
        self.RULES.get(kind, lambda *_arguments: None)(self, whole, before, others)
        same = [other for other in others if known.unique and all(other[name] == whole[name] for name in known.unique)]
        if same:
            words = " and ".join(name.replace("_", " ").capitalize() for name in known.unique)
            raise RefusedError(
                {"__all__": [f"{known.type.replace('_', ' ').capitalize()} with this {words} already exists."]}
            )

    def see_project(self, whole: Object, before: Object | None, others: list[Object]) -> None:
        rules.project(whole, others, self.folders)
        whole.setdefault("status", "pending")
        whole.setdefault("scm_revision", "")

    def see_job_template(self, whole: Object, before: Object | None, _others: list[Object]) -> None:
        rules.job_template(whole, self.find, self.playbooks)
        whole["organization"] = self.find("projects", whole["project"])["organization"]  # AWX: it is the project's

    def see_inventory_source(self, whole: Object, _before: Object | None, _others: list[Object]) -> None:
        rules.inventory_source(whole, self.find)
        whole["organization"] = self.find("inventories", whole["inventory"])[
            "organization"
        ]  # AWX: InventorySource.save

    def see_credential_type(self, whole: Object, _before: Object | None, _others: list[Object]) -> None:
        rules.credential_type(whole)
        whole.setdefault("managed", False)  # AWX: CredentialTypeSerializer shows it, read only
        whole.setdefault("namespace", None)

    def see_launch(self, whole: Object, kind: str) -> None:
        if whole["unified_job_template"] is None:
            return
        template = self.find("unified_job_templates", whole["unified_job_template"])
        survey = self.surveys.get((self.kind_of(template["id"]), template["id"]), {})
        rules.prompts(whole, template, survey, PROMPTED, needs_answers=kind == "schedules")

    def see_schedule(self, whole: Object, _before: Object | None, _others: list[Object]) -> None:
        template = self.find("unified_job_templates", whole["unified_job_template"])
        if self.kind_of(template["id"]) == "projects" and not template["scm_type"]:
            raise RefusedError({"unified_job_template": ["Manual Project cannot have a schedule set."]})
        rules.schedule_rule(whole["rrule"])
        whole["rrule"] = " ".join(whole["rrule"].split())  # AWX: Schedule.coerce_naive_until
        self.see_launch(whole, "schedules")

    RULES = {  # noqa: RUF012 - read only
        "projects": see_project,
        "inventory_sources": see_inventory_source,
        "job_templates": see_job_template,
        "credential_types": see_credential_type,
        "credentials": lambda self, whole, before, _others: rules.credential(whole, self.find, new=before is None),
        "notification_templates": lambda self, whole, before, _others: rules.notification_template(whole, before),
        "schedules": see_schedule,
        "workflow_job_template_nodes": lambda self, whole, _before, _others: self.see_launch(whole, "nodes"),
    }

    def update_project(self, thing: Object) -> None:
        """Fetch a project, which is done at once. AWX starts an update when one that it fetches was made (Project.save)."""
        thing["status"] = "successful" if thing["scm_type"] else "ok"
        if thing["scm_type"]:
            thing["scm_revision"] = "0123456789abcdef0123456789abcdef01234567"
            update = {"id": self.number(), "status": "successful", "finished": now(), "failed": False}
            self.runs["project_updates"][update["id"]] = update
            thing["last_update"] = update["id"]

    def remove(self, kind: str, number: int) -> None:
        """Remove an object, and what cannot be without it. AWX: on_delete=CASCADE of the models."""
        del self.things[kind][number]
        if KINDS[kind].template:
            for each in [each for each in self.things["schedules"].values() if each["unified_job_template"] == number]:
                self.remove("schedules", each["id"])
            for node in self.things["workflow_job_template_nodes"].values():
                if node["unified_job_template"] == number:
                    node["unified_job_template"] = None
        owned = {
            "organizations": "organization",
            "workflow_job_templates": "workflow_job_template",
            "inventories": "inventory",
        }.get(kind)
        for other in KINDS if owned else ():
            default = KINDS[other].fields.get(str(owned))
            for each in [
                each for each in self.things[other].values() if each.get(str(owned)) == number and default is NEEDED
            ]:
                self.remove(other, each["id"])
        for key, members in self.lists.items():
            if KINDS[key[0]].lists[key[2]] == kind and number in members:
                members.remove(number)
        self.lists = {key: members for key, members in self.lists.items() if key[:2] != (kind, number)}

    def attach(self, kind: str, number: int, name: str, given: Object) -> None:
        """Hang an object on another, or take it off. AWX: SubListCreateAttachDetachAPIView."""
        members, endpoint = self.lists.setdefault((kind, number, name), []), KINDS[kind].lists[name]
        other = self.find(endpoint, int(given["id"]))
        if given.get("disassociate"):
            members.remove(other["id"])
            return
        if kind == "job_templates" and name == "credentials":
            # AWX: JobTemplateCredentialsList.is_valid_relation
            types = self.things["credential_types"]
            mine = types[other["credential_type"]]
            if any(self.find("credentials", each)["credential_type"] == other["credential_type"] for each in members):
                raise RefusedError({"error": f"Cannot assign multiple {mine['name']} credentials."})
            if mine["kind"] not in ("ssh", "vault", "cloud", "net", "kubernetes"):
                raise RefusedError({"error": f"Cannot assign a Credential of kind `{mine['kind']}`."})
        if name.endswith("_nodes") and number in (other["id"], *self.behind(other["id"])):
            raise RefusedError({"Error": "Cycle detected."})  # AWX: WorkflowJobTemplateNodeChildrenBaseList
        if other["id"] not in members:
            members.append(other["id"])

    def behind(self, node: int) -> Iterator[int]:
        """Yield the nodes that follow a workflow's node."""
        for name in ("success_nodes", "failure_nodes", "always_nodes"):
            for follower in self.lists.get(("workflow_job_template_nodes", node, name), []):
                yield follower
                yield from self.behind(follower)


def now() -> str:
    """Return the time as AWX writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
