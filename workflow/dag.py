"""The parts of a run, known before anything runs: its methods, protocols, shards, and the files that belong to it.

Read by the Snakefile when it builds the DAG, and by stage.py; runs nothing.
"""

import json
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus import Corpus, digest, errors_of_params
from first_weights import SHIPPED, FirstWeights
from stages import (
    APPENDIX,
    METRICS,
    PAIRED,
    SPOT_FIGURES,
    SPOT_PAIRED,
    SPOT_TABLE,
    STAGES,
    TABLE,
    TRAINING_SETS_TABLE,
    UNIT_PAIRED,
    UNIT_TABLES,
    Job,
    expand,
    folders,
)

from microexpr import datasets, population, protocols
from microexpr.cli import config
from microexpr.core.clip import POPULATION, Clip, Fold
from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.datasets import flow_folders
from microexpr.protocols import TRAINING_SETS, Protocol, Training
from microexpr.protocols.splits import group_folds, leave_one_out, subject_id
from microexpr.reporting import papers
from microexpr.training import training_sets

EVALUATED = (".csv", "_confusion.csv", "_predictions.csv", ".log")  # after a method's name
ABLATION_INDEX = "results/index/population.csv"  # index of the population subjects used by the ablation tables
SIGNALS = ("faces", "apex", "flow", "aus")
FLOW_FOLDERS, FLOW_TABLE = f"{datasets.RAW}/{flow_folders.NAME}", "results/flow_folders_table.csv"


