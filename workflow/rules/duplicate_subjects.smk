# Subjects who may be the same person: a report, which refuses nothing.
rule duplicate_subjects:
    input:
        index=CORPUS.indices(CORPUS.micro_sets),
        faces=CORPUS.per_subject("faces", CORPUS.micro_sets),
    output:
        duplicates="results/duplicate_subjects/duplicates.csv",
        compared="results/duplicate_subjects/compared.csv",
    log:
        "work/logs/duplicate_subjects/tested.log",
    params:
        code=code_of("duplicate_subjects"),
        section=PARAMS["duplicate_subjects"],
    script:
        "../scripts/duplicate_subjects.py"


use rule duplicate_subjects as duplicate_subjects_with_macro with:  # also those of macro sets
    input:
        index=CORPUS.indices(CORPUS.subject_sets),
        faces=CORPUS.per_subject("faces", CORPUS.subject_sets),
    output:
        duplicates="results/duplicate_subjects/with_macro/duplicates.csv",
        compared="results/duplicate_subjects/with_macro/compared.csv",
    log:
        "work/logs/duplicate_subjects/with_macro.log",
