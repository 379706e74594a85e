"""The rules of the house: imports go one way, and files and functions stay small."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"numbapool": ROOT / "numbapool", "numbapool_cli": ROOT / "cli"}

ORDER = {
    "numbapool": """
        errors records memory
        windows reducers inputs
        arrays loops
        tensors labelled
        plan compile
        run operators
        pooling sequences recurrent roi
        functional stores
        cuda lazy
        kernels warm jit
        numbapool __main__
    """,
    "numbapool_cli": """
        job exits windows operators interrupts
        telling
        codecs
        files
        batch asking
        rasters sequences
        work
        commands
        app
        numbapool_cli
    """,
}
"""The rooms of each package, a floor per line: no file imports from a floor below its own line."""

PUBLIC = {
    "numbapool",
    "numbapool.cuda.doctor",
    "numbapool.errors",
    "numbapool.kernels",
    "numbapool.memory",
    "numbapool.records",
    "numbapool.warm",
}
"""What the command may import of the library."""

LONGEST_FILE, LONGEST_BODY, MOST_PARAMETERS = 500, 60, 8
THE_ORACLE = "tests/naive.py"


def files_under(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the module that a file is, as it is imported."""
    for package, folder in PACKAGES.items():
        if path.is_relative_to(folder):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            return ".".join(parts).removesuffix(".__init__")
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {name_of(path): path for folder in PACKAGES.values() for path in folder.rglob("*.py")}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """Return the module that a statement imports from."""
    if not node.level:
        return str(node.module)
    own = name_of(path).split(".")
    above = own[: len(own) - node.level + (path.name == "__init__.py")]
    return ".".join([*above, *([node.module] if node.module else [])])


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of the project that a file imports, at its top or in a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{absolute(path, node)}.{alias.name}" for alias in node.names]
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("import_module")
            and isinstance(node.args[0], ast.Constant)
        ):
            names = [str(node.args[0].value)]
        else:
            continue
        for name in names:
            parent = name.rpartition(".")[0]
            found = name if name in MODULES else parent
            if found.partition(".")[0] in PACKAGES:
                yield found


def floor(module: str) -> int:
    """Return on which line of its package's order a module stands."""
    package, _, inner = module.partition(".")
    room = inner.partition(".")[0] or package
    floors = [line.split() for line in ORDER[package].strip().splitlines()]
    found = [number for number, rooms in enumerate(floors) if room in rooms]
    assert found, f"{module}: the order has no room {room!r}"
    return found[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package):
    upward = [
        f"{module} imports {found}"
        for module, path in sorted(MODULES.items())
        for found in sorted(set(imports(path)))
        if module.partition(".")[0] == found.partition(".")[0] == package
        and floor(found) > floor(module)
    ]
    assert not upward, "\n".join(["imports that go up:", *upward])


def test_no_circle_of_files():
    reached = {module: set(imports(path)) - {module} for module, path in MODULES.items()}
    while True:
        free = {module for module, found in reached.items() if not found & reached.keys()}
        if not free:
            break
        reached = {module: found for module, found in reached.items() if module not in free}
    assert not reached, f"these import each other, or what does: {sorted(reached)}"


def test_the_command_imports_the_library_by_public_names():
    private = [
        f"{module} imports {found}"
        for module, path in sorted(MODULES.items())
        for found in sorted(set(imports(path)))
        if module.startswith("numbapool_cli")
        and not found.startswith("numbapool_cli")
        and found not in PUBLIC
    ]
    assert not private, "\n".join(private)


def test_the_library_does_not_import_the_command():
    found = {
        module
        for module, path in MODULES.items()
        if not module.startswith("numbapool_cli")
        and any(name.startswith("numbapool_cli") for name in imports(path))
    }
    assert found <= {"numbapool.__main__"}


def test_no_test_is_imported_by_another_file():
    """What tests share stands in files of its own."""
    for path in files_under("tests"):
        found = ast.walk(tree(path))
        names = [node.module or "" for node in found if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.startswith("test_")], path


def test_no_file_is_too_long():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in files_under("numbapool", "cli", "tests")
    }
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}
    assert long.keys() <= {THE_ORACLE}, f"split: {long}"


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield each function of a file with its place."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


LOOPS = [
    ROOT / "numbapool" / name
    for name in ("loops", "cuda/kernels.py", "cuda/spans.py", "cuda/span_shares.py")
]
"""What runs per element: its functions take what they need one by one."""


def outside_loops(*folders: str) -> list[Path]:
    found = files_under(*folders)
    return [path for path in found if not any(map(path.is_relative_to, LOOPS))]


def test_no_body_is_too_long():
    long = []
    for path in outside_loops("numbapool", "cli", "tests"):
        for place, function in functions(path):
            body = function.body[ast.get_docstring(function) is not None :]
            lines = function.end_lineno - body[0].lineno + 1 if body else 0
            if lines > LONGEST_BODY:
                long.append(f"{place}: {lines} lines")
    assert not long, "\n".join(long)


def is_click_callback(function: ast.FunctionDef) -> bool:
    """Say whether Click calls a function: with a parameter per option of its decorators."""
    calls = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any("command" in call or "option" in call for call in calls)


FACES = (
    *("pooling/pool.py", "recurrent/multihead.py", "roi/pool.py"),
    *("stores/chunked.py", "stores/pyramids.py", "windows/window.py"),
)
"""Files with functions of the public interface, beside those in `functional`."""


def is_a_face(path: Path, function: ast.FunctionDef) -> bool:
    """Say whether a function is the library's public interface."""
    library = PACKAGES["numbapool"]
    files = [library / name for name in FACES]
    if not (path.is_relative_to(library / "functional") or path in files):
        return False
    return not function.name.startswith("_") or function.name.startswith("__")


def test_no_function_has_too_many_parameters():
    many = []
    for path in outside_loops("numbapool", "cli"):
        for place, function in functions(path):
            if is_a_face(path, function) or is_click_callback(function):
                continue
            taken = function.args
            parameters = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs]
            parameters += [each for each in (taken.vararg, taken.kwarg) if each]
            names = [each.arg for each in parameters if each.arg not in ("self", "cls")]
            if len(names) > MOST_PARAMETERS:
                many.append(f"{place}: {len(names)} parameters")
    assert not many, "\n".join(many)
