"""Help that shows examples before anything else; it is quick to import."""

import click


class ExamplesFirst(click.Command):
    """A command, or a group, whose epilog is its examples."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_epilog(ctx, formatter)
        self.format_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, their heading as far to the left as the others."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write_text(self.epilog)
