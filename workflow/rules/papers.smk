# Tables of the papers, published next to reproduced. A target trains and evaluates only what it needs and what exists.
from collections.abc import Callable
from typing import Any, NamedTuple

from microexpr import protocols
from microexpr.reporting import papers
from microexpr.reporting.papers.cells import available_methods

AVAILABLE = papers.PaperRun(**PLAN.of_papers)


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
        code=code_of("papers"),
        inputs=paper_inputs,
        described=lambda w: {name: METHODS[name].params for name in paper_inputs(w)["params"]},
        built=sorted(available_methods()),
        run=PLAN.of_papers,
    script:
        "../scripts/papers.py"


class Figure(NamedTuple):
    """Files of a paper that one job makes."""

    outputs: dict[str, str]  # below results/papers, by name
    inputs: Callable[[Any], dict[str, Any]]  # by name, of wildcards
    params: dict[str, Any]
    script: str = ""  # in workflow/scripts; "": papers_<name of the figure>
    gpu: int = 0  # 1: a network is trained for it, since weights of folds are not kept


def clips_of(names):
    """Return the inputs for clips of these data sets."""
    return {"index": CORPUS.indices(names), **true_faces(names)}


def network(name, protocol):
    """Return the inputs for a network that all of a protocol's clips train."""
    return clips_of(PLAN.sources(protocol)) | {"initial": initial(PLAN.training(name, protocol))}


def network_params(name, protocol):
    """Return the params of a network that all of a protocol's clips train."""
    return {
        "method": lambda w: METHODS[name].params,
        "initial": lambda w: FIRST.digests(PLAN.training(name, protocol)),
        "protocol": protocol,
        "seed": SEED,
    }


def synthesised(wildcards):
    """Return the inputs for clips that AU-ICGAN synthesised of unseen subjects."""
    return clips_of(GENERATORS.sets("auicgan")) | {"made": GENERATORS.clips("auicgan")}


def driving(wildcards):
    """Return the inputs for FAMGAN's task: movements of subjects that its generator has not seen, on two faces."""
    clips = protocols.ALL_GROUPS.select([clip for name in GENERATORS.sets("famgan") for clip in CORPUS.clips[name]])
    chosen = protocols.driving_clips(clips, PARAMS["synthesise"]["sources"])
    names = {f"{clip.dataset}/{clip.subject}.h5": clip.dataset in CORPUS.plans for clip in chosen}
    return {
        **{stage: [f"results/{stage}/{name}" for name in names] for stage in ("faces", "apex", "aus")},
        "truth": [f"data/rendered/truth/{name}" for name, is_rendered in names.items() if is_rendered],
        "index": CORPUS.indices(GENERATORS.sets("famgan")),
        "generator": GENERATORS.weights("famgan")[0],
        "targets": sorted(map(str, Path("data/raw/targets").glob("*"))),  # without any, two faces are rendered
    }


TRUTHS = tuple(f"data/rendered/truth/{name}/" for name in CORPUS.micro_sets)
TABLE2 = papers.table2_generators(PLAN.synthesising)  # letter: name
SHOW = {"show": PARAMS["papers"]["show_licensed_faces"]}
OF_ICEGAN = {"folds": lambda w: PLAN.fold_options("icegan", PROTOCOL), "seed": SEED, **SHOW}
OF_FAMGAN = {
    "code": code("papers_famgan", "models.generators.famgan"),
    "sources": PARAMS["synthesise"]["sources"],
    "size": (PARAMS["render"]["width"], PARAMS["render"]["height"]),
    "super_resolution": PARAMS["papers"]["super_resolution"],
    "seed": SEED,
    **SHOW,
}
FIGURES = {
    "icegan_fig4": Figure(  # synthesised faces of held-out subjects, as in fig5
        {"figure": "icegan/fig4.png"},
        lambda w: clips_of(CORPUS.micro_sets)
        | {letter: PLAN.training(name, "split70").faces for letter, name in TABLE2.items()}
        | {"shards": PLAN.training("icegan", PROTOCOL).faces},
        OF_ICEGAN
        | {"others": TABLE2, "split_folds": lambda w: PLAN.fold_options("icegan", "split70"), "seeds": PLAN.seeds("split70")},
    ),
    "icegan_fig5": Figure(
        {"figure": "icegan/fig5.png", "csv": "icegan/fig5.csv"},
        lambda w: clips_of(CORPUS.micro_sets)
        | {"shards": PLAN.training("icegan", PROTOCOL).faces}
        | {"truth": [path for path in sorted(OUTPUTS.expected["render"]) if path.startswith(TRUTHS)]},
        OF_ICEGAN,
    ),
    "mtmnet_fig1": Figure({"figure": "mtmnet/fig1.png"}, lambda w: clips_of(("casme2", "ckplus")), SHOW),  # onset to apex
    "mtmnet_fig3": Figure(
        {"figure": "mtmnet/fig3.png", "weights": "mtmnet/fig3.safetensors"},
        lambda w: network("mtmnet.eidnet", PROTOCOL),
        network_params("mtmnet.eidnet", PROTOCOL)
        | {"published": lambda w: FIRST.published(METHODS["mtmnet.eidnet"].weights), **SHOW},
        gpu=1,
    ),
    "augacn_fig4": Figure(
        {"figure": "augacn/fig4.png", "csv": "augacn/fig4.csv", "weights": "augacn/fig4.safetensors"},
        lambda w: network("augacn.nodes", "loso_casme2_7"),
        network_params("augacn.nodes", "loso_casme2_7"),
        gpu=1,
    ),
    "augacn_fig3": Figure(
        {"figure": "augacn/fig3.png", "animation": "augacn/fig3.gif"},
        synthesised,
        {"dataset": "casme2", "title": "Fig. 3", **SHOW},
        "papers_augacn_clips",
    ),
    "augacn_fig5": Figure(
        {"figure": "augacn/fig5.png"}, synthesised, {"dataset": "samm", "title": "Fig. 5", **SHOW}, "papers_augacn_clips"
    ),
    "famgan_transfer": Figure(
        {"transfer": "famgan/transfer.csv", "markdown": "famgan/transfer.md"}
        | {name: f"famgan/{name}.png" for name in ("fig2", "fig3", "fig4", "fig5")},
        driving,
        OF_FAMGAN,
        "papers_famgan",
    ),
    "famgan_ablation": Figure(
        {"ablation": "famgan/ablation.csv", "markdown": "famgan/ablation.md"}, driving, OF_FAMGAN, "papers_famgan"
    ),
    "localregions": Figure(  # a clip and boxes, nothing trained
        {name: f"localregions/{name}.png" for name in ("fig3", "fig5", "fig7")},
        lambda w: clips_of(CORPUS.micro_sets),
        {"method": lambda w: METHODS["localregions"].params, **SHOW},
    ),
}

for _name, _figure in FIGURES.items():

    rule:
        name:
            f"papers_{_name}"
        input:
            unpack(_figure.inputs),
        output:
            **{name: f"results/papers/{path}" for name, path in _figure.outputs.items()},
        log:
            f"work/logs/papers/{_name.replace('_', '/')}.log",
        resources:
            gpu=_figure.gpu,
            **(TRAINING if _figure.gpu else {}),
        params:
            script=_figure.script or f"papers_{_name}",  # Snakemake reads the line below when the loop has ended
            **{"code": code_of(_figure.script or f"papers_{_name}")} | _figure.params,
        script:
            "../scripts/{params.script}.py"
