"""One generator of clips, trained without one group of subjects, and what it makes."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import generators, index, synth, train
    from microexpr.protocols import GROUPINGS
    from microexpr.training.checkpoint import Place

    given, files, (name, group) = snakemake.params, snakemake.input, snakemake.wildcards
    kind, params = generators.find(name), synth.Params(**given.synth)
    grouping = GROUPINGS[kind.grouping]
    clips, macro = grouping.select(index.read_all(files.index)), grouping.macro(index.read_all(files.macro))
    groups = grouping.groups(clips, int(group.partition("of")[2]), given.seed, params.sources)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**given.generator), len(grouping.classes)),
        protocol=grouping,
        clips=clips,
        folds=[fold for fold in groups if fold.name == group],
        params=train.Params(**snakemake.config["train"]),
        synth=params,
        seed=given.seed,
        macro=synth.stills(macro, params.stills, given.seed),
    )
    place = Place(f"work/checkpoints/{name}/groups/{group}", files.code)
    synth.run(job, files.files, snakemake.output[0], progress_bar(terminal, f"{name} {group}"), place)
