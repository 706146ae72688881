"""From raw video to the published tables. Targets: results/megc2019_table.csv (default), all_<stage>, train_<method>."""

from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/common.smk"


for _noun in STAGES:
    if STAGES[_noun].rules:  # those of a task are in train and evaluate

        include: f"workflow/rules/{_noun}.smk"


rule all:
    default_target: True
    input:
        TABLE,
        METRICS,
        PAIRED,
        SYNTHESISED_FACES,
        rules.duplicate_subjects.output,
        CORPUS.per_subject("aus", CORPUS.micro_sets),


for _target, _stages in (("all", OUTPUTS.whole), ("table", OUTPUTS.of_table)):
    for _noun, _files in _stages.items():

        rule:
            name:
                f"{_target}_{_noun}"
            input:
                _files,


onstart:
    SESSION.begin()
    upstream.disable_job_rate_limiter(workflow)


onsuccess:
    SESSION.end()


onerror:
    SESSION.end()
    SESSION.show_errors()