class Dag(Corpus):
    """Everything about a run that follows from params.yaml and the annotation. Raises MicroexprError for a run that
    cannot be: before it starts, not after hours."""

    def __init__(self, checked: dict[str, Any]):
        """`checked` are the values of params.yaml as `config.check` returns them."""
        super().__init__(checked["params"])
        self.methods, self.generators, self.unit_methods, self.spotters = (
            checked[kind] for kind in ("methods", "generators", "units", "spotters")
        )
        self.protocol: Protocol = protocols.PROTOCOLS[
            protocols.MEGC2019 if self.sources(protocols.MEGC2019) else protocols.EVERY
        ]
        self._folds: dict[tuple[str, int, int], list[Fold]] = {}
        self._fold_counts: dict[tuple[str, int, int], int] = {}
        self._groups: dict[str, list[Fold]] = {}
        self.first: FirstWeights = FirstWeights(self)
        with errors_of_params():
            groups, shards = (self.params["train"][name] for name in ("rendered_folds", "shards"))
            protocols.check_shards(self._fold_count(self.protocol.name, groups=groups), shards)
        self._check_macro_sets()

    def sources(self, protocol: str) -> list[str]:
        """Return the data sets of this run that a protocol trains or tests on."""
        tested = self.unit_sets if protocol in protocols.UNIT_PROTOCOLS else self.micro_sets
        recorded = [name for name in tested if name in protocols.PROTOCOLS[protocol].sources]
        return [*recorded, POPULATION] if protocol == protocols.ABLATION and self.ablates else recorded

    @property
    def ablates(self) -> bool:
        """Whether papers' tables train what they compare on rendered subjects: not where they test recorded clips."""
        tested = {self.origin[name] for name in self.sources(protocols.MEGC2019)}
        return bool(self.params["papers"]["ablation_subjects"]) and tested == {"generated"}

    def macro_sets(self, method: str) -> list[str]:
        """Return the macro sets with clips that a method also trains on; sets of single pictures have no clips."""
        if not self.methods[method]["macro"]:
            return []
        source = self.methods[method]["macro_source"]
        moving = [name for name in self.params["macro"] if datasets.LAYOUTS[name].has_motion]
        return [name for name in moving if source in ("", name)]

    def _check_macro_sets(self) -> None:
        for name, about in self.methods.items():
            if about["macro"] and not self.macro_sets(name):
                moving = [dataset for dataset in datasets.MACRO if datasets.LAYOUTS[dataset].has_motion]
                suitable = [dataset for dataset in moving if about["macro_source"] in ("", dataset)]
                raise ParamsError(f"params.yaml: method {name} needs one of {', '.join(suitable)} in macro, not none")

    def fold_options(self, method: str, protocol: str) -> dict[str, int]:
        """Return which of a protocol's folds a method trains, as `Protocol.folds` takes it.

        `limit`: how many at most; 0: all, as for rows of the main table. `groups`: how many groups of rendered subjects
        are held out in turn; 0: each subject, also where clips are from a generator with groups that split these."""
        groups = int(self.params["train"]["rendered_folds"]) if protocols.PROTOCOLS[protocol].grouped else 0
        if protocol in protocols.UNIT_PROTOCOLS:
            return {"limit": 0, "groups": groups}
        limited = protocol not in (*protocols.MAIN, self.protocol.name) or method in self.paper_variants
        generator = self.methods[method]["params"].get("synthetic", "")
        if groups and generator in self.generators and not self._are_within_groups(protocol, groups, generator):
            groups = 0
        return {"limit": int(self.params["papers"]["folds"]) if limited else 0, "groups": groups}

    def _are_within_groups(self, protocol: str, count: int, generator: str) -> bool:
        """Whether each group of subjects that a fold tests is, but for those unknown to the generator, within a group
        that it holds out."""
        held_out = [{subject_id(clip) for clip in fold.test} for fold in self.groups(generator)]
        learned = set().union(*held_out)
        tests = ({subject_id(clip) for clip in fold.test} for fold in self._protocol_folds(protocol, groups=count))
        return all(any(learned & test <= group for group in held_out) for test in tests)

    def seeds(self, protocol: str) -> int:
        """Return the number of seeds under a protocol: where splits are sampled, each seed trains a separate split."""
        sampled = protocols.PROTOCOLS[protocol].share is not None
        return int(self.params["papers"]["draws"] if sampled else self.params["train"]["seeds"])

    def folds(self, method: str, protocol: str) -> list[Fold]:
        """Return the folds that a method trains. Raises MicroexprError for a protocol that these clips do not allow."""
        return self._protocol_folds(protocol, **self.fold_options(method, protocol))

    def _protocol_folds(self, protocol: str, limit: int = 0, groups: int = 0) -> list[Fold]:
        """Return up to `limit` of a protocol's folds, 0: all; with these groups of rendered subjects."""
        if (key := (protocol, limit, groups)) not in self._folds:
            clips, options = self._fold_arguments(*key)
            self._folds[key] = protocols.PROTOCOLS[protocol].folds(clips, self.params["seed"], **options)
        return self._folds[key]

    def _fold_count(self, protocol: str, limit: int = 0, groups: int = 0) -> int:
        """Return the number of `_protocol_folds`, without the ids of all their clips: quadratic in the subjects."""
        if (key := (protocol, limit, groups)) not in self._fold_counts:
            clips, options = self._fold_arguments(*key)
            count = protocols.PROTOCOLS[protocol].count_folds(clips, self.params["seed"], **options)
            self._fold_counts[key] = count
        return self._fold_counts[key]

    def _fold_arguments(self, protocol: str, limit: int, groups: int) -> tuple[list[Clip], dict[str, int]]:
        """Return the clips from which a protocol's folds are made, and its further arguments."""
        clips = [clip for name in self.sources(protocol) for clip in self._clips_of(name)]
        inner = self.params["train"]["inner_subjects"]
        return clips, {"inner_subjects": inner, "seeds": self.seeds(protocol), "limit": limit, "groups": groups}

    def _clips_of(self, dataset: str) -> list[Clip]:
        """Return the clips of a data set, or of the population's subjects that papers' tables train on."""
        return self.ablation_clips if dataset == POPULATION else self.clips[dataset]

    @cached_property
    def ablation_clips(self) -> list[Clip]:
        """The micro-expressions of the subjects that papers' tables train on: planned once, since that needs scipy."""
        chosen = self.population.training_subjects()[: self.params["papers"]["ablation_subjects"]]

        def rows() -> list[dict[str, Any]]:
            from microexpr.population.recordings import clips_of

            return [clip.row() for clip in clips_of(self.population, chosen, {"micro"})]

        return [Clip.from_row(row) for row in config.cached("ablation", [self.params["population"], chosen], rows)]

    def per_subject(self, stage: str, names: Iterable[str]) -> list[str]:
        """Return a stage's files of these data sets' subjects; one of the population has all stages in its own file."""
        names = list(names)
        subjects = sorted({clip.subject for clip in self.ablation_clips}) if POPULATION in names else []
        recorded = super().per_subject(stage, [name for name in names if name != POPULATION])
        return recorded + [population.path(name) for name in subjects]

    @cached_property
    def protocols(self) -> list[str]:
        """The protocols that these clips allow, but for those of precomputed flow and of action units."""
        others = (*protocols.FLOW_PROTOCOLS, *protocols.UNIT_PROTOCOLS)
        return [name for name in protocols.PROTOCOLS if name not in others and self._allows(name)]

    def _allows(self, protocol: str) -> bool:
        try:
            return bool(self._fold_count(protocol, 1))
        except MicroexprError:
            return False

    @cached_property
    def ranked(self) -> list[str]:
        """The methods and variants that a table may have: all but those that declare a planted leak."""
        return [name for name, about in self.methods.items() if not about["params"]["planted_leak"]]

    @cached_property
    def in_table(self) -> list[str]:
        """The ranked methods and variants that are rows of the main table, but for those in `without_clips`."""
        return [name for name in self.ranked if self.methods[name]["in_table"] and name not in self.without_clips]

    @cached_property
    def without_clips(self) -> dict[str, str]:
        """By row that the main table lacks: why its generator of clips has no subjects to learn from."""
        lacking = {}
        for name in self.ranked:
            generator, in_table = self.methods[name]["params"]["synthetic"], self.methods[name]["in_table"]
            if in_table and generator in self.generators and not self.groups(generator):
                needed = " or ".join(self.grouping(generator).sources)
                lacking[name] = f"{generator} needs two subjects of {needed}"
        return lacking

    @cached_property
    def in_appendix(self) -> dict[str, str]:
        """By ranked method and variant that has a row outside of the main table: why."""
        return {name: self.methods[name]["appendix"] for name in self.ranked if self.methods[name]["appendix"]}

    def table_inputs(self, ending: str) -> list[str]:
        """Return the evaluations that the main table is made from. Raises ParamsError without any of its data sets."""
        if self.protocol.name != protocols.MEGC2019:
            names = ", ".join(protocols.PROTOCOLS[protocols.MEGC2019].datasets)
            hint = f"results/evaluate/{self.protocol.name}/<method>.csv has the figures of {', '.join(self.micro_sets)}"
            raise ParamsError(f"params.yaml: {TABLE} needs one of {names} in datasets; {hint}")
        return [f"results/evaluate/{self.protocol.name}/{name}{ending}" for name in self.in_table]

    @cached_property
    def training_set_inputs(self) -> dict[str, dict[Training, str]]:
        """The evaluations of each row of the main table by training set, once where it has none."""
        return {
            name: {
                training: f"results/evaluate/{self._training_protocol(name, training)}/{name}.csv"
                for training in TRAINING_SETS
                if training == self.declared(name) or training in self.methods[name]["trainings"]
            }
            for name in self.in_table
        }

    def _training_protocol(self, method: str, training: Training) -> str:
        """Return the protocol under which a method learns so: the main table's own where that does."""
        return protocols.MEGC2019 if training == self.declared(method) else TRAINING_SETS[training]

    @cached_property
    def paper_variants(self) -> list[str]:
        """The variants that are rows of papers' tables alone."""
        return [name for name, about in self.methods.items() if not (about["in_table"] or about["appendix"])]

    @cached_property
    def networks(self) -> list[str]:
        """The rows of the main table with networks to train once more on all clips: not those that learn from a
        fold's synthesised faces, since there is no fold."""
        networks = (name for name in self.in_table if self.methods[name]["network"])
        return [name for name in networks if not self.methods[name]["params"]["synthetic"]]

    def training(self, method: str, protocol: str) -> Training:
        """Return what a method learns from under a protocol: as it says, or as its params do.

        Weights of the population are shipped for the classes of the main table alone. With other classes, methods with
        params for a corpus alone train on it alone."""
        chosen = protocols.PROTOCOLS[protocol]
        other_classes = chosen.classes != protocols.PROTOCOLS[protocols.MEGC2019].classes
        if other_classes and method.partition(".")[0] in self.params["training_sets"]["corpus"]:
            return "corpus"
        return chosen.training or self.declared(method)

    def about(self, method: str, protocol: str) -> dict[str, Any]:
        """Return the properties of a method under a protocol; training under it may have other params."""
        if protocol in protocols.UNIT_PROTOCOLS:
            return self.unit_methods[method]
        return self.about_training(method, self.training(method, protocol))

    def shards(self, method: str, protocol: str) -> list[str]:
        """Return `1of4`, ...: no more than there are folds."""
        count = self.params["train"]["shards"]
        if protocol not in protocols.FLOW_PROTOCOLS:
            count = min(count, self._fold_count(protocol, **self.fold_options(method, protocol)))
        elif protocols.PROTOCOLS[protocol].unit == "dataset":
            count = 1  # it has one fold
        return [f"{number}of{count}" for number in range(1, count + 1)]

    def training_files(self, method: str, protocol: str) -> list[str]:
        """Return the shards of a method's training under a protocol: of a table, action units or precomputed flow."""
        of_units, of_flow = (protocol in names for names in (protocols.UNIT_PROTOCOLS, protocols.FLOW_PROTOCOLS))
        folder = "units/" * of_units + "flow_folders/" * of_flow
        return [f"results/{folder}train/{method}/{protocol}/{shard}.h5" for shard in self.shards(method, protocol)]

    def face_files(self, method: str, protocol: str) -> list[str]:
        """Return the shards of the faces that a method synthesises in its training under a protocol."""
        return [f"results/train/{method}/{protocol}/faces/{shard}.h5" for shard in self.shards(method, protocol)]

    @cached_property
    def protocol_of_classes(self) -> dict[str, str]:
        """By name of a set of classes, a protocol that has them."""
        return {protocols.PROTOCOLS[name].label_set: name for name in reversed(self.protocols)}

    def declared(self, method: str) -> Training:
        """Return a method's training set by its params."""
        return training_sets.declared(self.methods[method]["params"])

    def about_training(self, method: str, training: Training) -> dict[str, Any]:
        """Return the properties of a method in a training; its own where it has no other."""
        about = self.methods[method]
        return about | about["trainings"].get(training, {})

    @property
    def unit_labels(self) -> dict[str, str]:
        """How methods learn action units."""
        return {name: self.params["units"][name] for name in ("loss", "threshold")}

    def curve_files(self) -> list[str]:
        """Return the files with the measurements of each long video, in the order of `all_videos`."""
        return [f"results/spot/curves/{dataset}/{subject}/{name}.h5" for dataset, subject, name in self.all_videos]

    @cached_property
    def long_folds(self) -> list[Fold]:
        """The folds of long videos: each subject held out in turn, or groups of rendered ones.

        Raises ParamsError unless there are two subjects."""
        clips = [video.clip for video in self.all_videos.values()]
        count = len({subject_id(clip.id) for clip in clips})
        if count < 2:
            raise ParamsError(f"params.yaml: spot.datasets must have long videos of at least 2 subjects, not {count}")
        groups = min(int(self.params["train"]["rendered_folds"]), count)
        if groups and all(clip.origin == "generated" for clip in clips):
            return group_folds(clips, groups, self.params["seed"])
        return leave_one_out(clips, "subject")

    @property
    def rendered_video_files(self) -> list[str]:
        """Frames, truths and annotations of rendered long videos."""
        files = [path for dataset in self.long_plans for path in self.long_annotations(dataset)]
        for dataset, plans in self.long_plans.items():
            for clip in (planned.video.clip for planned in plans):
                files.append(self.video_folder(dataset, clip.subject, clip.name))
                files.append(self.long_truth(dataset).format(subject=clip.subject, video=clip.name))
        return files

    @property
    def spot_files(self) -> list[str]:
        """Curves of long videos, intervals of each spotter, and tables."""
        return [
            *self.curve_files(),
            *(f"results/spot/found/{name}.h5" for name in self.spotters),
            *(SPOT_TABLE, SPOT_FIGURES, SPOT_PAIRED),
            *self.spot_logs,
        ]

    @property
    def spot_logs(self) -> list[str]:
        """Logs of what each method spots in each data set, in the challenges' form: both kinds, then with classes."""
        names = [f"{dataset}/{name}" for dataset in self.long_sets for name in self.spotters]
        return [f"results/spot/logs/{name}_{form}.csv" for name in names for form in ("2022", "2025")]

    @cached_property
    def unit_protocols(self) -> list[str]:
        """The protocols of action units that these clips allow."""
        return [name for name in protocols.UNIT_PROTOCOLS if self._allows(name)]

    @property
    def unit_rows(self) -> list[tuple[str, str]]:
        """Method and protocol of each row of the tables of action units."""
        return [(name, protocol) for name in self.unit_methods for protocol in self.unit_protocols]

    @property
    def unit_files(self) -> list[str]:
        """Trainings and evaluations of action units."""
        rows = self.unit_rows
        endings = [ending for ending in EVALUATED if ending != ".log"]
        return [
            *(path for row in rows for path in self.training_files(*row)),
            *(f"results/units/evaluate/{protocol}/{name}{ending}" for name, protocol in rows for ending in endings),
            *(f"results/units/evaluate/{protocol}/curves/{name}.csv" for name, protocol in rows),
        ]

    @cached_property
    def studies(self) -> dict[str, list[str]]:
        """The rows of the papers' tables that share a first part of training, by the name of their job."""
        by_prefix: dict[str, list[str]] = {}
        for name in self.paper_variants:
            about = self.methods[name]
            if about["shared_prefix"] and not about["params"]["synthetic"]:  # which also reads its generator's faces
                kind = json.dumps([name.partition(".")[0], about["shared_prefix"]], sort_keys=True)
                by_prefix.setdefault(kind, []).append(name)
        size = self.params["papers"]["together"]
        batches = [names[i : i + size] for names in by_prefix.values() for i in range(0, len(names), size)]
        return {"_".join(["study", *names[0].split(".")]): names for names in batches if len(names) > 1}

    @cached_property
    def outside_studies(self) -> list[str]:
        """The methods and variants that are trained in separate jobs."""
        studied = {name for names in self.studies.values() for name in names}
        return [name for name in self.methods if name not in studied]

    @cached_property
    def checkpoints(self) -> dict[str, str]:
        """By folder of a training's checkpoints, the file that the training ends in."""
        rows = (*self.trainings, *self.flow_rows, *self.unit_rows)
        root = "work/checkpoints"
        return {
            **{f"{root}/{'/'.join(row)}/{Path(path).stem}": path for row in rows for path in self.training_files(*row)},
            **{f"{root}/{name}/{self.protocol.name}/refit": self.refit_file(name) for name in self.networks},
            **{f"{root}/{name}/groups/refit": self.refit_file(name) for name in self.refit_generators},
            **{f"{root}/shipped/fit/{name}": f"results/shipped/{files[0]}" for name, files in SHIPPED.items()},
            **{f"{root}/{Path(path).parent.name}/pretrain/{Path(path).stem}": path for path in self.first.files},
            **{
                f"{root}/{name}/{Path(path).parent.name}/{Path(path).stem}": path
                for name in self.generators
                for path in self.synthetic_clips(name)
            },
        }

    @property
    def refit_generators(self) -> list[str]:
        """The generators of clips that have subjects to learn from."""
        return [name for name in self.generators if self.groups(name)]

    def refit_file(self, network: str) -> str:
        """Return the weights of a network that all clips of the main protocol trained."""
        return f"results/refit/{network}.safetensors"

    def synthetic_inputs(self, method: str, protocol: str) -> list[str]:
        """Return the files of synthesised faces or clips that a method also trains on.

        A separately trained generator has a file for each group that it holds out. The method reads those that hold out
        a tested subject, and the first where a fold tests no subject that the generator learns from."""
        generator = self.methods[method]["params"]["synthetic"]
        if generator not in self.generators:
            return self.face_files(generator, protocol) if generator else []
        tests = [{subject_id(clip) for clip in fold.test} for fold in self.folds(method, protocol)]
        groups = {fold.name: {subject_id(clip) for clip in fold.test} for fold in self.groups(generator)}
        names = {name for subjects in tests for name, group in groups.items() if subjects & group}
        learned = set().union(*groups.values())
        if any(not subjects & learned for subjects in tests):
            names |= {*list(groups)[:1]}
        return [path for path in self.synthetic_clips(generator) if Path(path).stem in names]

    def groups(self, generator: str) -> list[Fold]:
        """Return the groups of subjects that a generator of clips holds out in turn: no more than there are subjects,
        and none if there is just one."""
        if generator not in self._groups:
            self._groups[generator] = self._make_groups(generator)
        return self._groups[generator]

    def _make_groups(self, generator: str) -> list[Fold]:
        grouping, synth = self.grouping(generator), self.params["synthesise"]
        clips = grouping.select([clip for name in self.generator_sets(generator) for clip in self.clips[name]])
        with errors_of_params():
            driving = grouping.driving_subjects(clips, synth["sources"])
            count = min(synth["groups"], bool(driving) + len({subject_id(clip.id) for clip in clips} - driving))
            if count < 2:
                return []
            return grouping.groups(clips, count, self.params["seed"], synth["sources"])

    def grouping(self, generator: str) -> Protocol:
        """Return the data sets and classes of a generator of clips."""
        return protocols.GROUPINGS[self.generators[generator]["grouping"]]

    def generator_sets(self, generator: str) -> list[str]:
        """Return the data sets of this run that a generator of clips is trained on."""
        return [name for name in self.micro_sets if name in self.grouping(generator).sources]

    def still_sets(self, generator: str) -> list[str]:
        """Return the macro sets of single pictures that a generator of clips also learns from."""
        macro = self.params["macro"] if self.generators[generator]["macro"] else []
        return [name for name in macro if not datasets.LAYOUTS[name].has_motion]

    def clip_evaluations(self) -> list[str]:
        """Return the files that measure how well an observer tells the clips of each generator from recorded ones."""
        return [f"results/evaluate/clips/{name}.csv" for name in self.generators]

    def synthetic_clips(self, generator: str) -> list[str]:
        """Return the files that a generator of clips synthesises, one for each group."""
        return [f"results/synthesise/{generator}/groups/{fold.name}.h5" for fold in self.groups(generator)]

    def generator_checkpoints(self, generator: str) -> list[str]:
        """Return the weights of a generator of clips, one file for each group."""
        return [str(Path(path).with_suffix(".safetensors")) for path in self.synthetic_clips(generator)]

    def generator_files(self, generators: Iterable[str] | None = None) -> list[str]:
        """Return all files of generators of clips, by default of all: their clips and their weights."""
        names = self.generators if generators is None else generators
        return [path for name in names for path in (*self.synthetic_clips(name), *self.generator_checkpoints(name))]

    def evaluation_files(self, method: str, protocol: str) -> list[str]:
        """Return the files of an evaluation; with a planted leak they are in a folder that no table reads."""
        leaky = "" if method in self.ranked else "leaky/"
        folder = f"results/evaluate/{leaky}{protocol}"
        faces = [f"{folder}/{method}_faces.csv"] if method in self.synthesising else []
        return [*(f"{folder}/{method}{ending}" for ending in EVALUATED), f"{folder}/curves/{method}.csv", *faces]

    def all_face_evaluations(self) -> list[str]:
        """Return the files with every figure of synthesised faces, which the papers' tables read."""
        pairs = [(name, protocol) for name, protocol in self.trainings if name in self.synthesising]
        return [f"results/evaluate/{protocol}/{name}_all_faces.csv" for name, protocol in pairs]

    @property
    def synthesising(self) -> list[str]:
        """The methods with synthesised faces to measure: all that synthesise any, without a declared leak."""
        return [name for name in self.ranked if self.methods[name]["synthesises"]]

    @property
    def figure_sources(self) -> list[str]:
        """The methods, and generators with a data set, that this run can plot their papers' figures of."""
        plotted = [name for name in ("mtmnet", "mtmnet.eidnet", "augacn.nodes", "localregions") if name in self.ranked]
        available = plotted if "casme2" in self.micro_sets else []
        available = [name for name in available if name != "mtmnet" or "ckplus" in self.params["macro"]]
        by_dataset = [f"{name}.{dataset}" for name in self.refit_generators for dataset in self.generator_sets(name)]
        return [*self.synthesising, *available, *self.refit_generators, *by_dataset]

    @cached_property
    def flow_methods(self) -> list[str]:
        """The methods that run on precomputed flow, since they read nothing else there; it has no macro sets."""
        suits = protocols.PROTOCOLS[flow_folders.NAME].suits
        flow_alone = [name for name in self.in_table if suits(self.methods[name]["reads_on_pictures"])]
        return [name for name in flow_alone if not self.macro_sets(name)]

    @property
    def flow_protocols(self) -> list[str]:
        """The protocols of precomputed flow; without subjects of the population those that need none."""
        rendered = bool(self.params["flow_folders"]["subjects"])
        return [name for name in protocols.FLOW_PROTOCOLS if rendered or not protocols.PROTOCOLS[name].uses_population]

    @property
    def flow_rows(self) -> list[tuple[str, str]]:
        """Method and protocol of each row of the table of precomputed flow."""
        return [(name, protocol) for name in self.flow_methods for protocol in self.flow_protocols]

    @property
    def flow_population_files(self) -> list[str]:
        """The subjects of the population with flow that becomes pictures. Raises ParamsError if they are too few."""
        count, files = self.params["flow_folders"]["subjects"], self.population_training_files
        if count > len(files):
            raise ParamsError(
                f"params.yaml: flow_folders.subjects must be at most population.subjects, {len(files)}, not {count}"
            )
        return files[:count]

    def flow_pictures(self) -> list[str]:
        """Return the folder of precomputed flow, if there is one. Only its job reads it, and reports missing files."""
        return [FLOW_FOLDERS] if Path(FLOW_FOLDERS).is_dir() else []

    @cached_property
    def flow_state(self) -> str:
        """A digest of name, size and time of every file below that folder; "" without it."""
        roots = self.flow_pictures()
        return digest(folder for root in roots for folder, _, _ in sorted(os.walk(root, followlinks=True)))

    def rendered_files(self, names: Iterable[str]) -> list[str]:
        """Return the files and folders of these data sets' rendered corpora: frames, ground truth and annotation."""
        rendered = [name for name in self.plans if name in names]
        subjects = [pair for pair in self.subjects if pair[0] in rendered]
        return [
            *(folder for pair in subjects for folder in self.subject_folders(*pair)),
            *(f"data/rendered/truth/{dataset}/{subject}.h5" for dataset, subject in subjects),
            *(file for dataset in rendered for file in self.annotations(dataset)),
        ]

    @property
    def trainings(self) -> list[tuple[str, str]]:
        """Every pair of method and protocol; the papers' tables may need any."""
        return [(name, protocol) for name in self.methods for protocol in self.protocols]

    def trained_files(self, trainings: Iterable[tuple[str, str]]) -> list[str]:
        """Return the shards of these trainings, pairs of method and protocol, and the faces synthesised in them."""
        pairs = [*trainings]
        faces = [path for pair in pairs if self.methods[pair[0]]["synthesises"] for path in self.face_files(*pair)]
        return [*(path for pair in pairs for path in self.training_files(*pair)), *faces]

    @property
    def table_generators(self) -> list[str]:
        """The generators of clips that train rows of the main table."""
        return sorted({self.methods[name]["params"]["synthetic"] for name in self.in_table} & self.generators.keys())

    @property
    def paper_files(self) -> set[str]:
        """The papers' tables, and the figures that this run has the data for."""
        return papers.files(self.figure_sources)

    def duplicates_files(self, folder: str = "") -> list[str]:
        """The report on subjects of similar faces; in the folder `with_macro/` also on those of the macro sets."""
        return [f"results/duplicate_subjects/{folder}{name}.csv" for name in ("duplicates", "compared")]

    @property
    def benchmark_figures(self) -> list[str]:
        """The errors of the signal stages, pooled, and their page."""
        return [
            f"results/signal_benchmark/{name}"
            for name in ("landmarks.csv", "apex.csv", "aus.csv", "flow.csv", "index.html")
        ]

    @property
    def flow_folder_files(self) -> list[str]:
        """Index, flow, trainings and evaluations of precomputed flow."""
        folder, rows = "results/flow_folders", self.flow_rows
        parts = ["", "population/"] if self.params["flow_folders"]["subjects"] else [""]
        return [
            *(f"{folder}/{part}{name}" for part in parts for name in ("index.csv", "flow")),
            *[f"{folder}/region.csv"] * (len(parts) > 1),
            *(path for row in rows for path in self.training_files(*row)),
            *(f"{folder}/evaluate/{protocol}/{name}{ending}" for name, protocol in rows for ending in EVALUATED),
            *(f"{folder}/evaluate/{protocol}/curves/{name}.csv" for name, protocol in rows),
        ]

    @cached_property
    def table_datasets(self) -> dict[str, set[str]]:
        """By signal stage: the data sets with files that the main table and its companions need."""
        pairs = (self.first.teacher(name, self.training(name, self.protocol.name)) for name in self.in_table)
        teachers = sorted({pair[0] for pair in pairs if pair})
        datasets_by_stage = {stage: set(self.micro_sets) for stage in ("faces", "aus")} | {"apex": set(), "flow": set()}
        for name in (*self.in_table, *teachers):
            for stage in self.methods[name]["reads"]:
                datasets_by_stage[stage] |= {*self.sources(self.protocol.name), *self.macro_sets(name)}
        for name in self.table_generators:
            for stage in self.generators[name]["reads"]:
                datasets_by_stage[stage] |= {*self.generator_sets(name), *self.still_sets(name)}
        datasets_by_stage["apex"] |= datasets_by_stage["flow"] | datasets_by_stage["aus"]
        datasets_by_stage["faces"] |= datasets_by_stage["apex"]
        return datasets_by_stage

    @cached_property
    def expected_outputs(self) -> dict[str, set[str]]:
        """By stage: every file or folder that this run may have."""
        return {noun: set(stage.outputs(self)) for noun, stage in STAGES.items()}

    @cached_property
    def table_outputs(self) -> dict[str, list[str]]:
        """By stage of dvc.yaml: the files that the main table and its companions need."""
        return {noun: stage.table(self) for noun, stage in STAGES.items() if stage.table}

    def rules(self, noun: str) -> dict[str, Job]:
        """By name, the rules of a stage of dvc.yaml."""
        registered = STAGES[noun].rules.items()
        return {name: job for rule, job in registered for name in expand(rule, self.plans, self.studies)}

    @cached_property
    def outputs(self) -> list[str]:
        """Every file or folder that some target of this run makes."""
        tables = {TABLE, METRICS, PAIRED, TRAINING_SETS_TABLE, APPENDIX, FLOW_TABLE, *UNIT_TABLES, UNIT_PAIRED}
        return sorted(tables.union(*self.expected_outputs.values()))

    def superfluous(self, noun: str) -> list[str]:
        """Return files in a stage's folders that are of other params: of subjects, data sets, methods or shards."""
        expected = self.expected_outputs[noun]
        parents = {str(parent) for path in expected for parent in Path(path).parents}
        skipped, superfluous = set(expected), []  # the contents of kept or listed folders are not listed again
        for path in sorted(path for folder in folders(noun) for path in Path(folder).rglob("*")):
            if str(path) in skipped or str(path) in parents or any(str(parent) in skipped for parent in path.parents):
                continue
            skipped.add(str(path))
            superfluous.append(str(path))
        return superfluous
