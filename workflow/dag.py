"""What a run is made of, known before anything runs: methods, protocols, shards, and the files that belong to it.

Read by the Snakefile when it builds the DAG, and by stage.py; runs nothing.
"""

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus import Corpus, digest, of_params

from microexpr import datasets, protocols
from microexpr.cli import config
from microexpr.core.clip import Fold
from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.datasets import flow_folders
from microexpr.models import pretrained_weights
from microexpr.protocols import Protocol
from microexpr.protocols.splits import subject_id
from microexpr.reporting import papers

TABLE, METRICS = "results/megc2019_table.csv", "results/metrics"
PAIRED = "results/megc2019_paired.csv"
EVALUATED = (".csv", "_confusion.csv", "_predictions.csv", ".log")  # after a method's name
SIGNALS = ("faces", "apex", "flow", "aus")
PEOPLE = [f"results/people/{folder}{name}.csv" for folder in ("", "with_macro/") for name in ("duplicates", "compared")]
REPORT = "results/report/index.html"
TRUTH = [f"results/truth/{name}" for name in ("landmarks.csv", "apex.csv", "aus.csv", "flow.csv", "index.html")]
FLOW_FOLDERS, FLOW_TABLE = f"{datasets.RAW}/{flow_folders.NAME}", "results/flow_folders_table.csv"


