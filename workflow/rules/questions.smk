# Questions on clips and long videos, what answers them, and the table.
from microexpr.tasks.questions import plan as question_files

QUESTIONS = RUN.tasks["questions"]
VIDEOS_BY_SET = {name: [v.row() for v in QUESTIONS.videos.videos.values() if v.clip.dataset == name] for name in QUESTIONS.long_sets}


rule questions:
    input:
        index=lambda w: [] if w.dataset in VIDEOS_BY_SET else CORPUS.indices([w.dataset]),
        annotations=lambda w: QUESTIONS.videos.annotations(w.dataset) if w.dataset in QUESTIONS.videos.plans else [],
    output:
        true="results/questions/{dataset}.jsonl",
        to_answer="results/questions/{dataset}_to_answer.jsonl",
    log:
        "work/logs/questions/{dataset}.log",
    wildcard_constraints:
        dataset=one_of([*QUESTIONS.sets, *QUESTIONS.long_sets]),
    params:
        code=code_of("questions"),
        videos=lambda w: VIDEOS_BY_SET.get(w.dataset, []),
        places=lambda w: QUESTIONS.places(w.dataset),
    script:
        "../scripts/questions.py"


rule questions_measure:
    input:
        native=native_paths,
    output:
        "results/questions/measured/{dataset}/{subject}.h5",
    log:
        "work/logs/questions/measured/{dataset}/{subject}.log",
    wildcard_constraints:
        dataset=one_of(QUESTIONS.sets),
    params:
        code=code_of("questions_measure"),
        rows=lambda w: QUESTIONS.rows(w.dataset, w.subject),
        state=lambda w: CORPUS.native_state(w.dataset, w.subject),
    resources:
        **needs(1500),
    script:
        "../scripts/questions_measure.py"


rule questions_program:
    input:
        to_answer="results/questions/{dataset}_to_answer.jsonl",
    output:
        answers="results/questions/programs/{program}/{dataset}.jsonl",
    log:
        "work/logs/questions/programs/{program}/{dataset}.log",
    wildcard_constraints:
        dataset=one_of([*QUESTIONS.sets, *QUESTIONS.long_sets]),
        program=one_of(QUESTIONS.programs),
    resources:
        gpu=1,
        **needs(32000, 720),
    params:
        code=code_of("task", *task_modules("questions", "jobs")),
        task="questions",
        job="run_program",
        program=lambda w: w.program,
        command=lambda w: PARAMS["questions"]["programs"][w.program],
        videos=lambda w: QUESTIONS.root(w.dataset),
    script:
        "../scripts/task.py"


rule questions_table:
    input:
        true=QUESTIONS.true(),
        index=CORPUS.indices(QUESTIONS.sets),
        measured=QUESTIONS.measured,
        classes=[row.evaluated("_predictions.csv") for row in QUESTIONS.classes],
        units=[row.evaluated("_predictions.csv") for row in QUESTIONS.units],
        found=QUESTIONS.found if QUESTIONS.long_sets else [],
        programs=[path for paths in QUESTIONS.programs.values() for path in paths],
    output:
        csv=report(QUESTIONS.tables[0], category="Results"),
        figures=question_files.FIGURES,
        answers=directory(question_files.ANSWERS),
    log:
        "work/logs/questions/table.log",
    params:
        code=code_of("questions_table"),
        videos=[row for rows in VIDEOS_BY_SET.values() for row in rows],
        classes=[(row.method, QUESTIONS.learnt_from(row), row.evaluated("_predictions.csv")) for row in QUESTIONS.classes],
        units=[(f"units/{row.method}", QUESTIONS.learnt_from(row), row.evaluated("_predictions.csv")) for row in QUESTIONS.units],
        programs=QUESTIONS.programs,
        resamples=PARAMS["evaluate"]["resamples"],
    script:
        "../scripts/questions_table.py"
