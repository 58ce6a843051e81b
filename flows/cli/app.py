"""The `rsvlm` command. What a command needs is imported when it runs, so that the light ones answer at once."""

import errno
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from components import environment
from flows.cli.console import OutputError, drop_output, open_output, say, workspace
from rsvlm.errors import RsvlmError

app = typer.Typer(
    name="rsvlm",
    help="Build, train, evaluate and promote vision-language models for remote sensing, one recipe a system.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(
    help="Look into corpora: what happened to an image, what changed between versions; write them for other programs.", no_args_is_help=True
)
app.add_typer(data, name="data")
INTERRUPTED = 130

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Profile = Annotated[str, typer.Option(help="laptop, full or smoke; params.yaml names the one taken by default.")]
Name = Annotated[str, typer.Argument(help="A recipe; `rsvlm recipes` lists them.")]


def _profile(root: Path, profile: str) -> str:
    from rsvlm.recipes.parameters import load_parameters

    return profile or load_parameters(root).profile


@app.command()
def recipes(json: Json = False) -> None:
    """List the recipes: family, title, place in the survey, level reached, profiles."""
    from flows.cli.recipes import list_recipes

    list_recipes(workspace(), as_json=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe; with --lineage also a registered model: NAME, NAME@ALIAS or NAME/VERSION.")],
    profile: Profile = "",
    lineage: Annotated[bool, typer.Option("--lineage", help="Which data, code and parameters made the registered version.")] = False,
    json: Json = False,
) -> None:
    """Show what a recipe is, and all settings of a profile; or where its registered version comes from."""
    root = workspace()
    if lineage:
        from flows.cli.lineage import show_lineage

        show_lineage(root, name, _profile(root, profile), as_json=json)
        return
    from flows.cli.recipes import show_recipe

    show_recipe(root, name, _profile(root, profile), as_json=json)


@app.command()
def plan(name: Name, profile: Profile = "", json: Json = False) -> None:
    """Say what a run would do and need: stages and their state, inputs, parameters, memory, disk."""
    from flows.cli.plan import show_plan

    root = workspace()
    show_plan(root, name, _profile(root, profile), as_json=json)


@app.command()
def run(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Recipes; `rsvlm recipes` lists them.")],
    profile: Profile = "",
    until: Annotated[str | None, typer.Option(help="The last stage to run.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run the recipes' stages although they are up to date.")] = False,
    json: Json = False,
) -> None:
    """Run recipes end to end; what is up to date is not done again."""
    from flows.cli.run import run_recipes

    root = workspace()
    run_recipes(root, names, _profile(root, profile), until=until, force=force, as_json=json)


@app.command()
def status(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Recipes; all by default.")] = None,
    profile: Profile = "",
    json: Json = False,
) -> None:
    """Say which stages are up to date, what is running, and the latest results."""
    from flows.cli.status import show_status

    root = workspace()
    show_status(root, names or [], _profile(root, profile), as_json=json)


@app.command()
def models(json: Json = False) -> None:
    """List the registered models: versions, aliases, main metric."""
    from flows.cli.models import list_models

    list_models(workspace(), as_json=json)


@app.command()
def promote(
    model: Annotated[str, typer.Argument(help="A registered model: NAME (its challenger), NAME/VERSION or NAME@ALIAS.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also a version that the gates refused; needs --reason.")] = False,
    json: Json = False,
) -> None:
    """Make a registered version champion by hand."""
    from flows.cli.promote import promote_version

    promote_version(workspace(), model, reason, force=force, as_json=json)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="A registered model; `rsvlm models` lists them.")],
    json: Json = False,
) -> None:
    """Make the previous champion of a model its champion again."""
    from flows.cli.promote import roll_back

    roll_back(workspace(), name, as_json=json)


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="A registered model: NAME, NAME@ALIAS or NAME/VERSION.")],
    image: Annotated[list[Path] | None, typer.Option(help="An image file; may be repeated.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A caption to compare images with; may be repeated.")] = None,
    prompt: Annotated[list[str] | None, typer.Option(help="A question about the image, or what to draw; may be repeated.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for generated images.")] = None,
    json: Json = False,
) -> None:
    """Ask a registered model."""
    from flows.cli.models import predict_with

    predict_with(workspace(), model, image or [], text or [], prompt or [], output, as_json=json)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A recipe item (remoteclip, remoteclip-smoke) or a model version (NAME/2).")],
    second: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    json: Json = False,
) -> None:
    """Put two results side by side, metric by metric."""
    from flows.cli.compare import compare_results

    compare_results(workspace(), first, second, as_json=json)


