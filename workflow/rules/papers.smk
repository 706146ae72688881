# Tables of the papers, published beside reproduced: a target trains and evaluates what exists and it needs, no more.
from microexpr import protocols
from microexpr.reporting import papers

NEEDED = papers.Run(
    methods=RUN.ranked,
    generators=RUN.synthesising,
    makers=[name for name in RUN.generators if RUN.groups(name)],
    protocols=RUN.protocols,
    folds=PARAMS["papers"]["folds"],
)


def needed(wildcards):
    return papers.needs(wildcards.paper, wildcards.table, NEEDED)


def described(wildcards):
    return {name: METHODS[name]["params"] for name in papers.describes(wildcards.paper, wildcards.table, RUN.ranked)}


def needed_faces(wildcards):
    return papers.needs_faces(wildcards.paper, wildcards.table, NEEDED)


def needed_made(wildcards):
    return papers.needs_made(wildcards.paper, wildcards.table, NEEDED.makers)


rule papers:
    input:
        figures=lambda w: [f"results/evaluate/{protocol}/{method}.csv" for method, protocol in needed(w)],
        faces=lambda w: [f"results/evaluate/{protocol}/{method}_faces.csv" for method, protocol in needed_faces(w)],
        made=lambda w: [RUN.made(name)[0] for name in needed_made(w)],
        index=lambda w: RUN.indices(RUN.tested) if papers.counts(w.paper, w.table) else [],
        code=code("papers"),
    output:
        csv="results/papers/{paper}/{table}.csv",
        markdown="results/papers/{paper}/{table}.md",
    params:
        needs=needed,
        needs_faces=needed_faces,
        needs_made=needed_made,
        described=described,
        methods=NEEDED.methods,
        generators=NEEDED.generators,
        makers=NEEDED.makers,
        built=sorted(papers.built()),
        protocols=NEEDED.protocols,
        folds=NEEDED.folds,
        studied=RUN.studied,
    log:
        "work/logs/papers/{paper}/{table}.log",
    wildcard_constraints:
        paper="|".join(papers.TARGETS),
        table="|".join(sorted({table for tables in papers.TARGETS.values() for table in tables})),
    script:
        "../scripts/papers.py"


# Figures 4 and 5 of ICE-GAN, of faces that were made of held-out people.
TRUTHS = tuple(f"data/generated/truth/{name}/" for name in RUN.tested)
TABLE2 = papers.generators(RUN.synthesising)  # letter: name


rule papers_icegan_fig4:
    input:
        index=RUN.indices(RUN.tested),
        shards=lambda w: RUN.trained("icegan", PROTOCOL, "synth"),
        others=lambda w: [path for name in TABLE2.values() for path in RUN.trained(name, "split70", "synth")],
        true=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.tested)],
        code=code("papers_icegan_fig4"),
    output:
        "results/papers/icegan/fig4.png",
    params:
        others=TABLE2,
        folds=RUN.limit("icegan", "split70"),
        seeds=PARAMS["train"]["seeds"],
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    log:
        "work/logs/papers/icegan/fig4.log",
    script:
        "../scripts/papers_icegan_fig4.py"


rule papers_icegan_fig5:
    input:
        index=RUN.indices(RUN.tested),
        shards=lambda w: RUN.trained("icegan", PROTOCOL, "synth"),
        true=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.tested)],
        truth=[path for path in sorted(RUN.belongs()["generate"]) if path.startswith(TRUTHS)],
        code=code("papers_icegan_fig5"),
    output:
        figure="results/papers/icegan/fig5.png",
        csv="results/papers/icegan/fig5.csv",
    params:
        show=PARAMS["papers"]["show_licensed_faces"],
    log:
        "work/logs/papers/icegan/fig5.log",
    script:
        "../scripts/papers_icegan_fig5.py"


# Figure 1 of MTMNet: clips of CASME II and of CK+, from onset to apex.
SHOWN = ("casme2", "ckplus")


rule papers_mtmnet_fig1:
    input:
        index=RUN.indices(SHOWN),
        files=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, SHOWN)],
        code=code("papers_mtmnet_fig1"),
    output:
        "results/papers/mtmnet/fig1.png",
    params:
        show=PARAMS["papers"]["show_licensed_faces"],
    log:
        "work/logs/papers/mtmnet/fig1.log",
    script:
        "../scripts/papers_mtmnet_fig1.py"


# Figure 3 of MTMNet, by a network of its own: fold weights are kept nowhere.
rule papers_mtmnet_fig3:
    input:
        index=RUN.indices(RUN.sources(PROTOCOL)),
        files=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.sources(PROTOCOL))],
        code=code("papers_mtmnet_fig3"),
    output:
        figure="results/papers/mtmnet/fig3.png",
        weights="results/papers/mtmnet/fig3.safetensors",
    params:
        method=lambda w: METHODS["mtmnet.eidnet"]["params"],
        published=lambda w: RUN.weights["mtmnet.eidnet"],
        protocol=PROTOCOL,
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    log:
        "work/logs/papers/mtmnet/fig3.log",
    resources:
        gpu=1,
    script:
        "../scripts/papers_mtmnet_fig3.py"


