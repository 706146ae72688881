"""From raw video to the published tables. Targets: results/megc2019_table.csv (default), all_<stage>, train_<method>."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/generate.smk"
include: "workflow/rules/index.smk"
include: "workflow/rules/faces.smk"
include: "workflow/rules/apex.smk"
include: "workflow/rules/flow.smk"
include: "workflow/rules/aus.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/synth.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/people.smk"
include: "workflow/rules/final.smk"
include: "workflow/rules/papers.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/flow_folders.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        TABLE,
        METRICS,
        PAIRED,
        MADE_FACES,
        rules.people.output,
        RUN.per_subject("aus", RUN.tested),


for _noun, _files in RUN.table_outputs.items():  # what each stage of dvc.yaml makes

    rule:
        name: f"table_{_noun}"
        input:
            _files,


ask(workflow.rules)


onstart:
    start()
    look_when_jobs_end()


onsuccess:
    end()


onerror:
    end()
    show_errors()
