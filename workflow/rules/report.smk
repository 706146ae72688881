# One page of what a run found. Papers' tables and the truth benchmark are on it where they have been made.
from microexpr.reporting import html as pages

SHOWN = pages.chosen([clip for name in RUN.tested for clip in RUN.clips[name]], PARAMS["report"]["clips"])
TABLES = [f"results/papers/{paper}/{table}.csv" for paper, tables in papers.TARGETS.items() for table in tables]
MADE_TABLES = [path for path in TABLES if Path(path).is_file()]
MADE_TRUTH = {Path(path).stem: path for path in TRUTH if path.endswith(".csv") and Path(path).is_file()}


rule report:
    input:
        table=TABLE,
        paired=PAIRED,
        index=RUN.indices(RUN.tested),
        evaluated=lambda w: [path for ending in EVALUATED for path in RUN.of_table(ending)],
        curves=lambda w: [f"results/evaluate/{PROTOCOL}/curves/{name}.csv" for name in RUN.in_table],
        made_faces=MADE_FACES,
        trained=[path for name in RUN.in_table for path in RUN.trained(name, PROTOCOL)],
        synth=[path for name in RUN.synthesising if name in RUN.in_table for path in RUN.trained(name, PROTOCOL, "synth")],
        signals=sorted({f"results/{stage}/{one.dataset}/{one.subject}.h5" for stage in SIGNALS for one in SHOWN}),
        papers=MADE_TABLES,
        truth=list(MADE_TRUTH.values()),
        code=code("report"),
    output:
        report(REPORT, caption="../report/page.rst", category="Report"),
    params:
        asked={
            "protocol": PROTOCOL,
            "methods": RUN.in_table,
            "shards": {name: RUN.trained(name, PROTOCOL) for name in RUN.in_table},
            "synthesising": {
                name: RUN.trained(name, PROTOCOL, "synth") for name in RUN.synthesising if name in RUN.in_table
            },
            "clips": [clip.id for clip in SHOWN],
            "show_licensed_faces": PARAMS["report"]["show_licensed_faces"],
            "params": PARAMS,
            "papers": MADE_TABLES,
            "truth": MADE_TRUTH,
        },
    log:
        "work/logs/report/report.log",
    script:
        "../scripts/report.py"


rule all_report:
    input:
        rules.report.output,
