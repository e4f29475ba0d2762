"""An import-linter contract: of some packages, only what is named may be imported (directly)."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def _within(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


class OnlyContract(Contract):
    """Modules in *sources* (but not in *except_sources*) import nothing in *of* beyond what is in *allowed*.

    Modules that do not exist yet may be named: the rule waits for them.
    """

    sources = fields.ListField(subfield=fields.StringField())
    except_sources = fields.ListField(subfield=fields.StringField(), required=False)
    of = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        excepted = self.except_sources or []
        broken = [
            (importer, imported)
            for importer in graph.modules
            if _within(importer, self.sources) and not _within(importer, excepted)
            for imported in graph.find_modules_directly_imported_by(importer)
            if _within(imported, self.of) and not _within(imported, self.allowed)
        ]
        lines = [
            f"{detail['importer']} -> {detail['imported']} (l.{detail['line_number']})"
            for importer, imported in sorted(broken)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not broken, metadata={"lines": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["lines"]:
            output.print_error(f"- {line}")