class Dag(Corpus):
    """All of a run that follows from params.yaml and from the annotation. Raises MicroexprError for what cannot be."""

    def __init__(self, values: dict[str, Any]):
        checked = config.checked(values)
        super().__init__(checked["params"])
        self.methods, self.generators = checked["methods"], checked["generators"]
        self.protocol = protocols.PROTOCOLS[protocols.MEGC2019 if self.sources(protocols.MEGC2019) else protocols.EVERY]
        self._folds: dict[tuple[str, int], list[Fold]] = {}
        # what cannot be is said now, not after hours
        with of_params():
            protocols.shards(self._held_out(self.protocol.name), self.params["train"]["shards"])
        self.weights = {name: self._weights(about["weights"]) for name, about in self.methods.items()}
        self._check_macro_sets()

    def sources(self, protocol: str) -> list[str]:
        """The data sets here that a protocol trains or tests on."""
        return [name for name in self.tested if name in protocols.PROTOCOLS[protocol].sources]

    def macro_sets(self, method: str) -> list[str]:
        """The macro sets whose clips a method trains on besides; none of single pictures, in which nothing moves."""
        if not self.methods[method]["macro"]:
            return []
        source = self.methods[method]["macro_source"]
        moving = [name for name in self.params["macro"] if datasets.LAYOUTS[name].moves]
        return [name for name in moving if source in ("", name)]

    def _check_macro_sets(self) -> None:
        for name, about in self.methods.items():
            if about["macro"] and not self.macro_sets(name):
                moving = [one for one in datasets.MACRO if datasets.LAYOUTS[one].moves]
                known = [one for one in moving if about["macro_source"] in ("", one)]
                raise ParamsError(f"params.yaml: method {name} needs one of {', '.join(known)} in macro, not none")

    @staticmethod
    def _weights(file: str) -> str:
        """The digest of published weights that lie where torch keeps them; "" where there are none, or none to find."""
        return pretrained_weights.PUBLISHED[file].digest if file and pretrained_weights.PUBLISHED[file].path() else ""

    def limit(self, method: str, protocol: str) -> int:
        """How many of a protocol's folds a method trains at most; 0: all, as rows of the main table do under it."""
        few = protocol not in (*protocols.MAIN, self.protocol.name) or method in self.studied
        return int(self.params["papers"]["folds"]) if few else 0

    def folds(self, method: str, protocol: str) -> list[Fold]:
        """Those that a method trains. Raises MicroexprError for a protocol that the clips here do not allow."""
        return self._held_out(protocol, self.limit(method, protocol))

    def _held_out(self, protocol: str, limit: int = 0) -> list[Fold]:
        """So many of a protocol's folds; 0: all."""
        if (protocol, limit) not in self._folds:
            train, clips = self.params["train"], [clip for name in self.sources(protocol) for clip in self.clips[name]]
            wanted = {name: train[name] for name in ("inner_subjects", "seeds")} | {"limit": limit}
            made = protocols.PROTOCOLS[protocol].folds(clips, self.params["seed"], **wanted)
            self._folds[protocol, limit] = made
        return self._folds[protocol, limit]

    @cached_property
    def protocols(self) -> list[str]:
        """Those that the clips here allow; that of precomputed flow has rules of its own."""
        return [name for name in protocols.PROTOCOLS if name != flow_folders.NAME and self._allows(name)]

    def _allows(self, protocol: str) -> bool:
        try:
            return bool(self._held_out(protocol, 1))
        except MicroexprError:
            return False

    @cached_property
    def ranked(self) -> list[str]:
        """The methods and variants that may stand in a table: all but those that declare a planted leak."""
        return [name for name, about in self.methods.items() if not about["params"]["planted_leak"]]

    @cached_property
    def in_table(self) -> list[str]:
        """Those of them that are rows of the main table."""
        return [name for name in self.ranked if self.methods[name]["in_table"]]

    def of_table(self, ending: str) -> list[str]:
        """What the main table is made of. Raises ParamsError where none of its data sets is here."""
        if self.protocol.name != protocols.MEGC2019:
            wanted = ", ".join(protocols.PROTOCOLS[protocols.MEGC2019].datasets)
            own = f"results/evaluate/{self.protocol.name}/<method>.csv has the figures of {', '.join(self.tested)}"
            raise ParamsError(f"params.yaml: {TABLE} needs one of {wanted} in datasets; {own}")
        return [f"results/evaluate/{self.protocol.name}/{name}{ending}" for name in self.in_table]

    @cached_property
    def studied(self) -> list[str]:
        """The variants that are rows of papers' tables alone."""
        return [name for name, about in self.methods.items() if not about["in_table"]]

    @cached_property
    def networks(self) -> list[str]:
        """Those of them that have weights to keep: what learns from a fold's made faces has no training without one."""
        found = (name for name in self.in_table if self.methods[name]["network"])
        return [name for name in found if not self.methods[name]["params"]["synthetic"]]

    def shards(self, method: str, protocol: str) -> list[str]:
        """`1of4`, ...: no more than there are folds."""
        wanted = self.params["train"]["shards"]
        count = wanted if protocol == flow_folders.NAME else min(wanted, len(self.folds(method, protocol)))
        return [f"{number}of{count}" for number in range(1, count + 1)]

    def trained(self, method: str, protocol: str, kind: str = "train") -> list[str]:
        """The shards of a method's training under a protocol, or of the faces that it makes there."""
        return [f"results/{kind}/{method}/{protocol}/{shard}.h5" for shard in self.shards(method, protocol)]

    @cached_property
    def with_classes(self) -> dict[str, str]:
        """By name of a set of classes, a protocol that has them."""
        return {protocols.PROTOCOLS[name].label_set: name for name in reversed(self.protocols)}

    def teacher(self, method: str) -> str:
        """The first method or variant whose network of strong expressions is the same as this one's; "" without."""
        base, wanted = method.partition(".")[0], self.methods[method]["pretraining"]
        same = (name for name, about in self.methods.items() if about["pretraining"] == wanted)
        return next(name for name in same if name.partition(".")[0] == base) if wanted else ""

    @cached_property
    def studies(self) -> dict[str, list[str]]:
        """Rows of the papers' tables alone that one job trains, by its name: those that begin alike, not too many."""
        alike: dict[str, list[str]] = {}
        for name in self.studied:
            about = self.methods[name]
            if about["shared_prefix"] and not about["params"]["synthetic"]:  # which reads its generator's faces besides
                kind = json.dumps([name.partition(".")[0], about["shared_prefix"]], sort_keys=True)
                alike.setdefault(kind, []).append(name)
        size = self.params["papers"]["together"]
        parts = [names[i : i + size] for names in alike.values() for i in range(0, len(names), size)]
        return {"_".join(["study", *names[0].split(".")]): names for names in parts if len(names) > 1}

    @cached_property
    def alone(self) -> list[str]:
        """The methods and variants whose training is a job of its own."""
        together = {name for names in self.studies.values() for name in names}
        return [name for name in self.methods if name not in together]

    @cached_property
    def teachers(self) -> list[str]:
        """Those of whom `pretrain` makes such a network."""
        return sorted({self.teacher(name) for name in self.methods} - {""})

    def taught(self, method: str, protocol: str) -> list[str]:
        """The network of strong expressions that guides a method under a protocol, if one does."""
        teacher, known = self.teacher(method), protocols.PROTOCOLS[protocol].label_set
        return [f"results/pretrain/{teacher}/{known}.safetensors"] if teacher else []

    @cached_property
    def pretrained(self) -> set[str]:
        """All such networks that this run may make."""
        return {path for name in self.teachers for one in self.protocols for path in self.taught(name, one)}

    @cached_property
    def checkpoints(self) -> dict[str, str]:
        """The folder of each training's checkpoints, and the file that the training ends in."""
        shards = {
            (name, protocol): self.trained(name, protocol) for name in self.methods for protocol in self.protocols
        } | {(name, flow_folders.NAME): self.flow_trained(name) for name in self.flow_methods}
        return (
            {
                f"work/checkpoints/{name}/{protocol}/{Path(path).stem}": path
                for (name, protocol), paths in shards.items()
                for path in paths
            }
            | {f"work/checkpoints/{name}/{self.protocol.name}/final": self.final(name) for name in self.networks}
            | {f"work/checkpoints/{name}/groups/final": self.final(name) for name in self.final_generators}
            | {
                f"work/checkpoints/{Path(path).parent.name}/pretrain/{Path(path).stem}": path
                for path in self.pretrained
            }
            | {
                f"work/checkpoints/{name}/{Path(path).parent.name}/{Path(path).stem}": path
                for name in self.generators
                for path in self.made(name)
            }
        )

    @property
    def final_generators(self) -> list[str]:
        """The generators of clips that have somebody to learn from."""
        return [name for name in self.generators if self.groups(name)]

    def final(self, network: str) -> str:
        """The weights of a network that all clips of the main protocol trained."""
        return f"results/final/{network}.safetensors"

    def made_for(self, method: str, protocol: str) -> list[str]:
        """The files of the faces or clips that a method trains on besides: of a generator with jobs of its own those
        made without whom the folds hold out, or the first for whom no generator knows."""
        generator = self.methods[method]["params"]["synthetic"]
        if generator not in self.generators:
            return self.trained(generator, protocol, "synth") if generator else []
        tested = [{subject_id(clip) for clip in fold.test} for fold in self.folds(method, protocol)]
        held = {fold.name: {subject_id(clip) for clip in fold.test} for fold in self.groups(generator)}
        wanted = {name for people in tested for name in held if people & held[name]}
        if any(not people & group for people in tested for group in [set().union(*held.values())]):
            wanted |= {*list(held)[:1]}
        return [path for path in self.made(generator) if Path(path).stem in wanted]

    def groups(self, generator: str) -> list[Fold]:
        """Of subjects, each held out by a generator of clips: no more than there are people, none of fewer than two."""
        grouping, synth = self.grouping(generator), self.params["synth"]
        clips = grouping.select([clip for name in self.grouped(generator) for clip in self.clips[name]])
        with of_params():
            apart = grouping.apart(clips, synth["sources"])
            count = min(synth["groups"], bool(apart) + len({subject_id(clip.id) for clip in clips} - apart))
            if count < 2:
                return []
            return grouping.groups(clips, count, self.params["seed"], synth["sources"])

    def grouping(self, generator: str) -> Protocol:
        """Its data sets and classes."""
        return protocols.GROUPINGS[self.generators[generator]["grouping"]]

    def grouped(self, generator: str) -> list[str]:
        """The data sets here that a generator of clips is trained on."""
        return [name for name in self.tested if name in self.grouping(generator).sources]

    def stills(self, generator: str) -> list[str]:
        """The macro sets, of pictures, that it learns from besides."""
        macro = self.params["macro"] if self.generators[generator]["macro"] else []
        return [name for name in macro if not datasets.LAYOUTS[name].moves]

    def made(self, generator: str) -> list[str]:
        """What a generator of clips makes, a file for each group."""
        return [f"results/synth/{generator}/groups/{fold.name}.h5" for fold in self.groups(generator)]

    def makers(self, generator: str) -> list[str]:
        """The generators themselves, beside these."""
        return [str(Path(path).with_suffix(".safetensors")) for path in self.made(generator)]

    def evaluated(self, method: str, protocol: str) -> list[str]:
        """What is made of them: of a method with a planted leak in a folder of its own, which no table reads."""
        leaky = "" if method in self.ranked else "leaky/"
        folder = f"results/evaluate/{leaky}{protocol}"
        faces = [f"{folder}/{method}_faces.csv"] if method in self.synthesising else []
        return [*(f"{folder}/{method}{ending}" for ending in EVALUATED), f"{folder}/curves/{method}.csv", *faces]

    @property
    def synthesising(self) -> list[str]:
        """The methods whose faces are measured: those that make any, but for a declared leak."""
        return [name for name in self.ranked if self.methods[name]["synthesises"]]

    @property
    def drawn(self) -> list[str]:
        """The methods, and generators with a data set, whose papers' figures can be drawn of what is here."""
        known = [name for name in ("mtmnet", "mtmnet.eidnet", "augacn.nodes", "localregions") if name in self.ranked]
        there = known if "casme2" in self.tested else []
        there = [name for name in there if name != "mtmnet" or "ckplus" in self.params["macro"]]
        return (
            self.synthesising
            + there
            + self.final_generators
            + [f"{name}.{of}" for name in self.generators if self.groups(name) for of in self.grouped(name)]
        )

    @cached_property
    def flow_methods(self) -> list[str]:
        """Those that run on precomputed flow, since they read nothing else; it has no macro sets."""
        suits = protocols.PROTOCOLS[flow_folders.NAME].suits
        return [name for name in self.in_table if suits(self.methods[name]["reads"]) and not self.macro_sets(name)]

    def flow_native(self) -> list[str]:
        """The folder of precomputed flow, if it is here. Only its job reads what is in it, and says what is missing."""
        return [FLOW_FOLDERS] if Path(FLOW_FOLDERS).is_dir() else []

    @cached_property
    def flow_state(self) -> str:
        """A digest of name, size and time of all that is below that folder; "" where it is not here."""
        return digest(folder for root in self.flow_native() for folder, _, _ in sorted(os.walk(root, followlinks=True)))

    def flow_trained(self, method: str) -> list[str]:
        return [f"results/flow_folders/train/{method}/{shard}.h5" for shard in self.shards(method, flow_folders.NAME)]

    def belongs(self) -> dict[str, set[str]]:
        """By stage noun: every file or folder that this run may have there."""
        return self._belongs

    @cached_property
    def _belongs(self) -> dict[str, set[str]]:
        people = [one for one in self.subjects if one[0] in self.planned]
        asked = [(name, protocol) for name in self.methods for protocol in self.protocols]  # or may be, for papers
        return {
            "generate": {folder for one in people for folder in self.person(*one)}
            | {f"data/generated/truth/{dataset}/{subject}.h5" for dataset, subject in people}
            | {file for dataset in self.planned for file in self.annotations(dataset)},
            "index": set(self.indices(self.origin)),
            "pretrain": self.pretrained,
            "train": {path for one in asked for path in self.trained(*one)},
            "synth": {
                path
                for name, protocol in asked
                if self.methods[name]["synthesises"]
                for path in self.trained(name, protocol, "synth")
            }
            | {path for name in self.generators for path in (*self.made(name), *self.makers(name))},
            "evaluate": {path for one in asked for path in self.evaluated(*one)},
            "flow_folders": {f"results/flow_folders/{name}" for name in ("index.csv", "flow")}
            | {path for name in self.flow_methods for path in self.flow_trained(name)}
            | {f"results/flow_folders/evaluate/{name}{ending}" for name in self.flow_methods for ending in EVALUATED}
            | {f"results/flow_folders/evaluate/curves/{name}.csv" for name in self.flow_methods},
            "truth": {*self.measured, *TRUTH},
            "people": set(PEOPLE),
            "report": {REPORT},
            "papers": papers.files(self.drawn),
            "final": {self.final(name) for name in (*self.networks, *self.final_generators)},
        } | {stage: set(self.per_subject(stage, self.origin)) for stage in SIGNALS}

    @cached_property
    def table_outputs(self) -> dict[str, list[str]]:
        """By stage noun, in the order of the stages: the files that the main table and what stands beside it need."""
        protocol, methods = self.protocol.name, self.in_table
        teachers = sorted({self.teacher(name) for name in methods} - {""})
        generators = sorted({self.methods[name]["params"]["synthetic"] for name in methods} & self.generators.keys())
        datasets_by_stage = {stage: set(self.tested) for stage in ("faces", "aus")} | {"apex": set(), "flow": set()}
        for name in (*methods, *teachers):
            for stage in self.methods[name]["reads"]:
                datasets_by_stage[stage] |= {*self.sources(protocol), *self.macro_sets(name)}
        for name in generators:
            for stage in self.generators[name]["reads"]:
                datasets_by_stage[stage] |= {*self.grouped(name), *self.stills(name)}
        datasets_by_stage["apex"] |= datasets_by_stage["flow"] | datasets_by_stage["aus"]
        datasets_by_stage["faces"] |= datasets_by_stage["apex"]
        known = datasets_by_stage["faces"]
        rendered = [one for one in self.subjects if one[0] in self.planned and one[0] in known]
        synthesising = [name for name in methods if self.methods[name]["synthesises"]]
        return {
            "generate": [folder for one in rendered for folder in self.person(*one)]
            + [f"data/generated/truth/{dataset}/{subject}.h5" for dataset, subject in rendered]
            + [file for dataset in self.planned if dataset in known for file in self.annotations(dataset)],
            "faces": self.per_subject("faces", known),
            "index": self.indices(known),
            "apex": self.per_subject("apex", datasets_by_stage["apex"]),
            "flow": self.per_subject("flow", datasets_by_stage["flow"]),
            "aus": self.per_subject("aus", datasets_by_stage["aus"]),
            "pretrain": sorted({path for name in methods for path in self.taught(name, protocol)}),
            "train": [path for name in generators for path in (*self.made(name), *self.makers(name))]
            + [path for name in methods for path in self.trained(name, protocol)]
            + [path for name in synthesising for path in self.trained(name, protocol, "synth")],
            "evaluate": [path for name in methods for path in self.evaluated(name, protocol)]
            + [TABLE, PAIRED, METRICS],
            "people": PEOPLE[:2],
        }

    @cached_property
    def outputs(self) -> list[str]:
        """Every file or folder that some target of this run makes."""
        return sorted({TABLE, METRICS, PAIRED, FLOW_TABLE}.union(*self.belongs().values()))

    def superfluous(self, noun: str) -> list[str]:
        """What an earlier run with other params left in a stage's folder: subjects, data sets, methods, shards."""
        root = Path("data/generated" if noun == "generate" else f"results/{noun}")
        kept = self.belongs()[noun]
        above = {str(parent) for path in kept for parent in Path(path).parents}
        inside, listed = set(kept), []  # of a folder that is kept, or listed as a whole, nothing more is listed
        for path in sorted(root.rglob("*")) if root.is_dir() else []:
            if str(path) in inside or str(path) in above or any(str(parent) in inside for parent in path.parents):
                continue
            inside.add(str(path))
            listed.append(str(path))
        return listed
