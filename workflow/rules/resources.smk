# What a job asks of a machine, said of all rules at once and thus after them. The rules themselves say who wants a GPU.
ASKED = {  # memory in MB, minutes; by the beginning of a rule's name, the first that fits. docs/cluster.md has what was measured
    "generate_": (1200, 60),
    "aus": (3000 if PARAMS["aus"]["backend"].startswith("pyfeat") else 1000, 30),
    "pretrain": (2000, 360),
    "synth": (2000, 360),
    "train": (2000, 360),
    "final": (2000, 360),
    "papers_mtmnet_fig3": (2000, 360),
    "papers_augacn_fig4": (2000, 360),
    "truth_person": (1500, 60),
    "report": (1500, 30),
    "": (1000, 30),
}


def doubled(first):
    """A resource of which each further attempt asks for twice as much."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


for _rule in workflow.rules:
    _memory, _minutes = next(asked for start, asked in ASKED.items() if _rule.name.startswith(start))
    _told = workflow.resource_settings._parsed_overwrite_resources.get(_rule.name, {})  # by --set-resources
    for _name, _value in (("mem_mb", doubled(_memory)), ("runtime", doubled(_minutes))):
        if _name not in _told:
            _rule.resources[_name] = _value
