"""
The ``pcs`` commands that make the same change as a plan, to be read and pasted.

They are in the order in which pcs takes them: what refers to others goes first and comes last, and
a resource is made before it is put anywhere. How the installed pcs wants things said is known by
``pcs_argv``. Where pcs has no command, there is a remark in its place: ``["#", sentence]``.

Nothing here runs a command. Values that are secret are masked. What each kind of object needs is
said by ``cib_commands_resources``, ``cib_commands_constraints`` and ``cib_commands_others``.
"""

from __future__ import annotations

import difflib

# In the order of the commands.
PHASES = ("settings", "unhook", "make", "arrange", "change", "delete", "hook")
# The function that says the edits of some kinds.
SPEAKERS = {
    "cib_commands_others.settings": ("properties", "nodes"),
    "cib_commands_defaults.say": ("resource_defaults", "op_defaults"),
    # pcs takes the constraints of a group away that it dissolves
    "cib_commands_constraints.say": ("constraints",),
    "cib_commands_resources.say": ("primitives", "groups", "clones", "bundles"),
    "cib_commands_others.levels": ("fence_levels",),
    "cib_commands_others.tags": ("tags",),
    "cib_commands_others.alerts": ("alerts",),
    "cib_commands_acls.say": ("acls",),
}
_OLD_ROLES = {"Promoted": "Master", "Unpromoted": "Slave"}


class Commands:
    """The commands so far, and what is needed to find more."""

    def __init__(self, want, live, capabilities):
        self.want, self.live, self._capabilities = want, live, capabilities
        self._phases = {phase: [] for phase in PHASES}

    def can(self, difference):
        """Whether the newer of two ways to say something is this pcs's."""
        return __salt__["pcs_argv.can"](self._capabilities, difference)

    def say(self, phase, *words):
        self._phases[phase].append(["pcs", *map(str, words)])

    def remark(self, phase, text):
        """What pcs cannot say."""
        self._phases[phase].append(["#", text])

    def pairs(self, values, secrets=()):
        """``name=value`` for each; the empty text for None, by which pcs takes it away."""
        for name in (name for name, value in values.items() if value == ""):
            self.remark("change", f"pcs cannot give {name} the empty text")
        told = {name: value for name, value in values.items() if value != ""}
        return [f"{name}={self.value(name, value, secrets)}" for name, value in told.items()]

    def value(self, name, value, secrets=()):
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return __salt__["cib_meaning.shown"]("password" if name in secrets else name, value)

    def role(self, value):
        """A role in the words of this pcs."""
        return value if self.can("promoted") else _OLD_ROLES.get(value, value)

    def no_description(self, kind, name):
        self.remark("change", f"pcs has no command for the description of {kind} {name}")

    def all(self):
        return [command for phase in PHASES for command in self._phases[phase]]


def of_plan(edits, want, live, capabilities=None):
    """
    Return the pcs commands that are equivalent to a plan, each a list of arguments.

    edits
        The edits of :py:func:`cib_plan.compare`.

    want, live
        What it compared.

    capabilities
        Capability ids of the pcs to say it to; None for the newest.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_commands.of_plan '[{...}]' '{...}' '{...}' '[pcmk.tag]'
    """
    commands = Commands(want, live, capabilities)
    for speaker, kinds in SPEAKERS.items():
        # our own record is none of pcs's business
        those = [edit for edit in edits if edit["kind"] in kinds]
        if those:
            __salt__[speaker](commands, those)
    return commands.all()


def action(edit):
    """
    Return what an edit does and its data, ``(create, change or remove, data)``.

    edit
        One of the edits of :py:func:`cib_plan.compare`.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_commands.action '{kind: primitives, id: A, remove: true}'
    """
    word = next(word for word in ("create", "change", "remove") if word in edit)
    return word, edit[word]


def moves(now, wanted):
    """
    Return how members come into their order: ``[(members, place)]``, for pcs's add.

    now, wanted
        The members as they are and as they are to be; who is not in ``wanted`` is not moved.

    The place is an option such as ``["--after", "A"]``; empty when there is nobody to be beside.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_commands.moves '[A, B]' '[B, A]'
    """
    matcher = difflib.SequenceMatcher(None, now, wanted, autojunk=False)
    kept = set()
    for block in matcher.get_matching_blocks():
        kept.update(wanted[block.b : block.b + block.size])
    found, run, before = [], [], None
    for member in [*wanted, None]:
        if member is not None and member not in kept:
            run.append(member)
            continue
        beside = ["--after", before] if before else ["--before", member] if member else []
        found += [(run, beside)] if run else []
        run, before = [], member
    return found
