"""`candour`: runs the four services, and does over their HTTP what an audit team does: load, release, consent, demo."""

import typer

from cli import cases, consent, demo, ledger, load, receipts, release, simulate, verify
from cli.check import command as check
from cli.disclosure import command as disclosure
from cli.operations import databases, secrets, verbs
from cli.proof import command as proof
from cli.rights import command as rights
from cli.source import command as source
from cli.source import folder
from cli.up import command as up

app = typer.Typer(
    name="candour",
    help="Publishes care outcomes people can trust: risk-adjusted, consented, replayable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("load")(load.load)
app.command("load-folder")(folder.load_folder)
app.command("quarantine")(load.quarantine)
app.command("verify")(verify.verify)
app.command("proof")(proof.proof)
app.command("check")(check.check)
app.command("audit-disclosure")(disclosure.audit_disclosure)
app.command("access")(rights.access)
app.command("erase")(rights.erase)
app.command("service")(verbs.service)
app.command("backup")(verbs.backup)
app.command("restore")(verbs.restore)
app.add_typer(source.app, name="source")
app.add_typer(receipts.app, name="receipt")
app.add_typer(release.app, name="release")
app.add_typer(cases.app, name="cases")
app.add_typer(consent.app, name="consent")
app.add_typer(ledger.app, name="ledger")
app.add_typer(secrets.app, name="secrets")
app.add_typer(databases.app, name="databases")
