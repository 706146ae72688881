# Tables of the papers, published next to reproduced. A target trains and evaluates only what it needs and what exists.
from microexpr import protocols
from microexpr.reporting import papers
from microexpr.reporting.papers.cells import available_methods

RUN_OF_PAPERS = dict(
    methods=PLAN.ranked,
    generators=PLAN.synthesising,
    clip_generators=GENERATORS.with_groups,
    protocols=PLAN.protocols,
    micro_sets=CORPUS.micro_sets,
    folds=PARAMS["papers"]["folds"],
    seed=SEED,
    draws=PLAN.seeds("split70"),
    other_choices={name: row.other_choices for name, row in METHODS.items() if "." not in name},
    ablation_choices={name: row.trained("ablation").other_choices for name, row in METHODS.items() if "." not in name},
    study_methods=PLAN.paper_variants,
    ablates=PLAN.ablates,
)
AVAILABLE = papers.Run(**RUN_OF_PAPERS)


def paper_inputs(wildcards):
    return papers.inputs(wildcards.paper, wildcards.table, AVAILABLE)


rule papers:
    input:
        evaluations=lambda w: [
            f"results/evaluate/{protocol}/{method}.csv" for method, protocol in paper_inputs(w)["evaluations"]
        ],
        faces=lambda w: [
            f"results/evaluate/{protocol}/{method}_all_faces.csv" for method, protocol in paper_inputs(w)["faces"]
        ],
        made=lambda w: [GENERATORS.clips(name)[0] for name in paper_inputs(w)["made"]],
        index=lambda w: CORPUS.indices(paper_inputs(w)["index"]),
    output:
        csv="results/papers/{paper}/{table}.csv",
        markdown="results/papers/{paper}/{table}.md",
    log:
        "work/logs/papers/{paper}/{table}.log",
    wildcard_constraints:
        paper="|".join(papers.TARGETS),
        table="|".join(sorted({table for tables in papers.TARGETS.values() for table in tables})),
    params:
        inputs=paper_inputs,
        described=lambda w: {name: METHODS[name].params for name in paper_inputs(w)["params"]},
        built=sorted(available_methods()),
        run=RUN_OF_PAPERS,
    script:
        "../scripts/papers.py"


# Figures 4 and 5 of ICE-GAN: synthesised faces of held-out subjects.
TRUTHS = tuple(f"data/rendered/truth/{name}/" for name in CORPUS.micro_sets)
TABLE2 = papers.table2_generators(PLAN.synthesising)  # letter: name


rule papers_icegan_fig4:
    input:
        unpack(lambda w: {letter: PLAN.training(name, "split70").faces for letter, name in TABLE2.items()}),
        index=CORPUS.indices(CORPUS.micro_sets),
        shards=lambda w: PLAN.training("icegan", PROTOCOL).faces,
        **true_faces(CORPUS.micro_sets),
    output:
        "results/papers/icegan/fig4.png",
    log:
        "work/logs/papers/icegan/fig4.log",
    params:
        others=TABLE2,
        folds=lambda w: PLAN.fold_options("icegan", PROTOCOL),
        split_folds=lambda w: PLAN.fold_options("icegan", "split70"),
        seeds=PLAN.seeds("split70"),
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    script:
        "../scripts/papers_icegan_fig4.py"


rule papers_icegan_fig5:
    input:
        index=CORPUS.indices(CORPUS.micro_sets),
        shards=lambda w: PLAN.training("icegan", PROTOCOL).faces,
        **true_faces(CORPUS.micro_sets),
        truth=[path for path in sorted(OUTPUTS.expected["render"]) if path.startswith(TRUTHS)],
    output:
        figure="results/papers/icegan/fig5.png",
        csv="results/papers/icegan/fig5.csv",
    log:
        "work/logs/papers/icegan/fig5.log",
    params:
        folds=lambda w: PLAN.fold_options("icegan", PROTOCOL),
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    script:
        "../scripts/papers_icegan_fig5.py"


# Figure 1 of MTMNet: clips of CASME II and of CK+, from onset to apex.
SHOWN = ("casme2", "ckplus")


rule papers_mtmnet_fig1:
    input:
        index=CORPUS.indices(SHOWN),
        **true_faces(SHOWN),
    output:
        "results/papers/mtmnet/fig1.png",
    log:
        "work/logs/papers/mtmnet/fig1.log",
    params:
        show=PARAMS["papers"]["show_licensed_faces"],
    script:
        "../scripts/papers_mtmnet_fig1.py"


# Figure 3 of MTMNet, by a network trained for it: weights of folds are not kept.
rule papers_mtmnet_fig3:
    input:
        **true_faces(PLAN.sources(PROTOCOL)),
        index=CORPUS.indices(PLAN.sources(PROTOCOL)),
        initial=lambda w: initial(PLAN.training("mtmnet.eidnet", PROTOCOL)),
    output:
        figure="results/papers/mtmnet/fig3.png",
        weights="results/papers/mtmnet/fig3.safetensors",
    log:
        "work/logs/papers/mtmnet/fig3.log",
    resources:
        gpu=1,
    params:
        method=lambda w: METHODS["mtmnet.eidnet"].params,
        published=lambda w: FIRST.published(METHODS["mtmnet.eidnet"].weights),
        initial=lambda w: FIRST.digests(PLAN.training("mtmnet.eidnet", PROTOCOL)),
        protocol=PROTOCOL,
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    script:
        "../scripts/papers_mtmnet_fig3.py"