@app.command()
def report(
    name: Name,
    profile: Profile = "",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: Json = False,
) -> None:
    """Say where a recipe's report is, with its main figures."""
    from flows.cli.compare import show_report

    root = workspace()
    show_report(root, name, _profile(root, profile), open_it=open_it, as_json=json)


@data.command()
def explain(
    item: Annotated[str, typer.Argument(help="A recipe item with a corpus: rsicap, rsicap-smoke, ...")],
    name: Annotated[str, typer.Argument(metavar="ID", help="A record's id, or a picture's path, file name or stem.")],
    json: Json = False,
) -> None:
    """Tell what happened to one image or record of a corpus, and why."""
    from flows.cli.data import explain_record

    explain_record(workspace(), item, name, as_json=json)


@data.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A corpus: an item, ITEM@REVISION (Git), or a folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The corpus that came after it.")],
    json: Json = False,
) -> None:
    """Say which records were added, removed, told anew, seen anew or moved between two corpora."""
    from flows.cli.data import diff_corpora

    diff_corpora(workspace(), first, second, as_json=json)


@data.command()
def export(
    item: Annotated[str, typer.Argument(help="A corpus: an item, ITEM@REVISION (Git), or a folder.")],
    folder: Annotated[Path, typer.Argument(help="The new folder; an earlier export there is replaced.", resolve_path=True)],
    layout: Annotated[str, typer.Option("--format", help="csv (open_clip), jsonl, llava, teochat, vhm, fit-rs or lhrs-bot.")],
    licence: Annotated[list[str] | None, typer.Option(help="Keep records of this licence alone; may be given several times.")] = None,
    boxes: Annotated[str, typer.Option(metavar="FROM:TO", help="Rewrite box texts from one format to another, as geochat:teochat.")] = "",
    private: Annotated[bool, typer.Option("--private", help="The export stays here: take pictures that may not be passed on too.")] = False,
    json: Json = False,
) -> None:
    """Write a corpus in the layout that another program reads, with its pictures and licences."""
    from flows.cli.data import export_corpus

    export_corpus(workspace(), item, folder, layout, licences=licence or [], boxes=boxes, private=private, as_json=json)


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Repair what can be repaired without loss.")] = False,
    json: Json = False,
) -> None:
    """Check versions, cores, memory, disk, mirror, addresses, credentials (never printed) and leftovers."""
    from flows.cli.doctor import examine

    examine(workspace(), fix=fix, as_json=json)


def _usage_line(error: Any) -> str:
    """Return a wrong call of the command line as one line, with what would be right where that is known."""
    text = " ".join(str(error.format_message()).split())
    if text.startswith("No such command"):
        text += f" Known: {', '.join(error.ctx.command.commands)}."
    if text.startswith("Missing ") and getattr(error.param, "help", None):
        text += f" {error.param.help}"
    return text


def _call() -> int:
    """Run the command that was called; return the exit code, with the one line of an error said."""
    try:
        code = app(standalone_mode=False)
    except RsvlmError as error:
        say(f"rsvlm: error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("rsvlm: stopped")
        return INTERRUPTED
    except SystemExit as ended:
        code = ended.code
    except Exception as error:
        # Typer carries its own copy of click, so its usage errors are known by what they offer, not by their class.
        if not hasattr(error, "format_message"):
            raise
        line = _usage_line(error)
        if line:  # none where a group of commands without one has printed its help
            say(f"rsvlm: error: {line}")
        return 2
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line; a named error is one line and exit code 1 or 2, Ctrl-C is 130."""
    environment.apply()
    try:
        open_output()
        code = _call()
        sys.stdout.flush()
    except OutputError as error:
        if error.errno != errno.EPIPE:  # a reader that wants no more, like `head`, is no error to speak of
            say(f"rsvlm: error: standard output cannot be written ({error.strerror}); send it elsewhere")
        drop_output()
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
