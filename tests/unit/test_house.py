"""How the house is built: what private files of ``_modules`` may know of Salt and each other."""

import ast
import re
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / "_modules"
# Floors, from the ground up: a file imports from its own floor and from those below.
FLOORS = ("_cib_", "_pcs_", "_hanfs_")
LINES, FUNCTION_LINES = 500, 50
OF_THE_LOADER = {
    *("__salt__", "__opts__", "__grains__", "__pillar__", "__context__", "__states__", "__utils__"),
    *("__env__", "__virtual__", "__virtualname__", "__func_alias__"),
}
# The only ones that know anything of Salt, and what.
OF_SALT = {"_cib_errors": ["salt.exceptions"], "_cib_minion": ["salt.utils.data"]}
MOST_PUBLIC, MAP_LINES = 80, 60
ROOT = MODULES.parent

TREES = {path.stem: ast.parse(path.read_text()) for path in sorted(MODULES.glob("*.py"))}
PRIVATE = [name for name in TREES if name.startswith("_")]
PUBLIC = [name for name in TREES if not name.startswith("_")]


def imported(node):
    """Names of the modules that an import statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def siblings(name):
    """The siblings that a file imports anywhere."""
    return {one for node in ast.walk(TREES[name]) for one in imported(node) if one in PRIVATE}


def floor(name):
    return next(number for number, prefix in enumerate(FLOORS) if name.startswith(prefix))


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_file_is_plain_python(name):
    names = {node.id for node in ast.walk(TREES[name]) if isinstance(node, ast.Name)}
    names |= {node.name for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef)}
    assert not names & OF_THE_LOADER
    of_salt = [
        one
        for node in ast.walk(TREES[name])
        for one in imported(node)
        if one.split(".")[0] == "salt"
    ]
    assert of_salt == OF_SALT.get(name, [])


@pytest.mark.parametrize("name", PRIVATE)
def test_the_name_of_a_private_file_says_where_it_belongs(name):
    # nothing on a node is called so, and the loader takes none of them for a module
    assert name.startswith(FLOORS)


@pytest.mark.parametrize("name", [*PRIVATE, *PUBLIC])
def test_siblings_are_imported_at_the_top(name):
    """Their directory is on ``sys.path`` only while Salt loads a file."""
    top = {one for node in TREES[name].body for one in imported(node) if one in PRIVATE}
    assert siblings(name) == top


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_sees_to_the_age_of_its_siblings_first(name):
    if not siblings(name):
        return
    body = TREES[name].body
    guard = [
        number
        for number, node in enumerate(body)
        if isinstance(node, ast.Expr) and ast.unparse(node) == "_cib_siblings.load(__file__)"
    ]
    assert len(guard) == 1
    before = {one for node in body[: guard[0]] for one in imported(node) if one in PRIVATE}
    assert before == {"_cib_siblings"}
    last = max(n for n, node in enumerate(body) if set(imported(node)) & set(PRIVATE))
    assert ast.unparse(body[last + 1]) == "_cib_siblings.same(__file__, globals())"


def public_functions():
    """``{"pcs.status", ...}``: what is in Salt's list of functions."""
    return {
        f"{name.split('_')[0]}.{node.name.rstrip('_')}"
        for name in PUBLIC
        for node in TREES[name].body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def test_the_list_of_functions_is_what_the_documents_name():
    told = set(
        re.findall(r"`((?:cib|pcs|hanfs)\.[a-z_]+)`", (ROOT / "docs/modules.md").read_text())
    )
    assert public_functions() == {one for one in told if one != "pcs.configured"}
    assert len(told) <= MOST_PUBLIC


def test_map_jinja_stays_a_page():
    text = (ROOT / "hanfs/map.jinja").read_text()
    assert len(text.splitlines()) <= MAP_LINES
    assert "macro" not in text


def edges_of_the_picture():
    """The tree in docs/architecture.md: ``(file:function, file:function)``, caller and called."""
    text = (ROOT / "docs/architecture.md").read_text()
    tree = re.search(r"```\nhanfs:converge\n(.*?)```", text, re.DOTALL)
    found, above = [], ["hanfs:converge"]
    for line in tree.group(1).splitlines():
        indent, what = re.match(r"( +)(\w+:\w+)", line).groups()
        depth = len(indent) // 4
        above[depth:] = [what]
        found.append((above[depth - 1], what))
    return found


@pytest.mark.parametrize("caller, called", edges_of_the_picture())
def test_the_picture_of_the_way_to_the_push_is_true(caller, called):
    file, function = called.split(":")
    defined = {node.name for node in TREES[file].body if isinstance(node, ast.FunctionDef)}
    assert function in defined
    direct = siblings(caller.split(":")[0])
    # through a table of functions, at most one file lies between
    assert file in direct or any(file in siblings(one) for one in direct)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_calls_no_library_by_text(name):
    called = {
        node.slice.value.split(".")[0]
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and ast.unparse(node.value) == "__salt__"
    }
    assert not {one for one in called if f"_{one}" in PRIVATE or one.startswith("_")}


@pytest.mark.parametrize("name", PRIVATE)
def test_imports_lead_downwards(name):
    assert [one for one in siblings(name) if floor(one) > floor(name)] == []


def test_imports_make_no_circle():
    left = {name: siblings(name) for name in PRIVATE}
    while left:
        free = [name for name, needs in left.items() if not needs & set(left)]
        assert free, f"a circle among {', '.join(sorted(left))}"
        for name in free:
            del left[name]


def length(function, name):
    """Lines of a function; what ``sys.doc`` shows of a public one is as long as it needs to be."""
    first = function.body[0] if name in PUBLIC and ast.get_docstring(function) else function
    return function.end_lineno - (first.end_lineno if first is not function else first.lineno - 1)


@pytest.mark.parametrize("name", [*PRIVATE, *PUBLIC])
def test_no_file_and_no_function_is_long(name):
    text = (MODULES / f"{name}.py").read_text()
    assert len(text.splitlines()) <= LINES
    long = [
        f"{node.name}: {length(node, name)} lines"
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.FunctionDef) and length(node, name) > FUNCTION_LINES
    ]
    assert long == []


def called_from_elsewhere():
    """``{private file: names of it that other files use}``"""
    found = {name: set() for name in PRIVATE}
    for other, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.get(node.value.id, set()).add(node.attr)
            elif isinstance(node, ast.ImportFrom) and node.module != other:
                found.get(node.module, set()).update(alias.name for alias in node.names)
    return found


def test_what_others_call_is_annotated():
    """What a function of the library takes and returns is said where another file calls it."""
    called = called_from_elsewhere()
    bare = [
        f"{name}.{node.name}"
        for name in PRIVATE
        for node in TREES[name].body
        if isinstance(node, ast.FunctionDef) and node.name in called[name]
        if node.returns is None or any(one.annotation is None for one in node.args.args)
    ]
    assert bare == []