# Figure 4 of AU-GACN, by one too.
rule papers_augacn_fig4:
    input:
        index=RUN.indices(RUN.sources("loso_casme2_7")),
        files=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.sources("loso_casme2_7"))],
        code=code("papers_augacn_fig4"),
    output:
        figure="results/papers/augacn/fig4.png",
        csv="results/papers/augacn/fig4.csv",
        weights="results/papers/augacn/fig4.safetensors",
    params:
        method=lambda w: METHODS["augacn.nodes"]["params"],
        protocol="loso_casme2_7",
        seed=SEED,
    log:
        "work/logs/papers/augacn/fig4.log",
    resources:
        gpu=1,
    script:
        "../scripts/papers_augacn_fig4.py"


# Figures 3 and 5 of AU-GACN: clips that AU-ICGAN made of people whom it has not seen.
rule papers_augacn_fig3:
    input:
        index=lambda w: RUN.indices(RUN.grouped("auicgan")),
        made=lambda w: RUN.made("auicgan"),
        files=lambda w: [p for stage in ("faces", "apex") for p in RUN.per_subject(stage, RUN.grouped("auicgan"))],
        code=code("papers_augacn_made"),
    output:
        figure="results/papers/augacn/fig3.png",
        animation="results/papers/augacn/fig3.gif",
    params:
        dataset="casme2",
        title="Fig. 3",
        show=PARAMS["papers"]["show_licensed_faces"],
    log:
        "work/logs/papers/augacn/fig3.log",
    script:
        "../scripts/papers_augacn_made.py"


use rule papers_augacn_fig3 as papers_augacn_fig5 with:
    output:
        figure="results/papers/augacn/fig5.png",
    params:
        dataset="samm",
        title="Fig. 5",
        show=PARAMS["papers"]["show_licensed_faces"],
    log:
        "work/logs/papers/augacn/fig5.log",


# FAMGAN's task and its ablation: movements of people whom its generator has not seen, on two faces of no data set.
def sources_of(wildcards):
    clips = protocols.ALL_GROUPS.select([clip for name in RUN.grouped("famgan") for clip in RUN.clips[name]])
    return sorted({(one.dataset, one.subject) for one in protocols.driving_clips(clips, PARAMS["synth"]["sources"])})


def files_of_sources(wildcards):
    own = [f"results/{stage}/{name}/{who}.h5" for stage in ("faces", "apex", "aus") for name, who in sources_of(wildcards)]
    rendered = [one for one in sources_of(wildcards) if RUN.origin[one[0]] == "generated"]
    return own + [f"data/generated/truth/{name}/{who}.h5" for name, who in rendered]


rule papers_famgan_transfer:
    input:
        index=lambda w: RUN.indices(RUN.grouped("famgan")),
        generator=lambda w: RUN.makers("famgan")[0],
        files=files_of_sources,
        targets=sorted(map(str, Path("data/raw/targets").glob("*"))),  # without any, two people are rendered
        code=code("papers_famgan", "models.generators.famgan"),
    output:
        transfer="results/papers/famgan/transfer.csv",
        markdown="results/papers/famgan/transfer.md",
        fig2="results/papers/famgan/fig2.png",
        fig3="results/papers/famgan/fig3.png",
        fig4="results/papers/famgan/fig4.png",
        fig5="results/papers/famgan/fig5.png",
    params:
        sources=PARAMS["synth"]["sources"],
        size=(PARAMS["generate"]["width"], PARAMS["generate"]["height"]),
        super_resolution=PARAMS["papers"]["super_resolution"],
        show=PARAMS["papers"]["show_licensed_faces"],
        seed=SEED,
    log:
        "work/logs/papers/famgan/transfer.log",
    script:
        "../scripts/papers_famgan.py"


use rule papers_famgan_transfer as papers_famgan_ablation with:
    input:
        index=lambda w: RUN.indices(RUN.grouped("famgan")),
        generator=lambda w: RUN.makers("famgan")[0],
        files=files_of_sources,
        targets=sorted(map(str, Path("data/raw/targets").glob("*"))),  # without any, two people are rendered
        code=code("papers_famgan", "models.generators.famgan"),
    output:
        ablation="results/papers/famgan/ablation.csv",
        markdown="results/papers/famgan/ablation.md",
    log:
        "work/logs/papers/famgan/ablation.log",


# Figures 3, 5 and 7 of local regions: a clip and boxes, nothing trained.
rule papers_localregions:
    input:
        index=RUN.indices(RUN.tested),
        files=[path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.tested)],
        code=code("papers_localregions"),
    output:
        fig3="results/papers/localregions/fig3.png",
        fig5="results/papers/localregions/fig5.png",
        fig7="results/papers/localregions/fig7.png",
    params:
        method=lambda w: METHODS["localregions"]["params"],
        show=PARAMS["papers"]["show_licensed_faces"],
    log:
        "work/logs/papers/localregions/figures.log",
    script:
        "../scripts/papers_localregions.py"


rule all_papers:
    input:
        sorted(path for path in papers.files(RUN.drawn) if not path.endswith(".md")),
