# Subjects who look like one person: a report, which refuses nothing.
rule people:
    input:
        index=RUN.indices(RUN.micro_sets),
        faces=RUN.per_subject("faces", RUN.micro_sets),
        code=code("people"),
    output:
        duplicates="results/people/duplicates.csv",
        compared="results/people/compared.csv",
    params:
        people=PARAMS["people"],
    log:
        "work/logs/people/tested.log",
    benchmark:
        "work/times/people/tested.tsv"
    script:
        "../scripts/people.py"


use rule people as people_with_macro with:  # the same and the people of macro sets, whose faces the table may not need
    input:
        index=RUN.indices(RUN.subject_sets),
        faces=RUN.per_subject("faces", RUN.subject_sets),
        code=code("people"),
    output:
        duplicates="results/people/with_macro/duplicates.csv",
        compared="results/people/with_macro/compared.csv",
    log:
        "work/logs/people/with_macro.log",
    benchmark:
        "work/times/people/with_macro.tsv"


rule all_people:
    input:
        sorted(RUN.expected_outputs["people"]),
