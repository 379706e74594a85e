"""The README's command reference is what the commands' help says."""

from readme_reference import HEADING, README, reference, with_reference


def test_the_readme_has_the_help_as_it_is():
    readme = README.read_text(encoding="utf-8")
    assert readme.count(f"\n{HEADING}\n") == 1
    assert reference() in readme, "run python tests/readme_reference.py"
    assert with_reference(readme) == readme


def test_a_stale_section_is_replaced():
    readme = f"a\n\n{HEADING}\n\nstale\n\n## Licence\n\nb\n"
    made = with_reference(readme)
    assert made == f"a\n\n{reference()}\n## Licence\n\nb\n"
    assert with_reference(made) == made
    assert with_reference("a\n\n## Licence\n\nb\n") == made
