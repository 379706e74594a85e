"""The guide's command reference is what the commands' help says."""

from readme_reference import HEADING, README, reference, with_reference


def test_the_guide_has_the_help_as_it_is():
    readme = README.read_text(encoding="utf-8")
    assert readme.count(f"\n{HEADING}\n") == 1
    assert with_reference(readme) == readme, "run python tests/readme_reference.py"


def test_a_stale_section_is_replaced():
    made = with_reference(f"a\n\n{HEADING}\n\nstale\n")
    assert made == f"a\n\n{reference()}"
    assert with_reference(made) == made
    assert with_reference("a\n") == made
