# Tables of the papers, published beside reproduced: a target trains and evaluates what exists and it needs, no more.
from microexpr import papers

NEEDED = papers.Run(
    methods=RUN.ranked, generators=RUN.generators, protocols=RUN.protocols, folds=PARAMS["papers"]["folds"]
)


def needed(wildcards):
    return papers.needs(wildcards.paper, wildcards.table, NEEDED)


def needed_faces(wildcards):
    return papers.needs_faces(wildcards.paper, wildcards.table, NEEDED)


rule papers:
    input:
        figures=lambda w: [f"results/evaluate/{protocol}/{method}.csv" for method, protocol in needed(w)],
        faces=lambda w: [f"results/evaluate/{protocol}/{method}_faces.csv" for method, protocol in needed_faces(w)],
        index=lambda w: RUN.indices(RUN.tested) if papers.counts(w.paper, w.table) else [],
        code=code("papers"),
    output:
        csv="results/papers/{paper}/{table}.csv",
        markdown="results/papers/{paper}/{table}.md",
    params:
        needs=needed,
        needs_faces=needed_faces,
        methods=NEEDED.methods,
        generators=NEEDED.generators,
        built=sorted(papers.built()),
        protocols=NEEDED.protocols,
        folds=NEEDED.folds,
    log:
        "work/logs/papers/{paper}/{table}.log",
    wildcard_constraints:
        paper="|".join(papers.TARGETS),
        table="|".join(sorted({table for tables in papers.TARGETS.values() for table in tables})),
    script:
        "../scripts/papers.py"


rule all_papers:
    input:
        sorted(path for path in papers.files() if path.endswith(".csv")),