# Figure 4 of AU-GACN, also by a network trained for it.
rule papers_augacn_fig4:
    input:
        **true_faces(PLAN.sources("loso_casme2_7")),
        index=CORPUS.indices(PLAN.sources("loso_casme2_7")),
        initial=lambda w: initial(PLAN.training("augacn.nodes", "loso_casme2_7")),
    output:
        figure="results/papers/augacn/fig4.png",
        csv="results/papers/augacn/fig4.csv",
        weights="results/papers/augacn/fig4.safetensors",
    log:
        "work/logs/papers/augacn/fig4.log",
    resources:
        gpu=1,
    params:
        method=lambda w: METHODS["augacn.nodes"].params,
        initial=lambda w: FIRST.digests(PLAN.training("augacn.nodes", "loso_casme2_7")),
        protocol="loso_casme2_7",
        seed=SEED,
    script:
        "../scripts/papers_augacn_fig4.py"


# Figures 3 and 5 of AU-GACN: clips that AU-ICGAN synthesised of unseen subjects.
rule papers_augacn_fig3:
    input:
        unpack(lambda w: true_faces(GENERATORS.sets("auicgan"))),
        index=lambda w: CORPUS.indices(GENERATORS.sets("auicgan")),
        made=lambda w: GENERATORS.clips("auicgan"),
    output:
        figure="results/papers/augacn/fig3.png",
        animation="results/papers/augacn/fig3.gif",
    log:
        "work/logs/papers/augacn/fig3.log",
    params:
        dataset="casme2",
        title="Fig. 3",
        show=PARAMS["papers"]["show_licensed_faces"],
    script:
        "../scripts/papers_augacn_clips.py"


use rule papers_augacn_fig3 as papers_augacn_fig5 with:
    output:
        figure="results/papers/augacn/fig5.png",
    log:
        "work/logs/papers/augacn/fig5.log",
    params:
        dataset="samm",
        title="Fig. 5",


# FAMGAN's task and its ablation: movements of subjects that its generator has not seen, on two faces of no data set.
def driving_files(wildcards):
    clips = protocols.ALL_GROUPS.select([clip for name in GENERATORS.sets("famgan") for clip in CORPUS.clips[name]])
    driving = protocols.driving_clips(clips, PARAMS["synthesise"]["sources"])
    names = {f"{clip.dataset}/{clip.subject}.h5": clip.dataset in CORPUS.plans for clip in driving}
    signals = {stage: [f"results/{stage}/{name}" for name in names] for stage in ("faces", "apex", "aus")}
    return signals | {"truth": [f"data/rendered/truth/{name}" for name, is_rendered in names.items() if is_rendered]}


rule papers_famgan_transfer:
    input:
        unpack(driving_files),
        index=lambda w: CORPUS.indices(GENERATORS.sets("famgan")),
        generator=lambda w: GENERATORS.weights("famgan")[0],
        targets=sorted(map(str, Path("data/raw/targets").glob("*"))),  # without any, two faces are rendered
    output:
        transfer="results/papers/famgan/transfer.csv",
        markdown="results/papers/famgan/transfer.md",
        fig2="results/papers/famgan/fig2.png",
        fig3="results/papers/famgan/fig3.png",
        fig4="results/papers/famgan/fig4.png",
        fig5="results/papers/famgan/fig5.png",
    log:
        "work/logs/papers/famgan/transfer.log",
    params:
        code=code("papers_famgan", "models.generators.famgan"),
        sources=PARAMS["synthesise"]["sources"],
        size=(PARAMS["render"]["width"], PARAMS["render"]["height"]),
        super_resolution=PARAMS["papers"]["super_resolution"],
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    script:
        "../scripts/papers_famgan.py"


use rule papers_famgan_transfer as papers_famgan_ablation with:
    output:
        ablation="results/papers/famgan/ablation.csv",
        markdown="results/papers/famgan/ablation.md",
    log:
        "work/logs/papers/famgan/ablation.log",


# Figures 3, 5 and 7 of local regions: a clip and boxes, nothing trained.
rule papers_localregions:
    input:
        index=CORPUS.indices(CORPUS.micro_sets),
        **true_faces(CORPUS.micro_sets),
    output:
        fig3="results/papers/localregions/fig3.png",
        fig5="results/papers/localregions/fig5.png",
        fig7="results/papers/localregions/fig7.png",
    log:
        "work/logs/papers/localregions/figures.log",
    params:
        method=lambda w: METHODS["localregions"].params,
        show=PARAMS["papers"]["show_licensed_faces"],
    script:
        "../scripts/papers_localregions.py"
