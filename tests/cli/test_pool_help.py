"""The help of commands: examples first, then options under headings."""

import click
import pytest
from numbapool_cli.app import cli
from numbapool_cli.asking import headings

COMMANDS = cli.list_commands(click.Context(cli))


def help_of(name):
    """Return a command's help, and its options that are shown."""
    top = click.Context(cli, info_name="pool", **cli.context_settings)
    command = cli.get_command(top, name)
    ctx = click.Context(command, info_name=name, parent=top)
    options = [each for each in command.get_params(ctx) if isinstance(each, click.Option)]
    return command.get_help(ctx), [each for each in options if each.get_help_record(ctx)]


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_come_first_and_each_option_stands_under_one_heading(name):
    text, options = help_of(name)
    lines = text.splitlines()
    order = [
        "Examples",
        *(each for each in (headings.OWN, *headings.SHARED) if f"{each}:" in lines),
    ]
    assert [line[:-1] for line in lines if line[-1:] == ":" and line[0] != " "] == order
    shown = [line.split()[0].rstrip(",") for line in lines if line.startswith("  -")]
    assert sorted(shown) == sorted(option.opts[0] for option in options)


def test_the_largest_command_has_all_shared_headings_and_no_options_of_its_own():
    text, _ = help_of("avg")
    assert all(f"\n{heading}:\n" in text for heading in headings.SHARED)
    assert f"\n{headings.OWN}:\n" not in text


def test_the_group_shows_examples_before_its_commands():
    text = cli.get_help(click.Context(cli, info_name="pool"))
    assert text.index("Examples:") < text.index("Options:") < text.index("Commands:")
