# One page of all results. Papers' tables and the signal benchmark are on it if they exist; it requests neither.
# From common.smk: RUN (the run as known before anything runs) and its parts, PARAMS, PROTOCOL, TABLE, PAIRED, EVALUATED and SIGNALS.
# From evaluate.smk: SYNTHESISED_FACES, the figures of synthesised faces.
from microexpr.reporting import html as pages
from microexpr.reporting import papers

try:
    SHOWN_CLIPS = pages.choose_clips(
        [clip for name in CORPUS.micro_sets for clip in CORPUS.clips[name]], PARAMS["report"]["clips"]
    )
except MicroexprError as error:
    sys.exit(f"error: {error}")
PAPER_TABLES = [f"results/papers/{paper}/{table}.csv" for paper, tables in papers.TARGETS.items() for table in tables]
EXISTING_PAPER_TABLES = [path for path in PAPER_TABLES if Path(path).is_file()]
EXISTING_BENCHMARKS = {  # CSV by signal stage
    Path(path).stem: path for path in RUN.benchmark_figures if path.endswith(".csv") and Path(path).is_file()
}
EXISTING_TABLES = {  # by task with a part of the page
    name: [path for path in plan.tables if Path(path).is_file()] for name, plan in RUN.tasks.items() if plan.task.title
}
SHOWN = [name for name, tables in EXISTING_TABLES.items() if tables]
REPORTED = [f"tasks.{name}.{part}" for name in SHOWN for part in ("table", "page")]
# methods, whose defaults are the papers' values that the report compares with
REPORTED += [module for name in PLAN.in_table for module in closure.chosen({"method": name})]


rule report:
    input:
        table=TABLE,
        paired=PAIRED,
        index=CORPUS.indices(CORPUS.micro_sets),
        evaluated=lambda w: [row.evaluated(ending) for ending in EVALUATED.values() for row in PLAN.table_rows("megc2019_table")],
        curves=[row.curve for row in PLAN.table],
        face_figures=SYNTHESISED_FACES,
        trained=[path for row in PLAN.table for path in row.files],
        synthesised_faces=[path for row in PLAN.table if row.method in PLAN.synthesising for path in row.faces],
        signals=sorted(
            {f"results/{stage}/{clip.dataset}/{clip.subject}.h5" for stage in SIGNALS for clip in SHOWN_CLIPS}
        ),
        papers=EXISTING_PAPER_TABLES,
        tables=[path for tables in EXISTING_TABLES.values() for path in tables],
        shown=[path for name in SHOWN for path in RUN.tasks[name].plotted_files],
        benchmarks=list(EXISTING_BENCHMARKS.values()),
    output:
        report("results/report/index.html", category="Report"),
    log:
        "work/logs/report/report.log",
    params:
        code=lambda w: code("report", *REPORTED),
        # fields of html.PageInputs
        page_inputs={
            "protocol": PROTOCOL,
            "shards": {row.method: row.files for row in PLAN.table},
            "synthesising": {row.method: row.faces for row in PLAN.table if row.method in PLAN.synthesising},
            "clips": [clip.id for clip in SHOWN_CLIPS],
            "clips_are_named": bool(PARAMS["report"]["clips"]),
            "show_licensed_faces": PARAMS["report"]["show_licensed_faces"],
            "papers": EXISTING_PAPER_TABLES,
            "benchmarks": EXISTING_BENCHMARKS,
        },
        parts={name: {"tables": EXISTING_TABLES[name], "shown": RUN.tasks[name].plotted if name in SHOWN else {}} for name in EXISTING_TABLES},
    resources:
        **needs(1500),
    script:
        "../scripts/report.py"
